"""One answer for each destination on every page and in every file: after a check the pages never contradict it."""

from __future__ import annotations

import csv
import io
import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from destinations import names
from destinations.cluster.memory import InMemoryCluster
from destinations.livecheck.registry.port import Code, Side, StageResult, Step
from destinations.model import Snapshot
from destinations.secret.codec import rfc3339
from edrportal import composition as root
from edrportal.demo.cluster import certificate
from tests.livecheck.world import PASSWORD, destination, keep
from tests.services import composition
from tests.services.scripted import ends, report

if TYPE_CHECKING:
    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster
    from tests.services.scripted import Scripted

NOW = datetime.now(UTC).replace(microsecond=0)
REFUSED, NO_NAME = ends(Step.LOGIN, Code.WRONG_CREDENTIALS), ends(Step.RESOLVE, Code.NO_SUCH_NAME)
FILES = ["good", "plain", "refused", "nameless"]


@pytest.fixture
def checked(portal: InMemoryCluster) -> InMemoryCluster:
    portal.load([destination(name) for name in FILES])
    for name, found in (("good", report()), ("refused", REFUSED), ("nameless", NO_NAME)):
        keep(name, found, NOW - timedelta(minutes=5))
    return portal


def text(client: Client, path: str, **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200
    return answer.content.decode()


def rows(client: Client, **query: str) -> list[str]:
    return re.findall(r'<tr data-name="([^"]+)"', text(client, "/", **query))


def json_of(client: Client, **query: str) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in client.get("/api/destinations", query).json()}


def test_counts_order_filter_and_the_first_thing_to_do_follow_the_answer(
    client: Client, checked: InMemoryCluster
) -> None:
    assert checked.get_secret("good").name == "good"
    page = text(client, "/")
    counts = dict(re.findall(r'<span class="tile__word">([^<]+)</span> <b>(\d+)</b>', page))
    assert {word: count for word, count in counts.items() if count != "0"} == {
        "All": "4", "Works": "1", "Accepted, not checked": "1", "Registry rejects it": "1", "Live check failed": "1",
    }  # fmt: skip
    assert rows(client) == ["refused", "nameless", "plain", "good"]
    assert rows(client, sort="-status") == ["good", "plain", "nameless", "refused"]
    assert "Start with refused" in page
    assert "Login: The registry rejected the user name or password" in page
    assert rows(client, answer="check-failed") == ["nameless"]
    assert rows(client, q="no address in the portal") == ["nameless"]
    assert "2 of 4 destinations can be used as far as is known; 1 passed a recent live check." in page


def test_the_filters_of_old_addresses_mean_what_they_did(client: Client, checked: InMemoryCluster) -> None:
    assert checked.get_secret("good").name == "good"
    assert sorted(rows(client, status="accepted")) == sorted(FILES)
    assert rows(client, status="fails") == []
    assert sorted(json_of(client, status="accepted")) == sorted(FILES)


def test_json_and_csv_keep_their_fields_and_say_the_answer_beside_them(
    client: Client, checked: InMemoryCluster
) -> None:
    assert checked.get_secret("good").name == "good"
    found = json_of(client)
    assert {row["verdict"] for row in found.values()} == {"accepted"}
    assert {name: row["answer"] for name, row in found.items()} == {
        "good": "works", "plain": "accepted", "refused": "rejected", "nameless": "check-failed",
    }  # fmt: skip
    refused, plain = found["refused"], found["plain"]
    assert (refused["answer_stage"], refused["check_result"], refused["check_is_old"]) == ("login", "failed", False)
    assert refused["checked_at"] == rfc3339(NOW - timedelta(minutes=5))
    assert refused["answer_fix"].startswith("Check the account")
    assert (plain["answer_reason"], plain["checked_at"], plain["check_result"]) == (None, None, None)
    cells = {row["name"]: row for row in csv.DictReader(io.StringIO(text(client, "/destinations.csv")))}
    assert (cells["refused"]["status"], cells["refused"]["reason"]) == ("Accepted", "")
    assert (cells["refused"]["answer"], cells["refused"]["answer stage"]) == ("Registry rejects it", "login")
    assert cells["good"]["checked at"] == rfc3339(NOW - timedelta(minutes=5))


def test_an_inconclusive_check_is_told_with_its_reason_wherever_the_answer_is(
    client: Client, portal: InMemoryCluster
) -> None:
    portal.load([destination("unclear"), destination("plain")])
    keep("unclear", ends(Step.PUSH, Code.WOULD_CREATE, ok=None), NOW - timedelta(minutes=5))
    for path in ("/", "/destinations/unclear", "/team/"):
        page = text(client, path)
        assert ">Accepted, check inconclusive</span>" in page, path
        assert "The check is inconclusive. Push: The registry does not have the repository yet." in page, path
    assert ">Accepted, not checked</span></h1>" not in text(client, "/destinations/unclear")
    assert ">Accepted, not checked</span></h1>" in text(client, "/destinations/plain")
    assert "Check with an application that was exported before" in text(client, "/team/")
    found = json_of(client)
    assert (found["unclear"]["answer"], found["unclear"]["answer_text"]) == ("accepted", "Accepted, not checked")
    assert found["unclear"]["answer_reason"].startswith("The check is inconclusive. Push: ")
    assert (found["unclear"]["answer_stage"], found["unclear"]["check_result"]) == ("push", "inconclusive")
    assert rows(client, q="could create that") == ["unclear"]
    assert sorted(rows(client, answer="accepted")) == ["plain", "unclear"]


def test_equal_causes_stand_together_in_every_list(client: Client, portal: InMemoryCluster) -> None:
    ways = {
        "a": NO_NAME,
        "b": ends(Step.CONNECT, Code.NO_CONNECTION),
        "c": NO_NAME,
        "d": ends(Step.CONNECT, Code.NO_CONNECTION),
    }
    portal.load([destination(name) for name in ways])
    for name, found in ways.items():
        keep(name, found, NOW)
    assert rows(client) == ["b", "d", "a", "c"]
    cells = csv.DictReader(io.StringIO(text(client, "/destinations.csv")))
    assert [row["name"] for row in cells] == ["b", "d", "a", "c"]
    assert [row["name"] for row in client.get("/api/destinations?sort=status").json()] == ["b", "d", "a", "c"]
    assert re.findall(r'<h3><a href="/destinations/([^"/]+)', text(client, "/team/")) == ["b", "d", "a", "c"]


def test_a_login_that_proved_nothing_is_not_said_to_pass(client: Client, portal: InMemoryCluster) -> None:
    portal.load([destination("one")])
    unproven = StageResult(Step.LOGIN, Side.IMAGE, ok=None, code=Code.NOT_CHECKED)
    denied = StageResult(Step.PUSH, Side.BOTH, ok=False, code=Code.MAY_NOT_PUSH)
    found = report(denied)
    stages = [one for one in found.stages if one.step is not Step.LOGIN]
    login = [StageResult(Step.LOGIN, Side.CHART, ok=True, code=Code.LOGGED_IN), unproven]
    keep("one", replace(found, stages=(*stages, *login)), NOW)
    rail = text(client, "/destinations/one").partition('id="part-verdict"')[2].partition("</section>")[0]
    assert re.findall(r'path__word">([^<]+)<', rail)[-3:] == ["see the live check"] * 3


def test_a_check_of_another_state_counts_for_nothing(client: Client, checked: InMemoryCluster) -> None:
    made = destination("refused", user="another")
    checked.load([made])
    assert json_of(client)["refused"]["answer"] == "accepted"
    assert "rejected the user name" not in text(client, "/destinations/refused").partition('id="check"')[0]


def test_an_old_check_says_its_age_first(client: Client, portal: InMemoryCluster) -> None:
    portal.load([destination("good"), destination("refused")])
    for name, found in (("good", report()), ("refused", REFUSED)):
        keep(name, found, NOW - timedelta(days=3))
    answers = json_of(client)
    assert {name: (row["answer"], row["check_is_old"]) for name, row in answers.items()} == {
        "good": ("accepted", True), "refused": ("rejected", True),
    }  # fmt: skip
    line = text(client, "/", q="refused").partition('<td class="table__status"')[2]
    assert line.index("3 d ago") < line.index("The registry rejected")
    first = text(client, "/").partition('id="first"')[2].partition("</section>")[0]
    assert first.index("Last checked 3 d ago") < first.index("The registry rejected")
    line = text(client, "/team/").partition('href="/destinations/refused/"')[2].partition("</article>")[0]
    assert line.index("Last checked 3 d ago, too long ago to rely on: failed") < line.index("The registry rejected")
    assert line.lower().count("last checked") == 1
    head = text(client, "/destinations/refused").partition('id="part-verdict"')[0]
    assert "Last checked 3 d ago</b>, too long ago to rely on" in head


def test_how_long_a_check_counts_is_the_settings(client: Client, checked: InMemoryCluster) -> None:
    assert checked.get_secret("good").name == "good"
    with root.use(replace(composition.portal(), check_fresh=timedelta(minutes=4))):
        portal = composition.portal()
        snapshot = Snapshot.of(portal.cluster.list_secrets(), NOW, None, composition.reads().config_maps)
        short = replace(portal, check_fresh=timedelta(minutes=4)).answered(snapshot, sees_all=True)
        longer = replace(portal, check_fresh=timedelta(minutes=6)).answered(snapshot, sees_all=True)
    assert [row.answer.kind for row in short if row.name == "good"] == ["accepted"]
    assert [row.answer.kind for row in longer if row.name == "good"] == ["works"]
    assert client.get("/").status_code == 200


def test_the_page_of_a_destination_never_contradicts_its_check(client: Client, checked: InMemoryCluster) -> None:
    assert checked.get_secret("good").name == "good"
    state = r'path__stage--(\w+)">\s*<span class="path__mark"></span>\s*<span class="path__label">(Login|Chart|Image)<'
    refused, good = text(client, "/destinations/refused"), text(client, "/destinations/good")
    rail = refused.partition('id="part-verdict"')[2].partition("</section>")[0]
    assert "What the Secrets say" in rail
    assert re.findall(state, rail) == [("untried", "Login"), ("untried", "Chart"), ("untried", "Image")]
    words = re.findall(r'path__word">([^<]+)<', rail)
    assert words[-3:] == ["fails in the live check", "not tried", "not tried"]
    assert ">Registry rejects it</span></h1>" in refused
    assert re.search(r'class="button button--primary"\s+href="/destinations/refused/rotate"', refused)
    good_rail = good.partition('id="part-verdict"')[2].partition("</section>")[0]
    assert re.findall(state, good_rail) == [("ok", "Login"), ("ok", "Chart"), ("ok", "Image")]
    order = ["part-head", "Export command", 'id="check"', 'id="part-certificates"', 'id="exports"', "part-manifest"]
    assert [good.index(word) for word in order] == sorted(good.index(word) for word in order)
    assert PASSWORD not in refused + good


def test_a_repair_begins_with_the_same_answer(client: Client, portal: InMemoryCluster) -> None:
    made = destination("one")
    made["metadata"]["annotations"][names.LAST_APPLIED_ANNOTATION] = f'{{"{names.CONFIG_KEY}": 1}}'
    portal.load([made])
    assert ">Accepted, with warnings</span></h1>" in text(client, "/destinations/one/repair")
    keep("one", REFUSED, NOW)
    page = text(client, "/destinations/one/repair")
    assert ">Registry rejects it</span></h1>" in page
    assert "Login: The registry rejected the user name or password" in page


def test_results_of_a_check_of_several_name_each_cause_once(
    client: Client, portal: InMemoryCluster, registries: Scripted
) -> None:
    off = destination("off", **{names.REGISTRY_LABEL: "false"})
    portal.load([destination(name) for name in ("n1", "n2", "n3", "wrong", "fine")] + [off])
    registries.answers = {**dict.fromkeys(("n1", "n2", "n3", "off"), NO_NAME), "wrong": REFUSED}
    address = client.post(reverse("checks"), {"all": "1"}).headers["Location"]
    composition.checks().finish(20)
    page = text(client, address)
    headings = [re.sub(r"<[^>]+>|\s+", " ", one).split() for one in re.findall(r'cause__heading">(.*?)</h2>', page)]
    told = [unescape(" ".join(words)) for words in headings]
    assert told[0].startswith("Registry rejects it 1 destination: Login: The registry rejected")
    assert told[1] == "Live check failed 3 destinations: DNS: The host has no address in the portal's DNS."
    assert told[2].startswith("Works 1 destination")
    assert told[3].startswith("Disabled 1 destination")
    assert 'href="/destinations/wrong/rotate"' in page
    assert 'href="/destinations/n1/edit"' in page
    assert "1 passed, 4 failed, 0 inconclusive; 1 disabled." in page


@pytest.mark.parametrize("stated", ["2020-01-01", "20200101", "2020-W01-3", " 2020-01-01\n"])
def test_an_end_in_the_past_is_expired_everywhere(client: Client, portal: InMemoryCluster, stated: str) -> None:
    made = destination("past")
    made["metadata"]["annotations"][names.EXPIRY_ANNOTATION] = stated
    portal.load([made])
    for path in ("/", "/team/", "/destinations/past"):
        page = text(client, path)
        assert re.search(r"expired on(</b>)?(</dt>\s*<dd>)?\s*2020-01-01", page), path
        assert not re.search(r"expires? (soon|on)[^.]{0,40}2020-01-01", page), path
    assert "The credentials have expired: create new ones, and rotate." in text(client, "/team/")
    assert json_of(client)["past"]["answer_reason"] == "The credentials expired on 2020-01-01 (entered by hand)."
    assert next(csv.DictReader(io.StringIO(text(client, "/destinations.csv"))))["credentials end on"] == "2020-01-01"
    for page in ("edit", "rotate"):  # a date field of a browser drops what it cannot read
        assert 'value="2020-01-01"' in text(client, f"/destinations/past/{page}")


@pytest.mark.parametrize("stated", ["soon", "2027-02-29", "29.02.2028", "2020-13-01"])
def test_what_is_no_date_is_called_that_and_nothing_else(client: Client, portal: InMemoryCluster, stated: str) -> None:
    made = destination("past")
    made["metadata"]["annotations"][names.EXPIRY_ANNOTATION] = stated
    portal.load([made])
    assert json_of(client)["past"]["answer_reason"] == "The stated expiry date of the credentials is not a date."
    for path in ("/", "/team/", "/destinations/past"):
        words = re.sub(r"<[^>]+>", " ", text(client, path).partition('id="part-manifest"')[0])
        assert not re.search(r"expired? (soon|on)\b", words), path


@pytest.mark.parametrize(
    ("validity", "why"),
    [
        ([(0, -2)], "Every certificate in the CA bundle has expired, so the export will fail at the login."),
        ([(500, 400)], "No certificate in the CA bundle is valid now, so the export will fail at the login."),
        ([(0, -2), (500, 400)], "No certificate in the CA bundle is valid now, so the export will fail at the login."),
        ([(0, -2), (0, 400)], ""),
    ],
)
def test_a_bundle_of_which_nothing_is_valid_lets_no_export_pass(
    client: Client, portal: InMemoryCluster, validity: list[tuple[int, int]], why: str
) -> None:
    pem = b"".join(certificate(NOW + timedelta(days=ahead), days=days) for ahead, days in validity)
    portal.load(
        [
            destination("one", certs="ca"),
            {"metadata": {"name": "ca"}, "data": {names.BUNDLE_KEY: b64encode(pem).decode()}},
        ]
    )
    keep("one", report(), NOW)
    found = json_of(client)["one"]
    assert (found["verdict"], found["answer"]) == ("at-risk", "fails" if why else "at-risk")
    assert rows(client, answer="fails") == ["one"] * bool(why)
    assert rows(client, status="at-risk") == ["one"]
    assert ("Start with one" in text(client, "/")) == bool(why)
    if why:
        assert (found["answer_reason"], found["answer_stage"]) == (why, "login")
        assert found["answer_fix"] == "Replace the CA bundle with the registry's current CA certificate."
        assert "0 of 1 destination can be used as far as is known" in text(client, "/")
        page = text(client, "/destinations/one")
        assert ">Export will fail</span></h1>" in page
        assert why in page
        assert "Do not use it yet" in page
        line = text(client, "/team/")
        assert "--registry one APP" not in line
        assert 'href="/destinations/one/edit">Edit</a>' in line


def test_a_check_from_the_future_is_said_to_have_no_age(client: Client, portal: InMemoryCluster) -> None:
    portal.load([destination("good"), destination("refused")])
    for name, found in (("good", report()), ("refused", REFUSED)):
        keep(name, found, NOW + timedelta(days=3))
    answers = json_of(client)
    assert {name: (row["answer"], row["check_is_old"]) for name, row in answers.items()} == {
        "good": ("accepted", True), "refused": ("rejected", True),
    }  # fmt: skip
    said = "Last checked at a time in the future</b>, so its age is not known"
    assert said in text(client, "/").partition('id="first"')[2].partition("</section>")[0]
    assert said in text(client, "/destinations/refused").partition('id="part-verdict"')[0]
    assert "Last checked at a time in the future, so its age is not known: passed" in text(client, "/team/")
    for path in ("/", "/team/", "/destinations/good", "/destinations/good/row"):
        assert "just now" not in text(client, path), path


def test_the_image_alone_can_be_what_is_rejected(client: Client, portal: InMemoryCluster) -> None:
    portal.load([destination("half")])
    keep("half", ends(Step.PUSH, Code.MAY_NOT_PUSH, Side.IMAGE), NOW)
    assert json_of(client)["half"]["answer"] == "rejected"
