"""The programs of a control plane and the flags that each is started with."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from localkube.credentials import LOOPBACK, Credentials

Flags = Mapping[str, object]

# Nothing routes there; it only has to differ from the addresses of this machine.
_SERVICE_RANGE: Final = "10.255.0.0/24"
_CONTROLLERS: Final = (
    "cronjob-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "pod-garbage-collector-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "ttl-after-finished-controller",
)


class Part(StrEnum):
    """A program of the control plane."""

    ETCD = "etcd"
    API_SERVER = "kube-apiserver"
    CONTROLLER_MANAGER = "kube-controller-manager"


@dataclass(frozen=True)
class Ports:
    """The loopback ports of one control plane."""

    etcd: int
    etcd_peers: int
    api_server: int
    controller_manager: int


def etcd_flags(ports: Ports, folder: Path) -> Flags:
    """Return the flags of an etcd with its state in the folder."""
    clients, peers = f"http://{LOOPBACK}:{ports.etcd}", f"http://{LOOPBACK}:{ports.etcd_peers}"
    return {
        "name": "localkube",
        "data-dir": folder / "etcd",
        "listen-client-urls": clients,
        "advertise-client-urls": clients,
        "listen-peer-urls": peers,
        "initial-advertise-peer-urls": peers,
        "initial-cluster": f"localkube={peers}",
        "unsafe-no-fsync": "true",  # the state goes with the control plane
    }


def api_server_flags(ports: Ports, folder: Path, credentials: Credentials) -> Flags:
    """Return the flags of an API server with RBAC, static tokens for us and signed ones for service accounts."""
    return {
        "etcd-servers": f"http://{LOOPBACK}:{ports.etcd}",
        "bind-address": LOOPBACK,
        "advertise-address": LOOPBACK,
        "endpoint-reconciler-type": "none",
        "secure-port": ports.api_server,
        "cert-dir": folder,
        "tls-cert-file": credentials.server_certificate,
        "tls-private-key-file": credentials.server_key,
        "token-auth-file": credentials.token_file,
        "authorization-mode": "RBAC",
        "service-cluster-ip-range": _SERVICE_RANGE,
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": credentials.service_account_key,
        "service-account-signing-key-file": credentials.service_account_key,
        "max-requests-inflight": 2000,
        "max-mutating-requests-inflight": 1000,
    }


def controller_manager_flags(ports: Ports, folder: Path, credentials: Credentials, kubeconfig: Path) -> Flags:
    """Return the flags of a controller manager with the controllers that Jobs, ownership and namespaces need."""
    return {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": LOOPBACK,
        "secure-port": ports.controller_manager,
        "cert-dir": folder,
        "tls-cert-file": credentials.server_certificate,
        "tls-private-key-file": credentials.server_key,
        "leader-elect": "false",
        "root-ca-file": credentials.ca,
        "controllers": ",".join(_CONTROLLERS),
        # The defaults spare large clusters; here they would only make tests wait.
        "kube-api-qps": 2000,
        "kube-api-burst": 4000,
        "concurrent-job-syncs": 20,
        "concurrent-cron-job-syncs": 20,
        "concurrent-gc-syncs": 20,
        "concurrent-namespace-syncs": 20,
    }
