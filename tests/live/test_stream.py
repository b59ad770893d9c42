"""The stream of an open page: who is told what, and how it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from destinations import names
from destinations.portal import connection
from destinations.secret import codec
from destinations.web.pages import live
from edrportal.signin import sessions
from tests.live.page import Page, event, listed
from tests.services import composition
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

pytestmark = pytest.mark.people
COOKIE = "edrportal-session"


@pytest.fixture
def watching(people: InMemoryCluster) -> Iterator[InMemoryCluster]:
    """The world, watched, so that pages are live; streams look often."""
    watches = composition.watches_over(people)
    with composition.use(people, *watches):
        listed(watches)
        yield people
        composition.end_streams()
    for one in watches:
        one.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BEAT_SECONDS", 0.2)


def touch(cluster: InMemoryCluster, name: str, **labels: str) -> None:
    secret = cluster.get_secret(name)
    cluster.replace_secret(codec.changed(secret, annotations={"x": secret.resource_version}, labels=labels))


SEES = {
    "administrator": {"a-one", "b-one", "shared", "orphaned"},
    "manager": {"a-one", "shared"},
    "exporter": {"b-one", "shared"},
    "viewer": {"a-one", "b-one", "shared", "orphaned"},
    "nobody": set(),
}


@pytest.mark.parametrize("role", SEES)
def test_each_role_is_told_the_names_that_it_may_see_and_no_other(watching: InMemoryCluster, role: str) -> None:
    page = Page(role)
    for name in ("a-one", "b-one", "shared", "orphaned"):
        touch(watching, name)
        told = page.told(5 if name in SEES[role] else 0.5)
        assert told == (event("changed", name) if name in SEES[role] else "nothing"), name
    page.close()


def test_a_destination_that_leaves_ones_sight_is_gone_and_no_more_is_told(watching: InMemoryCluster) -> None:
    page = Page("manager")
    touch(watching, "a-one", **{names.TEAM_LABEL: "team-b"})
    assert page.told() == event("gone", "a-one")
    touch(watching, "a-one")
    assert page.told(0.5) == "nothing"
    touch(watching, "a-one", **{names.TEAM_LABEL: "team-a"})
    assert page.told() == event("changed", "a-one")
    secret = watching.get_secret("a-one")
    watching.delete_secret("a-one", uid=secret.uid, resource_version=secret.resource_version)
    assert page.told() == event("gone", "a-one")
    page.close()


def shown_at(client: Client) -> str:
    """Return the moment that a page shows."""
    text = client.get("/").content.decode()
    return text.partition('data-moment="')[2].partition('"')[0]


def test_what_happens_between_a_page_and_its_stream_is_told(watching: InMemoryCluster) -> None:
    client = world.sign_in("manager")
    moment = shown_at(client)
    assert moment
    other = Page("administrator")
    touch(watching, "a-one")
    touch(watching, "b-one")
    assert other.told().startswith(event("changed", "a-one"))
    page = Page("manager", client, since=moment)
    assert page.told() == event("changed", "a-one")
    assert page.told(0.5) == "nothing"
    again = Page("manager", client, since=page.moment)
    assert again.told(0.5) == "nothing"
    for one in (page, again, other):
        one.close()


@pytest.mark.parametrize(
    "since", ["another-1", "-", "x", "9" * 5000, "\u0660-\u0660", "{id}-999999999", "{id}--1", "{id}-\u0661"]
)
def test_a_page_of_another_time_or_process_looks_at_everything(watching: InMemoryCluster, since: str) -> None:
    touch(watching, "a-one")
    hub = composition.portal().hub()
    assert hub is not None
    page = Page("manager", since=since.replace("{id}", hub.moment.partition("-")[0]))
    assert page.told() in {event("everything", ""), event("changed", "a-one")}
    page.close()


def test_a_watch_that_knows_nothing_new_sends_the_page_to_ask_by_itself(
    watching: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MAX_AGE_SECONDS", -1.0)
    page = Page("manager")
    assert page.told() == event("behind", "")
    assert page.told() == ""
    assert watching.get_secret("a-one").name == "a-one"


def test_a_stream_says_nothing_but_names(watching: InMemoryCluster) -> None:
    page = Page("administrator")
    touch(watching, "a-one")
    said = page.told()
    for secret in (world.STORED, world.ACCOUNT, world.CHANGER, "registry.example.com"):
        assert secret not in said
    page.close()


def test_signing_out_anywhere_ends_the_stream(watching: InMemoryCluster) -> None:
    client = world.sign_in("manager")
    page = Page("manager", client)
    world.sign_in("manager").post("/signout")
    assert page.told() == "event: end\ndata: signed out\n\n"
    assert page.told() == ""
    assert client.get("/live", headers={"Accept": "text/event-stream"}).status_code == 401
    assert client.get("/", headers={"Edrportal-Live": "1"}).status_code == 401
    assert watching.get_secret("a-one").name == "a-one"


def test_other_roles_and_a_deleted_user_end_the_stream(watching: InMemoryCluster) -> None:
    page = Page("manager")
    user = watching.get_secret("user-manager")
    watching.replace_secret(codec.changed(user, annotations={names.ROLES_ANNOTATION: "blank"}))
    assert page.told() == "event: end\ndata: signed out\n\n"
    page = Page("exporter")
    user = watching.get_secret("user-exporter")
    watching.delete_secret(user.name, uid=user.uid, resource_version=user.resource_version)
    assert page.told() == "event: end\ndata: signed out\n\n"


def aged(client: Client, minutes: float) -> sessions.Session:
    """Let the session have been idle for so long."""
    now = datetime.now(UTC)
    found = sessions.decode(client.cookies[COOKIE].value, now)
    assert found is not None
    older = sessions.Session(
        found.subject, found.provider, found.begun - 10**6, int((now - timedelta(minutes=minutes)).timestamp()),
        found.fingerprint, found.matched, found.id,
    )  # fmt: skip
    client.cookies[COOKIE] = sessions.encode(older)
    return older


def test_a_stream_and_what_it_fetches_do_not_keep_a_session_awake(watching: InMemoryCluster) -> None:
    client = world.sign_in("manager")
    aged(client, 5)
    for path, headers in (("/live", {}), ("/destinations/a-one/row", {"Edrportal-Live": "1"})):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 200
        assert COOKIE not in answer.cookies
        answer.close()
    assert COOKIE in client.get("/destinations/a-one/row").cookies
    assert watching.get_secret("a-one").name == "a-one"


def test_an_idle_session_ends_its_stream(watching: InMemoryCluster) -> None:
    client = world.sign_in("manager")
    aged(client, 14.95)
    page = Page("manager", client)
    assert page.told(20) == "event: end\ndata: signed out\n\n"
    assert watching.get_secret("a-one").name == "a-one"


def test_beyond_the_limit_a_page_is_told_to_poll_and_a_closed_one_makes_room(
    watching: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = composition.portal().hub()
    assert hub is not None
    monkeypatch.setattr(hub, "_places", 2)
    first, second = Page("manager"), Page("viewer")
    client = world.sign_in("exporter")
    refused = client.get("/live")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    first.close()
    third = Page("exporter", client)
    for one in (second, third):
        one.close()
    never_read = client.get("/live")
    assert never_read.status_code == 200
    never_read.close()
    assert hub.open_pages == 0
    assert watching.get_secret("a-one").name == "a-one"


def test_an_ending_server_ends_the_streams(watching: InMemoryCluster) -> None:
    page = Page("manager")
    composition.end_streams()
    assert page.told() == ""
    assert watching.get_secret("a-one").name == "a-one"


def test_a_row_is_the_overviews_and_only_of_what_one_sees(watching: InMemoryCluster) -> None:
    client = world.sign_in("manager")
    row = client.get("/destinations/a-one/row").content.decode()
    assert "".join(row.split()) in "".join(client.get("/").content.decode().split())
    assert client.get("/destinations/b-one/row").status_code == 404
    assert watching.get_secret("b-one").name == "b-one"


def test_what_a_page_fetches_by_itself_takes_no_message_away(watching: InMemoryCluster) -> None:
    client = world.sign_in("administrator")
    secret = watching.get_secret("shared")
    form = {"to": "off", "nonce": "n" * 24, "chosen": f"shared {secret.uid} {secret.resource_version}"}
    assert client.post("/switch", form).status_code == 303
    assert (
        'role="status">'
        not in client.get("/", headers={"Edrportal-Live": "1"})
        .content.decode()
        .partition("<main")[2]
        .partition("<h1")[0]
    )
    assert 'role="status">' in client.get("/").content.decode().partition("<main")[2].partition("<h1")[0]
