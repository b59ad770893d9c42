"""The search for leaks finds what was planted, in every encoding."""

from __future__ import annotations

import gzip
import html
import json
import logging
import random
import time
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest

from edrportal.telemetry.logs import JsonFormatter
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


KNOWN = leaks.known("the token of a server: ü+/&" + "k" * 40)


@pytest.mark.parametrize("planted", [PLAIN, KNOWN], ids=["canary", "known"])
@pytest.mark.parametrize("at", ["first", "last", "alone"])
def test_a_plant_at_the_very_ends_is_found(planted: str, at: str) -> None:
    around = {"first": (0, 50), "last": (50, 0), "alone": (0, 0)}[at]
    before, after = (b"." * length for length in around)
    for spelled in (planted.encode(), b64encode(planted.encode()), planted.encode().hex().encode()):
        assert leaks.find(before + spelled + after), spelled
    assert leaks.find(gzip.compress(before + planted.encode() + after))


@pytest.mark.parametrize("planted", [PLAIN, KNOWN], ids=["canary", "known"])
@pytest.mark.parametrize("border", [1, 2, 9])
def test_a_plant_across_any_border_of_a_long_member_is_found(planted: str, border: int) -> None:
    for spelled in (planted.encode(), planted.encode("utf-16-le"), b64encode(b"x" + planted.encode())):
        for shift in (0, 1, len(spelled) // 2, len(spelled) - 1, len(spelled)):
            at = border * leaks.PIECE - shift
            hits = leaks.find(b"before" + gzip.compress(bytes(at) + spelled + bytes(leaks.PIECE), 1))
            assert {hit.encoding.endswith(" in gzip") and at <= hit.at <= at + 4 for hit in hits} == {True}, shift


def test_a_plant_behind_ten_million_bytes_of_a_member_is_found() -> None:
    assert leaks.find(gzip.compress(bytes(11_000_000) + PLAIN.encode(), 1))


def test_a_plant_in_the_last_of_many_members_and_after_what_only_looks_like_one_is_found() -> None:
    noise = random.Random(7).randbytes(200_000)
    members = b"".join(gzip.compress(bytes(1000)) + b"\x1f\x8b\x08" + noise[:1000] for _ in range(20))
    assert leaks.find(members + gzip.compress(noise + PLAIN.encode() + noise))
    packed = b64encode(gzip.compress(PLAIN.encode()))
    assert leaks.find(b'"H4sI" H4sIH4sIH4sIH4sIH4sIH4sIH4sIH4sI, ' + packed)
    assert leaks.find(b"H4sI/" + b64encode(noise[:999]) + packed)


def test_a_member_that_is_cut_off_is_searched_as_far_as_it_goes() -> None:
    noise = random.Random(8).randbytes(200_000)
    assert leaks.find(gzip.compress(noise + PLAIN.encode() + noise)[:-100_000])


def test_much_text_is_searched_in_little_time_also_for_many_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "_known", {})
    for number in range(40):
        leaks.known(f"{number:032x}")
    line = b'DEBUG urllib3.connectionpool:544 "GET /api/v1/namespaces/x/secrets?limit=500 HTTP/1.1" 200 None\n'
    log = line * (20_000_000 // len(line))
    began = time.process_time()
    assert leaks.find(log) == []
    assert time.process_time() - began < 5


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
