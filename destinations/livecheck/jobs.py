"""How far a check of several is, on whatever replica: a signed ticket is in the address, the results are what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from destinations.livecheck.result import Last
from destinations.livecheck.runner import JOBS_AT_ONCE, SEVERAL_AT_ONCE, SLOT_SECONDS, Checks
from destinations.livecheck.store import Results

_GRACE_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Ticket:
    """A check of several: its job, how many destinations, when it began."""

    job: str
    total: int
    at: datetime

    @property
    def latest(self) -> datetime:
        """When every round must be over, though jobs take turns: then what is missing was lost, with a replica that ended."""
        rounds = -(-self.total // SEVERAL_AT_ONCE) * JOBS_AT_ONCE + _GRACE_ROUNDS
        return self.at + timedelta(seconds=SLOT_SECONDS * rounds)


def results(ticket: Ticket, kept: Results, checks: Checks) -> list[Last]:
    """Return the results that are there: those kept for everyone, and those that only this process has."""
    found = {one.name: one for one in kept.of_job(ticket.job)}
    found |= {one.name: one for one in checks.recent.of_job(ticket.job)}
    return list(found.values())


def is_over(ticket: Ticket, done: int, now: datetime, checks: Checks) -> bool:
    return done >= ticket.total or (now > ticket.latest and not checks.is_running(ticket.job))
