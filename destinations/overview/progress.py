"""The results of a check of several for people: equal causes together, what is broken first, what is disabled apart. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from destinations.overview.answer import RANKS, CheckSummary, ExportAnswer, Result


@dataclass(frozen=True, slots=True)
class CheckedLine:
    """One destination that was checked: its answer now, and what this check came to.

    The answer goes by another check, or by none, where the destination has changed since.
    """

    name: str
    answer: ExportAnswer
    check: CheckSummary
    may_change: bool

    @property
    def is_outdated(self) -> bool:
        """Whether the destination is no longer what was checked."""
        return self.answer.check is None

    @property
    def outcome(self) -> str:
        """The word that this line counts for: a disabled one is not a failure."""
        return "disabled" if self.answer.kind == "disabled" else self.check.result.value


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """Destinations with one cause. `kind` and `status` are an answer's; `reason` and `fix` may be empty."""

    kind: str
    status: str
    reason: str
    fix: str
    page: str
    lines: tuple[CheckedLine, ...]


_Cause = tuple[str, str, str, str, str]


def grouped(lines: Iterable[CheckedLine]) -> tuple[CauseGroup, ...]:
    """Return the groups: by how bad they are, then the largest first."""
    found: dict[_Cause, list[CheckedLine]] = {}
    for line in sorted(lines, key=lambda line: line.name):
        found.setdefault(_cause(line), []).append(line)
    groups = [CauseGroup(*cause, tuple(members)) for cause, members in found.items()]
    return tuple(sorted(groups, key=lambda group: (RANKS[group.kind], -len(group.lines), group.lines[0].name)))


def _cause(line: CheckedLine) -> _Cause:
    found, check = line.answer, line.check
    reason, fix, page = found.reason, found.fix, found.page
    if found.kind == "disabled":
        reason, fix, page = _at_registry(check.registry), "", "destination"
    elif line.is_outdated:
        reason, fix, page = "It has changed since this check.", "Check it again.", "destination"
    elif found.kind == "at-risk" and check.result is Result.INCONCLUSIVE:
        reason, fix, page = f"The check is inconclusive. {check.told}".strip(), check.fix, check.page
    return found.kind, found.words, reason, fix, page


def _at_registry(result: Result) -> str:
    """Return what a check says of a destination that Epinio hides on purpose."""
    return {
        Result.PASSED: "No export works while it is disabled. The registry accepts its login and push.",
        Result.FAILED: "No export works while it is disabled, and at the registry the check fails, too.",
        Result.INCONCLUSIVE: "No export works while it is disabled.",
    }[result]
