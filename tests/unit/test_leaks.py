"""The search for leaks finds what was planted, in every encoding."""

from __future__ import annotations

import gzip
import html
import json
import logging
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest

from edrportal.logs import JsonFormatter
from tests.services import leaks

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = leaks.canary("planted")


@pytest.mark.parametrize(
    "spell",
    [
        lambda text: text.encode(),
        lambda text: b64encode(text.encode()),
        lambda text: b64encode(b"x" + text.encode() + b"rest"),
        lambda text: b64encode(b"xy" + text.encode() + b"rest"),
        lambda text: urlsafe_b64encode(b"xyz" + text.encode()),
        lambda text: b64encode(f"robot:{text}".encode()),
        lambda text: quote(text).encode(),
        lambda text: quote_plus(text).lower().encode() if text.islower() else quote_plus(text).encode(),
        lambda text: json.dumps({"a": text}).encode(),
        lambda text: json.dumps({"a": text}, ensure_ascii=False).encode(),
        lambda text: html.escape(text).encode(),
        lambda text: text.encode().hex().encode(),
        lambda text: repr(text).encode(),
        lambda text: repr(text.encode()).encode(),
        lambda text: b"before" + gzip.compress(text.encode()) + b"after",
        lambda text: b'{"a": "' + b64encode(gzip.compress(b"much " * 9 + text.encode())) + b'"}',
    ],
)
def test_what_is_planted_is_found(spell: Callable[[str], bytes]) -> None:
    hits = leaks.find(b"something before " + spell(PLAIN) + b" and after")
    assert "planted" in {hit.label for hit in hits}
    assert PLAIN not in repr(hits)


def test_what_is_not_there_is_not_found() -> None:
    assert leaks.find(b"an innocent page about canaries" * 100) == []


def test_a_log_line_tells_types_and_places_and_not_the_words() -> None:
    def fail() -> None:
        try:
            int(PLAIN)
        except ValueError as error:
            raise RuntimeError(f"while writing {PLAIN}") from error

    try:
        fail()
    except RuntimeError as error:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "it failed\r\n\x1b[31mfor %s", ("one\ntwo",), None)
        record.exc_info = (type(error), error, error.__traceback__)
    line = JsonFormatter().format(record)
    assert "RuntimeError at test_leaks.py:" in line
    assert "because of ValueError at test_leaks.py:" in line
    assert json.loads(line)["message"] == "it failed\r\n\x1b[31mfor one\ntwo"
    assert line.isascii()
    assert line.isprintable()
    assert leaks.find(line.encode()) == []
    assert leaks.find(logging.Formatter().format(record).encode())  # what the usual one would have told
