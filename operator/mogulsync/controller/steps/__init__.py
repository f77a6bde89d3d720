"""The steps of a reconcile. Each decides by a snapshot, makes what is missing in the cluster, and returns a result.

A step changes no value on the way and sets no condition. What it makes has a name or content that follows
from its cause: when the operator is killed between making something and writing the status, the step finds
it there the next time.
"""
