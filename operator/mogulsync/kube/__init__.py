"""What any controller in Kubernetes needs; it knows nothing of destinations and imports nothing of ours.

| module         | for                                                     | as in client-go         |
| -------------- | ------------------------------------------------------- | ----------------------- |
| objects        | objects as JSON: kinds and names, ownership, comparison | metav1, schema          |
| client         | one request: get, list, create, apply, patch            | rest                    |
| watch          | watches of several kinds, by kopf                       | tools/cache (Reflector) |
| cache          | the latest state of each object that was seen           | tools/cache (Indexer)   |
| workqueue      | keys that wait for a reconcile, with backoff            | util/workqueue          |
| leaderelection | of several replicas one acts                            | tools/leaderelection    |
| cron           | when a cron expression is due                           | (robfig/cron)           |
| proxies        | the proxy on the way to the API server                  | (net/http)              |
"""
