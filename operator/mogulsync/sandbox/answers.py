"""The JSON answers of both APIs."""

import json
from typing import Any

from starlette.responses import JSONResponse


class JsonAnswer(JSONResponse):
    """A JSON response in ASCII: half a surrogate pair, which JSON can hold and UTF-8 cannot, stays an escape."""

    def render(self, content: Any) -> bytes:
        """Return the content as JSON."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
