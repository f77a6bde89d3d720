"""Checks that what the sandbox answers agrees with Intercom's published OpenAPI description.

    python tools/check_intercom_spec.py DESCRIPTION.yaml

The description (github.com/intercom/Intercom-OpenAPI, descriptions/2.16/api.intercom.io.yaml) is not part of this
repository. Every request goes over HTTP. An answer is validated against the schema that the description gives for
the operation and status; an answer with a status that it does not list, against its schema of an error. Every status
that it lists for an operation of the sandbox has to come up.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import yaml
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry
from referencing.jsonschema import DRAFT4

from mogulsync.sandbox import ACCESS_TOKEN, Sandbox, SandboxAccount, SandboxOptions, serve_in_thread

DESCRIPTION: Final = "urn:description"
ERROR: Final = f"{DESCRIPTION}#/components/schemas/error"
LIST: Final = "/contacts"
SEARCH: Final = "/contacts/search"
CONTACT: Final = "/contacts/{contact_id}"
BY_EXTERNAL_ID: Final = "/contacts/find_by_external_id/{external_id}"
ATTRIBUTES: Final = "/data_attributes"
ATTRIBUTE: Final = "/data_attributes/{data_attribute_id}"
NOW: Final = 1_800_000_000.0
"""What the sandbox's clock shows, in unix seconds; it does not move, so that a spent budget stays spent."""
NOBODY: Final = "0" * 24

NEVER_ANSWERED: Final = {
    ("PUT", ATTRIBUTE, 422): "the sandbox has nothing that depends on an attribute, which is what this status is for",
}
"""Statuses that the description lists and the sandbox does not answer, each with the reason."""


@dataclass(frozen=True)
class Question:
    """A request, the operation of the description that it is of, and the status that is due."""

    method: str
    operation: str
    status: int
    path: str = ""
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def questions(sandbox: Sandbox) -> Iterator[Question]:
    """Yield requests that bring up every kind of answer, in an order in which they work."""
    contacts = [contact for _, contact in sandbox.account.contacts()]
    user = next(contact for contact in contacts if contact.role == "user")
    lead = next(contact for contact in contacts if contact.role == "lead")
    nameless = next(contact for contact in contacts if contact.email is None)
    merged = contacts[-1]
    sandbox.account.merge_contact(merged.id, into=user.id)

    yield Question("GET", "/me", 200)
    yield from _about_lists()
    yield from _about_search(user.email or "")
    for contact in (user, lead, nameless):
        yield Question("GET", CONTACT, 200, f"/contacts/{contact.id}")
    yield Question("GET", CONTACT, 200, f"/contacts/{user.id}", query={"include_merge_history": "true"})
    yield Question("GET", CONTACT, 410, f"/contacts/{merged.id}")
    yield Question("GET", CONTACT, 404, f"/contacts/{merged.id}", headers={"Intercom-Version": "2.15"})
    yield Question("GET", CONTACT, 404, f"/contacts/{NOBODY}")
    yield Question("GET", BY_EXTERNAL_ID, 200, f"/contacts/find_by_external_id/{user.external_id}")
    yield Question("GET", BY_EXTERNAL_ID, 404, "/contacts/find_by_external_id/nobody")
    yield Question("GET", BY_EXTERNAL_ID, 410, f"/contacts/find_by_external_id/{merged.external_id}")
    yield from _about_new_contacts(user.external_id or "")
    yield from _about_writes(user.id, merged.id)
    yield from _about_attributes(sandbox)
    yield from _about_credentials(user.id)


def _about_lists() -> Iterator[Question]:
    yield Question("GET", LIST, 200)
    yield Question("GET", LIST, 200, query={"per_page": "150"})
    yield Question("GET", LIST, 200, query={"per_page": "150", "include_merge_history": "true"})
    yield Question("GET", LIST, 400, query={"per_page": "151"})
    yield Question("GET", LIST, 400, query={"per_page": "0"})
    yield Question("GET", LIST, 400, query={"starting_after": "nonsense"})
    yield Question("GET", LIST, 400, headers={"Intercom-Version": "9.9"})
    yield Question("GET", LIST, 406, headers={"Accept": "text/html"})
    yield Question("DELETE", LIST, 405)
    yield Question("GET", "/nowhere", 404)


def _about_search(email: str) -> Iterator[Question]:
    one = {"field": "email", "operator": "=", "value": email}
    many = {"operator": "OR", "value": [one, {"field": "external_id", "operator": "IN", "value": ["user-1001", 1002]}]}
    dated = {"operator": "AND", "value": [{"field": "created_at", "operator": ">", "value": "1306054154"}]}
    yield Question("POST", SEARCH, 200, body={"query": one})
    yield Question("POST", SEARCH, 200, body={"query": many, "pagination": {"per_page": 1}})
    yield Question("POST", SEARCH, 200, body={"query": {**one, "value": "nobody@example.com"}})
    yield Question("POST", SEARCH, 200, body={"query": dated, "sort": {"field": "created_at", "order": "ascending"}})
    yield Question("POST", SEARCH, 400, body={"query": dated, "sort": {"field": "created_at", "order": "desc"}})
    yield Question("POST", SEARCH, 400, body={})
    yield Question("POST", SEARCH, 400, body={"query": {"field": "shoe_size", "operator": "=", "value": "42"}})
    yield Question("POST", SEARCH, 400, body=["no object"])


def _about_new_contacts(taken: str) -> Iterator[Question]:
    yield Question("POST", LIST, 200, body={"email": "new@example.com", "custom_attributes": {"billing_id": "7"}})
    yield Question("POST", LIST, 200, body={"role": "lead"})
    yield Question("POST", LIST, 409, body={"external_id": taken})
    yield Question("POST", LIST, 400, body={"name": "Nobody"})
    yield Question("POST", LIST, 401, body={}, headers={"Authorization": "Bearer wrong"})


def _about_writes(user: str, merged: str) -> Iterator[Question]:
    path = f"/contacts/{user}"
    for values in ({"lifetime_value": 12.5, "billing_id": "Ä"}, {"lifetime_value": None}, {"legacy_plan": "dropped"}):
        yield Question("PUT", CONTACT, 200, path, {"custom_attributes": values})
    for values in ({"unheard_of": 1}, {"lifetime_value": "much"}, {"billing_id": "x" * 256}, {"support_tier": "none"}):
        yield Question("PUT", CONTACT, 400, path, {"custom_attributes": values})
    yield Question("PUT", CONTACT, 404, f"/contacts/{NOBODY}", {"custom_attributes": {}})
    yield Question("PUT", CONTACT, 410, f"/contacts/{merged}", {"custom_attributes": {}})


def _about_attributes(sandbox: Sandbox) -> Iterator[Question]:
    new = {"name": "chartmogul_mrr", "model": "contact", "data_type": "float", "description": "MRR"}
    yield Question("GET", ATTRIBUTES, 200)
    yield Question("GET", ATTRIBUTES, 200, query={"model": "contact", "include_archived": "true"})
    yield Question("GET", ATTRIBUTES, 422, query={"model": "conversation"})
    yield Question("GET", ATTRIBUTES, 400, query={"model": "AAA"})
    yield Question("POST", ATTRIBUTES, 200, body=new)
    for data_type in ("string", "integer", "boolean", "date", "datetime"):
        yield Question("POST", ATTRIBUTES, 200, body={**new, "name": f"of type {data_type}", "data_type": data_type})
    options = [{"value": "1-10"}, {"value": "11-20"}]
    yield Question("POST", ATTRIBUTES, 200, body={**new, "name": "size", "data_type": "options", "options": options})
    few = {"name": "few", "data_type": "options", "options": options[:1]}
    for wrong in ({}, {"name": "a.b"}, {"name": "x", "data_type": "mithril"}, {"name": "x", "model": "lead"}, few):
        yield Question("POST", ATTRIBUTES, 400, body={**new, **wrong})
    known = sandbox.account.attributes.custom("billing_id")
    path = f"/data_attributes/{known.id if known else 0}"
    yield Question("PUT", ATTRIBUTE, 200, path, {"description": "Id in the billing system", "archived": True})
    yield Question("PUT", ATTRIBUTE, 400, path, {"options": {"value": "1-10"}})
    yield Question("PUT", ATTRIBUTE, 404, "/data_attributes/9999", {"description": "of nothing"})


def _about_credentials(user: str) -> Iterator[Question]:
    wrong = {"Authorization": "Bearer wrong"}
    yield Question("GET", "/me", 401, headers=wrong)
    yield Question("GET", LIST, 401, headers=wrong)
    yield Question("POST", SEARCH, 401, body={}, headers=wrong)
    yield Question("GET", CONTACT, 401, f"/contacts/{user}", headers=wrong)
    yield Question("PUT", CONTACT, 401, f"/contacts/{user}", {}, headers=wrong)
    yield Question("GET", BY_EXTERNAL_ID, 401, "/contacts/find_by_external_id/x", headers=wrong)
    yield Question("GET", ATTRIBUTES, 401, headers=wrong)
    yield Question("POST", ATTRIBUTES, 401, body={}, headers=wrong)
    yield Question("PUT", ATTRIBUTE, 401, "/data_attributes/1", {}, headers=wrong)


class Description:
    """The OpenAPI description."""

    def __init__(self, file: Path) -> None:
        self.content: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), Loader=_loader())  # noqa: S506 - a safe one
        # A contact without an address has null, as recorded answers show; the description forgets to say so.
        self.content["components"]["schemas"]["contact"]["properties"]["email"]["nullable"] = True
        self._registry: Registry[Any] = Registry().with_resource(DESCRIPTION, DRAFT4.create_resource(self.content))

    def statuses(self, method: str, operation: str) -> set[int]:
        """Return the statuses that it lists for an operation."""
        described = self.content["paths"].get(operation, {}).get(method.lower(), {})
        return {int(status) for status in described.get("responses", {})}

    def problems(self, question: Question, body: Any) -> list[str]:
        """Return how an answer's body disagrees."""
        if question.status in self.statuses(question.method, question.operation):
            place = question.operation.replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
            schema = (
                f"{DESCRIPTION}#/paths/{place}/{question.method.lower()}"
                f"/responses/{question.status}/content/application~1json/schema"
            )
        else:
            schema = ERROR
        validator = OAS30Validator({"$ref": schema}, registry=self._registry, format_checker=oas30_format_checker)
        return [f"{each.json_path}: {each.message}" for each in validator.iter_errors(body)]


def _loader() -> Any:
    """Return YAML's fast loader where it is there: the description is larger than a megabyte."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check(description: Description) -> list[str]:
    """Ask the sandbox everything and return what disagrees."""
    sandbox = Sandbox(
        SandboxAccount(customers=160, contacts=400), SandboxOptions(intercom_limit=200, clock=lambda: NOW)
    )
    problems: list[str] = []
    seen: dict[tuple[str, str], set[int]] = {}
    with serve_in_thread(sandbox) as urls:
        client = httpx2.Client(base_url=urls.intercom, headers={"Authorization": f"Bearer {ACCESS_TOKEN}"})
        with client:
            for question in questions(sandbox):
                problems += ask(client, description, question)
                seen.setdefault((question.method, question.operation), set()).add(question.status)
            while client.get("/me").status_code != httpx2.codes.TOO_MANY_REQUESTS:
                pass
            problems += ask(client, description, Question("GET", LIST, 429))
    for (method, operation), statuses in seen.items():
        problems += [
            f"{method} {operation}: {status} is described and never came up"
            for status in sorted(description.statuses(method, operation) - statuses)
            if (method, operation, status) not in NEVER_ANSWERED
        ]
    return problems


def ask(client: httpx2.Client, description: Description, question: Question) -> list[str]:
    """Ask one question and return what is wrong with the answer."""
    headers = {"Intercom-Version": "2.16", **question.headers}
    path = question.path or question.operation
    answer = client.request(question.method, path, params=question.query, json=question.body, headers=headers)
    problems = [] if answer.status_code == question.status else [f"answered {answer.status_code}"]
    problems += [f"has no {name}" for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
                 if name not in answer.headers]  # fmt: skip
    problems += description.problems(question, answer.json())
    return [f"{question.method} {path} ({question.status}): {problem}" for problem in problems]


def main() -> int:
    """Check against the description that the argument names, and say what disagrees."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program's name and one argument
        print(__doc__, file=sys.stderr)
        return 2
    problems = check(Description(Path(sys.argv[1])))
    for problem in problems:
        print(problem)
    print(f"{len(problems)} disagreements with Intercom's description" if problems else "The sandbox agrees")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
