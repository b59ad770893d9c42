"""Outcomes after no usable answer, on a cluster in memory that loses answers as told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from destinations.actions import writes
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import AlreadyExists, Ambiguous, ClusterError, Conflict, Forbidden, Unreachable
from destinations.names import WRITE_ID_ANNOTATION
from destinations.secret import codec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from destinations.model import Secret


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writes, "PAUSES", (0.0, 0.0, 0.0))


class Losing(InMemoryCluster):
    """Does what `script` says with each write: `pass`, `before` (not done), `after` (done), or an error."""

    def __init__(self, *script: str | ClusterError) -> None:
        super().__init__()
        self.create_secret(manifest("start", name="one"))
        self.script = list(script)
        self.reads: list[Callable[[], object]] = []

    def _write(self, do: Callable[[], Any]) -> Any:
        word = self.script.pop(0) if getattr(self, "script", None) else "pass"
        if isinstance(word, ClusterError):
            raise word
        result = do() if word != "before" else None
        if word != "pass":
            raise Ambiguous("lost")
        return result

    def create_secret(self, manifest: Any) -> Secret:
        found: Secret = self._write(lambda: super(Losing, self).create_secret(manifest))
        return found

    def replace_secret(self, manifest: Any) -> Secret:
        found: Secret = self._write(lambda: super(Losing, self).replace_secret(manifest))
        return found

    def delete_secret(self, name: str, *, uid: str, resource_version: str) -> None:
        self._write(lambda: super(Losing, self).delete_secret(name, uid=uid, resource_version=resource_version))

    def get_secret(self, name: str) -> Secret:
        if getattr(self, "reads", None):
            self.reads.pop(0)()
        return super().get_secret(name)


def manifest(write_id: str, name: str = "two") -> dict[str, Any]:
    return {"metadata": {"name": name, "annotations": {WRITE_ID_ANNOTATION: write_id}}}


def replacement(old: Secret, write_id: str = "mine") -> dict[str, Any]:
    return codec.changed(old, annotations={WRITE_ID_ANNOTATION: write_id}, data={"key": b"new"})


def is_new(cluster: InMemoryCluster) -> bool:
    return "key" in cluster.get_secret("one").data


def test_a_replacement_that_was_applied_is_returned() -> None:
    cluster = Losing("after")
    old = cluster.get_secret("one")
    assert writes.replace(cluster, old, replacement(old)).data == {"key": b"new"}


def test_a_replacement_that_never_arrived_is_fenced_off() -> None:
    cluster = Losing("before")
    old = cluster.get_secret("one")
    with pytest.raises(writes.NotWritten):
        writes.replace(cluster, old, replacement(old))
    with pytest.raises(Conflict):  # the very same PUT, arriving late
        cluster.replace_secret(replacement(old))
    assert not is_new(cluster)


def test_a_lost_answer_to_the_fence_changes_nothing_in_what_is_said() -> None:
    cluster = Losing("before", "after")
    old = cluster.get_secret("one")
    with pytest.raises(writes.NotWritten):
        writes.replace(cluster, old, replacement(old))
    assert not is_new(cluster)


def test_a_replacement_that_arrives_before_the_fence_is_found() -> None:
    cluster = Losing("before")
    old = cluster.get_secret("one")
    cluster.reads = [lambda: None]

    def late() -> None:
        InMemoryCluster.replace_secret(cluster, replacement(old))

    cluster.script.append("before")  # the first fence gets lost, and then
    cluster.reads.append(late)
    assert writes.replace(cluster, old, replacement(old)).data == {"key": b"new"}


def test_what_nobody_can_find_out_is_unknown() -> None:
    cluster = Losing("before", "before", "before", "before", "before")
    old = cluster.get_secret("one")
    with pytest.raises(writes.Unknown):
        writes.replace(cluster, old, replacement(old))
    gone = Losing("before")

    def fails() -> None:
        raise Unreachable("down")

    gone.reads = [fails, fails, fails]
    old = InMemoryCluster.get_secret(gone, "one")
    with pytest.raises(writes.Unknown):
        writes.replace(gone, old, replacement(old))


def test_a_refused_fence_is_no_proof() -> None:
    cluster = Losing("before", *[Forbidden("no")] * 5)
    old = cluster.get_secret("one")
    with pytest.raises(writes.Unknown):
        writes.replace(cluster, old, replacement(old))


@pytest.mark.parametrize("word", ["before", "after"])
def test_a_creation_is_sent_again_because_a_name_is_taken_once(word: str) -> None:
    cluster = Losing(word)
    assert writes.create(cluster, manifest("mine")).name == "two"
    assert len(cluster.list_secrets()) == 2


def test_a_creation_under_a_name_that_somebody_else_took_is_refused() -> None:
    cluster = Losing("before")
    cluster.reads = [lambda: InMemoryCluster.create_secret(cluster, manifest("theirs"))]
    with pytest.raises(AlreadyExists):
        writes.create(cluster, manifest("mine"))


def test_a_creation_that_is_never_answered_is_unknown() -> None:
    with pytest.raises(writes.Unknown):
        writes.create(Losing(*["before"] * 9), manifest("mine"))
    with pytest.raises(writes.Unknown):
        writes.create(Losing("before", Forbidden("no")), manifest("mine"))


@pytest.mark.parametrize(("word", "outcome"), [("after", None), ("before", writes.NotWritten)])
def test_a_deletion_is_done_or_fenced_off(word: str, outcome: type[Exception] | None) -> None:
    cluster = Losing(word)
    old = cluster.get_secret("one")
    if outcome:
        with pytest.raises(outcome):
            writes.delete(cluster, old)
    else:
        writes.delete(cluster, old)
    assert bool(cluster.list_secrets()) is bool(outcome)


def test_a_deletion_of_what_is_gone_or_going_is_done() -> None:
    cluster = Losing()
    old = cluster.get_secret("one")
    cluster.delete_secret("one", uid=old.uid, resource_version=old.resource_version)
    writes.delete(cluster, old)
    held = Losing("after")
    secret = held.get_secret("one")
    InMemoryCluster.load(
        held, [{**secret.manifest, "metadata": {**secret.manifest["metadata"], "finalizers": ["a/b"]}}]
    )
    writes.delete(held, held.get_secret("one"))


def test_a_deletion_of_what_somebody_changed_is_a_conflict() -> None:
    cluster = Losing("before")
    old = cluster.get_secret("one")
    cluster.reads = [lambda: InMemoryCluster.replace_secret(cluster, replacement(old, "theirs"))]
    with pytest.raises(Conflict):
        writes.delete(cluster, old)
    assert is_new(cluster)


def test_rounds_end_with_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writes, "BUDGET_SECONDS", 0.0)
    monkeypatch.setattr(writes, "PAUSES", (0.0, 5.0))
    rounds: Iterator[None] = writes._rounds()  # noqa: SLF001 - the clock of the module
    assert len(list(rounds)) <= 1
