"""What the use cases have in common: what they are asked, how they answer, and the steps that several of them take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hmac import compare_digest
from typing import Any

from destinations import names
from destinations.access import UNLIMITED, Authority
from destinations.actions import bundles, writes
from destinations.cluster.port import Cluster, ClusterError, Conflict, NotFound
from destinations.model import Secret, UserError
from destinations.secret import codec, docker_config, history, owners

SAME_PASSWORD = "The old password is also stored in"  # noqa: S105 - the beginning of a sentence


@dataclass(frozen=True, slots=True)
class Seen:
    """The state of a destination that the person had on the screen."""

    uid: str
    resource_version: str

    @classmethod
    def of(cls, secret: Secret) -> Seen:
        return cls(secret.uid, secret.resource_version)


@dataclass(frozen=True, slots=True)
class Change:
    """Who asks for a change, when, and the write id: the same for the same form and content, so sent twice is one write."""

    write_id: str
    by: str
    at: datetime
    permit: Authority = UNLIMITED


@dataclass(frozen=True, slots=True)
class Done:
    """A change that is in the cluster: the resourceVersion it left, and notes for the person who made it.

    `kept_password` says that the stored password is the one from before. `stored` is the destination as it is now, None
    where there is none any more. `was_so` says that nothing was written, since it was so already. `is_repeat` says that
    this very form was written before, and not again now; `is_overtaken`, that the destination changed since.
    """

    name: str
    resource_version: str
    notes: tuple[str, ...] = ()
    uid: str = ""
    kept_password: bool = False
    was_so: bool = False
    is_repeat: bool = field(default=False, compare=False)
    is_overtaken: bool = False
    stored: Secret | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, stored: Secret, *notes: str) -> Done:
        return cls(stored.name, stored.resource_version, notes, stored.uid, stored=stored)

    @classmethod
    def before(cls, stored: Secret, change: Change) -> Done:
        """Return what a form that was written before has done, as far as the destination still tells."""
        is_overtaken = owners.is_overtaken(stored, change.write_id)
        return replace(cls.of(stored), is_repeat=True, is_overtaken=is_overtaken)


def refuse_foreign(secret: Secret, *, deleting: bool = False) -> None:
    """Raise UserError where something else owns the Secret, or where it is immutable and should be changed."""
    found = owners.owner(secret)
    if found:
        raise UserError(f"{found.name} manages this destination and would undo the change.", found.advice)
    if secret.immutable and not deleting:
        fix = "Delete it and add it again, or duplicate it under another name."
        raise UserError("The Secret is immutable, so Kubernetes does not change it.", fix)


def read_seen(
    cluster: Cluster, name: str, seen: Seen, change: Change, *, is_so: Callable[[Secret], bool] = lambda _: False
) -> Secret | Done:
    """Return the destination as the person saw it, or Done where this very form was written before, or where it `is_so`.

    Raises NotFound for a Secret that is no destination, Denied, Conflict where it is another than the person saw,
    UserError where it is not the portal's to change, and the port's errors.
    """
    secret = cluster.get_secret(name)
    if not codec.is_destination(secret):
        raise NotFound("NotFound", status=404)
    change.permit.check(secret)
    if history.holds(secret, change.write_id):
        return Done.before(secret, change)
    if is_so(secret):
        return replace(Done.of(secret), was_so=True)
    if Seen.of(secret) != seen:
        raise Conflict("Conflict", status=409)
    refuse_foreign(secret)
    return secret


def stamps(
    change: Change, did: str, *, old: Secret | None = None, rotated: bool = False, password: str = ""
) -> dict[str, str]:
    """Return the annotations that every write carries: its id, who, when, and the history with one more entry.

    `password` as in `history.Entry`.
    """
    at = codec.rfc3339(change.at)
    entry = history.Entry(at, change.by, did, history.mark(change.write_id), password)
    written = {
        names.WRITE_ID_ANNOTATION: change.write_id,
        names.CHANGED_BY_ANNOTATION: change.by,
        names.CHANGED_AT_ANNOTATION: at,
        names.HISTORY_ANNOTATION: history.append_entry(history.read(old) if old else (), entry),
    }
    return {**written, names.ROTATED_AT_ANNOTATION: at} if rotated else written


def write(cluster: Cluster, old: Secret, manifest: Mapping[str, Any], bundle: Secret | None) -> Secret:
    """Replace a destination; take a bundle that was stored for it back where it is certain that nothing names it."""
    try:
        return writes.replace(cluster, old, manifest)
    except writes.Unknown:
        raise  # the write may have happened and name the bundle
    except ClusterError:
        withdraw(cluster, bundle)
        raise


def store_bundle(cluster: Cluster, destination: str, bundle: bytes, change: Change) -> Secret | None:
    """Create a certificate Secret under a name never used before; nothing for no bundle.

    Raises NotWritten where that is not certain: the destination is as it was, at worst there is an unused Secret.
    """
    if not bundle:
        return None
    name = bundles.fresh_name(destination, bundle)
    annotations = {
        names.WRITE_ID_ANNOTATION: change.write_id,
        names.CHANGED_BY_ANNOTATION: change.by,
        names.CHANGED_AT_ANNOTATION: codec.rfc3339(change.at),
    }
    manifest = codec.certificate_secret(name, namespace=cluster.namespace, bundle=bundle, stamps=annotations)
    try:
        return writes.create(cluster, manifest)
    except writes.Unknown:
        raise writes.NotWritten("NotWritten") from None


def withdraw(cluster: Cluster, created: Secret | None) -> None:
    """Delete what this very action created; whatever goes wrong here, the first error is the one to tell."""
    if created is None:
        return
    try:
        cluster.delete_secret(created.name, uid=created.uid, resource_version=created.resource_version)
    except ClusterError:
        return


def tidy(cluster: Cluster, old: Secret, new: Secret, change: Change) -> list[str]:
    """Release the bundle that a change left behind, collect old ones, and tell what else the change touches.

    Nothing here can undo the change, so nothing here raises.
    """
    notes = []
    if names.LAST_APPLIED_ANNOTATION in old.annotations and names.LAST_APPLIED_ANNOTATION not in new.annotations:
        notes.append(
            "kubectl's last-applied annotation was removed: it contained the old password, and a later kubectl "
            "apply would have restored it. Remove the password from the manifest that was applied."
        )
    try:
        everything = cluster.list_secrets()
    except ClusterError:
        return notes
    left = codec.certs_name(old)
    if left and left != codec.certs_name(new):
        if others := bundles.users(left, everything):
            notes.append(
                f"The certificate Secret {left} stays: {told(others, everything, change.permit)} uses it, too."
            )
        else:
            bundles.release(cluster, left, change.at)
    if same := _same_password(old, new, comparable(old, everything, change.by, change.permit)):
        notes.append(f"{SAME_PASSWORD} {listed(same)}: rotate there, too.")
    bundles.collect(cluster, everything, change.at)
    return notes


def is_known_password(secret: Secret, password: str, permit: Authority) -> bool:
    """Return whether a typed password is the stored one, as far as the person who typed it may learn that.

    Only an administrator may: others could try passwords. For them a typed password counts as a new one. So it does where
    two are stored, since it takes the place of one.
    """
    stored = docker_config.stored_credentials(secret) if permit.is_unlimited else None
    if stored is None or docker_config.holds_two_passwords(secret):
        return False
    return compare_digest(stored.password.encode(), password.encode())


def comparable(old: Secret, everything: Iterable[Secret], person: str, permit: Authority) -> list[Secret]:
    """Return the destinations whose credentials this person may know to be those of another one.

    Those are all for an administrator. Others could try passwords: they would rotate a destination of their own to a
    guess, and away again. So it takes that they typed both of them.
    """
    if permit.is_unlimited:
        return list(everything)
    if not _typed(old, person):
        return []
    return [one for one in everything if permit.changes(one) and _typed(one, person)]


def _typed(secret: Secret, person: str) -> bool:
    """Return whether the password that is stored is one that this person typed, as far as the Secret proves it."""
    return bool(person) and history.password_by(secret) == person and owners.wrote_credentials(secret)


def _same_password(old: Secret, new: Secret, everything: Iterable[Secret]) -> list[str]:
    """Return the other destinations that still hold the password that was replaced."""
    before, after = docker_config.stored_credentials(old), docker_config.stored_credentials(new)
    if before is None or after is None or before.password == after.password:
        return []
    others = (secret for secret in everything if codec.is_destination(secret) and secret.name != old.name)
    return [
        other.name
        for other in others
        if (held := docker_config.stored_credentials(other)) and held.password == before.password
    ]


def told(found: Iterable[str], everything: Iterable[Secret], permit: Authority) -> str:
    """Return the names of destinations for a sentence, without those that do not exist for who reads it."""
    visible = {secret.name for secret in everything if permit.sees(secret)}
    known = [name for name in found if name in visible]
    return listed(known) if known else "another destination"


def listed(found: Iterable[str]) -> str:
    return ", ".join(sorted(found))
