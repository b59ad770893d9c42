"""A page costs the same work with any number of destinations: it is counted, not timed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from destinations.access import Authority
from destinations.cluster.known import KnownSecrets
from destinations.cluster.memory import InMemoryCluster
from destinations.overview import filters, table
from destinations.secret import codec
from edrportal.signin.middleware import AuthenticationMiddleware
from edrportal.signin.roles import Role
from edrportal.signin.users import Principal
from scripts.benchmarks import scene
from tests.cluster.test_watched import until
from tests.services import composition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

FEW, MANY = 60, 600
NAME = "registry-00001"
COUNTED = ((table, "row"), (table, "with_check"), (table, "account"), (filters, "searched"), (filters, "ordered"),
           (Authority, "sees"), (Authority, "changes"), (codec, "is_destination"), (codec, "certs_name"),
           (KnownSecrets, "values"), (KnownSecrets, "items"))  # fmt: skip
"""What walks over destinations does at each of them, or once."""
ROOM = 20
"""A few calls more or less, where pages differ in what stands on them."""


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What was done since the last look."""
    counted = Counter[str]()
    for owner, name in COUNTED:
        plain: Any = getattr(owner, name)

        def call(*args: Any, _plain: Any = plain, _name: str = name, **options: Any) -> Any:
            counted[_name] += 1
            return _plain(*args, **options)

        monkeypatch.setattr(owner, name, call)
    return counted


@pytest.fixture(params=[FEW, MANY])
def cluster(request: pytest.FixtureRequest) -> Iterator[InMemoryCluster]:
    cluster = InMemoryCluster()
    cluster.load([{"type": "Opaque", **manifest} for manifest in scene.manifests(request.param)])
    watches = composition.watches_over(cluster)
    with composition.use(cluster, *watches):
        until(lambda: all(watch.known() is not None for watch in watches))
        yield cluster
    for watch in watches:
        watch.close()


@pytest.fixture(params=[FEW, MANY])
def unwatched(request: pytest.FixtureRequest) -> Iterator[InMemoryCluster]:
    cluster = InMemoryCluster()
    cluster.load([{"type": "Opaque", **manifest} for manifest in scene.manifests(request.param)])
    with composition.use(cluster):
        yield cluster


def touch(cluster: InMemoryCluster, number: int) -> None:
    secret = cluster.get_secret(NAME)
    cluster.replace_secret(codec.changed(secret, annotations={names.DESCRIPTION_ANNOTATION: f"number {number}"}))
    version = cluster.get_secret(NAME).resource_version

    def is_known() -> bool:
        watch = composition.portal().connect().secrets
        known = watch.known() if watch else None
        return known is not None and known[NAME].resource_version == version

    until(is_known)


PAGES = ("/", "/?sort=-organization", "/?answer=at-risk&sort=name", "/?page=2", "/?q=registry-0000")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_nothing_has_changed_judges_orders_and_searches_nothing(
    client: Client, cluster: InMemoryCluster, work: Counter[str], page: str
) -> None:
    del cluster
    client.get(page)
    work.clear()
    assert client.get(page).status_code == 200
    assert {
        name: work[name] for name in ("row", "with_check", "account", "searched", "ordered", "sees")
    } == dict.fromkeys(("row", "with_check", "account", "searched", "ordered", "sees"), 0)
    assert max(work["changes"], work["is_destination"], work["certs_name"]) <= 50 + ROOM, work
    assert work["values"] + work["items"] <= 1  # the ConfigMaps, which are few


@pytest.mark.parametrize("page", PAGES)
def test_after_a_change_only_what_changed_is_judged_counted_and_placed(
    client: Client, cluster: InMemoryCluster, work: Counter[str], page: str
) -> None:
    client.get(page)
    touch(cluster, 1)
    work.clear()
    assert client.get(page).status_code == 200
    assert (work["row"], work["ordered"]) == (1, 0)
    assert max(work["with_check"], work["searched"], work["account"]) <= 2, work
    assert max(work["sees"], work["changes"], work["is_destination"], work["certs_name"]) <= 50 + ROOM, work


@pytest.mark.parametrize("page", PAGES)
def test_a_page_read_directly_judges_counts_and_places_only_what_changed(
    client: Client, unwatched: InMemoryCluster, work: Counter[str], page: str
) -> None:
    client.get(page)
    for number, changed in ((0, 0), (1, 1), (2, 1)):
        if number:
            secret = unwatched.get_secret(NAME)
            annotations = {names.DESCRIPTION_ANNOTATION: f"number {number}"}
            unwatched.replace_secret(codec.changed(secret, annotations=annotations))
        work.clear()
        assert client.get(page).status_code == 200
        assert (work["row"], work["ordered"]) == (changed, 0)
        assert max(work["with_check"], work["searched"], work["account"]) <= 2 * changed, work
        assert max(work["sees"], work["changes"], work["is_destination"], work["certs_name"]) <= 50 + ROOM, work


def test_so_does_the_page_after_a_write_beside_a_watch(
    client: Client, cluster: InMemoryCluster, work: Counter[str]
) -> None:
    client.get("/?after=change")
    touch(cluster, 1)
    work.clear()
    assert client.get("/?after=change").status_code == 200
    assert work["row"] <= 1
    assert max(work["with_check"], work["account"], work["ordered"]) <= 2, work


def test_who_sees_a_part_has_it_kept_as_well(
    client: Client, cluster: InMemoryCluster, work: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.namespaces |= {"team-a": "u1", "team-b": "u2"}
    for number, team in ((1, "team-a"), (2, "team-b")):
        secret = cluster.get_secret(f"registry-{number:05}")
        cluster.replace_secret(codec.changed(secret, labels={names.TEAM_LABEL: team}))
    person = Principal("p", "epinio", (Role("dev", may_list=True, may_export=True),), ("team-a",))
    monkeypatch.setattr(AuthenticationMiddleware, "find", lambda *_: person)
    touch(cluster, 0)
    client.get("/")
    touch(cluster, 1)
    work.clear()
    page = client.get("/").content.decode()
    assert (work["row"], work["ordered"]) == (1, 0)
    assert work["sees"] <= ROOM
    assert "number" not in page  # a description is only searched
    narrow = replace(person, roles=(Role("dev", may_export=True),))
    monkeypatch.setattr(AuthenticationMiddleware, "find", lambda *_: narrow)
    assert "registry-00002" not in client.get("/?sort=name").content.decode()
    assert "registry-00001" in client.get("/?sort=name").content.decode()


def test_a_search_sees_what_changed_a_moment_ago(client: Client, cluster: InMemoryCluster) -> None:
    for number in range(3):
        touch(cluster, number)
        assert NAME in client.get("/", {"q": f"NUMBER {number}"}).content.decode()
        assert NAME not in client.get("/", {"q": f"NUMBER {number - 1}"}).content.decode().partition("<tbody")[2]
