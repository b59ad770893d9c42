"""“Check, then save”: one submit does both, and what fails is saved only knowingly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from destinations import actions, names
from destinations.cluster.port import NotFound
from destinations.livecheck.registry.port import Code, Side, Step
from tests.gitops.controller import Controller
from tests.livecheck.world import PASSWORD, PEM, destination
from tests.services import composition
from tests.services.leaks import known
from tests.services.scripted import ends
from tests.signin import world

if TYPE_CHECKING:
    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster
    from tests.services.scripted import Scripted

TYPED = known("canary-checkfirst-9917")
WRONG = ends(Step.LOGIN, Code.WRONG_CREDENTIALS)
UNKNOWN = ends(Step.PUSH, Code.WOULD_CREATE, ok=None)
NEW = {"name": "one", "host": "registry.example.com", "organization": "team", "username": "robot", "password": TYPED,
       "nonce": "n" * 24}  # fmt: skip


def stored(portal: InMemoryCluster) -> str:
    config: dict[str, Any] = json.loads(portal.get_secret("one").data[names.CONFIG_KEY])
    return str(config["auths"]["registry.example.com"]["password"])


def change(portal: InMemoryCluster, **typed: str) -> dict[str, str]:
    secret = portal.get_secret("one")
    seen = {"uid": secret.uid, "resource_version": secret.resource_version, "nonce": "m" * 24}
    return {"username": "robot", "password": TYPED, "bundle_choice": "keep", **seen, **typed}


def form(portal: InMemoryCluster, path: str, **typed: str) -> dict[str, str]:
    """Return what the form of a page sends."""
    if path == "/destinations/new":
        return {**NEW, **typed}
    target = {"host": "registry.example.com", "organization": "team"} if path.endswith("edit") else {}
    return change(portal, **target, **typed)


@pytest.fixture(params=["/destinations/new", "/destinations/one/rotate", "/destinations/one/edit"])
def path(request: pytest.FixtureRequest, portal: InMemoryCluster) -> str:
    found = str(request.param)
    if found != "/destinations/new":
        portal.load([destination("one")])
    return found


def is_saved(portal: InMemoryCluster) -> bool:
    try:
        return stored(portal) == TYPED
    except NotFound:
        return False


def test_what_passes_is_saved_in_the_same_go_and_its_result_kept(
    client: Client, portal: InMemoryCluster, registries: Scripted, path: str
) -> None:
    typed = form(portal, path, check="first")
    answer = client.post(path, typed)
    assert answer.status_code == 303
    assert is_saved(portal)
    assert [(plan.chart.password, plan.image.password) for plan in registries.asked] == [(TYPED, TYPED)]
    assert composition.results().of("one")
    page = client.get("/destinations/one").content.decode()
    assert "Live check: An export would pass" in page
    assert "Outdated" not in page
    assert TYPED not in page


def test_what_fails_is_saved_only_by_a_button_of_its_own(
    client: Client, portal: InMemoryCluster, registries: Scripted, path: str
) -> None:
    registries.answers = {"one": WRONG}
    typed = form(portal, path)
    answer = client.post(path, {**typed, "check": "first"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Not saved: the check failed." in page
    assert "rejected the user name or password" in page
    assert "If you typed a password, type it again." in page
    assert 'name="anyway" value="1">Save anyway</button>' in page
    assert 'name="check_failed" value="1"' in page
    assert TYPED not in page
    assert not is_saved(portal)
    answer = client.post(path, {**typed, "check_failed": "1"})
    assert answer.status_code == 422
    assert "Choose “Save anyway” below" in answer.content.decode()
    assert not is_saved(portal)
    again = client.post(path, {**typed, "check_failed": "1", "check": "first"})
    assert again.status_code == 422
    assert client.post(path, {**typed, "check_failed": "1", "anyway": "1"}).status_code == 303
    assert is_saved(portal)
    assert len(registries.asked) == 2


def test_what_nobody_can_know_is_saved_and_said(
    client: Client, portal: InMemoryCluster, registries: Scripted, path: str
) -> None:
    registries.answers = {"one": UNKNOWN}
    typed = form(portal, path, check="first")
    assert client.post(path, typed).status_code == 303
    assert is_saved(portal)
    assert (
        "Live check: The check is inconclusive for chart and image" in client.get("/destinations/one").content.decode()
    )


@pytest.mark.parametrize("page", ["rotate", "edit"])
def test_a_disabled_destination_is_checked_as_it_will_be_once_it_is_enabled(
    client: Client, portal: InMemoryCluster, registries: Scripted, page: str
) -> None:
    portal.load([destination("one", **{names.REGISTRY_LABEL: "false"})])
    path = f"/destinations/one/{page}"
    assert client.post(path, form(portal, path, check="first")).status_code == 303
    assert is_saved(portal)
    assert [(plan.chart.stop, plan.image.stop) for plan in registries.asked] == [("", "")]
    assert (
        "Live check, once the destination is enabled: An export would pass"
        in client.get("/destinations/one").content.decode()
    )
    assert composition.results().of("one") is None


def test_what_is_hidden_by_mistake_is_no_disabled_destination(
    client: Client, portal: InMemoryCluster, registries: Scripted
) -> None:
    portal.load([destination("one", **{names.REGISTRY_LABEL: "yes"})])
    client.post("/destinations/one/rotate", form(portal, "/destinations/one/rotate", check="first"))
    assert [bool(plan.chart.stop) for plan in registries.asked] == [True]


def test_saving_without_a_check_asks_nobody(
    client: Client, portal: InMemoryCluster, registries: Scripted, path: str
) -> None:
    assert client.post(path, form(portal, path)).status_code == 303
    assert registries.asked == []
    assert "Check, then save" in client.get("/destinations/one/rotate").content.decode()


def test_a_check_that_finds_no_place_saves_nothing(client: Client, portal: InMemoryCluster, path: str) -> None:
    for _ in range(10):
        composition.checks().rate_limit.admit("epinio:root")
    answer = client.post(path, form(portal, path, check="first"))
    assert answer.status_code == 422
    assert "You started 10 checks within a minute." in answer.content.decode()
    assert not is_saved(portal)


@pytest.mark.parametrize("moved", [{"host": "other.example.com"}, {"bundle_choice": "replace", "bundle_text": PEM}])
def test_a_stored_password_is_never_sent_to_another_host_or_with_another_bundle(
    client: Client, portal: InMemoryCluster, registries: Scripted, moved: dict[str, str]
) -> None:
    portal.load([destination("one")])
    typed = form(portal, "/destinations/one/edit", password="", check="first")
    answer = client.post("/destinations/one/edit", {**typed, **moved})
    assert answer.status_code == 422
    assert "Type the password again" in answer.content.decode()
    rotation = change(portal, password="", bundle_choice="replace", bundle_text=PEM, check="first")
    assert client.post("/destinations/one/rotate", rotation).status_code == 422
    assert registries.asked == []


def test_a_stored_password_that_stays_is_checked_without_being_typed(
    client: Client, portal: InMemoryCluster, registries: Scripted
) -> None:
    portal.load([destination("one")])
    typed = form(portal, "/destinations/one/edit", password="", check="first")
    assert client.post("/destinations/one/edit", {**typed, "organization": "platform"}).status_code == 303
    assert registries.asked[0].chart.password == PASSWORD
    assert registries.asked[0].chart.repository == "platform/workspace-shop-chart"
    assert "Outdated" not in client.get("/destinations/one").content.decode()


def test_a_result_is_not_kept_for_a_destination_that_somebody_changed_meanwhile(
    client: Client, portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.load([destination("one")])
    real = actions.rotate

    def and_somebody_else(*args: Any, **options: Any) -> Any:
        done = real(*args, **options)
        portal.load([destination("one", host="other.example.com")])
        return done

    monkeypatch.setattr(actions, "rotate", and_somebody_else)
    assert client.post("/destinations/one/rotate", change(portal, check="first")).status_code == 303
    assert composition.results().of("one") is None


@pytest.mark.people
def test_a_manager_learns_of_a_form_what_they_learn_of_a_stored_destination(
    people: InMemoryCluster, registries: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[float] = []
    monkeypatch.setattr(composition.checks(), "_pause", held.append)
    registries.answers = {"team-a-one": ends(Step.CONNECT, Code.NO_CONNECTION, address="192.0.2.9")}
    assert people.get_secret("a-one").name == "a-one"
    manager = world.sign_in("manager")
    page = manager.post("/destinations/new", {**NEW, "team": "team-a", "check": "first"}).content.decode()
    assert "The check could not reach a registry" in page
    assert "192.0.2.9" not in page
    assert [round(seconds) for seconds in held] == [11]
    registries.answers = {"team-a-one": ends(Step.PUSH, Code.MAY_NOT_PUSH, Side.CHART)}
    page = manager.post("/destinations/new", {**NEW, "team": "team-a", "check": "first"}).content.decode()
    assert "may not push" in page
    assert len(held) == 1


def test_a_file_for_git_is_made_after_a_passed_check_and_after_a_failed_one_only_knowingly(
    client: Client, portal: InMemoryCluster, registries: Scripted, path: str
) -> None:
    """“Check, then download”: nothing is saved in any case."""
    sealing = {"seal_certificate": Controller.make().certificate.decode()}
    before = portal.list_secrets()
    passed = client.post(path, {**form(portal, path, download="checked"), **sealing})
    assert passed.headers["Content-Disposition"] == 'attachment; filename="one.sealed.yaml"'
    assert "# Live check of these values: An export would pass" in passed.content.decode()
    assert [plan.chart.password for plan in registries.asked] == [TYPED]
    registries.answers = {"one": WRONG}
    failed = client.post(path, {**form(portal, path, download="checked"), **sealing})
    assert (failed.status_code, "Content-Disposition" in failed.headers) == (422, False)
    assert "Download anyway" in failed.content.decode()
    assert "Download anyway" not in client.get(path).content.decode()
    anyway = client.post(path, {**form(portal, path, download="sealed", check_failed="1"), **sealing})
    assert "Content-Disposition" in anyway.headers
    assert "Live check" not in anyway.content.decode()
    assert portal.list_secrets() == before


def test_a_taken_name_is_told_before_a_registry_is_asked(
    client: Client, portal: InMemoryCluster, registries: Scripted
) -> None:
    portal.load([destination("one")])
    before = portal.list_secrets()
    answer = client.post("/destinations/new", {**NEW, "check": "first"})
    assert answer.status_code == 422
    assert "The name one is taken by a destination." in answer.content.decode()
    assert registries.asked == []
    assert portal.list_secrets() == before


def test_a_form_that_was_checked_and_saved_is_saved_once_however_often_it_is_sent(
    client: Client, portal: InMemoryCluster
) -> None:
    sent = {**NEW, "check": "first"}
    assert [client.post("/destinations/new", sent).status_code for _ in range(2)] == [303, 303]
    assert len(portal.list_secrets()) == 1
