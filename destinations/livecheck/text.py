"""Results of live checks as text for people: one row for each, with what to act on under it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from destinations.livecheck import explanations
from destinations.livecheck.registry.port import Outcome, Side
from destinations.livecheck.result import Last
from destinations.overview.text import plain

_COLOURS = {Outcome.PASS: 32, Outcome.UNKNOWN: 33, Outcome.FAIL: 31}
_SIDES = {Side.BOTH: "", Side.CHART: " (chart)", Side.IMAGE: " (image)"}


def render(found: Sequence[Last], *, colour: bool) -> str:
    """Return the text: what follows for chart and image, what to act on, and at the end what no check can know."""
    width = max((len(one.name) for one in found), default=0)
    lines = []
    for one in found:
        words_ = (_word("chart", one.report.chart, colour=colour), _word("image", one.report.image, colour=colour))
        lines.append(f"{plain(one.name):{width}}  {'  '.join(words_)}".rstrip())
        lines += [f"{'':{width}}    {plain(line)}" for line in _reasons(one)]
    return "\n".join([*lines, "Not tested:", *(f"  {one}" for one in explanations.NOT_TESTED)])


def _word(what: str, outcome: Outcome, *, colour: bool) -> str:
    word = f"{what} {outcome.value:7}"
    return f"\x1b[{_COLOURS[outcome]}m{word}\x1b[0m" if colour else word


def _reasons(last: Last) -> Iterator[str]:
    for fix, stages in explanations.by_fix(last.report.stages).items():
        for stage in stages:
            yield f"{stage.step.value}{_SIDES[stage.side]}: {explanations.said(stage).message}"
        yield f"Fix: {fix}"
