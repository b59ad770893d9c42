"""What the self-service page shows: teams with their destinations, the next thing to do, and the shared ones. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from destinations import access, names
from destinations.access import Authority, Team
from destinations.model import Snapshot
from destinations.overview import table
from destinations.overview.table import Row
from destinations.verdict.tokens import SOON

_USABLE = {"accepted", "at-risk"}


@dataclass(frozen=True, slots=True)
class Line:
    """One destination: its row, the age and when its credentials expire, and what to do next (empty for nothing).

    `may_change` says whether the person does it, `step` on which page.
    """

    row: Row
    credentials: str
    expires_on: str
    advice: str
    step: str
    may_change: bool


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


def page(authority: Authority, snapshot: Snapshot) -> Page:
    """Return the page of one person. Asks the authority, which may raise the port's errors."""
    now, rows = snapshot.now, [row for row in table.rows(snapshot) if authority.sees(row.secret)]
    owned: dict[str, list[Line]] = {team.name: [] for team in authority.teams()}
    shared = []
    for row in rows:
        team = access.team_of(row.secret)
        if not team:
            shared.append(_line(row, now, may_change=authority.person.is_administrator))
        elif team in owned and not authority.is_ownerless(row.secret):
            owned[team].append(_line(row, now, may_change=authority.changes(row.secret)))
    sections = tuple(TeamSection(team, tuple(owned[team.name])) for team in authority.teams())
    usable = tuple(line for line in shared if line.row.kind in _USABLE)
    unusable = tuple(line for line in shared if line.row.kind not in _USABLE)
    return Page(sections, usable, unusable, authority.person.exports() != [])


def _line(row: Row, now: datetime, *, may_change: bool) -> Line:
    rotated = row.secret.annotations.get(names.ROTATED_AT_ANNOTATION) or row.secret.created_at
    ends = row.secret.annotations.get(names.EXPIRY_ANNOTATION, "")
    advice, step = _next(row, ends, now) if may_change else ("", "")
    return Line(row, table.age(rotated, now), ends, advice, step, may_change)


def _next(row: Row, ends: str, now: datetime) -> tuple[str, str]:
    """Return the next thing to do, in words and as the page to go to."""
    if row.kind == "disabled":
        return "Enable it to export to it again.", "destination"
    if row.kind in {"fails", "hidden"}:
        return "Exports fail until it is repaired.", "repair"
    if _ends_soon(ends, now):
        return "The credentials have expired or expire soon: create new ones, and rotate.", "rotate"
    return ("Review its warning.", "destination") if row.kind == "at-risk" else ("", "")


def _ends_soon(ends: str, now: datetime) -> bool:
    try:
        return bool(ends) and date.fromisoformat(ends) <= (now + SOON).date()
    except ValueError:
        return False
