"""Developers arrive at what they can export to, in words for people who repair nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from destinations import names
from destinations.livecheck.registry.port import Code, Step
from tests.livecheck.world import keep
from tests.services.scripted import ends, report
from tests.signin import world

if TYPE_CHECKING:
    from destinations.cluster.memory import InMemoryCluster
    from destinations.livecheck.registry.port import Report

pytestmark = pytest.mark.people

REFUSED, NO_NAME = ends(Step.LOGIN, Code.WRONG_CREDENTIALS), ends(Step.RESOLVE, Code.NO_SUCH_NAME)


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_developers_arrive_at_what_they_can_use_in_words_of_their_own(people: InMemoryCluster) -> None:
    broken = world.destination("broken")
    del broken["metadata"]["annotations"][names.ORGANIZATION_ANNOTATION]
    people.load([broken, world.destination("works"), world.destination("refused")])
    keep("works", report())
    keep("refused", REFUSED)
    client = world.sign_in("exporter")
    page = text(client, "/team/")
    listed = re.findall(r'<h3><a href="/destinations/([^"/]+)', page)
    assert [name for name in listed if name != "b-one"] == ["works", "shared", "broken", "refused"]
    assert "Ask an administrator to repair it." in page
    assert "The registry refuses the account of this destination." in page
    words = re.sub(r"<[^>]+>", " ", page.partition("<main")[2].partition("</main>")[0])
    assert not re.search("skopeo|auths|annotation|Secret", words, re.IGNORECASE)
    for one in ("broken", "refused"):
        assert f"--registry {one} APP" not in page


@pytest.mark.parametrize(
    ("found", "status", "reason"),
    [
        (ends(Step.LOGIN, Code.WRONG_CREDENTIALS), "Cannot be used now", "refuses the account of this destination"),
        (ends(Step.PUSH, Code.MAY_NOT_PUSH), "Cannot be used now", "does not accept a push from this destination"),
        (ends(Step.PUSH, Code.NO_REPOSITORY), "Cannot be used now", "does not accept a push from this destination"),
        (ends(Step.PUSH, Code.SERVER_ERROR), "May not work now", "did not give the last live check a usable answer"),
        (NO_NAME, "May not work now", "did not get through to the registry"),
        (ends(Step.RESOLVE, Code.ADDRESS_REFUSED, ok=None), "May not work now", "did not get through to the registry"),
        (ends(Step.PUSH, Code.WOULD_CREATE, ok=None), "Ready to use, check inconclusive", "gave no answer"),
    ],
)
def test_developers_are_told_no_more_than_the_check_found(
    people: InMemoryCluster, found: Report, status: str, reason: str
) -> None:
    people.load([world.destination("one")])
    keep("one", found)
    page = text(world.sign_in("exporter"), "/team/")
    line = page.partition('href="/destinations/one/"')[2].partition("</article>")[0]
    assert f">{status}</span>" in line
    assert reason in line
    assert ("Ask an administrator to repair it." in line) is (status == "Cannot be used now")


@pytest.mark.parametrize("stated", ["2020-01-01", "20200101"])
def test_developers_are_not_told_that_what_has_expired_should_work(people: InMemoryCluster, stated: str) -> None:
    one = world.destination("one")
    one["metadata"]["annotations"][names.EXPIRY_ANNOTATION] = stated
    people.load([one])
    client = world.sign_in("exporter")
    line = text(client, "/team/").partition('href="/destinations/one/"')[2].partition("</article>")[0]
    assert ">May not work now</span>" in line
    assert "Its credentials have expired, as far as is known." in line
    assert "should pass" not in line
    keep("one", report())
    line = text(client, "/team/").partition('href="/destinations/one/"')[2].partition("</article>")[0]
    assert ">Ready to use, with warnings</span>" in line


def test_what_is_disabled_stands_before_what_is_broken(people: InMemoryCluster) -> None:
    off = world.destination("zz-off")
    off["metadata"]["labels"][names.REGISTRY_LABEL] = "false"
    people.load([off, world.destination("a-refused")])
    keep("a-refused", REFUSED)
    page = text(world.sign_in("exporter"), "/team/")
    assert page.index("/destinations/zz-off") < page.index("/destinations/a-refused")


@pytest.mark.parametrize(
    ("who", "target", "place"),
    [("exporter", "/", "/team/"), ("manager", "", "/team/"), ("viewer", "/", "/"), ("administrator", "/", "/"),
     ("exporter", "/?q=x", "/?q=x"), ("nobody", "/", "/")],
)  # fmt: skip
def test_where_people_arrive(people: InMemoryCluster, who: str, target: str, place: str) -> None:
    assert people.get_secret("shared").name == "shared"
    answer = Client().post("/signin", {"username": who, "password": world.PASSWORD, "next": target})
    assert answer.headers["Location"] == place


def test_others_see_one_stage_up_to_the_registry(people: InMemoryCluster) -> None:
    assert people.get_secret("a-one").name == "a-one"
    keep("a-one", NO_NAME)
    client = world.sign_in("manager")
    page = text(client, "/destinations/a-one").partition('id="check"')[2].partition("</section>")[0]
    labels = re.findall(r'path__stage--(\w+)">.*?path__label">([^<]+)<', page, re.DOTALL)
    assert labels == [("ok", "Secrets"), ("failed", "Reach the registry"), ("open", "Login"), ("open", "Push")]
    told = {row["name"]: row for row in client.get("/api/destinations").json()}["a-one"]
    assert (told["answer"], told["answer_stage"]) == ("check-failed", "registry")
    assert "DNS" not in told["answer_reason"]
