"""No regular expression of the product is more than linear on what it may be given; a new one is tried, too."""

from __future__ import annotations

import re

import pytest

from tests.malformed import patterns
from tests.malformed.patterns import Pattern
from tests.services import costs

pytestmark = pytest.mark.slow


MIB = 1024 * 1024
SIZES = 20, 512, 32 * 1024
BOUNDED = {
    "destinations.secret.redaction": 16 * 1024,  # the end of a log
    r'"(?:[^"\\]|\\.)*"': 1000,  # a message: a longer one is masked whole
}
"""What modules and patterns are given at most."""
_NOISE = 0.01
MADE_WHILE_RUNNING = {
    "destinations.verdict.presets:pattern",  # those of destinations.presets, which are tried
    "destinations.secret.redaction:'|'.join((way if len(way) >= _SHORT else f'(?<!\\\\w){way}(?!\\\\w)' for way in map(re.escape, ways)))",  # noqa: E501
    "destinations.golang.goescape:f'[{plain}]*'",  # one class of characters each
    "destinations.golang.goescape:f'[{kept or plain}]*'",
    "destinations.golang.goescape:f'[^{plain}]'.encode()",
}  # plain texts


def is_linear(pattern: Pattern, text: str) -> bool:
    """Say whether a pattern would need no more than the limit for 1 MiB, or for all that it is given, of such a text."""
    most = BOUNDED.get(pattern.where.partition(":")[0]) or BOUNDED.get(str(pattern.source)) or MIB
    text = text[:most]
    limit = max(_NOISE, costs.SECONDS * len(text) / most)
    return costs.seconds(lambda: pattern.ask(text), enough=limit) < limit


@pytest.mark.parametrize("pattern", [one for one in patterns.patterns() if one.source], ids=lambda one: one.where)
def test_a_pattern_is_linear_on_whatever_its_parts_take(pattern: Pattern) -> None:
    for size in SIZES:  # what is worse than the square shows in a short text already
        for text in patterns.attacks(pattern, size):
            assert is_linear(pattern, text), (pattern, text[:40], size)


def test_a_pattern_that_nobody_can_try_beforehand_is_known() -> None:
    assert {one.where for one in patterns.patterns() if not one.source} == MADE_WHILE_RUNNING


def test_the_patterns_are_found_wherever_they_stand() -> None:
    found = {one.where.partition(":")[0]: one for one in patterns.patterns()}
    assert len(patterns.patterns()) > 100
    assert {
        "destinations.web.forms.fields",
        "destinations.verdict.presets",
        "destinations.input.validation",
        "edrportal.signin.guards",
    } <= set(found)
    assert found["destinations.input.imports.account"].methods == ("sub",)


@pytest.mark.parametrize(
    ("source", "methods"),
    [
        (rb"PRIVATE KEY-----|BEGIN [A-Z0-9 ]*PRIVATE KEY", ("search",)),
        (r"[A-Za-z][A-Za-z0-9+.-]*://", ("sub",)),
        (r"^(\[[^\]]*?)%.*\]", ("sub",)),
        (r"\[([^\]]*)\](?:\{([^}]*)\})?", ("sub",)),
        (r'"(?:[^"\\]|\\.)*" ', ("sub",)),
        (r"(a+)+b", ("match",)),
        (r"\s+$", ("search",)),
    ],
    ids=str,
)
def test_a_slow_pattern_is_noticed(source: str | bytes, methods: tuple[str, ...]) -> None:
    pattern = Pattern("a new module", source, 0, methods)
    short = (text for size in SIZES for text in patterns.attacks(pattern, size))
    assert any(not is_linear(pattern, text) for text in short)


def test_a_pattern_is_asked_in_the_way_in_which_the_code_asks_it() -> None:
    for method in ("match", "search", "fullmatch", "findall", "split", "sub", "finditer"):
        Pattern("", "a(b)", 0, (method,)).ask("abab")
        Pattern("", b"a(b)", int(re.IGNORECASE), (method,)).ask("ab\ud800")
