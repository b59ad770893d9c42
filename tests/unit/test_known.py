"""Lists one after the other are as cheap to follow as a watch, and never lead back to what was before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from destinations import names
from destinations.cluster.known import REMEMBERED_SECONDS, Journal, KnownSecrets, Listings
from destinations.cluster.port import Unread
from destinations.secret import codec
from destinations.secret.trim import trim_for_cache
from edrportal.demo.cluster import demo_cluster

if TYPE_CHECKING:
    from destinations.cluster.memory import InMemoryCluster
    from destinations.model import Secret

NAME = "production"


def demo() -> InMemoryCluster:
    return demo_cluster(datetime.now(UTC))


def listings(cluster: InMemoryCluster, watched: dict[str, Secret] | None = None) -> Listings:
    return Listings(cluster.list_unread, trim_for_cache, lambda: watched or {})


def describe(cluster: InMemoryCluster, text: str) -> None:
    changed = codec.changed(cluster.get_secret(NAME), annotations={names.DESCRIPTION_ANNOTATION: text})
    cluster.replace_secret(changed)


def test_what_has_not_changed_stays_the_object_that_it_was() -> None:
    cluster = demo()
    lists = listings(cluster)
    before = lists.known(lists.read())
    describe(cluster, "another one")
    now = lists.known(lists.read())
    assert now.changed_since(before) == frozenset({NAME})
    assert now[NAME].annotations[names.DESCRIPTION_ANNOTATION] == "another one"
    assert all(now[name] is before[name] for name in before if name != NAME)


def test_what_came_and_went_is_told() -> None:
    cluster = demo()
    lists = listings(cluster)
    before = lists.known(lists.read())
    old = cluster.get_secret(NAME)
    cluster.delete_secret(NAME, uid=old.uid, resource_version=old.resource_version)
    manifest = {**old.manifest, "metadata": {"name": "fresh", "labels": dict(old.labels)}}
    cluster.create_secret(manifest)
    now = lists.known(lists.read())
    assert now.changed_since(before) == frozenset({NAME, "fresh"})
    assert (NAME in now, "fresh" in now) == (False, True)


def test_one_that_was_made_anew_under_its_name_is_another() -> None:
    cluster = demo()
    old = cluster.list_secrets()
    lists = Listings(lambda: [Unread.of(one) for one in old], trim_for_cache, dict)
    before = lists.known(lists.read())
    old = [replace(one, uid="another") if one.name == NAME else one for one in old]
    assert lists.known(lists.read()).changed_since(before) == frozenset({NAME})


def test_who_asks_about_an_older_list_is_given_the_newer_one() -> None:
    cluster = demo()
    lists = listings(cluster)
    older = lists.read()
    describe(cluster, "newer")
    newer = lists.known(lists.read())
    assert lists.known(older) is newer


def test_what_the_watch_has_is_not_kept_twice() -> None:
    cluster = demo()
    watched = {one.name: trim_for_cache(one) for one in cluster.list_secrets()}
    describe(cluster, "since then")
    lists = listings(cluster, watched)
    known = lists.known(lists.read())
    assert [name for name in known if known[name] is not watched[name]] == [NAME]


def test_no_manifest_and_nothing_that_no_page_looks_at_is_kept() -> None:
    cluster = demo()
    cluster.load([codec.opaque("foreign", "epinio", labels={}, annotations={}, data={"key": b"x" * 1000})])
    lists = listings(cluster)
    read = lists.read()
    known = lists.known(read)
    assert all(one.read().manifest for one in read.secrets)
    assert not any(one.manifest for one in known.values())
    assert known["foreign"].data == {"key": b""}


def test_what_a_list_showed_is_forgotten_once_the_watch_has_been_enough_for_a_while() -> None:
    cluster, now = demo(), [0.0]
    lists = Listings(cluster.list_unread, trim_for_cache, dict, lambda: now[0])
    before = lists.known(lists.read())
    now[0] = REMEMBERED_SECONDS
    lists.rest()
    assert lists.known(lists.read())[NAME] is before[NAME]
    now[0] *= 2.1
    late = lists.read()
    assert lists.known(late)
    now[0] *= 2.1
    lists.rest()
    assert lists.known(late).keys() == before.keys()  # who still has it is told what it showed
    fresh = lists.known(lists.read())
    assert fresh[NAME] == before[NAME]
    assert fresh[NAME] is not before[NAME]
    assert fresh.changed_since(before) is None


def test_a_watch_and_lists_never_know_of_each_other_what_changed() -> None:
    cluster = demo()
    lists = listings(cluster)
    known = lists.known(lists.read())
    watch = KnownSecrets(known, Journal(), None)
    assert known.changed_since(watch) is None
    assert not watch.is_before(known)
    assert not known.is_before(watch)
