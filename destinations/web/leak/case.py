"""One case: what was found and what was done about it. It travels signed in the form, since nothing is stored.

Neither the pasted value nor a digest of it is part of it. Every action checks permissions and the stored state again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing

from destinations.input.leak.search import Holder
from destinations.model import UserError
from destinations.secret.codec import rfc3339
from destinations.web.leak.attempts import Attempt

_SALT = "edrportal.leak"
_MAX_AGE = timedelta(days=1)
MOST = 1000
EXPIRED = UserError(
    "This page of a leak was not made by this portal, or it is older than a day. Nothing was changed.",
    "Search for the credential again.",
    422,
)


@dataclass(frozen=True, slots=True)
class Lookup:
    """One search: when (RFC 3339), by whom, for what kind of text, among how many Secrets, and how many hold it."""

    at: str
    by: str
    kind: str
    searched: int
    found: int


@dataclass(frozen=True, slots=True)
class CaseStep:
    """What was done with one destination: when, by whom, the action, its result, and why."""

    at: str
    by: str
    action: str
    name: str
    result: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class LeakCase:
    """The searches, the Secrets that were found in them, and the steps, each in its order."""

    lookups: tuple[Lookup, ...] = ()
    holders: tuple[Holder, ...] = ()
    steps: tuple[CaseStep, ...] = ()

    @property
    def began(self) -> str:
        return self.lookups[0].at if self.lookups else ""

    @property
    def names(self) -> set[str]:
        """The destinations that were found."""
        return {one.name for one in self.holders if one.is_destination}

    def with_lookup(self, lookup: Lookup, holders: Sequence[Holder]) -> LeakCase:
        """Return the case after one more search: what it found counts beside what was found before."""
        known = {(one.name, one.uid) for one in holders}
        earlier = [one for one in self.holders if (one.name, one.uid) not in known]
        return replace(self, lookups=(*self.lookups, lookup), holders=tuple([*holders, *earlier][:MOST]))

    def with_steps(self, action: str, attempts: Iterable[Attempt], by: str) -> LeakCase:
        at = rfc3339(datetime.now(UTC))
        steps = (CaseStep(at, by, action, one.name, one.result.value, one.why) for one in attempts)
        return replace(self, steps=(*self.steps, *steps))

    def last(self, name: str) -> CaseStep | None:
        return next((one for one in reversed(self.steps) if one.name == name), None)

    def signed(self) -> str:
        return signing.dumps(asdict(self), salt=_SALT, compress=True)


def is_signed(text: str) -> bool:
    """Return whether a text is a case that this portal signed: anything else may be what was to be pasted elsewhere."""
    try:
        read(text)
    except UserError:
        return False
    return True


def read(text: str) -> LeakCase:
    """Return the case of a form. Raises UserError for what this portal did not sign, or more than a day ago."""
    try:
        found: dict[str, Any] = signing.loads(text, salt=_SALT, max_age=_MAX_AGE)
    except signing.BadSignature:
        raise EXPIRED from None
    return LeakCase(
        tuple(Lookup(**one) for one in found["lookups"]),
        tuple(Holder(**{**one, "places": tuple(one["places"])}) for one in found["holders"]),
        tuple(CaseStep(**one) for one in found["steps"]),
    )
