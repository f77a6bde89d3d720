"""Log lines on standard error: one JSON object each, or plain text on a terminal.

All values of a line go into `extra`, by ids and counts only. The text of an exception that was not foreseen
is left out, because it may quote what an API sent; its type and the places that it passed through are enough.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import IO, Any, Final

_QUIET: Final = ("httpx2", "httpcore2", "httpx", "httpcore", "kubernetes", "urllib3", "aiohttp", "asyncio", "uvicorn")
"""Libraries that log every request: only their warnings are shown."""
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_STATE_COLOURS: Final = {logging.WARNING: "\033[33m", logging.ERROR: "\033[31m", logging.CRITICAL: "\033[31m"}
_PLAIN: Final = "\033[0m"

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class _StandardError(logging.StreamHandler[IO[str]]):
    """Writes to whatever `sys.stderr` is at the moment, so that a progress display can stand in for it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> IO[str]:  # type: ignore[override]
        return sys.stderr


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what `extra` adds."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - logging's name
        """Return the exception's type and where it passed, without its text."""
        return _trace(ei)


class Text(logging.Formatter):
    """A line for a person."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, with a trace below where there is one."""
        colour = _STATE_COLOURS.get(record.levelno)
        level = f"{colour}{record.levelname.lower()}{_PLAIN} " if colour else ""
        extra = " ".join(f"{name}={value}" for name, value in _extra(record).items() if value is not None)
        line = f"{_time(record)[11:19]} {level}{record.getMessage()}" + (f"  {extra}" if extra else "")
        return f"{line}\n{_trace(record.exc_info)}" if record.exc_info else line


def configure(level: int = logging.INFO) -> None:
    """Send all log lines to standard error: text when it is a terminal, JSON lines otherwise."""
    handler = _StandardError()
    handler.setFormatter(Text() if sys.stderr.isatty() else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _trace(info: _ExcInfo) -> str:
    kind, _, trace = info
    places = "".join(traceback.format_list([_without_source(frame) for frame in traceback.extract_tb(trace)]))
    return f"{kind.__name__ if kind else 'no exception'} raised at\n{places}".rstrip()


def _without_source(frame: traceback.FrameSummary) -> traceback.FrameSummary:
    return traceback.FrameSummary(frame.filename, frame.lineno, frame.name, lookup_line=False, line="")
