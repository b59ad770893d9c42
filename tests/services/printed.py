"""What a test printed or logged: searched for canaries, each piece once, and then cut to a length that a report can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services import leaks

if TYPE_CHECKING:
    from collections.abc import Generator

KEPT = 200_000
"""So many characters of each stream are reported: half of them from its beginning, half from its end."""

_SEARCHED = pytest.StashKey[int]()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a canary by its argument: ids are the same in every worker, and told to everybody."""
    return argname if isinstance(val, str) and leaks.find(val.encode("utf-8", "backslashreplace")) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that printed or logged a canary, at whatever level; `plants_a_leak` exempts one that does so to see."""
    report = yield
    searched, item.stash[_SEARCHED] = item.stash.get(_SEARCHED, 0), len(report.sections)
    told = report.longreprtext
    if not item.get_closest_marker("plants_a_leak"):
        new = (content for _, content in report.sections[searched:])  # a report repeats what the ones before it had
        if hits := {hit for text in (*new, told) for hit in leaks.find(text.encode("utf-8", "backslashreplace"))}:
            where = getattr(getattr(report.longrepr, "reprcrash", None), "lineno", "")
            report.outcome = "failed"
            report.longrepr = told = f"{item.nodeid}{f':{where}' if where else ''} printed secrets: {hits}"
    if len(told) > KEPT:
        report.longrepr = cut(told)
    report.sections = [(name, cut(content)) for name, content in report.sections]
    return report


def cut(text: str) -> str:
    """Return a text that is not much longer than KEPT, which says how much is missing where."""
    left_out = len(text) - KEPT
    if left_out <= 0:
        return text
    half = KEPT // 2
    return f"{text[:half]}\n[… {left_out} characters, searched and left out …]\n{text[-half:]}"
