"""Several destinations at once: each its own conflict-checked write, with a result of its own; checked before that."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from destinations import names
from destinations.access import Denied
from destinations.actions import messages
from destinations.actions.checks import Asker, event
from destinations.actions.common import SAME_PASSWORD, Done, refuse_foreign
from destinations.actions.writes import Series, Unknown
from destinations.cluster.port import Ambiguous, ClusterError
from destinations.input.leak.texts import encoded
from destinations.livecheck import explanations
from destinations.livecheck.ratelimit import RateLimited
from destinations.livecheck.registry.port import Outcome
from destinations.livecheck.result import Last
from destinations.livecheck.runner import Question
from destinations.model import Secret, UserError
from destinations.portal import Event, Portal
from destinations.secret import docker_config


class WriteResult(StrEnum):
    WRITTEN = "written"
    NOT_WRITTEN = "not written"
    UNKNOWN = "not known"
    UNCHANGED = "no change needed"
    SKIPPED = "skipped"
    """Something else manages the Secret, or it is immutable: the portal does not write it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one destination: the result, and why, as sentences (empty where it was written)."""

    name: str
    result: WriteResult
    why: str = ""
    notes: tuple[str, ...] = ()


_PASSED = {Outcome.PASS}
_STORED = "This is the password that is stored now, so nothing was written. Create a new one at the registry."


def skip_reason(secret: Secret) -> str:
    """Return why the portal does not write a Secret, empty where it does; an owner is named."""
    try:
        refuse_foreign(secret)
    except UserError as error:
        return f"{error.message} {error.fix}"
    return ""


def same_password_reason(secret: Secret, password: str) -> str:
    """Return why a rotation to a password would be none, empty where it is not the stored one."""
    stored = docker_config.stored_credentials(secret)
    is_same = stored is not None and hmac.compare_digest(encoded(stored.password), encoded(password))
    return _STORED if is_same else ""


def write_each(chosen: Iterable[str], write: Callable[[str], Done]) -> list[Attempt]:
    """Write one after the other, and go on after a failure; once the cluster is silent or time is up, the rest is not tried.

    `write` raises what the actions raise, and has recorded it.
    """
    outcomes: list[Attempt] = []
    series = Series()
    for name in chosen:
        if why := series.stopped():
            outcomes.append(Attempt(name, WriteResult.NOT_WRITTEN, f"Not tried. {why}"))
            continue
        try:
            done = write(name)
            was_so = Attempt(name, WriteResult.UNCHANGED, "It was so already.")
            outcomes.append(was_so if done.was_so else Attempt(name, WriteResult.WRITTEN, notes=done.notes))
        except (ClusterError, UserError, Denied) as error:
            trouble = messages.for_error(error)
            result = WriteResult.UNKNOWN if isinstance(error, Unknown | Ambiguous) else WriteResult.NOT_WRITTEN
            outcomes.append(Attempt(name, result, f"{trouble.message} {trouble.fix}"))
            series.note(error)
    return without_each_other(outcomes)


def without_each_other(outcomes: list[Attempt]) -> list[Attempt]:
    """Leave out which others still held the old password, but for the last that was written: the others followed."""
    last = max((number for number, one in enumerate(outcomes) if one.result is WriteResult.WRITTEN), default=-1)
    return [
        one
        if number == last
        else replace(one, notes=tuple(note for note in one.notes if not note.startswith(SAME_PASSWORD)))
        for number, one in enumerate(outcomes)
    ]


def is_enabled(secret: Secret) -> bool:
    return secret.labels.get(names.REGISTRY_LABEL) == "true"


def check_each(portal: Portal, questions: Sequence[Question], asker: Asker) -> dict[str, Last]:
    """Check all of them now, those that ask the same of a registry once, and record each. Raises RateLimited.

    One is missing where the portal made a mistake.
    """
    try:
        portal.checks.rate_limit.admit(asker.who)
    except RateLimited as error:
        reason = f"status-{error.status}"
        portal.record(Event("check", "refused", asker.who, asker.address, f"{len(questions)} destinations", reason))
        raise
    first: dict[object, Question] = {}
    for question in questions:
        first.setdefault(replace(question.plan, name=""), question)
    answers = {last.name: last for last in portal.checks.all_of(list(first.values()))}
    found: dict[str, Last] = {}
    for question in questions:
        asked = first[replace(question.plan, name="")].name
        if asked in answers:
            last = replace(answers[asked], name=question.name, fingerprint=question.fingerprint)
            found[question.name] = last
            portal.record(event(last, asker.who, asker.address))
    return found


def obstacle(last: Last | None, *, must_pass: bool) -> str:
    """Return why a check keeps a destination from being written, empty where it does not.

    A failure does; where it `must_pass`, so does an inconclusive check.
    """
    if last is None:
        return "The check could not be completed."
    stops = not set(last.outcomes) <= _PASSED if must_pass else last.fails
    return f"Live check: {explanations.headline(*last.outcomes)} {_first_reason(last)}".strip() if stops else ""


def _first_reason(last: Last) -> str:
    stage = next((one for one in last.report.stages if not one.ok), None)
    return explanations.said(stage).message if stage else ""


def rest(attempts: Iterable[Attempt]) -> list[str]:
    """Return the names of those that can be tried again."""
    return [one.name for one in attempts if one.result in {WriteResult.NOT_WRITTEN, WriteResult.UNKNOWN}]
