"""Mock servers of ChartMogul's and Intercom's APIs with generated data, over HTTP.

The demo, the examples and the tests talk to it, from the command line (`mogulsync sandbox`) or from Python:

    account = SandboxAccount(seed=1, customers=500, contacts=600)
    sandbox = Sandbox(account, SandboxOptions(intercom_limit=None))
    async with serve(sandbox) as urls:
        ...  # urls.chartmogul, urls.intercom; the credentials are API_KEY and ACCESS_TOKEN

While it serves, three things can be used:

    sandbox.account    the data of both APIs: read it, change it, delete and merge contacts, revoke credentials
    sandbox.faults     fault injection: faults.inject(Respond(503), method="PUT", times=2)
    sandbox.requests   the log of requests: requests.count(api="intercom", method="PUT")

The same seed and sizes make the same account. Records are generated on access, so a million contacts cost neither
time at the start nor memory.
"""

from mogulsync.sandbox.account import (
    ACCESS_TOKEN,
    API_KEY,
    CLIENT_ID,
    CLIENT_SECRET,
    SandboxAccount,
)
from mogulsync.sandbox.app import Sandbox, SandboxOptions
from mogulsync.sandbox.attributes import SandboxAttribute
from mogulsync.sandbox.contacts import SandboxContact
from mogulsync.sandbox.faults import Delay, Drop, Fault, Faults, RepeatFirstPage, Respond, Rewrite, Truncate
from mogulsync.sandbox.request_log import LoggedRequest, RequestLog
from mogulsync.sandbox.server import Urls, serve, serve_in_thread

__all__ = [
    "ACCESS_TOKEN",
    "API_KEY",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "Delay",
    "Drop",
    "Fault",
    "Faults",
    "LoggedRequest",
    "RepeatFirstPage",
    "RequestLog",
    "Respond",
    "Rewrite",
    "Sandbox",
    "SandboxAccount",
    "SandboxAttribute",
    "SandboxContact",
    "SandboxOptions",
    "Truncate",
    "Urls",
    "serve",
    "serve_in_thread",
]
