"""The id of a request: made, or taken from a proxy that is believed; in the answer and in every line of the log."""

from __future__ import annotations

import io
import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest

from destinations.portal import Event
from edrportal.configuration.environment import Environment
from edrportal.telemetry import logs
from edrportal.telemetry.logs import JsonFormatter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client


GIVEN = "6f0b2c9e-proxy.1"
pytestmark = pytest.mark.usefixtures("portal")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the log says meanwhile, the audit's lines among it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    loggers = [logging.getLogger(), logging.getLogger("edrportal.telemetry.logs")]
    for logger in loggers:
        logger.addHandler(handler)
    yield stream
    for logger in loggers:
        logger.removeHandler(handler)


def test_every_answer_has_an_id_of_its_own(client: Client) -> None:
    ids = [client.get(path).headers["X-Request-ID"] for path in ("/", "/", "/healthz", "/no-such-page")]
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)
    assert len(set(ids)) == 4


def test_nobody_but_a_proxy_that_is_believed_gives_the_id(client: Client, settings: Any) -> None:
    assert client.get("/", headers={"X-Request-ID": GIVEN}).headers["X-Request-ID"] != GIVEN
    settings.ENVIRONMENT = Environment.read({"EDRPORTAL_PROXY_HOPS": "1"})
    assert client.get("/", headers={"X-Request-ID": GIVEN}).headers["X-Request-ID"] == GIVEN


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with blank in it", "a\x1b[31mbcdefgh", "ümlaut-in-it"])
def test_an_id_that_would_spoil_a_log_is_replaced(given: str) -> None:
    assert re.fullmatch("[0-9a-f]{32}", logs.of({"HTTP_X_REQUEST_ID": given}, 1))


def test_every_line_of_a_request_carries_its_id(client: Client, lines: io.StringIO) -> None:
    answer = client.get("/no-such-page")
    logs.record(Event("denied", "refused", "", "192.0.2.1"))
    found = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert {line["logger"] for line in found} >= {"django.request", "edrportal.telemetry.logs"}
    assert {line["request"] for line in found} == {answer.headers["X-Request-ID"]}
    assert json.loads(found[-1]["message"])["request"] == answer.headers["X-Request-ID"]


def test_a_line_says_when_how_bad_and_who(client: Client, lines: io.StringIO) -> None:
    client.get("/no-such-page")
    line = json.loads(lines.getvalue().splitlines()[0])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert (line["level"], line["logger"]) == ("WARNING", "django.request")
