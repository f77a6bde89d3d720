"""The part of an API's error message that may be shown: error messages quote what was sent, a customer's data too."""

from typing import Final

OMISSION: Final = "…"
"""Replaces words that are left out."""

_LONGEST: Final = 200
"""Characters of a detail at most."""
_QUOTES: Final = "\"'`()[]{}<>\u2018\u2019\u201c\u201d"
_MARKS: Final = ".,;:!?"

_WORDS: Final = """
a about above absent absolute accept accepted access account action active add added after again all allowed
alphanumeric already also an and another any api app application archive archived are array as ascending assigned
associated at attribute attributes authorised authorization authorized available bad be been before being below
between blank body boolean both but by can can't cannot character characters chars check code company condition
conflict conflicting contact contacts contain contained contains content could couldn't count create created
creating currency current currently custom customer customers cut data database date dates datetime day days decimal
default defined delete deleted deprecated descending details different digits disabled do does doesn't don't draft
due duplicate duplicated duplicates during each either email emails empty enabled ended entity entries entry error
errors exceed exceeded exceeds exist existing exists expected expired external failed failure false field fields
find first float for forbidden form format formatted found from full get given greater had has hash have header
headers here hyphens id identifier ids if in inactive incorrect input instance instead integer integers internal
into invalid is isn't it its itself json key keys kind label large later lead leads least length less letters like
limit limited limits list locked long longer lookup lowercase made malformed many matched matches matching max
maximum media merged message messages method min minimum missing model modified more most multiple must name named
names needed negative new next no non none nor not null number numbers numeric object objects of on one only
operation operator option optional options or order other out over own page parameter parameters parse parsed past
people per permission permissions permitted phone plan please positive predefined present prevented process
processed properties property provided query range rate reached read readonly record records reference refused regex
rejected remaining removed request requested requests require required requires reserved resource response retry
role same save saved scope search second seconds see segment sent server set should show signed size small some
specified specify start state status store stored string strings subscription such supplied support supported
symbols tag tags temporarily than that the their them then there these they this time timeout timestamp timezone to
token too true try type types unable unarchive unauthorised unauthorized undefined unexpected unique unit unix
unknown unprocessable unrecognised unrecognized unsupported until up update updated updating upper uppercase url use
used user users using valid validation value values version via was we were when where which while with within
without workspace write written wrong year you your
"""
"""The fixed list: words of general errors, gathered from the error messages of Intercom's OpenAPI description and of
ChartMogul's documentation. No names, no numbers."""
_KNOWN: Final = frozenset(_WORDS.split())


def error_detail(code: str | None, message: str) -> str | None:
    """Return an error code with the known words of a message, the others replaced by `…`; None without either.

    `parameter_invalid`, "Custom attribute 'plan' does not exist" becomes
    "parameter_invalid: Custom attribute … does not exist".
    """
    words: list[str] = []
    for word in message.split():
        known = _known(word)
        if known is None and words[-1:] == [OMISSION]:
            continue
        words.append(known or OMISSION)
    shown = " ".join(words)
    detail = ": ".join(part for part in (code, shown) if part)
    if not detail:
        return None
    return detail if len(detail) <= _LONGEST else detail[: _LONGEST - 1].rstrip() + OMISSION


def _known(word: str) -> str | None:
    """Return a word that is on the list, with the punctuation mark that follows it; None for another."""
    bare = word.strip(_QUOTES + _MARKS)
    if bare.lower() not in _KNOWN:
        return None
    mark = word.rstrip(_QUOTES)[-1:]
    return bare + mark if mark in _MARKS else bare
