"""What the operator wrote, by the API server's own account: its audit log."""

import json
from collections import Counter
from pathlib import Path
from typing import Final

from bench_operator.destinations import NAMESPACE

ACCOUNT: Final = "operator"
"""Service account of what is measured, so that its writes are counted apart from all others."""

_WRITES: Final = ("create", "update", "patch", "delete", "deletecollection")


class Audit:
    """The writes of the service account `operator`.

    Args:
        folder: Where policy and log are put.
    """

    def __init__(self, folder: Path) -> None:
        self._policy = folder / "audit-policy.json"
        self._log = folder / "audit.log"
        measured = {"level": "Metadata", "users": [f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"], "verbs": _WRITES}
        policy = {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived"],
            "rules": [measured, {"level": "None"}],
        }
        self._policy.write_text(json.dumps(policy), encoding="utf-8")

    @property
    def flags(self) -> tuple[str, str]:
        """The API server's flags that turn it on."""
        return f"--audit-policy-file={self._policy}", f"--audit-log-path={self._log}"

    def writes(self) -> Counter[str]:
        """Return how often each resource was written so far, attempts that were refused included."""
        written: Counter[str] = Counter()
        if self._log.exists():
            with self._log.open(encoding="utf-8") as lines:
                for line in lines:
                    subject = json.loads(line)["objectRef"]
                    parts = (subject["resource"], subject.get("subresource"))
                    written["/".join(part for part in parts if part)] += 1
        return written
