"""A Kubernetes control plane for tests, the demo and the benchmarks: real parts, as processes, on loopback.

How to use it is in README.md beside this file.

controlplane  etcd, kube-apiserver and kube-controller-manager: start, stop, pause, kubectl
podrunner     a stand-in for scheduler and kubelet that runs Pods as local processes
podspec       the command line and environment of a container, resolved as a kubelet does it
podstatus     the statuses that a kubelet writes
kubeapi       the small client that the Pod runner uses
parts         the programs and their flags
credentials   keys, certificates, tokens and kubeconfigs, new for each control plane
assets        finds the programs: given, cached, downloaded or built
release       downloads the official releases
gobuild       builds the programs from the published Go modules
process       one program with a log, which cannot outlive this process; free ports
tether        the small program that ties a process to the one that started it
progress      progress lines, and the error of a way that does not work
"""

from localkube.assets import AssetsError, find_assets
from localkube.controlplane import ControlPlane, ControlPlaneError, KubectlError
from localkube.parts import Part
from localkube.process import free_ports

__all__ = ["AssetsError", "ControlPlane", "ControlPlaneError", "KubectlError", "Part", "find_assets", "free_ports"]
