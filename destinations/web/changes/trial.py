"""Which of two stored passwords the registry accepts, where `auth` and the password differ: asked live, nothing written.

Each password is one check like any other, with its own place in the rate limit and its own line in the audit log. What is
checked is the stored destination after one repair alone, so that host and certificates are the stored ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from destinations import repairs
from destinations.actions import checks
from destinations.livecheck import explanations
from destinations.livecheck.registry.port import Code, Report, StageResult, Step
from destinations.livecheck.result import Last, for_others
from destinations.model import Secret, Snapshot
from destinations.repairs import Choice, Fix
from destinations.web.changes import check
from destinations.web.request import PortalRequest

CODES = ("auth-from-password", "password-from-auth")
_LABELS = {
    "auth-from-password": "User name and password, which Helm uses",
    "password-from-auth": "auth, which skopeo uses",
}
_NEITHER = "The registry accepts neither of the two passwords: rotate the credentials."
_BOTH = "The registry accepts both passwords: choose either."
_ONE = "The registry accepts only one of the two passwords. It is selected below."
_OPEN = "The registry asked for no password, so the check does not tell which one is right."
_UNKNOWN = "The check does not tell which password is right."


@dataclass(frozen=True, slots=True)
class Tried:
    """What the registry answered to one password: `accepted` is None where it is not known, `words` says it."""

    code: str
    label: str
    accepted: bool | None
    words: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What was tried, what follows, and the repair that follows from it; empty where a person has to choose."""

    tried: tuple[Tried, ...]
    summary: str
    code: str = ""


def is_possible(groups: Sequence[tuple[Fix, ...]]) -> bool:
    """Return whether a destination has two passwords to choose from."""
    return any({fix.code for fix in group} >= set(CODES) for group in groups)


def run(request: PortalRequest, secret: Secret, snapshot: Snapshot) -> Trial:
    """Ask the registry with each of the two. Raises RateLimited, Denied, and the port's errors."""
    asker = check.asker(request)
    asker.permit.check(secret)
    found = []
    for code in CODES:
        candidate = repairs.apply(secret, snapshot, Choice(frozenset({code}))).secret
        question = replace(checks.of_stored(request.portal, candidate, snapshot), fingerprint="")
        last = checks.check(request.portal, question, asker)
        found.append(_tried(code, last, sees_all=request.principal.is_administrator))
    return _trial(found)


def _trial(found: Sequence[Tried]) -> Trial:
    accepted = [one.code for one in found if one.accepted]
    if len(accepted) == len(CODES):
        return Trial(tuple(found), _BOTH)
    if any(one.accepted is None for one in found):
        is_open = all(one.accepted is None and one.words == _OPEN for one in found)
        return Trial(tuple(found), _OPEN if is_open else _UNKNOWN)
    return Trial(tuple(found), _ONE if accepted else _NEITHER, *accepted)


def _tried(code: str, last: Last, *, sees_all: bool) -> Tried:
    """Return the answer as far as the person may learn it."""
    report = last.report if sees_all else for_others(last.report)
    accepted, words = _answer(report)
    return Tried(code, _LABELS[code], accepted, words)


def _answer(report: Report) -> tuple[bool | None, str]:
    logins = [stage for stage in report.stages if stage.step is Step.LOGIN]
    if any(stage.code is Code.WRONG_CREDENTIALS for stage in logins):
        return False, "The registry rejects it."
    first = _first_trouble(report.stages)
    if any(stage.code is Code.NOT_CHECKED for stage in logins):
        return None, _OPEN
    if logins and all(stage.ok for stage in logins):
        return True, f"The registry accepts it. {first}".strip()
    return None, first or _UNKNOWN


def _first_trouble(stages: Sequence[StageResult]) -> str:
    stage = next((one for one in stages if not one.ok and one.code is not Code.NOT_REACHED), None)
    return explanations.said(stage).message if stage else ""
