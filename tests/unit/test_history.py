"""What the Secret itself remembers, and what that proves of a write."""

from __future__ import annotations

import json

import pytest

from destinations.model import Secret
from destinations.names import HISTORY_ANNOTATION, WRITE_ID_ANNOTATION
from destinations.secret import history
from destinations.secret.history import Entry


def secret(write_id: str, *past: str) -> Secret:
    entries: tuple[Entry, ...] = ()
    text = "[]"
    for one in past:
        text = history.append_entry(entries, Entry("t", "by", "did", history.mark(one)))
        entries = history.read(Secret("x", annotations={HISTORY_ANNOTATION: text}))
    return Secret("x", annotations={WRITE_ID_ANNOTATION: write_id, HISTORY_ANNOTATION: text})


def test_the_last_twenty_are_kept_in_eight_kib() -> None:
    entries: tuple[Entry, ...] = ()
    for number in range(30):
        text = history.append_entry(entries, Entry(str(number), "x" * 500, "rotated", "i"))
        entries = history.read(Secret("x", annotations={HISTORY_ANNOTATION: text}))
        assert len(text.encode()) <= history.MAX_BYTES
    assert entries[-1].at == "29"
    short = history.append_entry(tuple(Entry(str(n), "b", "d", "i") for n in range(30)), Entry("30", "b", "d", "i"))
    assert [entry["at"] for entry in json.loads(short)] == [str(number) for number in range(11, 31)]


@pytest.mark.parametrize("spoiled", ["{", "[1]", '{"a": 1}', '[{"at": "x"}]', "null", "[" * 100_000])
def test_a_spoiled_history_is_none(spoiled: str) -> None:
    assert history.read(Secret("x", annotations={HISTORY_ANNOTATION: spoiled})) == ()


def test_a_write_is_found_as_the_last_one_and_below_others() -> None:
    assert history.holds(secret("mine", "mine"), "mine")
    assert history.holds(secret("other", "first", "mine", "other"), "mine")
    assert not history.holds(secret("other", "first", "other"), "mine")


def test_only_a_whole_chain_proves_that_a_write_never_was() -> None:
    old = secret("first", "first")
    assert history.excludes(secret("other", "first", "other"), old, "mine")
    assert history.excludes(secret("fence-x", "first"), old, "mine")
    assert not history.excludes(secret("first", "first"), old, "mine")  # edited, or a backup put back
    assert not history.excludes(secret("other", "first", "mine", "other"), old, "mine")
    assert not history.excludes(secret(""), old, "mine")  # replaced by a stranger
    assert not history.excludes(secret("other", "unrelated"), old, "mine")
    assert not history.excludes(Secret("x"), Secret("x"), "mine")  # no trace of anything: nobody knows
