"""Has drt-core's Intercom destination update contacts: reads a job from standard input, prints what came of it."""

import json
import sys
import time

from drt.config.models import IntercomDestinationConfig, SyncOptions
from drt.destinations.intercom import IntercomDestination


def main() -> None:
    """Run the job."""
    job = json.load(sys.stdin)
    # The API's host is written into the class; nothing else of it is changed.
    IntercomDestination.BASE_URL = f"{job['url']}/contacts"
    IntercomDestination.SEARCH_URL = f"{job['url']}/contacts/search"
    values = ", ".join(f'"{name}": {{{{ row.{name} | tojson }}}}' for name in job["attributes"])
    config = IntercomDestinationConfig(
        type="intercom",
        auth={"type": "bearer", "token": job["token"]},
        properties_template='{"email": {{ row.email | tojson }}, "custom_attributes": {' + values + "}}",
    )
    given = {} if job["rate"] is None else {"rate_limit": {"requests_per_second": job["rate"]}}
    options = SyncOptions(match_policy="update_only", on_error="skip", **given)
    began = time.monotonic()
    result = IntercomDestination().load(job["rows"], config, options)
    print(json.dumps({"updated": result.success, "seconds": time.monotonic() - began}))


main()
