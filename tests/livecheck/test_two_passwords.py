"""A destination whose `auth` and password differ: both are tried at the registry, and the right one repairs it."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from destinations.livecheck.ratelimit import PER_MINUTE
from destinations.livecheck.registry.port import Code, Side, StageResult, Step
from tests.livecheck.world import HOST, destination
from tests.malformed.asking import text_of
from tests.services.leaks import known
from tests.services.scripted import ends, report
from tests.signin import world

if TYPE_CHECKING:
    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster
    from destinations.livecheck.registry.port import Plan, Report
    from tests.services.scripted import Scripted

PLAIN, CODED = known("canary-trial-plain-31"), known("canary-trial-coded-32")
WRONG = ends(Step.LOGIN, Code.WRONG_CREDENTIALS)
OPEN = StageResult(Step.LOGIN, Side.BOTH, ok=None, code=Code.NOT_CHECKED)


@pytest.fixture
def half(portal: InMemoryCluster) -> InMemoryCluster:
    made = destination("half")
    entry = {"auth": b64encode(f"robot:{CODED}".encode()).decode(), "username": "robot", "password": PLAIN}
    made["stringData"][names.CONFIG_KEY] = json.dumps({"auths": {HOST: entry}})
    portal.load([made])
    return portal


def accepting(*passwords: str) -> Any:
    def answer(plan: Plan) -> Report:
        return report() if plan.chart.password in passwords and plan.image.password in passwords else WRONG

    return answer


def seen(portal: InMemoryCluster) -> dict[str, str]:
    secret = portal.get_secret("half")
    return {"uid": secret.uid, "resource_version": secret.resource_version, "nonce": "n" * 24}


def selected(page: str) -> list[str]:
    """Return the repairs whose radio button is selected."""
    inputs = re.findall(r'<input type="radio"[^>]*>', page)
    return [code for one in inputs if "checked" in one for code in re.findall(r'value="([^"]+)"', one)]


@pytest.mark.parametrize(
    ("right", "code"), [(PLAIN, "auth-from-password"), (CODED, "password-from-auth")], ids=["password", "auth"]
)
def test_the_password_that_the_registry_accepts_is_named_and_repairs_it(
    client: Client, half: InMemoryCluster, registries: Scripted, right: str, code: str
) -> None:
    registries.answers["half"] = accepting(right)
    assert "Check both passwords" in text_of(client.get("/destinations/half/repair"))
    before = half.get_secret("half").resource_version
    answer = client.post("/destinations/half/repair", {**seen(half), "try": "both"})
    page = text_of(answer)
    assert answer.status_code == 200
    assert "The registry accepts only one of the two passwords. It is selected below." in page
    assert page.count("The registry accepts it.") == page.count("The registry rejects it.") == 1
    assert selected(page) == [code]
    assert not [word for word in (PLAIN, CODED) if word in page]
    assert half.get_secret("half").resource_version == before
    assert [(plan.chart.password, plan.image.password) for plan in registries.asked] == [(PLAIN, PLAIN), (CODED, CODED)]
    assert {plan.chart.host for plan in registries.asked} == {HOST}

    assert client.post("/destinations/half/repair", {**seen(half), "fix-auth-from-password": code}).status_code == 303
    entry = json.loads(half.get_secret("half").data[names.CONFIG_KEY])["auths"][HOST]
    assert (entry["password"], entry["auth"]) == (right, b64encode(f"robot:{right}".encode()).decode())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (accepting(), "accepts neither of the two passwords"),
        (accepting(PLAIN, CODED), "accepts both passwords"),
        (report(OPEN), "does not tell which one is right"),
        (ends(Step.RESOLVE, Code.NO_SUCH_NAME), "does not tell which password is right"),
    ],
    ids=["neither", "both", "open", "away"],
)
def test_what_does_not_decide_selects_nothing(
    client: Client, half: InMemoryCluster, registries: Scripted, answer: Any, words: str
) -> None:
    registries.answers["half"] = answer
    page = text_of(client.post("/destinations/half/repair", {**seen(half), "try": "both"}))
    assert words in page
    assert selected(page) == []


def test_a_password_that_may_not_push_is_the_right_one_and_the_page_says_what_is_missing(
    client: Client, half: InMemoryCluster, registries: Scripted
) -> None:
    registries.answers["half"] = lambda plan: (
        ends(Step.PUSH, Code.MAY_NOT_PUSH, repository="team/x") if plan.chart.password == PLAIN else WRONG
    )
    page = text_of(client.post("/destinations/half/repair", {**seen(half), "try": "both"}))
    assert selected(page) == ["auth-from-password"]
    assert "The registry accepts it. " in page


def test_each_password_counts_as_a_check(
    client: Client, half: InMemoryCluster, registries: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(PER_MINUTE // 2):
        assert client.post("/destinations/half/repair", {**seen(half), "try": "both"}).status_code == 200
    refused = client.post("/destinations/half/repair", {**seen(half), "try": "both"})
    assert refused.status_code == 429
    assert "within a minute" in text_of(refused)
    assert len(registries.asked) == PER_MINUTE
    audited = [line for line in caplog.messages if '"action": "check"' in line]
    assert len(audited) == PER_MINUTE + 1
    assert not [line for line in audited if PLAIN in line or CODED in line]


def test_nothing_is_kept_of_a_trial(client: Client, half: InMemoryCluster, registries: Scripted) -> None:
    registries.answers["half"] = accepting(PLAIN)
    client.post("/destinations/half/repair", {**seen(half), "try": "both"})
    assert "Not checked yet" in text_of(client.get("/destinations/half"))


def test_a_destination_with_one_password_is_not_asked_about(
    client: Client, portal: InMemoryCluster, registries: Scripted
) -> None:
    portal.load([destination("half")])
    assert "Check both" not in text_of(client.get("/destinations/half/repair"))
    assert client.post("/destinations/half/repair", {**seen(portal), "try": "both"}).status_code != 500
    assert registries.asked == []


@pytest.mark.people
@pytest.mark.parametrize(("who", "status"), [("manager", 200), ("exporter", 404), ("viewer", 403)])
def test_it_takes_the_permission_to_change_and_tells_others_no_more_than_a_check(
    half: InMemoryCluster, registries: Scripted, who: str, status: int
) -> None:
    half.namespaces = {"team-a": "uid-a", "team-b": "uid-b"}
    made = half.get_secret("half")
    half.load(world.secrets())
    half.config_maps.load(world.config_maps())
    manifest = destination("half", **{names.TEAM_LABEL: "team-a"})
    manifest["metadata"]["annotations"][names.TEAM_UID_ANNOTATION] = "uid-a"
    manifest["stringData"][names.CONFIG_KEY] = made.data[names.CONFIG_KEY].decode()
    half.load([manifest])
    registries.answers["half"] = ends(Step.CONNECT, Code.NO_CONNECTION, address="10.0.0.7")
    answer = world.sign_in(who).post("/destinations/half/repair", {**seen(half), "try": "both"})
    assert answer.status_code == status
    assert "10.0.0.7" not in text_of(answer)
    assert bool(registries.asked) is (status == 200)
