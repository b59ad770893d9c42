"""Writes that end in a certain outcome, or say that they do not: the port's, and what to do after no usable answer.

After an ambiguous answer the cluster is read back. Where the Secret is still as it was, the write may be under way:
a fence, a PUT at the same resourceVersion that changes nothing but the write id, makes sure that it can never happen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from secrets import token_urlsafe
from typing import Any

from destinations.cluster.port import AlreadyExists, Ambiguous, Cluster, ClusterError, Conflict, NotFound, Unreachable
from destinations.model import Secret
from destinations.names import WRITE_ID_ANNOTATION
from destinations.secret import codec, history

PAUSES = (0.0, 0.1, 0.3, 1.0, 2.0)
"""Seconds before each round of finding out."""
BUDGET_SECONDS = 12.0
SEVERAL_SECONDS = 20.0
"""After so long a request that writes several destinations begins no further write: it answers before a proxy gives it up."""
_SILENT = "The cluster does not give usable answers. Try the rest again in a moment."
_TIME_UP = f"The portal writes for {SEVERAL_SECONDS:g} seconds at a time. Try the rest again now."


class NotWritten(ClusterError):
    """The cluster gave no usable answer, and the write is proven not to have happened; it never will."""


class Unknown(ClusterError):
    """The cluster gave no usable answer, and nobody can say now whether the write happened or still will."""


class Series:
    """The writes of one request to several destinations, which end once each further one would wait in vain, or time is up.

    A refusal ends nothing: it may be about one destination, and comes at once.
    """

    def __init__(self) -> None:
        self._is_silent = False
        self._end = time.monotonic() + SEVERAL_SECONDS

    def note(self, error: Exception) -> None:
        """Take in why a write failed."""
        self._is_silent = isinstance(error, Unknown | NotWritten | Ambiguous | Unreachable)

    def stopped(self) -> str:
        """Return why the rest is not tried, empty while it goes on."""
        if self._is_silent:
            return _SILENT
        return _TIME_UP if time.monotonic() > self._end else ""


def create(cluster: Cluster, manifest: Mapping[str, Any]) -> Secret:
    """Create a Secret that carries a write id, and return it as stored.

    A name is taken once, so after no usable answer creating it again is safe. Raises Unknown and the port's errors
    but Ambiguous.
    """
    with cluster.counters.change("create"):
        try:
            return cluster.create_secret(manifest)
        except Ambiguous:
            pass
        with cluster.counters.finding_out("create"):
            return _create_again(cluster, manifest)


def _create_again(cluster: Cluster, manifest: Mapping[str, Any]) -> Secret:
    metadata = manifest["metadata"]
    for _ in _rounds():
        try:
            return _ours(cluster, metadata["name"], metadata["annotations"][WRITE_ID_ANNOTATION])
        except NotFound:
            pass
        except Unreachable:
            continue
        try:
            return cluster.create_secret(manifest)
        except (Ambiguous, AlreadyExists):
            continue
        except ClusterError:
            break
    raise Unknown("Unknown")


def _ours(cluster: Cluster, name: str, write_id: str) -> Secret:
    found = cluster.get_secret(name)
    if not history.holds(found, write_id):
        raise AlreadyExists("AlreadyExists", status=409)
    return found


def replace(cluster: Cluster, old: Secret, manifest: Mapping[str, Any]) -> Secret:
    """Replace a Secret that was read as `old` by a manifest with a write id of its own; return it as stored.

    Raises NotWritten, Unknown and the port's errors but Ambiguous.
    """
    with cluster.counters.change("update"):
        try:
            return cluster.replace_secret(manifest)
        except Ambiguous:
            pass
        write_id = manifest["metadata"]["annotations"][WRITE_ID_ANNOTATION]

        def overtaken(now: Secret) -> ClusterError:
            never = history.excludes(now, old, write_id)
            return Conflict("Conflict", status=409) if never else Unknown("Overwritten")

        with cluster.counters.finding_out("update"):
            return _find_out(cluster, old, lambda now: history.holds(now, write_id), overtaken)


def delete(cluster: Cluster, old: Secret) -> None:
    """Delete the Secret that was read as `old`; one that is gone already is deleted.

    Raises NotWritten, Unknown and the port's errors but Ambiguous and NotFound.
    """
    with cluster.counters.change("delete"), suppress(NotFound, Recreated):
        try:
            cluster.delete_secret(old.name, uid=old.uid, resource_version=old.resource_version)
        except Ambiguous:
            pass
        else:
            return
        with cluster.counters.finding_out("delete"):
            _find_out(cluster, old, _is_going, lambda _: Conflict("Conflict", status=409))


class Recreated(Conflict):
    """There is another Secret of that name: the one that was seen is gone."""


def _is_going(secret: Secret) -> bool:
    return bool((secret.manifest.get("metadata") or {}).get("deletionTimestamp"))


def _find_out(
    cluster: Cluster, old: Secret, happened: Callable[[Secret], bool], overtaken: Callable[[Secret], ClusterError]
) -> Secret:
    """Return the Secret where a write on top of `old` happened; raise NotWritten where it can never happen.

    `overtaken` gives the error for a Secret that someone else has changed. Raises Recreated, NotFound or Unknown.
    """
    fences: set[str] = set()
    for _ in _rounds():
        try:
            now = cluster.get_secret(old.name)
        except Unreachable:
            continue
        if now.uid != old.uid:
            raise Recreated("Conflict", status=409)
        if happened(now):
            return now
        if now.annotations.get(WRITE_ID_ANNOTATION) in fences:
            raise NotWritten("NotWritten")
        if now.resource_version != old.resource_version:
            raise overtaken(now)
        if _fence(cluster, now, fences):
            raise NotWritten("NotWritten")
    raise Unknown("Unknown")


def _fence(cluster: Cluster, now: Secret, fences: set[str]) -> bool:
    """Try to write at this resourceVersion, so that no earlier write at it can; say whether that is done."""
    fence = history.FENCE + token_urlsafe(12)
    fences.add(fence)
    try:
        cluster.replace_secret(codec.changed(now, annotations={WRITE_ID_ANNOTATION: fence}))
    except ClusterError:
        return False
    return True


def _rounds() -> Iterator[None]:
    """Pause and yield, a few times and within the budget."""
    deadline = time.monotonic() + BUDGET_SECONDS
    for pause in PAUSES:
        if time.monotonic() + pause > deadline:
            return
        time.sleep(pause)
        yield
