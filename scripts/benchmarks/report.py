"""Figures: how they are taken, and how they are written down."""

from __future__ import annotations

import os
import platform
import re
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


DOCUMENT = Path("docs/benchmark.md")
_MACHINE = re.compile(r"\S+ \S+, \d+ cores, \S+ [\d.]+")
_TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `good` is None where there is no goal."""

    what: str
    measured: str
    goal: str = "-"
    good: bool | None = None

    def cells(self) -> tuple[str, str, str, str]:
        """Return what stands in the table."""
        return self.what, self.measured, self.goal, {None: "", True: "yes", False: "**no**"}[self.good]


def timed(call: Callable[[], object]) -> float:
    """Return how many milliseconds a call took."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def interleaved(rounds: int, calls: Sequence[Callable[[], object]]) -> list[list[float]]:
    """Time the calls in turns, so that a busy moment of the machine meets all of them; return milliseconds of each."""
    for call in calls:
        call()
    found: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for times, call in zip(found, calls, strict=True):
            times.append(timed(call))
    return found


def p99(times: Sequence[float]) -> float:
    """Return the 99th percentile, which of less than a hundred is the largest."""
    return sorted(times)[max(0, -(-len(times) * 99 // 100) - 1)]


def spread(times: Sequence[float]) -> str:
    """Return median and p99 in words."""
    return f"{statistics.median(times):.1f} ms (p99 {p99(times):.1f} ms)"


def machine() -> str:
    """Return what the figures were taken on."""
    system = f"{platform.system()} {platform.machine()}"
    return f"{system}, {os.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()}"


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as a Markdown table."""
    rows = [("what", "measured", "goal", "reached"), ("---",) * 4, *(figure.cells() for figure in figures)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def write_down(command: str, figures: Iterable[Figure]) -> None:
    """Put machine and table of `make COMMAND` in place of those that follow its name in the document; all else stays."""
    before, name, rest = DOCUMENT.read_text(encoding="utf-8").partition(f"`make {command}` measured these figures on ")
    rest = _TABLE.sub(lambda _: table(figures) + "\n", _MACHINE.sub(machine(), rest, count=1), count=1)
    DOCUMENT.write_text(before + name + rest, encoding="utf-8")
