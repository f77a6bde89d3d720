import json
import logging
import sys
from io import StringIO

import pytest

from mogulsync import logs


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def restored_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the root logger as it was."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    monkeypatch.setattr(root, "level", root.level)


def test_a_line_is_one_json_object_with_what_extra_adds(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logging.getLogger("mogulsync.sync").info("read %s", "customers", extra={"customers": 3})
    line = json.loads(capsys.readouterr().err)
    assert line.pop("time").endswith("Z")
    assert line == {"level": "info", "logger": "mogulsync.sync", "message": "read customers", "customers": 3}


def test_the_text_of_an_exception_is_left_out_but_its_type_and_place_are_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure()
    try:
        int("ann@example.com")
    except ValueError:
        logging.getLogger("mogulsync").exception("unexpected")
    written = capsys.readouterr().err
    assert "ann@example.com" not in written
    assert json.loads(written)["exception"].startswith("ValueError raised at\n")
    assert "test_logs.py" in written


def test_a_terminal_gets_text(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    logs.configure()
    logging.getLogger("mogulsync").warning("contact is gone", extra={"contact": "c1", "requestId": None})
    assert "contact is gone  contact=c1\n" in terminal.getvalue()
    assert "requestId" not in terminal.getvalue()


@pytest.mark.parametrize("library", ["httpx2", "httpcore2", "kubernetes"])
def test_a_librarys_chatter_about_requests_is_not_shown(capsys: pytest.CaptureFixture[str], library: str) -> None:
    logs.configure()
    logging.getLogger(library).info("HTTP Request: GET https://example.com/?email=ann@example.com")
    assert capsys.readouterr().err == ""


def test_lines_follow_standard_error_when_a_display_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    logs.configure()
    display = StringIO()
    monkeypatch.setattr(sys, "stderr", display)
    logging.getLogger("mogulsync").info("hello")
    assert json.loads(display.getvalue())["message"] == "hello"
