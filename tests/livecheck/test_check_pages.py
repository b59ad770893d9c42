"""The pages of the live check, as an administrator and others see them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from destinations import names
from destinations.cluster.memory import InMemoryConfigMaps
from destinations.cluster.port import Forbidden
from destinations.livecheck.explanations import NOT_TESTED
from destinations.livecheck.jobs import Ticket
from destinations.livecheck.registry.port import Code, Side, StageResult, Step
from destinations.livecheck.runner import Recent
from destinations.web.changes.check import signed
from tests.livecheck.world import PASSWORD, destination
from tests.services import composition
from tests.services.pki import issue
from tests.services.scripted import ends, report
from tests.signin import world

if TYPE_CHECKING:
    from destinations.cluster.memory import InMemoryCluster
    from tests.services.scripted import Scripted

IMAGE_FAILS = ends(Step.PUSH, Code.MAY_NOT_PUSH, Side.IMAGE, repository="team/workspace-shop-image")
CLOSED = ends(Step.CONNECT, Code.NO_CONNECTION, address="192.0.2.99")
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note how long answers would be held back, and do not wait."""
    held: list[float] = []
    monkeypatch.setattr(composition.checks(), "_pause", held.append)
    return held


def page(client: Client, path: str, **headers: str) -> str:
    answer = client.get(path, **headers)  # type: ignore[arg-type]
    assert answer.status_code == 200
    return answer.content.decode()


def forget() -> None:
    """Let this process be another replica: it knows what is kept and nothing more."""
    composition.checks().recent = Recent()


def audit(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    lines = [json.loads(one.message) for one in caplog.records if one.name == "edrportal.telemetry.logs"]
    return [one for one in lines if one["action"] == "check"]


def test_a_check_is_one_click_and_says_stage_by_stage_what_happens(
    client: Client, portal: InMemoryCluster, registries: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    portal.load([destination("one")])
    before = page(client, "/destinations/one")
    assert "Not checked yet" in before
    assert all(text in before for text in ("What does a check not test?", "pushes no chart and no image"))
    registries.answers = {"one": IMAGE_FAILS}
    answer = client.post("/destinations/one/check", {"namespace": "team-a", "application": "web"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/destinations/one/#check")
    shown = page(client, "/destinations/one")
    assert "The chart would pass, but the image would fail." in shown
    ways = re.findall(
        r'<h3 class="small">(.*?)</h3>\s*<ol class="path">\s*<li class="path__stage path__stage--(\w+)">\s*'
        r'<span class="path__mark"></span>\s*<span class="path__label">Push',
        shown,
    )
    assert ways == [("Helm, chart", "ok"), ("skopeo, image", "failed")]
    assert "The account may not push to team/workspace-shop-image." in shown
    assert "Helm may push to team/team-a-web-chart." in shown
    assert "just now" in shown
    assert 'value="team-a"' in shown
    assert [(one["target"], one["reason"], one["outcome"]) for one in audit(caplog)] == [
        ("one", "chart-pass-image-fail", "done")
    ]
    assert PASSWORD not in shown + caplog.text


def test_htmx_gets_the_section_alone(client: Client, portal: InMemoryCluster, registries: Scripted) -> None:
    portal.load([destination("one")])
    registries.answers = {"one": CLOSED}
    answer = client.post("/destinations/one/check", **HTMX)  # type: ignore[arg-type]
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert shown.startswith('<section class="card" id="check"')
    assert "No connection was accepted at 192.0.2.99." in shown
    assert "8 ms" in shown


def test_another_replica_shows_what_is_kept(client: Client, portal: InMemoryCluster, registries: Scripted) -> None:
    portal.load([destination("one")])
    registries.answers = {"one": IMAGE_FAILS}
    client.post("/destinations/one/check")
    forget()
    shown = page(client, "/destinations/one")
    assert "The chart would pass, but the image would fail." in shown
    assert "The account may not push to team/workspace-shop-image." in shown  # from the Secrets, since it is not kept
    assert "Chart passes, image fails" in page(client, "/")
    assert not re.search("Outdated", shown)


def test_a_changed_destination_makes_the_result_outdated_and_a_description_does_not(
    client: Client, portal: InMemoryCluster
) -> None:
    portal.load([destination("one")])
    client.post("/destinations/one/check")
    annotations = {names.ORGANIZATION_ANNOTATION: "team", names.DESCRIPTION_ANNOTATION: "For releases"}
    made = destination("one")
    portal.load([{**made, "metadata": {**made["metadata"], "annotations": annotations}}])
    assert "Outdated" not in page(client, "/destinations/one")
    annotations[names.ORGANIZATION_ANNOTATION] = "other"
    portal.load([{**made, "metadata": {**made["metadata"], "annotations": annotations}}])
    assert "Outdated: the destination has changed." in page(client, "/destinations/one")
    assert ">Outdated<" in page(client, "/")
    assert client.get("/api/destinations").json()[0]["last_check"]["outdated"] is True


def test_the_presented_chain_is_shown_by_the_portals_own_reading(
    client: Client, portal: InMemoryCluster, registries: Scripted
) -> None:
    der = issue("Inside & Co", ca=True).der
    found = report(StageResult(Step.TLS, Side.BOTH, ok=False, code=Code.UNKNOWN_AUTHORITY, detail={"missing": "CN=<i>x"}),
                   chain=(der, b"no certificate"))  # fmt: skip
    portal.load([destination("one")])
    registries.answers = {"one": found}
    client.post("/destinations/one/check")
    shown = page(client, "/destinations/one")
    assert "CN=Inside &amp; Co" in shown
    assert "the missing CA is CN=&lt;i&gt;x" in shown
    assert "expires soon" in shown


def test_a_result_that_cannot_be_kept_is_shown_here_and_says_so(
    client: Client, portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.load([destination("one")])

    def refused(*_: Any) -> Any:
        raise Forbidden("Forbidden", status=403)

    monkeypatch.setattr(InMemoryConfigMaps, "get", refused)
    client.post("/destinations/one/check")
    shown = page(client, "/destinations/one")
    assert "An export would pass" in shown
    assert "other people do not see this result" in shown


def test_an_application_that_cannot_exist_is_answered_in_words(
    client: Client, portal: InMemoryCluster, registries: Scripted
) -> None:
    portal.load([destination("one")])
    form = {"namespace": "../..", "application": "Shop"}
    answer = client.post("/destinations/one/check", form)
    assert answer.status_code == 422
    partial = client.post("/destinations/one/check", form, **HTMX)  # type: ignore[arg-type]
    assert "The name of the application is not valid." in partial.content.decode()
    assert client.post("/check", {**form, "all": "1"}).status_code == 422
    assert registries.asked == []


def test_the_eleventh_check_within_a_minute_has_to_wait_and_several_count_as_one(
    client: Client, portal: InMemoryCluster, registries: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    portal.load([destination("one"), destination("two"), destination("three")])
    assert client.post("/check", {"all": "1"}).status_code == 303
    composition.checks().finish(20)
    for _ in range(9):
        assert client.post("/destinations/one/check").status_code == 303
    answer = client.post("/destinations/one/check")
    assert answer.status_code == 429
    assert "You started 10 checks within a minute." in answer.content.decode()
    assert client.post("/check", {"all": "1"}).status_code == 429
    assert len(registries.asked) == 12
    assert [one["outcome"] for one in audit(caplog)].count("refused") == 2


def test_several_are_checked_with_progress_on_whatever_replica(
    client: Client, portal: InMemoryCluster, registries: Scripted
) -> None:
    portal.load([destination("one"), destination("two"), destination("three"), destination("left-out")])
    registries.answers = {"two": IMAGE_FAILS, "three": ends(Step.LOGIN, Code.OUT_OF_TIME, ok=None)}
    chosen = [f"{one.name} {one.uid} {one.resource_version}" for one in portal.list_secrets() if one.name != "left-out"]
    answer = client.post("/check", {"chosen": chosen, "nonce": "n" * 24, "to": "on"})
    assert answer.status_code == 303
    composition.checks().finish(20)
    for _ in range(2):
        shown = page(client, answer.headers["Location"])
        assert "3 of 3 checked:" in shown
        assert "1 passed, 1 failed, 1 inconclusive." in shown
        assert "hx-trigger" not in shown
        assert "left-out" not in shown
        assert shown.index(">two<") < shown.index(">three<") < shown.index(">one<")
        forget()
    partial = page(client, answer.headers["Location"], HTTP_HX_TARGET="progress")
    assert partial.startswith('<div id="progress"')


def test_a_job_under_way_is_polled_and_one_that_was_lost_says_so(client: Client, portal: InMemoryCluster) -> None:
    portal.load([destination("one")])
    now = datetime.now(UTC)
    shown = page(client, f"/check?job={signed(Ticket('job', 2, now))}")
    assert 'hx-trigger="every 1s"' in shown
    assert "0 of 2 checked so far" in shown
    assert "Refresh" in shown
    shown = page(client, f"/check?job={signed(Ticket('job', 2, now - timedelta(minutes=10)))}")
    assert "No result for 2." in shown
    assert "hx-trigger" not in shown
    for text in ("", "x", signed(Ticket("job", 10**9, now))[:-1]):
        assert "There is no check at this address" in page(client, f"/check?job={text}")


def test_nothing_chosen_and_what_does_not_exist_check_nothing(
    client: Client, portal: InMemoryCluster, registries: Scripted
) -> None:
    portal.load([destination("one"), {"metadata": {"name": "no-destination"}}])
    assert client.post("/check", {}).status_code == 422
    for name in ("nope", "no-destination"):
        assert client.post("/check", {"chosen": f"{name} uid 1"}).status_code == 404
        assert client.post(f"/destinations/{name}/check").status_code == 404
    assert registries.asked == []


def test_the_overview_says_what_may_remain_before_the_button(client: Client, portal: InMemoryCluster) -> None:
    portal.load([destination("one")])
    sends = "the check opens an empty upload and cancels it. An upload may remain"
    for shown in (unescape(page(client, address)) for address in ("/", "/destinations/one", "/destinations/one/edit")):
        assert "What does a check send?" in shown
        assert sends in shown
    assert all(text in unescape(page(client, "/destinations/one")) for text in NOT_TESTED)


@pytest.mark.people
@pytest.mark.parametrize("answer", [CLOSED, ends(Step.CONNECT, Code.OUT_OF_TIME, ok=None), ends(Step.TLS, Code.PLAIN_HTTP),
                                    ends(Step.RESOLVE, Code.NO_SUCH_NAME), ends(Step.REGISTRY, Code.NOT_A_REGISTRY)],
                         ids=lambda found: found.stages[-1].code)  # fmt: skip
def test_a_manager_learns_nothing_of_a_port_now_or_later_and_an_administrator_does(
    people: InMemoryCluster, registries: Scripted, no_waiting: list[float], answer: Any
) -> None:
    registries.answers = {"a-one": answer}
    manager = world.sign_in("manager")
    assert manager.post("/destinations/a-one/check").status_code == 303
    assert [round(seconds) for seconds in no_waiting] == [11]
    for whole in (True, False):
        if not whole:
            forget()
        section = page(manager, "/destinations/a-one").split('id="check"')[1].split("</section>")[0]
        assert "The check could not reach a registry at this host" in section
        assert " ms<" not in section
        assert "192.0.2" not in section
        seen = re.sub(r"<time.*?</time>|csrfmiddlewaretoken\S+ \S+", "", section)
        assert "path__stage--failed" in seen
        row = next(one["last_check"] for one in manager.get("/api/destinations").json() if one["name"] == "a-one")
        assert [(stage["stage"], stage["ok"], stage["ms"]) for stage in row["stages"]][1:] == [
            ("registry", False, None)
        ]
        for role in ("viewer", "exporter"):
            text = page(world.sign_in(role), "/")
            assert "192.0.2" not in text
    told = page(world.sign_in("administrator"), "/destinations/a-one")
    assert "The check could not reach a registry" not in told
    assert len(people.list_secrets()) > 1


@pytest.mark.people
@pytest.mark.parametrize(("role", "status"), [("manager", 303), ("exporter", 404), ("viewer", 403), ("nobody", 404)])
def test_who_may_change_a_destination_may_check_it(
    people: InMemoryCluster, registries: Scripted, role: str, status: int
) -> None:
    seen = people.get_secret("a-one")
    client = world.sign_in(role)
    assert client.post("/destinations/a-one/check").status_code == status
    assert client.post("/check", {"chosen": f"a-one {seen.uid} 1"}).status_code == status
    composition.checks().finish(20)
    assert bool(registries.asked) == (status == 303)
    all_of_mine = client.post("/check", {"all": "1"}).status_code
    assert all_of_mine == (303 if role == "manager" else 422)
    composition.checks().finish(20)
    assert {plan.name for plan in registries.asked} <= {"a-one"}


@pytest.mark.people
def test_everybody_who_sees_a_destination_sees_its_result(people: InMemoryCluster, registries: Scripted) -> None:
    registries.answers = {"shared": ends(Step.PUSH, Code.MAY_NOT_PUSH, Side.IMAGE)}
    assert people.get_secret("shared").name == "shared"
    world.sign_in("administrator").post("/destinations/shared/check")
    for role in ("administrator", "manager", "exporter", "viewer"):
        shown = page(world.sign_in(role), "/destinations/shared")
        assert "The chart would pass, but the image would fail." in shown
    assert "disabled" in page(world.sign_in("viewer"), "/destinations/shared").split("Check now")[0][-120:]


@pytest.mark.people
def test_the_progress_of_somebody_elses_check_names_only_what_one_sees(
    people: InMemoryCluster, registries: Scripted
) -> None:
    assert people.get_secret("b-one").name == "b-one"
    answer = world.sign_in("administrator").post("/check", {"all": "1"})
    composition.checks().finish(20)
    assert len(registries.asked) == 4
    shown = page(world.sign_in("manager"), answer.headers["Location"])
    assert ">a-one<" in shown
    assert ">b-one<" not in shown
    assert ">orphaned<" not in shown


@pytest.mark.people
def test_the_interface_checks_and_answers_with_the_result(
    people: InMemoryCluster, registries: Scripted, no_waiting: list[float]
) -> None:
    assert people.get_secret("a-one").name == "a-one"

    def ask(name: str, role: str, body: object = None) -> Any:
        text = "" if body is None else json.dumps(body)
        return Client().post(f"/api/destinations/{name}/check", text, content_type="application/json",
                            HTTP_AUTHORIZATION=world.basic(role))  # fmt: skip

    found = ask("a-one", "manager", {"app": "team-a/web"}).json()
    assert (found["name"], found["app"], found["chart"], found["image"]) == ("a-one", "team-a/web", "pass", "pass")
    assert ask("a-one", "manager").json()["app"] == "workspace/shop"
    assert ask("a-one", "manager", {"app": "x"}).status_code == 400
    assert ask("a-one", "manager", {"other": "x"}).status_code == 400
    assert [ask("a-one", role).status_code for role in ("exporter", "viewer", "nobody")] == [404, 403, 404]
    registries.answers = {"a-one": CLOSED}
    told = ask("a-one", "manager").json()
    assert told["stages"][-1]["message"].startswith("The check could not reach a registry")
    assert [round(seconds) for seconds in no_waiting] == [11]
    for _ in range(7):
        ask("a-one", "manager")
    answer = ask("a-one", "manager")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_what_to_do_is_said_once_where_it_is_the_same_for_both_tools(
    client: Client, portal: InMemoryCluster, registries: Scripted
) -> None:
    portal.load([destination("one"), destination("two")])
    chart, image = (
        StageResult(Step.PUSH, side, ok=False, code=Code.MAY_NOT_PUSH, ms=1, detail={"repository": f"team/{side}"})
        for side in (Side.CHART, Side.IMAGE)
    )
    login = StageResult(Step.LOGIN, Side.CHART, ok=False, code=Code.WRONG_CREDENTIALS, ms=1, detail={})
    registries.answers = {"one": report(chart, image), "two": report(login, image)}
    for name, times in (("one", 1), ("two", 2)):
        client.post(f"/destinations/{name}/check", {"namespace": "team-a", "application": "web"})
        shown = page(client, f"/destinations/{name}").partition('id="check"')[2].partition("</section>")[0]
        assert len(re.findall(r"<b>\w+ \((Helm, chart|skopeo, image)\):</b>", shown)) == 2
        assert shown.count("What to do:") == times
