"""The operator: from IntercomDestinations to CronJobs and Jobs, and their results back.

What it asks of the Kubernetes API, and nothing else (the chart's Role or ClusterRole says the same; Leases
only in the operator's own namespace):

| API group           | resource                    | verbs                           | for                      |
| ------------------- | --------------------------- | ------------------------------- | ------------------------ |
| mogulsync.dev       | intercomdestinations        | get, list, watch                | what is declared         |
|                     | intercomdestinations/status | patch                           | status                   |
| batch               | cronjobs                    | get, list, watch, create, patch | the schedule             |
|                     | jobs                        | get, list, watch, create        | runs and checks          |
| (core)              | pods                        | list, watch                     | reports, missing Secrets |
| events.k8s.io       | events                      | create                          | transitions              |
| coordination.k8s.io | leases                      | get, create, update             | one acting replica       |

No Secrets, no deletions, no finalizers: children go by their owner references.
"""
