"""Check a destination at its registry: one that is stored, or one as a form would leave it; and keep the result.

A stored password goes only to the stored host with the stored bundle: what a form changes is built by the very rules by
which it would be written, and those ask for the password again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from destinations import names
from destinations.access import Authority
from destinations.actions import edits, rotations
from destinations.actions.common import Done
from destinations.actions.edits import Edit
from destinations.actions.rotations import Rotation
from destinations.cluster.port import ClusterError
from destinations.livecheck import fingerprint, runner
from destinations.livecheck.plan import DEFAULT_APP, plan
from destinations.livecheck.ratelimit import RateLimited
from destinations.livecheck.registry.port import Outcome
from destinations.livecheck.result import Last
from destinations.livecheck.runner import Question
from destinations.livecheck.store import WRITER
from destinations.model import Draft, Secret
from destinations.secret import codec
from destinations.web import current
from edrportal.telemetry import audit

_TYPED_BUNDLE = "bundle-as-typed"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a check, from where, and within what they may do."""

    who: str
    address: str
    permit: Authority


def of_stored(secret: Secret, everything: Mapping[str, Secret], *, app: str = DEFAULT_APP) -> Question:
    """Return what to ask of a destination as it is stored; `everything` is its namespace by name.

    Raises ValueError for an application that cannot exist.
    """
    asked = plan(secret, everything, app=app, version=current.epinio_version(), skopeo_roots=current.skopeo_roots())
    return Question(secret.name, asked, fingerprint.of(secret, everything))


def of_new(draft: Draft, permit: Authority) -> Question:
    """Return what to ask of a new destination as it would be stored. Raises Denied."""
    permit.check_new(draft.team)
    certs = _TYPED_BUNDLE if draft.bundle else ""
    manifest = codec.authentication_secret(draft, namespace=current.cluster().namespace, certs=certs, stamps={})
    return of_stored(codec.read_secret(manifest), _with_bundle({}, draft.bundle))


def of_rotated(secret: Secret, everything: Mapping[str, Secret], rotation: Rotation) -> Question:
    """Return what to ask of a destination as a rotation would leave it. Raises UserError as the rotation does."""
    content = rotations.new_config(secret, rotation).content
    return _of_changed(secret, everything, content=content, bundle=rotation.bundle)


def of_edited(secret: Secret, everything: Mapping[str, Secret], wanted: Edit) -> Question:
    """Return what to ask of a destination as an edit would leave it. Raises UserError as the edit does."""
    config = edits.new_config(secret, wanted)
    content = config.content if config else secret.data.get(names.CONFIG_KEY, b"")
    annotations = {**secret.annotations, names.ORGANIZATION_ANNOTATION: wanted.organization}
    return _of_changed(replace(secret, annotations=annotations), everything, content=content, bundle=wanted.bundle)


def _of_changed(secret: Secret, everything: Mapping[str, Secret], *, content: bytes, bundle: bytes | None) -> Question:
    data = {**secret.data, names.CONFIG_KEY: content}
    if bundle is not None:
        data[names.CERTS_KEY] = _TYPED_BUNDLE.encode() if bundle else b""
    return of_stored(replace(secret, data=data), _with_bundle(everything, bundle or b""))


def _with_bundle(everything: Mapping[str, Secret], bundle: bytes) -> Mapping[str, Secret]:
    if not bundle:
        return everything
    return {**everything, _TYPED_BUNDLE: Secret(_TYPED_BUNDLE, data={names.BUNDLE_KEY: bundle})}


def check(question: Question, asker: Asker) -> Last:
    """Ask for somebody who waits, and record it. Raises RateLimited."""
    try:
        runner.CHECKS.often.admit(asker.who)
        last = runner.CHECKS.one(question, sees_all=asker.permit.is_unlimited)
    except RateLimited as error:
        audit.record(audit.Event("check", "refused", asker.who, asker.address, question.name, f"status-{error.status}"))
        raise
    _record(last, asker)
    return last


def check_stored(secret: Secret, everything: Mapping[str, Secret], asker: Asker, *, app: str) -> Last:
    """Check a destination that they may change, and keep the result. Raises NotFound, Denied, RateLimited, ValueError."""
    asker.permit.check(secret)
    return keep(check(of_stored(secret, everything, app=app), asker))


def check_several(chosen: Sequence[Secret], everything: Mapping[str, Secret], asker: Asker, *, app: str) -> str:
    """Begin to check destinations that they may change; return the job's name. Raises as `check_stored` does."""
    for secret in chosen:
        asker.permit.check(secret)
    questions = [of_stored(secret, everything, app=app) for secret in chosen]

    def kept(found: Sequence[Last]) -> None:
        for one in found:
            _record(one, asker)
        keep_all(found)

    try:
        runner.CHECKS.often.admit(asker.who)
        return runner.CHECKS.several(questions, sees_all=asker.permit.is_unlimited, keep=kept)
    except RateLimited as error:
        reason = f"status-{error.status}"
        audit.record(audit.Event("check", "refused", asker.who, asker.address, f"{len(chosen)} destinations", reason))
        raise


def keep_saved(last: Last, done: Done) -> None:
    """Keep the result of a form that was saved, bound to what is stored now; where that is another state, forget it."""
    try:
        everything = {one.name: one for one in current.cluster().list_secrets()}
        secret = everything[done.name]
    except (ClusterError, KeyError):
        return
    if secret.resource_version == done.resource_version:
        keep(replace(last, name=done.name, fingerprint=fingerprint.of(secret, everything)))


def keep(last: Last) -> Last:
    """Keep a result for everybody; return it with whether that succeeded."""
    return keep_all([last])[0]


def keep_all(found: Sequence[Last]) -> list[Last]:
    """Keep results for everybody, and whole in this process."""
    stored = WRITER.write(found)
    told = [replace(one, stored=stored) for one in found]
    for one in told:
        runner.CHECKS.recent.put(one)
    return told


def event(last: Last, who: str, address: str) -> audit.Event:
    """Return the line for the audit: `done` for what was proven, whatever it is."""
    outcome = "unknown" if Outcome.UNKNOWN in last.outcomes and not last.fails else "done"
    return audit.Event(
        "check", outcome, who, address, last.name, f"chart-{last.report.chart}-image-{last.report.image}"
    )


def _record(last: Last, asker: Asker) -> None:
    audit.record(event(last, asker.who, asker.address))
