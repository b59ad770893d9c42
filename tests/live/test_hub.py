"""The hub and its feed: nobody waits for a slow page, nothing grows, and what changed is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.reflector import Reflector
from destinations.model import Secret
from destinations.overview import feed
from destinations.overview.hub import EVERYTHING, MAX_PAST, MAX_PENDING, DestinationChange, Hub
from destinations.secret import codec
from tests.services import composition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from destinations.overview.hub import Subscription


def change(name: str, before: str = "1", now: str = "2") -> DestinationChange:
    return DestinationChange(name, Secret(name, resource_version=before), Secret(name, resource_version=now))


def place(hub: Hub, since: str = "") -> Subscription:
    found = hub.subscribe(since)
    assert found is not None
    return found


def test_beyond_its_places_a_page_gets_none_until_another_one_leaves() -> None:
    hub = Hub(2)
    first, second = place(hub), place(hub)
    assert hub.subscribe() is None
    first.close()
    first.close()
    third = place(hub)
    assert hub.subscribe() is None
    hub.publish([change("one")])
    assert [one.take(0) for one in (second, third)] == [(change("one"),), (change("one"),)]
    assert first.take(0) == ()


def test_a_page_that_does_not_look_keeps_little_and_is_told_that_everything_may_be_different() -> None:
    hub = Hub(1)
    slow = place(hub)
    for number in range(MAX_PENDING):
        hub.publish([change(f"d{number}")])
    assert len(slow.take(0) or ()) == MAX_PENDING
    for number in range(MAX_PENDING * 3):
        hub.publish([change(f"d{number}")])
    assert slow.take(0) == (EVERYTHING,)
    assert slow.take(0) == ()


def test_changes_of_one_destination_become_one_from_the_first_state_to_the_last() -> None:
    hub = Hub(1)
    one = place(hub)
    for number in range(5):
        hub.publish([change("one", str(number), str(number + 1))])
    assert one.take(0) == (change("one", "0", "5"),)


def test_who_was_away_hears_what_was_published_since_and_everything_where_nobody_remembers() -> None:
    hub = Hub(9)
    hub.publish([change("before")])
    moment = hub.moment
    hub.publish([change("one"), change("two")])
    assert [one.name for one in place(hub, moment).take(0) or ()] == ["one", "two"]
    assert place(hub, hub.moment).take(0) == ()
    assert place(hub).take(0) == ()
    for number in range(MAX_PAST - 2):
        hub.publish([change(f"d{number % 100}")])
    heard = place(hub, moment)
    assert {"one", "two"} <= {one.name for one in heard.take(0) or ()}
    assert heard.moment == hub.moment
    hub.publish([change("one more")])
    for forgotten in (moment, Hub(1).moment):
        assert place(hub, forgotten).take(0) == (EVERYTHING,)


def test_an_ending_server_ends_every_stream_and_gives_no_place_any_more() -> None:
    hub = Hub(5)
    open_ones = [place(hub) for _ in range(3)]
    hub.close()
    assert [one.take(60) for one in open_ones] == [None] * 3
    assert hub.subscribe() is None


def test_a_change_holds_no_state_in_its_repr() -> None:
    assert repr(DestinationChange("one", Secret("x"), None)) == "DestinationChange(name='one', what='changed')"


def manifest(name: str, certs: str = "", **labels: str) -> dict[str, Any]:
    data = {"stringData": {names.CERTS_KEY: certs}} if certs else {}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": labels}, **data}


DESTINATION = {names.REGISTRY_LABEL: "true"}


@pytest.fixture
def fed() -> Iterator[tuple[InMemoryCluster, Subscription]]:
    """A cluster whose watches feed a page that has been told of the beginning."""
    cluster, hub = InMemoryCluster(), Hub(3)
    cluster.create_secret(manifest("one", "ca", **DESTINATION))
    cluster.create_secret(manifest("two", **DESTINATION))
    cluster.create_secret(manifest("ca"))
    watches = composition.watches_over(cluster)
    page = place(hub)
    feed.connect(hub, *watches)
    for one in watches:
        one.secrets()
        assert page.take(10) == (EVERYTHING,)
    yield cluster, page
    for one in watches:
        one.close()


def told(page: Subscription) -> set[tuple[str, str]]:
    return {(one.what, one.name) for one in page.take(10) or ()}


def test_what_others_do_to_a_destination_names_it(fed: tuple[InMemoryCluster, Subscription]) -> None:
    cluster, page = fed
    made = cluster.create_secret(manifest("three", **DESTINATION))
    assert told(page) == {("changed", "three")}
    changed = cluster.replace_secret(codec.changed(made, annotations={"x": "y"}))
    assert told(page) == {("changed", "three")}
    cluster.delete_secret("three", uid=changed.uid, resource_version=changed.resource_version)
    (gone,) = page.take(10) or ()
    assert (gone.name, gone.now) == ("three", None)


def test_a_certificate_secret_names_those_that_use_it_and_another_secret_nobody(
    fed: tuple[InMemoryCluster, Subscription],
) -> None:
    cluster, page = fed
    cluster.replace_secret(codec.changed(cluster.get_secret("ca"), data={"tls.crt": b"x"}))
    assert told(page) == {("changed", "one")}
    cluster.create_secret(manifest("user"))
    assert page.take(10) == ()  # woken all the same: it may be about the person who looks


def test_teams_change_everything_and_a_live_check_its_destination(fed: tuple[InMemoryCluster, Subscription]) -> None:
    cluster, page = fed
    maps = cluster.config_maps
    maps.create({"metadata": {"name": names.TEAMS_CONFIG_MAP}, "data": {"team-a": ""}})
    assert page.take(10) == (EVERYTHING,)
    kept = maps.create({"metadata": {"name": names.CHECKS_CONFIG_MAP}, "data": {"one": "a", "two": "b", "gone": "c"}})
    assert told(page) == {("checked", "one"), ("checked", "two")}
    maps.replace({**kept.manifest, "data": {"one": "a", "two": "B"}})
    assert told(page) == {("checked", "two")}


class Stepwise(Reflector):
    """A watch that lists when it is told to."""

    def step(self) -> None:
        self._list()


def test_what_happened_while_nobody_watched_is_found_in_the_new_list() -> None:
    cluster, hub = InMemoryCluster(), Hub(1)
    kept, gone = (cluster.create_secret(manifest(name, **DESTINATION)) for name in ("kept", "gone"))
    watched, page = Stepwise(cluster), place(hub)
    feed.connect(hub, watched, None)
    watched.step()
    assert page.take(0) == (EVERYTHING,)
    cluster.delete_secret("gone", uid=gone.uid, resource_version=gone.resource_version)
    cluster.create_secret(manifest("new", **DESTINATION))
    watched.step()
    assert told(page) == {("changed", "gone"), ("changed", "new")}
    watched.step()
    assert page.take(0) == ()
    assert kept.name
