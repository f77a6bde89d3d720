"""Every time and number that a sync keeps to. Nothing of it is configurable from outside but by the spec."""

from typing import Final

STOP_GRACE_SECONDS: Final = 2.5
"""Seconds that writes under way have to end in when a run is stopped. It has to be over within 5 seconds."""

CANCEL_SECONDS: Final = 1.0
"""Seconds that everything else has to notice in that the run is stopped."""

FRESH_ATTRIBUTE_SECONDS: Final = 60
"""Seconds after it was made for which an attribute may be unknown to Intercom's writes."""

MAX_OUTAGES_IN_A_ROW: Final = 50
"""Outages with no answer in between that end a run."""

BATCH_SIZE: Final = 150
"""Contacts compared at a time where they do not come in pages."""

CLEARS_KEPT_AT_LEAST: Final = 20_000
"""Contacts of a workspace below which those to clear are all kept, whatever their share."""
