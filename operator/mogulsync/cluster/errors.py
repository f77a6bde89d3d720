"""What may be wrong with a cluster, as a person has to fix it. Imports nothing that is slow."""

from http import HTTPStatus


def is_overload(status: int) -> bool:
    """Return whether an HTTP status says that the API server cannot do now what it may do later."""
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


class ClusterProblemError(Exception):
    """Something of the cluster that a person has to fix; the text names it and the fix.

    Attributes:
        status: HTTP status of the answer; 0 when there was none.
    """

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    @property
    def not_found(self) -> bool:
        """The object does not exist."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def forbidden(self) -> bool:
        """A right is missing."""
        return self.status == HTTPStatus.FORBIDDEN

    @property
    def unreached(self) -> bool:
        """The cluster gave no answer."""
        return self.status == 0

    @property
    def passes(self) -> bool:
        """The cluster may do the same later: it gave no answer, is overloaded or starts."""
        return self.unreached or is_overload(self.status)
