"""What the commands for people ask of a cluster: destinations, requests to the operator, and whether all is well.

| module         | for                                                                     |
| -------------- | ----------------------------------------------------------------------- |
| `access`       | one request as a person: which cluster, which namespace, readable errors |
| `requests`     | asking the operator for a run, a check or a preview, and following it   |
| `attention`    | what of a destination needs attention, and the fix                      |
| `ownership`    | which GitOps tool applies a destination                                 |
| `overview`     | a destination as `status` shows it                                      |
| `diagnosis`    | the checks of `doctor`                                                  |
"""
