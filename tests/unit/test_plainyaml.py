"""YAML of others: what is read, what is refused and why, and that neither takes long."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import yaml

from destinations.model import InputError
from destinations.secret import plainyaml
from tests.services import costs

PRIME = 2**61 - 1
"""Python's numbers have themselves modulo this as their hash."""


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("", []),
        ("a: 1\n---\nb: [x, 1.5, true, null]", [{"a": 1}, {"b": ["x", 1.5, True, None]}]),
        ("day: 2026-01-02\ntime: 12:30\nsince: 1:00.5", [{"day": "2026-01-02", "time": "12:30", "since": "1:00.5"}]),
        ("a: &unused {b: c}", [{"a": {"b": "c"}}]),
        ("a: '<<'\n\"<<\": '*a'", [{"a": "<<", "<<": "*a"}]),
        ("1: a\ntrue: b\n0x10: c", [{1: "b", 16: "c"}]),
        ("a: |\n  %one\n  %two", [{"a": "%one\n%two"}]),
    ],
)
def test_what_manifests_hold_is_read(text: str, documents: list[Any]) -> None:
    assert plainyaml.load_all(text) == documents


BOMB = "a0: &a0 {k: v}\n" + "".join(
    f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 9)}]}}\n" for level in range(1, 21)
)
REFUSED = {
    "a merge bomb of 20 lines": (BOMB, "a merge (<<), which is not supported; write out its content (line 2)"),
    "an alias bomb of 20 lines": (BOMB.replace("<<: ", "x: "), "an alias, which is not supported; write out its content"),
    "a merge without an alias": ("a: {<<: {b: c}}", "a merge (<<)"),
    "a merge by its tag": ('a: {!!merge "x": {b: c}}', "a merge (<<)"),
    "a merge in a list": ("[<<]", "a merge (<<)"),
    "itself": ("&a [*a]", "an alias"),
    "an alias to nothing": ("*a", "an alias"),
    "flow": ("[" * 1_000_000, "nested too deeply (line 1)"),
    "flow maps": ("{a: " * 250_000, "nested too deeply"),
    "block": ("- " * 500_000 + "x", "nested too deeply"),
    "questions": ("? " * 500_000 + "x", "nested too deeply"),
    "many items": ("- a\n" * 250_000, "more than 150,000 values; split it (line 149"),
    "many members": ("".join(f"a{at}:\n" for at in range(120_000)), "more than 150,000 values"),
    "many documents": ("---\n" * 250_000, "more than 10,000 documents"),
    "many directives": ("".join(f"%TAG !{at:x}! x\n" for at in range(70_000)), "begin with %; remove them"),
    "keys that collide": ("".join(f"{at * PRIME}: a\n" for at in range(1, 20_000)), "many keys that are not strings; quote them"),
    "a number of many digits": ("1" * 1_000_000, "a number has more than 100 digits; quote it (line 1)"),
    "an odd tag": ("!!timestamp x", "it is not valid YAML"),
    "a tag of Python's": ("!!python/name:os.system", "it is not valid YAML"),
    "two objects that nothing parts": ("kind: Secret\nb: c\nkind: Secret\n", "two kinds; write --- between two objects (line 3)"),
    "half a map": ("a: [", "it is not valid YAML (line 2)"),
    "a control character": ("a: \x01", "it is not valid YAML"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_costs_more_than_it_is_long_is_refused_quickly(kind: str) -> None:
    text, why = REFUSED[kind]
    with pytest.raises(InputError) as refusal:
        plainyaml.load_all(text)
    assert why in str(refusal.value)
    assert costs.seconds(lambda: suppressed(text)) < costs.SECONDS


def suppressed(text: str) -> None:
    with contextlib.suppress(InputError):
        plainyaml.load_all(text)


def test_a_document_of_as_many_values_as_may_be_is_read() -> None:
    (found,) = plainyaml.load_all("[" + "a," * (plainyaml.MAX_EVENTS - 5) + "]")
    assert len(found) == plainyaml.MAX_EVENTS - 5


def test_each_document_has_as_many_values() -> None:
    two = "---\n" + "- a\n" * 80_000 + "---\n" + "- a\n" * 80_000
    assert [len(one) for one in plainyaml.load_all(two)] == [80_000, 80_000]


@pytest.mark.parametrize(
    "text", ["1:" + "0:" * 500_000 + "0", "!!int 1:" + "0:" * 500_000 + "0", "1:" + "00:" * 300_000 + "0.0"]
)
def test_a_number_in_base_60_is_text_as_for_kubectl(text: str) -> None:
    assert plainyaml.load_all(text) == [text.removeprefix("!!int ")]
    assert costs.seconds(lambda: plainyaml.load_all(text)) < costs.SECONDS


def test_python_without_libyaml_reads_and_refuses_the_same() -> None:
    class Slow(yaml.SafeLoader):
        pass

    for text in (BOMB, "[" * 1000, "a: {<<: {b: c}}"):
        with pytest.raises(InputError):
            list(plainyaml.events(text, Slow))
    assert len(list(plainyaml.events("a: [b]", Slow))) == 10
