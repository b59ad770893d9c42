"""How far a check of several is, on whatever replica: a signed ticket stands in the address, the results are what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core import signing

from destinations.livecheck import runner
from destinations.livecheck.result import Last
from destinations.livecheck.runner import JOBS_AT_ONCE, SEVERAL_AT_ONCE, SLOT_SECONDS
from destinations.livecheck.store import Results

_SALT = "edrportal.checks"
_MAX_AGE = timedelta(days=1)
_GRACE_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Ticket:
    """A check of several: its job, how many destinations, when it began."""

    job: str
    total: int
    at: datetime

    def sign(self) -> str:
        """Return it for an address."""
        return signing.dumps([self.job, self.total, int(self.at.timestamp())], salt=_SALT)

    @classmethod
    def read(cls, text: str) -> Ticket | None:
        """Return what the text says, None for what this portal did not sign, or a day ago."""
        try:
            job, total, at = signing.loads(text, salt=_SALT, max_age=_MAX_AGE)
        except signing.BadSignature:
            return None
        return cls(job, total, datetime.fromtimestamp(at, UTC))

    @property
    def latest(self) -> datetime:
        """When every round must be over, though jobs take turns: then what is missing was lost, with a replica that ended."""
        rounds = -(-self.total // SEVERAL_AT_ONCE) * JOBS_AT_ONCE + _GRACE_ROUNDS
        return self.at + timedelta(seconds=SLOT_SECONDS * rounds)


def results(ticket: Ticket, kept: Results) -> list[Last]:
    """Return the results that are there: those kept for everybody, and those that only this process has."""
    found = {one.name: one for one in kept.of_job(ticket.job)}
    found |= {one.name: one for one in runner.CHECKS.recent.of_job(ticket.job)}
    return list(found.values())


def is_over(ticket: Ticket, done: int, now: datetime) -> bool:
    """Say whether nothing more will come."""
    return done >= ticket.total or (now > ticket.latest and not runner.CHECKS.is_running(ticket.job))
