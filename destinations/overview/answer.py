"""Whether someone can export to a destination now: one answer, from the verdict and the last live check. Pure.

It is the worse of both. A check counts only where the destination is as it was then, which the caller finds out. A check
that failed counts until the next one or a change, however old it is: a known failure is never green. One that passed
proves nothing any more once it is old, and one that was inconclusive proves nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FRESH = timedelta(hours=24)
"""How long a check that passed counts where the settings say nothing."""
SKEW = timedelta(minutes=5)
"""By how much the clocks of replicas may differ: a check from later than that has no age that is known."""
_TOO_OLD, _NO_AGE = "too long ago to rely on", "so its age is not known"


class Result(StrEnum):
    """What a live check came to, for chart and image together: the worse of both."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """The last check of a destination that still fits it.

    `at` is aware. `stage` is the first stage that failed, or is not certain, as the JSON interface names it; `label` is that
    in words. `message` names no host, so that equal causes are equal texts. `is_rejection` says that the registry itself
    refused, rather than that none was reached. `page` is where to fix it: `rotate`, `edit` or `destination`. `registry` is
    what came out at the registry alone, without what the Secrets say. `has_logged_in` says of one that
    failed that chart and image both got through the login.
    """

    at: datetime
    result: Result
    app: str
    stage: str = ""
    label: str = ""
    message: str = ""
    fix: str = ""
    is_rejection: bool = False
    page: str = "destination"
    registry: Result = Result.INCONCLUSIVE
    has_logged_in: bool = False

    @property
    def told(self) -> str:
        """What it found, with the stage in front; empty where it found nothing."""
        return f"{self.label}: {self.message}" if self.label else self.message


@dataclass(frozen=True, slots=True)
class ExportAnswer:
    """`kind` is the word of filters, JSON, metrics and CSS; `status` the same in words.

    `reason` and `fix` are empty where there is nothing to say; after an inconclusive check of what the Secrets accept they
    are about that check. `page` is where to act: `repair`, `rotate`, `edit`, `destination`, or empty. `doubt` says why the
    time of the check keeps it from proving that an export passes, empty where it does not.
    """

    kind: str
    status: str
    reason: str = ""
    fix: str = ""
    stage: str = ""
    page: str = ""
    check: CheckSummary | None = None
    doubt: str = ""

    @property
    def is_old(self) -> bool:
        """Whether the check is too old to prove that an export passes, or from the future, where no age is known."""
        return bool(self.doubt)

    @property
    def is_usable(self) -> bool:
        """Whether nothing is known that stops an export."""
        return self.kind in USABLE

    @property
    def cause(self) -> str:
        """A text to sort by: how bad it is, and then why, so that equal causes are together."""
        return "\n".join((str(RANKS[self.kind]), self.stage, self.reason, self.fix))

    @property
    def is_inconclusive(self) -> bool:
        """Whether the Secrets stop nothing, and the last check gave no answer."""
        return self.kind == "accepted" and self.check is not None and self.check.result is Result.INCONCLUSIVE

    @property
    def words(self) -> str:
        """The status for people: `status`, but for one that was checked, and is not called unchecked."""
        return INCONCLUSIVE if self.is_inconclusive else self.status


STATUSES = (
    ("hidden", "Hidden by Epinio"),
    ("fails", "Export will fail"),
    ("rejected", "Registry rejects it"),
    ("check-failed", "Live check failed"),
    ("at-risk", "Accepted, with warnings"),
    ("accepted", "Accepted, not checked"),
    ("works", "Works"),
    ("disabled", "Disabled"),
)
"""Every answer as a word and in words, those first that someone has to act on."""
INCONCLUSIVE = "Accepted, check inconclusive"
"""What `accepted` is called where the last check gave no answer."""
MEANINGS: Mapping[str, str] = {
    "hidden": "Epinio does not list it.",
    "fails": "Epinio lists it; an export stops at the stage shown.",
    "rejected": "The last live check reached the registry, which refused the login or the push.",
    "check-failed": "The last live check failed for another reason: DNS, connection, TLS, or an error at the registry.",
    "at-risk": "Nothing in the Secrets stops an export, but something needs a review.",
    "accepted": "Nothing in the Secrets stops an export. No recent live check has passed: none, an old, or an inconclusive one.",
    "works": "Nothing in the Secrets stops an export, and a recent live check has passed.",
    "disabled": "Epinio hides it until someone enables it.",
}
RANKS = {kind: rank for rank, (kind, _) in enumerate(STATUSES)}
BROKEN = ("hidden", "fails", "rejected", "check-failed")
USABLE = frozenset({"at-risk", "accepted", "works"})
WORDS = dict(STATUSES)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the Secrets say: the verdict's `kind`, why and what to do (both may be empty), and the stage that fails.

    It is `fails` also where Epinio accepts a destination and no export can pass: then `page` says where to act.
    """

    kind: str
    reason: str = ""
    fix: str = ""
    stage: str = ""
    page: str = ""


def join(prediction: Prediction, check: CheckSummary | None, now: datetime, fresh: timedelta = FRESH) -> ExportAnswer:
    """Return the answer for a judged destination; `check` is None where none fits it as it is now."""
    kind, doubt = prediction.kind, _doubt(check, now, fresh) if check else ""
    if check and check.result is Result.FAILED and kind in USABLE:
        word = "rejected" if check.is_rejection else "check-failed"
        return ExportAnswer(word, WORDS[word], check.told, check.fix, check.stage, check.page, check, doubt)
    if kind == "accepted" and check and check.result is Result.INCONCLUSIVE:
        reason = f"The check is inconclusive. {check.told}".strip()
        return ExportAnswer(kind, WORDS[kind], reason, check.fix, check.stage, check.page, check, doubt)
    if kind == "accepted" and check and check.result is Result.PASSED and not doubt:
        kind = "works"
    page = _page(prediction)
    return ExportAnswer(kind, WORDS[kind], prediction.reason, prediction.fix, prediction.stage, page, check, doubt)


def _doubt(check: CheckSummary, now: datetime, fresh: timedelta) -> str:
    return _TOO_OLD if now - check.at >= fresh else _NO_AGE if check.at - now > SKEW else ""


def turns(check: CheckSummary, fresh: timedelta = FRESH) -> Iterator[datetime]:
    """Yield when what a check proves changes by itself, in order: when its age is known, and when it becomes old."""
    for since in (-SKEW, fresh):
        with suppress(OverflowError):
            yield check.at + since


def _page(prediction: Prediction) -> str:
    if prediction.page:
        return prediction.page
    if prediction.kind in {"hidden", "fails"}:
        return "repair"
    return "destination" if prediction.kind in {"disabled", "at-risk"} else ""
