"""The kinds of objects that the operator watches."""

from collections.abc import Mapping
from typing import Final

from mogulsync.kube.objects import CRONJOBS, JOBS, PODS, GroupVersionResource
from mogulsync.resource import names

DESTINATIONS: Final = GroupVersionResource(names.GROUP, names.VERSION, names.PLURAL, names.KIND)

WATCHED: Final[Mapping[GroupVersionResource, str]] = {
    DESTINATIONS: "",
    CRONJOBS: names.LABEL_DESTINATION,
    JOBS: names.LABEL_DESTINATION,
    PODS: names.LABEL_DESTINATION,
}
"""With the label selector by which the API server filters."""
