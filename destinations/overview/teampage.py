"""What the self-service page shows: teams with their destinations, the next thing to do, and the shared ones. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from destinations import access, names
from destinations.access import Authority, Team
from destinations.overview import table
from destinations.overview.answer import RANKS, ExportAnswer, Result
from destinations.overview.table import Row
from destinations.secret import owners
from destinations.secret.codec import rfc3339
from destinations.verdict.tokens import SOON, moment, stated_day

_ASK, _ASK_WHY = "Ask an administrator to repair it.", "Ask an administrator, who sees why."
_PLAIN: Mapping[str, tuple[str, str, str]] = {
    "works": ("Ready to use", "A recent live check passed.", ""),
    "accepted": ("Ready to use, not checked", "Nothing known stops an export. It was not tried lately.", ""),
    "at-risk": ("Ready to use, with warnings", "An export should pass. Administrators see what to review.", ""),
    "rejected": ("Cannot be used now", "The registry refused the last live check.", _ASK),
    "check-failed": ("May not work now", "The last live check did not get through to the registry.", _ASK_WHY),
    "fails": ("Cannot be used now", "An export would fail: the destination is not set up correctly.", _ASK),
    "hidden": ("Cannot be used now", "Epinio does not offer it: it is not set up correctly.", _ASK),
    "disabled": ("Disabled", "An administrator has disabled it.", "Ask an administrator to enable it."),
}
"""Status, reason and what to do for people who only export: nothing that they cannot act on."""
_AT_STAGE: Mapping[tuple[str, str], str] = {
    ("rejected", "login"): "The registry refuses the account of this destination.",
    ("rejected", "push"): "The registry does not accept a push from this destination.",
    ("check-failed", "login"): "The registry did not give the last live check a usable answer.",
    ("check-failed", "push"): "The registry did not give the last live check a usable answer.",
}
"""The reason where a check got as far as this stage of the registry."""
_INCONCLUSIVE = (
    "Ready to use, check inconclusive",
    "Nothing known stops an export. The last live check gave no answer.",
)
_EXPIRED = ("May not work now", "Its credentials have expired, as far as is known.", _ASK)
_EXPIRED_CODES = {"credentials-expired", "token-expired"}

_IMMUTABLE = "The Secret is immutable: delete it, and add it again."


@dataclass(frozen=True, slots=True)
class Line:
    """One destination: its row, the age and when its credentials expire, and what to do next (empty for nothing).

    `may_change` says whether the person does it, `step` on which page. `status` and `reason` are in words for the person,
    `checked` is in words how long ago a check was made that counts, empty for none.
    """

    row: Row
    credentials: str
    expires_on: str
    advice: str
    step: str
    may_change: bool
    status: str
    reason: str
    checked: str

    @property
    def checked_words(self) -> str:
        """What a live check came to, and when; its age first where it is old."""
        found = self.row.answer
        if not found.check:
            return "not checked"
        if found.is_old:
            return f"last checked {self.checked}, {found.doubt}: {found.check.result}"
        return f"live check {found.check.result} {self.checked}"


@dataclass(frozen=True, slots=True)
class TeamSection:
    team: Team
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page: the person's teams, and the shared destinations, those that cannot be used apart.

    `may_export` says whether the person may export anything at all.
    """

    sections: tuple[TeamSection, ...]
    shared: tuple[Line, ...]
    unusable: tuple[Line, ...]
    may_export: bool


def page(authority: Authority, answered: Iterable[Row], now: datetime) -> Page:
    """Return the page of one person, what can be used first. Asks the authority, which may raise the port's errors."""
    rows = sorted((row for row in answered if authority.sees(row.secret)), key=_usable_first)
    owned: dict[str, list[Line]] = {team.name: [] for team in authority.teams()}
    shared = []
    for row in rows:
        team = access.team_of(row.secret)
        if not team:
            shared.append(_line(row, now, may_change=authority.person.is_administrator))
        elif team in owned and not authority.is_ownerless(row.secret):
            owned[team].append(_line(row, now, may_change=authority.changes(row.secret)))
    sections = tuple(TeamSection(team, tuple(owned[team.name])) for team in authority.teams())
    usable = tuple(line for line in shared if line.row.answer.is_usable)
    unusable = tuple(line for line in shared if not line.row.answer.is_usable)
    return Page(sections, usable, unusable, authority.person.exports() != [])


def _usable_first(row: Row) -> tuple[int, str, str]:
    """Order what works first, then what may work, what is disabled, and what is broken, equal causes together."""
    found = row.answer
    place = -RANKS[found.kind] if found.is_usable else 0 if found.kind == "disabled" else 1
    return place, "" if found.is_usable else found.cause, row.name


def _plainly(row: Row) -> tuple[str, str, str]:
    """Return status, reason and what to do for people who only export."""
    found = row.answer
    if (
        found.kind == "at-risk"
        and not _has_passed(found)
        and _EXPIRED_CODES & {one.code for one in row.judgement.warnings}
    ):
        return _EXPIRED
    status, reason, advice = _PLAIN[found.kind]
    if found.is_inconclusive:
        status, reason = _INCONCLUSIVE
    return status, _AT_STAGE.get((found.kind, found.stage), reason), advice


def _has_passed(found: ExportAnswer) -> bool:
    return found.check is not None and found.check.result is Result.PASSED and not found.is_old


def _line(row: Row, now: datetime, *, may_change: bool) -> Line:
    rotated = moment(row.secret.annotations.get(names.ROTATED_AT_ANNOTATION, ""))
    since = rfc3339(rotated) if rotated else row.secret.created_at
    found = row.answer
    (status, reason, advice), step = _plainly(row), ""
    if may_change:
        (advice, step), status, reason = _next(row, now), found.words, found.reason
        if row.lock and found.kind in {"disabled", "fails", "hidden"}:
            owner = owners.owner(row.secret)
            advice, step = owner.advice if owner else _IMMUTABLE, "destination"
    checked = table.ago(found.check.at, now) if found.check else ""
    return Line(row, table.age(since, now), row.expires_on, advice, step, may_change, status, reason, checked)


def _next(row: Row, now: datetime) -> tuple[str, str]:
    """Return the next thing to do, in words and as the page to go to."""
    found = row.answer
    if found.kind == "disabled":
        return "Enable it to export to it again.", "destination"
    if found.kind in {"fails", "hidden"}:
        return (found.fix, found.page) if found.page == "edit" else ("Exports fail until it is repaired.", "repair")
    if row.is_expired:
        return "The credentials have expired: create new ones, and rotate.", "rotate"
    if found.kind in {"rejected", "check-failed"} or (found.is_inconclusive and found.fix):
        return found.fix or "Check it again.", found.page
    day = stated_day(row.secret)
    if day and day <= (now + SOON).date():
        return "The credentials expire soon: create new ones, and rotate.", "rotate"
    return ("Review its warning.", "destination") if found.kind == "at-risk" else ("", "")
