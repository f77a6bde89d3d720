"""What is used of `kubernetes.aio`, the asynchronous half of the Kubernetes client."""

from kubernetes.aio.client import (
    ApiClient,
    ApiException,
    Configuration,
    CoordinationV1Api,
    V1Lease,
    V1LeaseSpec,
    V1ObjectMeta,
)
from kubernetes.aio.config import (
    ConfigException,
    list_kube_config_contexts,
    load_incluster_config,
    load_kube_config,
)

__all__ = [
    "ApiClient",
    "ApiException",
    "ConfigException",
    "Configuration",
    "CoordinationV1Api",
    "V1Lease",
    "V1LeaseSpec",
    "V1ObjectMeta",
    "list_kube_config_contexts",
    "load_incluster_config",
    "load_kube_config",
]
