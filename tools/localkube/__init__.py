"""A Kubernetes control plane for tests and the demo: real parts, as processes, on loopback."""

from localkube.assets import AssetsError, find_assets
from localkube.controlplane import ControlPlane, ControlPlaneError, KubectlError
from localkube.parts import Part

__all__ = ["AssetsError", "ControlPlane", "ControlPlaneError", "KubectlError", "Part", "find_assets"]
