"""The operator's benchmark, `make bench-operator`: measures the real process on real Kubernetes parts.

rollout       many destinations at once, by the operator and by the bare client
latency       how soon a change of the spec, and the end of a run, are answered
steady        what the operator takes while nothing happens
cluster       a control plane of its own, with what every measurement needs in it
operator      the operator as a process, and what it takes
kubelet       ends every Pod with a report at once
bare          the bare client: the same writes, known beforehand
rehearsal     what the operator writes for one destination
destinations  the destinations that are applied
observer      watches of the cluster, and when each condition first held
audit         what the operator wrote, by the API server's own account
api           the Kubernetes API with nothing in between
"""
