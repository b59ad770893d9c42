"""The rotation of all destinations with the same credentials, for the command line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_urlsafe

from destinations import actions
from destinations.access import UNLIMITED
from destinations.actions import Change, Denied, Done, Rotation, Seen, checks
from destinations.actions.checks import Asker
from destinations.actions.writes import Unknown
from destinations.cluster.port import Ambiguous, ClusterError
from destinations.model import Secret, UserError
from destinations.portal import Event, Portal, Reads
from destinations.web.leak import attempts as attempts_of
from destinations.web.leak.attempts import Attempt, WriteResult
from edrportal.management import failure

_LAST = "Not tried, since another one was not rotated: while it has the old credentials, --same-as finds the rest."


def rotate(portal: Portal, secret: Secret, rotation: Rotation, *, by: str, check: bool) -> list[Attempt]:
    """Rotate a destination and all with the same credentials, each by its own write; return what became of each.

    The named one comes last: while another is left over, the same command finds the rest again. Raises UserError where too
    many checks run, and the port's errors where the Secrets cannot be read.
    """
    snapshot = Reads(portal).direct
    names = [*portal.accounts.same_as(secret, snapshot.destinations), secret.name]
    found = {name: snapshot.secrets[name] for name in names if name in snapshot.secrets}
    who = f"command-line:{by}"
    ended = {
        name: Attempt(name, WriteResult.SKIPPED, why)
        for name, one in found.items()
        if (why := attempts_of.skip_reason(one))
    }
    for name, one in found.items():
        if name not in ended and (why := attempts_of.same_password_reason(one, rotation.password)):
            ended[name] = Attempt(name, WriteResult.NOT_WRITTEN, why)
    if check:
        ended |= _checked(portal, {name: one for name, one in found.items() if name not in ended}, rotation, who)

    def write(name: str) -> Done:
        change = Change(token_urlsafe(24), f"{by} (command line)", datetime.now(UTC))
        event = Event("rotate", "failed", who, "", name, before=found[name].resource_version)
        try:
            done = actions.rotate(portal.cluster, name, rotation, seen=Seen.of(found[name]), change=change)
        except KeyboardInterrupt:  # what was written before is told, and the rest not tried
            portal.record(replace(event, outcome="unknown", reason=failure.INTERRUPTED))
            raise Ambiguous(failure.INTERRUPTED) from None
        except (ClusterError, UserError, Denied) as error:
            outcome = "unknown" if isinstance(error, Unknown | Ambiguous) else "failed"
            outcome = "refused" if isinstance(error, UserError | Denied) else outcome
            portal.record(replace(event, outcome=outcome, reason=type(error).__name__))
            raise
        portal.record(replace(event, outcome="done", after=done.resource_version))
        return done

    others = attempts_of.write_each([name for name in found if name not in {*ended, secret.name}], write)
    if secret.name not in ended and attempts_of.rest([*ended.values(), *others]):
        ended[secret.name] = Attempt(secret.name, WriteResult.NOT_WRITTEN, _LAST)
    last = [] if secret.name in ended else attempts_of.write_each([secret.name], write)
    written = attempts_of.without_each_other([*others, *last])
    return sorted([*ended.values(), *written], key=lambda one: one.name)


def _checked(portal: Portal, found: dict[str, Secret], rotation: Rotation, who: str) -> dict[str, Attempt]:
    """Return those that the new credentials do not work for."""
    snapshot = Reads(portal).direct
    ended: dict[str, Attempt] = {}
    questions = {}
    for name, secret in found.items():
        try:
            questions[name] = checks.of_rotated(portal, checks.enabled(secret), snapshot, rotation)
        except UserError as error:
            ended[name] = Attempt(name, WriteResult.NOT_WRITTEN, f"{error.message} {error.fix}")
    answers = attempts_of.check_each(portal, list(questions.values()), Asker(who, "", UNLIMITED)) if questions else {}
    for name in questions:
        if why := attempts_of.obstacle(answers.get(name), must_pass=False):
            ended[name] = Attempt(name, WriteResult.NOT_WRITTEN, why)
    return ended
