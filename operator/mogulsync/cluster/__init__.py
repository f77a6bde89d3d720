"""What the commands for people ask of a cluster: destinations, requests to the operator, and whether all is well.

| module         | for                                                                     |
| -------------- | ----------------------------------------------------------------------- |
| `reach`        | how a person names a cluster, a namespace and destinations              |
| `access`       | one request as a person: which cluster, which namespace                 |
| `errors`       | what may be wrong with a cluster, as a person has to fix it             |
| `choosing`     | which destinations a command is about                                   |
| `requests`     | asking the operator for a run, a check or a preview, and following it   |
| `attention`    | what of a destination needs attention                                   |
| `ownership`    | which GitOps tool applies a destination                                 |
| `overview`     | a destination as `status` shows it                                      |
| `podlogs`      | the log of a run's Pod                                                  |
| `operators`    | the operators of a cluster: Deployments, Pods, Leases                   |
| `diagnosis`    | the checks of `doctor`                                                  |
"""
