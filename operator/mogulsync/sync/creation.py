"""Creates the attributes that the workspace lacks."""

import logging
from collections.abc import Sequence
from typing import Final

from mogulsync.intercom.client import IntercomClient
from mogulsync.resource.reasons import AttributeReason, RunReason
from mogulsync.resource.report import RefusedAttribute, shorten
from mogulsync.resource.sources import description_of
from mogulsync.sync.attributes import described, survey
from mogulsync.sync.failures import RunError, failure_of
from mogulsync.sync.fields import Field
from mogulsync.transport.errors import GoneError, RejectedError, UnavailableError

_log: Final = logging.getLogger(__name__)
_LIMIT_WORDS: Final = ("limit", "maximum number", "too many")
_TAKEN_WORDS: Final = ("already have", "already exists", "already taken")


class Creation:
    """Creates attributes.

    Args:
        intercom: Where to.
        created: Gets the names of those made.
        refused: Has those that cannot be used, and gets those that could not be made.
    """

    def __init__(self, intercom: IntercomClient, *, created: list[str], refused: list[RefusedAttribute]) -> None:
        self._intercom = intercom
        self.created = created
        self.refused = refused
        self._outage: UnavailableError | None = None

    async def create(self, missing: Sequence[Field]) -> None:
        """Create an attribute for each field, in this order.

        Raises:
            ApiError: The credentials were refused, or Intercom's attributes could not be listed again.
        """
        for field in missing:
            try:
                await self._intercom.create_attribute(
                    name=field.attribute,
                    data_type=field.data_type,
                    description=description_of(field.source, field.key),
                )
            except (RejectedError, GoneError, UnavailableError) as error:
                await self._settle(field, error)
            else:
                self.created.append(field.attribute)
                _log.info("created attribute", extra={"attribute": field.attribute, "dataType": field.data_type})

    def left(self, usable: Sequence[Field]) -> tuple[Field, ...]:
        """Return those of the fields that can be used now.

        Raises:
            RunError: There is none.
        """
        names = {refused.attribute for refused in self.refused}
        left = tuple(field for field in usable if field.attribute not in names)
        if left:
            return left
        if self._outage is not None:
            raise failure_of(self._outage)
        raise none_usable(self.refused)

    async def _settle(self, field: Field, error: RejectedError | GoneError | UnavailableError) -> None:
        """Look whether the attribute is there all the same: made by another run, or by a request that broke off."""
        again = survey([field], await self._intercom.attributes())
        if again.usable and not again.missing:
            _log.info("attribute is there already", extra={"attribute": field.attribute})
            return
        refused = again.refused[0] if again.refused else _refused(field, error)
        self.refused.append(refused)
        if isinstance(error, UnavailableError):
            self._outage = error
        _log.warning("cannot create attribute", extra={"attribute": field.attribute, "reason": refused.reason})


def none_usable(refused: Sequence[RefusedAttribute]) -> RunError:
    """Return the end of a run that has no attribute left to write."""
    return RunError(RunReason.ATTRIBUTES_NOT_USABLE, f"no selected attribute can be used: {described(refused)}")


def not_matchable(refused: Sequence[RefusedAttribute]) -> RunError:
    """Return the end of a run that lacks an attribute to match by."""
    return RunError(
        RunReason.ATTRIBUTES_NOT_USABLE,
        f"contacts cannot be matched by spec.matching.intercomFields: {described(refused)}",
    )


def _refused(field: Field, error: RejectedError | GoneError | UnavailableError) -> RefusedAttribute:
    """Read Intercom's words: no code tells its reasons apart."""
    detail = error.message if isinstance(error, RejectedError) else ""
    words = detail.lower()
    if any(word in words for word in _LIMIT_WORDS):
        return RefusedAttribute(attribute=field.attribute, reason=AttributeReason.LIMIT_REACHED)
    if any(word in words for word in _TAKEN_WORDS):
        return RefusedAttribute(attribute=field.attribute, reason=AttributeReason.NAME_TAKEN)
    message = shorten(detail or str(error))
    return RefusedAttribute(attribute=field.attribute, reason=AttributeReason.CANNOT_CREATE, message=message)
