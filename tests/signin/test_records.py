"""One audit event for everything that people do or try, and what stands in it."""

from __future__ import annotations

import base64
import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client, override_settings

from destinations.actions import writes
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Ambiguous, Unreachable
from destinations.portal import Event
from edrportal.configuration.environment import Environment
from edrportal.signin import accounts
from edrportal.signin.oidc import provider
from edrportal.signin.passwords import TooManyAtOnce
from edrportal.telemetry import logs
from tests.services.leaks import canary
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.people
TYPED = canary("typed at the sign-in")


class Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def take(self) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.lines]
        self.lines.clear()
        return found


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler = Heard()
    logger = logging.getLogger("edrportal.telemetry.logs")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def only(heard: Heard) -> tuple[str, str, str, str, str]:
    (event,) = heard.take()
    assert event["event"] == "audit"
    assert event["address"] == "127.0.0.1"
    return event["action"], event["outcome"], event["who"], event["target"], event["reason"]


def seen(cluster: InMemoryCluster, name: str) -> dict[str, str]:
    secret = cluster.get_secret(name)
    nonce = "n" * 20 + secret.resource_version.zfill(4)
    return {"uid": secret.uid, "resource_version": secret.resource_version, "nonce": nonce}


def test_each_action_is_recorded_once(people: InMemoryCluster, heard: Heard) -> None:
    client = world.sign_in("administrator")
    who = "epinio:administrator"
    assert only(heard) == ("sign-in", "done", who, "", "")
    form = {"name": "made", "host": "registry.example.com", "organization": "o", "username": "u", "password": "p"}
    client.post("/destinations/new", {**form, "nonce": "m" * 20})
    assert only(heard) == ("add", "done", who, "made", "")
    rotation = {"username": "u", "password": "q", "bundle_choice": "keep"}
    client.post("/destinations/made/rotate", {**rotation, **seen(people, "made")})
    (event,) = heard.take()
    assert (event["action"], event["before"], event["after"]) == (
        "rotate",
        str(int(event["after"]) - 1),
        event["after"],
    )
    edit = {"host": "registry.example.com", "organization": "other", "username": "u", "bundle_choice": "keep"}
    client.post("/destinations/made/edit", {**edit, **seen(people, "made")})
    assert only(heard)[:2] == ("edit", "done")
    client.post("/destinations/made/assign", {"team": "team-a", **seen(people, "made")})
    assert only(heard) == ("assign", "done", who, "made", "")
    for to in ("off", "on"):
        state = seen(people, "made")
        chosen = f"made {state['uid']} {state['resource_version']}"
        client.post("/switch", {"to": to, "nonce": state["nonce"], "chosen": chosen})
        assert only(heard)[:2] == ("disable" if to == "off" else "enable", "done")
    client.post("/destinations/made/delete", {"confirmation": "made", **seen(people, "made")})
    assert only(heard) == ("delete", "done", who, "made", "")
    client.post("/certificates/remove")
    assert only(heard)[:2] == ("sweep", "done")
    for to in ("on", "off"):
        client.post("/teams", {"team": "team-b", "to": to})
        assert only(heard) == ("enable-team" if to == "on" else "disable-team", "done", who, "team-b", "")
    client.post("/signout")
    assert only(heard) == ("sign-out", "done", who, "", "")


def test_a_repair_is_recorded(people: InMemoryCluster, heard: Heard) -> None:
    broken = world.destination("broken")
    del broken["metadata"]["annotations"]
    people.load([broken])
    client = world.sign_in("administrator")
    heard.take()
    client.post("/destinations/broken/repair", {"organization": "team", **seen(people, "broken")})
    assert only(heard)[:2] == ("repair", "done")


def test_what_is_refused_fails_or_is_unknown_is_recorded_once_too(
    people: InMemoryCluster, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.sign_in("manager")
    who = "epinio:manager"
    heard.take()
    client.get("/teams")
    assert only(heard) == ("denied", "refused", who, "", "teams-not-permitted")
    client.get("/destinations/shared/rotate")
    assert only(heard) == ("denied", "refused", who, "shared", "not-permitted")
    client.get("/destinations/b-one")
    assert only(heard) == ("denied", "refused", who, "b-one", "not-seen")
    rotation = {"username": "u", "password": "q", "bundle_choice": "keep"}
    client.post("/destinations/shared/rotate", {**rotation, **seen(people, "shared")})
    assert only(heard) == ("denied", "refused", who, "shared", "not-permitted")
    client.post("/destinations/b-one/rotate", {**rotation, **seen(people, "b-one")})
    assert only(heard) == ("denied", "refused", who, "b-one", "not-seen")
    client.post("/destinations/a-one/rotate", {**rotation, **seen(people, "a-one"), "resource_version": "0"})
    assert only(heard) == ("rotate", "failed", who, "a-one", "Conflict")
    monkeypatch.setattr(writes, "PAUSES", (0.0,))

    def lost(*_: Any) -> None:
        raise Ambiguous("NoUsableAnswer")

    monkeypatch.setattr(InMemoryCluster, "replace_secret", lost)
    client.post("/destinations/a-one/rotate", {**rotation, **seen(people, "a-one")})
    assert only(heard) == ("rotate", "unknown", who, "a-one", "Unknown")


def test_a_failed_sign_in_never_names_what_was_typed(people: InMemoryCluster, heard: Heard) -> None:
    assert people.get_secret("shared").name == "shared"
    Client().post("/signin", {"username": TYPED, "password": TYPED})
    assert only(heard) == ("sign-in", "refused", "", "", "wrong-credentials")
    header = base64.b64encode(f"{TYPED}:{TYPED}".encode()).decode()
    Client().get("/api/me", HTTP_AUTHORIZATION=f"Basic {header}")
    assert only(heard) == ("sign-in", "refused", "", "", "wrong-credentials")
    for _ in range(5):
        Client().post("/signin", {"username": "manager", "password": TYPED})
    heard.take()
    Client().post("/signin", {"username": "manager", "password": TYPED})
    assert only(heard) == ("sign-in", "refused", "", "", "too-many-attempts")
    Client().get("/api/me", HTTP_AUTHORIZATION=world.basic("manager"))
    assert only(heard) == ("sign-in", "refused", "", "", "too-many-attempts")


def try_to_sign_in() -> None:
    Client().post("/signin", {"username": "manager", "password": world.PASSWORD})


def try_by_password() -> None:
    Client().get("/api/me", HTTP_AUTHORIZATION=world.basic("manager"))


@pytest.mark.parametrize("attempt", [try_to_sign_in, try_by_password])
@pytest.mark.parametrize(
    ("error", "reason"), [(Unreachable("NoUsableAnswer"), "NoUsableAnswer"), (TooManyAtOnce(), "TooManyAtOnce")]
)
@pytest.mark.usefixtures("people")
def test_a_sign_in_that_could_not_be_checked_is_recorded_as_failed(
    heard: Heard, monkeypatch: pytest.MonkeyPatch, attempt: Callable[[], None], error: Exception, reason: str
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(accounts, "authenticate", fail)
    attempt()
    assert only(heard) == ("sign-in", "failed", "", "", reason)


@pytest.mark.usefixtures("people")
def test_a_click_in_the_demo_while_many_sign_in_fails_in_words(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise TooManyAtOnce

    monkeypatch.setattr(accounts, "authenticate", fail)
    with override_settings(DEMO=True):
        assert Client().post("/demo/signin", {"as": "manager"}).status_code == 503
    assert only(heard) == ("sign-in", "failed", "", "", "TooManyAtOnce")


@pytest.mark.usefixtures("people")
def test_a_way_back_that_the_cluster_does_not_answer_is_a_failed_sign_in(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise Unreachable("NoUsableAnswer")

    monkeypatch.setattr(provider, "provider", fail)
    stated = {
        "EDRPORTAL_PUBLIC_URL": "http://testserver",
        "EDRPORTAL_ALLOW_PLAIN_HTTP": "true",
        "EDRPORTAL_OIDC_CLIENT_ID": "portal",
    }
    with override_settings(ENVIRONMENT=Environment.read(stated)):
        Client().get("/oidc/callback")
    assert only(heard) == ("sign-in", "failed", "", "", "NoUsableAnswer")


def test_a_session_that_cannot_be_begun_is_a_failed_sign_in(
    people: InMemoryCluster, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise Unreachable("NoUsableAnswer")

    monkeypatch.setattr(accounts, "begin", fail)
    try_to_sign_in()
    assert only(heard) == ("sign-in", "failed", "epinio:manager", "", "NoUsableAnswer")
    assert people.get_secret("shared").name == "shared"


@pytest.mark.parametrize("value", ["a\r\nforged: x", "\x1b[31m", "\u202e", "\ud800", "x" * 10_000, '"}\n{"'])
def test_a_line_is_one_line_whatever_stands_in_it(heard: Heard, value: str) -> None:
    logs.record(Event("rotate", "done", value, "127.0.0.1", value))
    (line,) = heard.lines
    assert line.isprintable()
    assert line.isascii()
    assert len(json.loads(line)["who"]) <= 256


def test_a_secret_does_not_stand_in_an_event() -> None:
    event = Event("rotate", "done", "epinio:ann", "192.0.2.1", "one")
    made = json.dumps(event.for_kubernetes(namespace="epinio", name="one", uid="u", at=datetime.now(UTC)))
    assert "192.0.2.1" not in made
