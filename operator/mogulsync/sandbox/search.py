"""Intercom's contact search: parses a query and finds the contacts that match.

Grammar, operators, types and limits are those of Intercom's OpenAPI description (POST /contacts/search).
It does not say whether text is compared with regard to case, nor how long a list IN takes: both are options.
"""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from mogulsync.sandbox.account import SandboxAccount
from mogulsync.sandbox.attributes import in_range
from mogulsync.sandbox.contacts import SandboxContact

_MOST_FILTERS: Final = 15
_DEEPEST: Final = 2
_LISTS: Final = ("IN", "NIN")
_OPERATORS: Final = {
    "string": ("=", "!=", "IN", "NIN", "~", "!~", "^", "$"),
    "boolean": ("=", "!=", "IN", "NIN"),
    "integer": ("=", "!=", "IN", "NIN", "<", ">", "<=", ">="),
    "float": ("=", "!=", "IN", "NIN", "<", ">", "<=", ">="),
    "date": ("=", "<", ">"),
    "tag": ("=", "!="),
}
_FIELDS: Final = {
    **dict.fromkeys(
        (
            "id", "role", "name", "avatar", "owner_id", "email", "email_domain", "phone", "formatted_phone",
            "external_id", "language_override", "browser", "browser_language", "os", "location.country",
            "location.region", "location.city", "segment_id", "ios_app_version", "ios_device", "ios_app_device",
            "ios_os_version", "ios_app_name", "ios_sdk_version", "android_app_version", "android_device",
            "android_app_name", "andoid_sdk_version",
        ),
        "string",
    ),
    **dict.fromkeys(
        (
            "created_at", "signed_up_at", "updated_at", "last_seen_at", "last_contacted_at", "last_replied_at",
            "last_email_opened_at", "last_email_clicked_at", "ios_last_seen_at", "android_last_seen_at",
        ),
        "date",
    ),
    **dict.fromkeys(("unsubscribed_from_emails", "marked_email_as_spam", "has_hard_bounced"), "boolean"),
    "tag_id": "tag",
}  # fmt: skip
_CUSTOM: Final = "custom_attributes."
_ORDERS: Final = ("ascending", "descending")

Predicate = Callable[[SandboxContact], bool]
Hit = tuple[tuple[Any, int], SandboxContact]
"""A contact that was found, with its place in the order."""

_IN_ORDER: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_OF_TEXT: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "~": lambda value, wanted: (wanted or "") in (value or ""),
    "!~": lambda value, wanted: (wanted or "") not in (value or ""),
    "^": lambda value, wanted: (value or "").startswith(wanted or ""),
    "$": lambda value, wanted: (value or "").endswith(wanted or ""),
}


class SearchRejectedError(Exception):
    """Intercom's refusal of a query."""

    def __init__(self, message: str, *, code: str = "parameter_invalid") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(frozen=True, slots=True)
class _Condition:
    """A part of a query: its predicate, and the contacts that may match."""

    test: Predicate
    candidates: set[int] | None
    """Indexes among which all that match are; None: every contact has to be looked at."""


@dataclass(frozen=True, slots=True)
class SearchRules:
    """How the sandbox settles what Intercom does not document.

    Attributes:
        ignores_case: Whether text is compared without regard to case.
        longest_list: Values that IN and NIN take at most; None: any number.
        lag: Seconds until a new contact is found.
    """

    ignores_case: bool = False
    longest_list: int | None = None
    lag: float = 0.0


class ContactSearch:
    """Searches one account's contacts."""

    def __init__(self, account: SandboxAccount, rules: SearchRules) -> None:
        self._account = account
        self._rules = rules

    def find(self, query: object, sort: object, *, now: float) -> list[Hit]:
        """Return the contacts that the query finds, in the order that `sort` asks, each with its place in it.

        Raises:
            SearchRejectedError: The query is not one.
        """
        order_of, descending = _order(sort)
        condition = self._condition(query, depth=0)
        found = [
            ((order_of(contact), index), contact)
            for index, contact in self._pool(condition.candidates)
            if condition.test(contact) and self._account.added_at(index) + self._rules.lag <= now
        ]
        found.sort(key=lambda each: each[0], reverse=descending)
        return found

    def _pool(self, candidates: set[int] | None) -> Iterator[tuple[int, SandboxContact]]:
        if candidates is None:
            yield from self._account.contacts()
            return
        for index in candidates:
            contact = self._account.contact_at(index)
            if contact is not None:
                yield index, contact

    def _condition(self, query: object, *, depth: int) -> _Condition:
        if not isinstance(query, dict):
            raise SearchRejectedError("query must be an object", code="parameter_missing")
        if query.get("operator") in ("AND", "OR"):
            return self._group(query["operator"], query.get("value"), depth=depth)
        return self._filter(query)

    def _group(self, how: str, value: object, *, depth: int) -> _Condition:
        if depth >= _DEEPEST:
            raise SearchRejectedError(f"Filters may be nested {_DEEPEST} levels deep")
        if not isinstance(value, list) or not value:
            raise SearchRejectedError(f"{how} needs a list of filters")
        if len(value) > _MOST_FILTERS:
            raise SearchRejectedError(f"A group may hold {_MOST_FILTERS} filters")
        parts = [self._condition(each, depth=depth + 1) for each in value]
        known = [part.candidates for part in parts if part.candidates is not None]
        if how == "AND":
            return _Condition(
                lambda contact: all(part.test(contact) for part in parts),
                min(known, key=len) if known else None,
            )
        return _Condition(
            lambda contact: any(part.test(contact) for part in parts),
            set().union(*known) if len(known) == len(parts) else None,
        )

    def _filter(self, query: dict[str, Any]) -> _Condition:
        field, how, value = query.get("field"), query.get("operator"), query.get("value")
        kind = self._kind(field)
        if how not in _OPERATORS[kind]:
            raise SearchRejectedError(f"Operator '{how}' is not valid for field '{field}' of type {kind}")
        read = _reader(str(field))
        if how in _LISTS:
            wanted = self._list(value, how)
            test = self._among({self._plain(_typed(kind, each, str(field))) for each in wanted}, read, how)
        else:
            if isinstance(value, list | dict):
                raise SearchRejectedError(f"Operator '{how}' takes a single value")
            wanted = [value]
            test = self._compare(kind, how, _typed(kind, value, str(field)), read)
        if how not in ("=", "IN"):
            return _Condition(test, None)
        return _Condition(test, self._account.candidate_contacts(str(field), wanted))

    def _kind(self, field: object) -> str:
        if isinstance(field, str) and field.startswith(_CUSTOM):
            attribute = self._account.attributes.custom(field.removeprefix(_CUSTOM))
            if attribute is not None:
                return attribute.data_type
        if not isinstance(field, str) or field not in _FIELDS:
            raise SearchRejectedError(f"Field '{field}' is not searchable")
        return _FIELDS[field]

    def _list(self, value: object, how: str) -> list[Any]:
        if not isinstance(value, list):
            raise SearchRejectedError(f"Operator '{how}' takes an array")
        longest = self._rules.longest_list
        if longest is not None and len(value) > longest:
            raise SearchRejectedError(f"Operator '{how}' takes at most {longest} values")
        return value

    def _plain(self, value: Any) -> Any:
        return value.casefold() if self._rules.ignores_case and isinstance(value, str) else value

    def _among(self, wanted: set[Any], read: Callable[[SandboxContact], Any], how: str) -> Predicate:
        if how == "IN":
            return lambda contact: self._plain(read(contact)) in wanted
        return lambda contact: self._plain(read(contact)) not in wanted

    def _compare(self, kind: str, how: str, wanted: Any, read: Callable[[SandboxContact], Any]) -> Predicate:
        if kind == "date":
            return self._compare_days(how, wanted, read)
        if how in _IN_ORDER:
            return lambda contact: _both_known(_IN_ORDER[how], read(contact), wanted)
        plain, compare = self._plain, _OF_TEXT[how]
        wanted = plain(wanted)
        return lambda contact: compare(plain(read(contact)), wanted)

    def _compare_days(self, how: str, wanted: Any, read: Callable[[SandboxContact], Any]) -> Predicate:
        """Compare by calendar day of the workspace's time zone, as Intercom does."""
        zone = ZoneInfo(self._account.time_zone)

        def day(seconds: int) -> int:
            return datetime.fromtimestamp(seconds, zone).toordinal()

        limit = None if wanted is None else day(wanted)
        compare = _OF_TEXT["="] if how == "=" else _IN_ORDER[how]

        def test(contact: SandboxContact) -> bool:
            value = read(contact)
            if value is None or limit is None:
                return how == "=" and value is limit
            return compare(day(value), limit)

        return test


def _both_known(compare: Callable[[Any, Any], bool], value: Any, wanted: Any) -> bool:
    return value is not None and wanted is not None and compare(value, wanted)


def _reader(field: str) -> Callable[[SandboxContact], Any]:
    """Return how a field's value is read off a contact; what contacts here never have reads as None."""
    if field.startswith(_CUSTOM):
        name = field.removeprefix(_CUSTOM)
        return lambda contact: contact.custom_attributes.get(name)
    if field == "email_domain":
        return lambda contact: (contact.email or "").strip().rpartition("@")[2] or None
    if field == "signed_up_at":
        return lambda contact: contact.created_at if contact.role == "user" else None
    if _FIELDS[field] == "boolean":
        return lambda _: False
    return lambda contact: getattr(contact, field, None)


def _typed(kind: str, value: Any, field: str) -> Any:
    """Return a query's value in the type of its field.

    Raises:
        SearchRejectedError: It is not of that type.
    """
    if value is None:
        return None
    if kind in ("string", "tag"):
        return value if isinstance(value, str) else str(value)
    if kind == "boolean":
        if value in (True, "true"):
            return True
        if value in (False, "false"):
            return False
    elif not isinstance(value, bool):
        try:
            number = float(value) if kind == "float" else int(value)
        except (TypeError, ValueError, OverflowError):
            pass
        else:
            if in_range(kind, number):
                return number
    raise SearchRejectedError(f"The value for field '{field}' must be of type {kind}")


def _order(sort: object) -> tuple[Callable[[SandboxContact], Any], bool]:
    """Return what contacts are ordered by, and whether backwards; without `sort`: as they were created."""
    if sort is None:
        return (lambda _: 0), False
    if not isinstance(sort, dict):
        raise SearchRejectedError("sort must be an object")
    order = sort.get("order", "descending")
    if order not in _ORDERS:
        raise SearchRejectedError(
            f"Invalid sort order '{order}'. Must be one of: {', '.join(_ORDERS)}", code="invalid_sort_order"
        )
    field = sort.get("field")
    if not isinstance(field, str) or field not in _FIELDS:
        raise SearchRejectedError(f"Field '{field}' is not sortable")
    read = _reader(field)
    if _FIELDS[field] in ("string", "tag"):
        return (lambda contact: read(contact) or ""), order == "descending"
    return (lambda contact: read(contact) or 0), order == "descending"


def found_after(found: list[Hit], place: tuple[Any, int], sort: object) -> list[Hit]:
    """Return what comes after a place in the order of what was found."""
    _, backwards = _order(sort)
    return [each for each in found if (each[0] < place if backwards else each[0] > place)]
