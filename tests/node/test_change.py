"""What is done to the portal while people use it: no request fails, and nobody is signed out."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.services.effort import times
from tests.services.node.cluster import CommandError
from tests.services.node.load import NO_ANSWER, Outcome, steady
from tests.services.node.typed import command

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tests.services.node.cluster import Cluster
    from tests.services.node.images import Builder
    from tests.services.node.release import Release

NEXT = "next"
CALM = times(2, 20)
"""So many seconds before and after whatever happens."""


@contextmanager
def used(release: Release, what: str, *, again: Collection[str] = ()) -> Iterator[None]:
    """Have the portal used until everything that the block began is over, and hold it to the promise.

    `again` are the outcomes after which these clients ask once more.
    """
    seen: Outcome
    with steady(release.visitor(), again=again) as seen:
        time.sleep(CALM)
        yield
        release.settled()
        time.sleep(CALM)
    print(f"{what}: {seen}")  # noqa: T201 - shown by -rP
    assert not seen.failures
    assert sum(seen.statuses.values()) > 40 * CALM


def test_an_upgrade_and_a_rollback_fail_nobody(release: Release, image: Builder) -> None:
    image.run("buildah", "tag", release.image(), release.image(NEXT))
    release.push(image, release.image(NEXT))
    values = release.directory / "values.yaml"
    before = values.read_text()
    values.write_text(before.replace("image: {", f"image: {{tag: {NEXT}, "))
    with used(release, "upgrade"):
        release.type(command("docs/operate.md", "helm upgrade"))
    assert release.images() == {release.image(NEXT)}
    with used(release, "rollback"):
        release.type("helm rollback edrportal --namespace epinio")
    assert release.images() == {release.image()}
    values.write_text(before)


def test_a_pod_that_is_deleted_fails_nobody(release: Release) -> None:
    (first, *_) = release.pods()
    with used(release, "deletion"):
        release.cluster.kubectl("delete", "pod", "-n", release.namespace, first)
    assert first not in release.pods()


def test_a_pod_that_is_deleted_by_force_fails_nobody_who_asks_again(release: Release) -> None:
    """No program can promise more: see docs/operate.md for what such a deletion takes away, and when."""
    (first, *_) = release.pods()
    with used(release, "deletion by force", again=(NO_ANSWER, "502")):
        release.cluster.kubectl("delete", "pod", "-n", release.namespace, first, "--force", "--grace-period=0")
    assert first not in release.pods()


def drain(node: Cluster, name: str) -> None:
    """Take everything off a node, as before it is repaired; where that fails, put the node back."""
    try:
        node.kubectl("drain", name, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=300s", seconds=310)
    except CommandError:
        node.kubectl("uncordon", name)
        raise


def test_a_node_that_is_drained_fails_nobody(release: Release) -> None:
    node = release.cluster
    with node.second() as other:
        first = node.first.layout.name
        with used(release, "drain"):
            drain(node, first)
        assert release.nodes() == {other.layout.name}
        node.kubectl("uncordon", first)
        with used(release, "drain back"):
            drain(node, other.layout.name)
        assert release.nodes() == {first}
