"""Which namespaces can be chosen for a team, and who gets the permission: from what the portal reads anyway."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from edrportal.signin import accounts
from tests.malformed.asking import text_of
from tests.services import composition
from tests.signin import world

if TYPE_CHECKING:
    from destinations.cluster.memory import InMemoryCluster

pytestmark = pytest.mark.people
PAGES = ["/teams", "/destinations/a-one/assign", "/destinations/new"]


def offered(page: str) -> list[str]:
    return re.findall(r'<option value="([^"]*)"></option>', page)


@pytest.mark.parametrize("path", PAGES)
def test_known_namespaces_can_be_chosen_and_the_page_says_who_gets_the_permission(
    people: InMemoryCluster, path: str
) -> None:
    world.fill(people, [world.user("ann", "exporter:empty"), world.user("bob", "exporter:team-a")], [])
    page = text_of(world.sign_in("administrator").get(path))
    assert offered(page) == ["empty", "gone", "team-a", "team-b"]
    assert 'list="known-namespaces"' in page
    words = re.sub(r"<[^>]+>|\s+", " ", page.partition("Which namespaces are there")[2])
    words = re.sub(" +", " ", words)
    assert "empty ann may then add" in words
    assert "team-a bob, manager may add" in words
    assert "team-b exporter may then add" in words
    assert "gone No Epinio user but administrators" in words


@pytest.mark.usefixtures("people")
def test_the_self_service_page_names_who_may_change_what() -> None:
    assert "1 destination; manager may change them" in text_of(world.sign_in("administrator").get("/teams"))


def test_names_that_are_none_are_not_offered(people: InMemoryCluster) -> None:
    odd = world.user("odd", "exporter", namespaces="Not A Namespace\n<b>x</b>\nfine")
    odd["data"] = {"username": "//7/"}
    del odd["stringData"]["username"]
    world.fill(people, [odd], [])
    page = text_of(world.sign_in("administrator").get("/teams"))
    assert offered(page) == ["fine", "gone", "team-a", "team-b"]
    assert "Not A Namespace" not in page


def test_a_long_list_of_people_is_cut_off(people: InMemoryCluster) -> None:
    world.fill(people, [world.user(f"p{number:02}", "exporter:crowd") for number in range(13)], [])
    page = text_of(world.sign_in("administrator").get("/teams"))
    assert "p09 and 3 more" in page
    assert "p10" not in page


@pytest.mark.usefixtures("people")
def test_nobody_else_learns_of_namespaces_or_people() -> None:
    page = text_of(world.sign_in("manager").get("/destinations/new"))
    assert "known-namespaces" not in page
    assert "team-b" not in page


def test_no_more_is_read_of_the_cluster_than_users_and_roles(
    people: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(people, "namespace_uid", asked.append)
    with composition.use(people):
        found = accounts.exporters(composition.reads())
    assert found == {"team-a": ["manager"], "team-b": ["exporter"]}
    assert asked == []
