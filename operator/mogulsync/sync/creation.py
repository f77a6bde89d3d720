"""Creates the attributes that the workspace lacks."""

import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final, NamedTuple

from mogulsync.intercom.client import IntercomClient
from mogulsync.intercom.models import DataAttribute
from mogulsync.resource.reasons import AttributeReason
from mogulsync.resource.report import RefusedAttribute, shorten
from mogulsync.resource.sources import description_of
from mogulsync.sync.attributes import plan_attributes
from mogulsync.sync.fields import Field
from mogulsync.transport.errors import GoneError, RejectedError, UnavailableError

_log: Final = logging.getLogger(__name__)
_LIMIT_WORDS: Final = ("limit", "maximum number", "too many")
_OTHER_MODEL_WORDS: Final = ("company data", "conversation data")
"""In Intercom's words for a name that other data than contacts' has."""
_TAKEN_WORDS: Final = ("already have", "already exists", "already taken", "already been taken")
_CONFLICT: Final = 409


class Creation(NamedTuple):
    """What became of one missing attribute."""

    field: Field
    created: bool
    """False also where another run was faster; the attribute is there all the same unless it is refused."""
    refused: RefusedAttribute | None = None
    outage: UnavailableError | None = None
    """Why it is refused, where Intercom gave no answer."""


async def create_attributes(intercom: IntercomClient, missing: Sequence[Field]) -> AsyncIterator[Creation]:
    """Create an attribute for each field, in this order, and yield what became of each.

    Raises:
        ApiError: The credentials were refused, or Intercom's attributes could not be listed again.
    """
    for field in missing:
        try:
            await intercom.create_attribute(
                name=field.attribute,
                data_type=field.data_type,
                description=description_of(field.source, field.key),
            )
        except (RejectedError, GoneError, UnavailableError) as error:
            yield await _without_success(intercom, field, error)
        else:
            _log.info("created attribute", extra={"attribute": field.attribute, "dataType": field.data_type})
            yield Creation(field, created=True)


async def _without_success(
    intercom: IntercomClient, field: Field, error: RejectedError | GoneError | UnavailableError
) -> Creation:
    """Look whether the attribute is there all the same: made by another run, or by a request that broke off."""
    again = plan_attributes([field], await _attributes(intercom, field, error))
    if again.usable and not again.missing:
        _log.info("attribute is there already", extra={"attribute": field.attribute})
        return Creation(field, created=False)
    refused = again.refused[0] if again.refused else _refused(field, error)
    _log.warning("cannot create attribute", extra={"attribute": field.attribute, "reason": refused.reason})
    outage = error if isinstance(error, UnavailableError) else None
    return Creation(field, created=False, refused=refused, outage=outage)


async def _attributes(
    intercom: IntercomClient, field: Field, error: RejectedError | GoneError | UnavailableError
) -> list[DataAttribute]:
    """List the attributes, with the one that may have been made: the list may lack it for a moment."""
    if isinstance(error, UnavailableError) or (_is_taken(error) and not _says(error, _OTHER_MODEL_WORDS)):
        try:
            return await intercom.attributes(expected=field.attribute)
        except UnavailableError:
            _log.info("attribute stays missing in the list", extra={"attribute": field.attribute})
    return await intercom.attributes()


def _is_taken(error: RejectedError | GoneError | UnavailableError) -> bool:
    """Return whether Intercom refuses the name because an attribute has it."""
    return isinstance(error, RejectedError) and (error.status == _CONFLICT or _says(error, _TAKEN_WORDS))


def _says(error: RejectedError | GoneError | UnavailableError, words: Iterable[str]) -> bool:
    return isinstance(error, RejectedError) and any(each in error.message.lower() for each in words)


def _refused(field: Field, error: RejectedError | GoneError | UnavailableError) -> RefusedAttribute:
    """Return the reason that Intercom's words give: its codes do not distinguish them."""
    if _says(error, _LIMIT_WORDS):
        return RefusedAttribute(attribute=field.attribute, reason=AttributeReason.LIMIT_REACHED)
    if _is_taken(error):
        return RefusedAttribute(attribute=field.attribute, reason=AttributeReason.NAME_TAKEN)
    detail = error.message if isinstance(error, RejectedError) else ""
    message = shorten(detail or str(error))
    return RefusedAttribute(attribute=field.attribute, reason=AttributeReason.CANNOT_CREATE, message=message)
