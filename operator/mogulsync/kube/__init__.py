"""What any controller in Kubernetes needs; it knows nothing of destinations and imports nothing of ours.

| module         | for                                                     | as in client-go         |
| -------------- | ------------------------------------------------------- | ----------------------- |
| objects        | objects as JSON: kinds and names, ownership, comparison | metav1, schema          |
| aio            | what is used of the Kubernetes client (kubernetes.aio)  |                         |
| client         | one request: get, list, create, apply, patch            | rest                    |
| watch          | watches of several kinds, by kopf                       | tools/cache (Reflector) |
| cache          | the latest state of each object that was seen           | tools/cache (Indexer)   |
| workqueue      | keys that wait for a reconcile, with backoff            | util/workqueue          |
| leaderelection | of several replicas one acts                            | tools/leaderelection    |
| cron           | when a cron expression is due                           | (robfig/cron)           |
| proxies        | the proxy on the way to the API server                  | (net/http)              |
"""

import sys
from importlib.util import find_spec, module_from_spec

# `import kubernetes`, as kopf does it, imports all of the client's synchronous half, too: 7 MiB and a tenth of a second
# for nothing. So the package is there without what its `__init__` does; each of its modules can be imported by name.
_spec = find_spec("kubernetes")
if _spec is not None and "kubernetes" not in sys.modules:
    sys.modules["kubernetes"] = module_from_spec(_spec)
