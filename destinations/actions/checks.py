"""Check a destination at its registry: one that is stored, or one as a form would leave it; and keep the result.

A stored password goes only to the stored host with the stored bundle: what a form changes is built by the very rules by
which it would be written, and those ask for the password again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from destinations import names
from destinations.access import Authority
from destinations.actions import edits, rotations
from destinations.actions.common import Done
from destinations.actions.edits import Edit
from destinations.actions.rotations import Rotation
from destinations.cluster.port import ClusterError
from destinations.livecheck import fingerprint
from destinations.livecheck.plan import DEFAULT_APP, plan
from destinations.livecheck.ratelimit import RateLimited
from destinations.livecheck.registry.port import Outcome
from destinations.livecheck.result import Last
from destinations.livecheck.runner import Question
from destinations.model import Draft, Secret, Snapshot
from destinations.portal import Event, Portal
from destinations.secret import codec

_TYPED_BUNDLE = "bundle-as-typed"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a check, from where, and within what they may do."""

    who: str
    address: str
    permit: Authority


def of_stored(portal: Portal, secret: Secret, snapshot: Snapshot, *, app: str = DEFAULT_APP) -> Question:
    """Return what to ask of a destination as it is stored; the snapshot is of its namespace.

    Raises ValueError for an application that cannot exist.
    """
    legs = plan(secret, snapshot, app=app, skopeo_roots=portal.skopeo_roots())
    return Question(secret.name, legs, fingerprint.of(secret, snapshot.secrets, portal.keys))


def of_new(portal: Portal, draft: Draft, rules: Snapshot, permit: Authority) -> Question:
    """Return what to ask of a new destination as it would be stored. Raises Denied."""
    permit.check_new(draft.team)
    certs = _TYPED_BUNDLE if draft.bundle else ""
    manifest = codec.authentication_secret(draft, namespace=portal.cluster.namespace, certs=certs, stamps={})
    return of_stored(portal, codec.read_secret(manifest), _with_bundle(rules, draft.bundle))


def of_rotated(portal: Portal, secret: Secret, snapshot: Snapshot, rotation: Rotation) -> Question:
    """Return what to ask of a destination as a rotation would leave it, a disabled one as it will be once it is enabled.

    Raises UserError as the rotation does.
    """
    content = rotations.new_config(secret, rotation).content
    return _of_changed(portal, secret, snapshot, content=content, bundle=rotation.bundle)


def of_edited(portal: Portal, secret: Secret, snapshot: Snapshot, wanted: Edit) -> Question:
    """Return what to ask of a destination as an edit would leave it, a disabled one as it will be once it is enabled.

    Raises UserError as the edit does.
    """
    config = edits.new_config(secret, wanted)
    content = config.content if config else secret.data.get(names.CONFIG_KEY, b"")
    annotations = {**secret.annotations, names.ORGANIZATION_ANNOTATION: wanted.organization}
    changed = replace(secret, annotations=annotations)
    return _of_changed(portal, changed, snapshot, content=content, bundle=wanted.bundle)


def _of_changed(
    portal: Portal, secret: Secret, snapshot: Snapshot, *, content: bytes, bundle: bytes | None
) -> Question:
    data = {**secret.data, names.CONFIG_KEY: content}
    if bundle is not None:
        data[names.CERTS_KEY] = _TYPED_BUNDLE.encode() if bundle else b""
    changed = replace(enabled(secret) if _is_disabled(secret) else secret, data=data)
    return of_stored(portal, changed, _with_bundle(snapshot, bundle or b""))


def enabled(secret: Secret) -> Secret:
    """Return a destination as it is once it is enabled: so it is checked while it is disabled."""
    return replace(secret, labels={**secret.labels, names.REGISTRY_LABEL: "true"})


def _is_disabled(secret: Secret) -> bool:
    return secret.labels.get(names.REGISTRY_LABEL) == "false"


def _with_bundle(snapshot: Snapshot, bundle: bytes) -> Snapshot:
    return snapshot.having(Secret(_TYPED_BUNDLE, data={names.BUNDLE_KEY: bundle})) if bundle else snapshot


def check(portal: Portal, question: Question, asker: Asker) -> Last:
    """Ask for someone who waits, and record it. Raises RateLimited."""
    try:
        portal.checks.rate_limit.admit(asker.who)
        last = portal.checks.one(question, sees_all=asker.permit.is_unlimited)
    except RateLimited as error:
        portal.record(Event("check", "refused", asker.who, asker.address, question.name, f"status-{error.status}"))
        raise
    portal.record(event(last, asker.who, asker.address))
    return last


def check_stored(portal: Portal, secret: Secret, snapshot: Snapshot, asker: Asker, *, app: str) -> Last:
    """Check a destination that they may change, and keep the result. Raises NotFound, Denied, RateLimited, ValueError."""
    asker.permit.check(secret)
    return keep(portal, check(portal, of_stored(portal, secret, snapshot, app=app), asker))


def check_several(portal: Portal, chosen: Sequence[Secret], snapshot: Snapshot, asker: Asker, *, app: str) -> str:
    """Begin to check destinations that they may change; return the job's name. Raises as `check_stored` does."""
    for secret in chosen:
        asker.permit.check(secret)
    questions = [of_stored(portal, secret, snapshot, app=app) for secret in chosen]

    def kept(found: Sequence[Last]) -> None:
        for one in found:
            portal.record(event(one, asker.who, asker.address))
        keep_all(portal, found)

    try:
        portal.checks.rate_limit.admit(asker.who)
        return portal.checks.several(questions, sees_all=asker.permit.is_unlimited, keep=kept)
    except RateLimited as error:
        reason = f"status-{error.status}"
        portal.record(Event("check", "refused", asker.who, asker.address, f"{len(chosen)} destinations", reason))
        raise


def keep_saved(portal: Portal, last: Last, done: Done) -> bool:
    """Keep the result of a form that was saved, bound to what is stored now; where that is another state, forget it.

    So is that of a disabled destination, which was asked about as an enabled one; return whether it is not disabled.
    """
    try:
        secrets = {secret.name: secret for secret in portal.cluster.list_secrets()}
        secret = secrets[done.name]
    except (ClusterError, KeyError):
        return True
    if _is_disabled(secret):
        return False
    if secret.resource_version == done.resource_version:
        keep(portal, replace(last, name=done.name, fingerprint=fingerprint.of(secret, secrets, portal.keys)))
    return True


def keep(portal: Portal, last: Last) -> Last:
    """Keep a result for everyone; return it with whether that succeeded."""
    return keep_all(portal, [last])[0]


def keep_all(portal: Portal, found: Sequence[Last]) -> list[Last]:
    """Keep results for everyone, and whole in this process."""
    stored = portal.results.write(found)
    told = [replace(one, stored=stored) for one in found]
    for one in told:
        portal.checks.recent.put(one)
    return told


def event(last: Last, who: str, address: str) -> Event:
    """Return the line for the audit: `done` for what was proven, whatever it is."""
    outcome = "unknown" if Outcome.UNKNOWN in last.outcomes and not last.fails else "done"
    return Event("check", outcome, who, address, last.name, f"chart-{last.report.chart}-image-{last.report.image}")
