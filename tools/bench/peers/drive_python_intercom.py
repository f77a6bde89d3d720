"""A plain loop on the official client: search by email, update if found. Reads a job, prints what came of it."""

import json
import sys
import time

from intercom import Intercom, SingleFilterSearchRequest
from intercom.core.api_error import ApiError


def main() -> None:
    """Run the job."""
    job = json.load(sys.stdin)
    client = Intercom(token=job["token"], base_url=job["url"])
    options = {"max_retries": job["retries"]}
    updated = 0
    began = time.monotonic()
    for row in job["rows"]:
        try:
            found = client.contacts.search(
                query=SingleFilterSearchRequest(field="email", operator="=", value=row["email"]),
                request_options=options,
            )
            contact = next(iter(found.items or ()), None)
            if contact is not None:
                values = {name: row[name] for name in job["attributes"]}
                client.contacts.update(contact.id, custom_attributes=values, request_options=options)
                updated += 1
        except ApiError:
            continue
    print(json.dumps({"updated": updated, "seconds": time.monotonic() - began}))


main()
