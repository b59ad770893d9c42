"""The use cases: add, rotate, delete. Orchestration and nothing else.

Every write follows one protocol: the bundle first, under a name never used before; then one conflict-checked PUT
that carries a write id; then, and only of what the portal made itself, the clean-up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from destinations import bundles, docker_config, names, owners, secrets
from destinations.cluster.port import AlreadyExists, Ambiguous, ClusterError, Conflict
from destinations.model import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from destinations.cluster.port import Cluster
    from destinations.model import Draft, Secret


class Refused(Exception):
    """The portal will not do it: why, and what to do instead. Fit for a person; never holds a secret."""

    def __init__(self, message: str, fix: str) -> None:
        """Keep both sentences."""
        super().__init__(f"{message} {fix}")
        self.message = message
        self.fix = fix


class NameTaken(Refused):
    """There is a Secret of that name already, a destination or not."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The state of a destination that the person had on the screen."""

    uid: str
    resource_version: str


@dataclass(frozen=True, slots=True)
class Change:
    """Who asks for a change, when, and the write id: random, from the form's nonce, so a double submit is one write."""

    write_id: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Rotation:
    """New credentials.

    An empty `password` keeps the stored one (refused where the bundle changes or the stored credentials cannot be
    read). `bundle`: None keeps the stored one, b"" removes it, anything else is the new re-serialised PEM.
    `expires_on` replaces the stated expiry (empty: none stated).
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    bundle: bytes | None = None
    expires_on: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """A change that is in the cluster: the resourceVersion it left, and notes for the person who made it."""

    name: str
    resource_version: str
    notes: tuple[str, ...] = ()


def add(cluster: Cluster, draft: Draft, change: Change) -> Done:
    """Create a destination. Raises NameTaken and the port's errors."""
    everything = {secret.name: secret for secret in cluster.list_secrets()}
    if draft.name in everything:
        return _already_there(everything[draft.name], change)
    certs = _store_bundle(cluster, draft.name, draft.bundle, change)
    manifest = secrets.authentication_secret(
        draft, namespace=cluster.namespace, certs=certs.name if certs else "", stamps=_stamps(change, rotated=True)
    )
    try:
        stored = cluster.create_secret(manifest)
    except AlreadyExists:
        _withdraw(cluster, certs)
        return _already_there(cluster.get_secret(draft.name), change)
    except Ambiguous:
        raise  # the destination may exist and name the bundle: nothing is withdrawn
    except ClusterError:
        _withdraw(cluster, certs)
        raise
    bundles.collect(cluster, change.at)
    return Done(stored.name, stored.resource_version)


def rotate(cluster: Cluster, name: str, rotation: Rotation, *, seen: Seen, change: Change) -> Done:
    """Replace the credentials, and the bundle if asked.

    Raises Refused, Conflict (`seen` is stale) and the port's errors.
    """
    secret = cluster.get_secret(name)
    if secret.annotations.get(names.WRITE_ID_ANNOTATION) == change.write_id:
        return Done(name, secret.resource_version)  # this very form, sent twice
    _check_seen(secret, seen)
    refuse_foreign(secret)
    config, notes = _new_config(secret, _new_credentials(secret, rotation))
    certs = _store_bundle(cluster, name, rotation.bundle or b"", change)
    manifest = _rotated_manifest(secret, rotation, config, certs.name if certs else "", change)
    try:
        stored = cluster.replace_secret(manifest)
    except Ambiguous:
        raise  # the write may have happened and name the bundle: nothing is withdrawn
    except ClusterError:
        _withdraw(cluster, certs)
        raise
    notes += _after_rotation(cluster, secret, stored, rotation, change)
    return Done(name, stored.resource_version, tuple(notes))


def delete(cluster: Cluster, name: str, *, seen: Seen) -> Done:
    """Delete a destination, and its certificate secret if that is the portal's and nothing else names it.

    Raises Refused, Conflict (`seen` is stale) and the port's errors.
    """
    secret = cluster.get_secret(name)
    _check_seen(secret, seen)
    if not secrets.is_destination(secret):
        raise Refused(f"The Secret {name} is no export destination.", "Nothing was deleted.")
    refuse_foreign(secret, deleting=True)
    cluster.delete_secret(name, uid=seen.uid, resource_version=seen.resource_version)
    note = _delete_bundle(cluster, secrets.certs_name(secret))
    return Done(name, "", (note,) if note else ())


def refuse_foreign(secret: Secret, *, deleting: bool = False) -> None:
    """Raise Refused where something else owns the Secret, or where it is immutable and should be changed."""
    found = owners.owner(secret)
    if found:
        raise Refused(f"{found.name} manages this destination and would undo the change.", found.advice)
    if secret.immutable and not deleting:
        fix = "Delete it and add it anew, or add a copy under another name."
        raise Refused("The Secret is immutable: Kubernetes lets nobody change it.", fix)


def _already_there(secret: Secret, change: Change) -> Done:
    if secret.annotations.get(names.WRITE_ID_ANNOTATION) == change.write_id:
        return Done(secret.name, secret.resource_version)  # this very form, sent twice
    kind = "a destination" if secrets.is_destination(secret) else "a Secret that is no destination"
    raise NameTaken(f"There is {kind} named {secret.name} already.", "Choose another name.")


def _check_seen(secret: Secret, seen: Seen) -> None:
    if (secret.uid, secret.resource_version) != (seen.uid, seen.resource_version):
        raise Conflict("Conflict", status=409)


def _store_bundle(cluster: Cluster, destination: str, bundle: bytes, change: Change) -> Secret | None:
    if not bundle:
        return None
    name = bundles.fresh_name(destination, bundle)
    stamps = _stamps(change)
    return cluster.create_secret(
        secrets.certificate_secret(name, namespace=cluster.namespace, bundle=bundle, stamps=stamps)
    )


def _withdraw(cluster: Cluster, created: Secret | None) -> None:
    """Delete what this very action created; whatever goes wrong here, the first error is the one to tell."""
    if created is None:
        return
    try:
        cluster.delete_secret(created.name, uid=created.uid, resource_version=created.resource_version)
    except ClusterError:
        return


def _stamps(change: Change, *, rotated: bool = False) -> dict[str, str]:
    at = secrets.rfc3339(change.at)
    stamps = {
        names.WRITE_ID_ANNOTATION: change.write_id,
        names.CHANGED_BY_ANNOTATION: change.by,
        names.CHANGED_AT_ANNOTATION: at,
    }
    return {**stamps, names.ROTATED_AT_ANNOTATION: at} if rotated else stamps


def _new_credentials(secret: Secret, rotation: Rotation) -> Credentials:
    if rotation.password:
        return Credentials(rotation.username, rotation.password)
    if rotation.bundle is not None:
        raise Refused(
            "The stored password is kept only while host and certificates stay as they are.", "Type the password again."
        )
    stored = docker_config.stored_credentials(secret)
    if stored is None:
        raise Refused("There is no stored password that can be kept.", "Type the password.")
    return Credentials(rotation.username, stored.password)


def _new_config(secret: Secret, credentials: Credentials) -> tuple[bytes, list[str]]:
    try:
        result = docker_config.rotated(secret.data.get(names.CONFIG_KEY, b""), credentials)
    except docker_config.Unreadable as error:
        raise Refused(str(error), "Delete the destination and add it anew.") from None
    notes = []
    if result.removed_token:
        notes.append("The stored identitytoken was removed: skopeo would have used it instead of the new password.")
    return result.content, notes


def _rotated_manifest(secret: Secret, rotation: Rotation, config: bytes, certs: str, change: Change) -> dict[str, Any]:
    data: dict[str, bytes | None] = {names.CONFIG_KEY: config}
    if rotation.bundle is not None:
        data[names.CERTS_KEY] = certs.encode() or None
    annotations: Mapping[str, str | None] = {
        **_stamps(change, rotated=True),
        names.EXPIRY_ANNOTATION: rotation.expires_on or None,
        names.LAST_APPLIED_ANNOTATION: None,
    }
    return secrets.changed(secret, data=data, annotations=annotations)


def _after_rotation(cluster: Cluster, old: Secret, new: Secret, rotation: Rotation, change: Change) -> list[str]:
    """Clean up, and tell what else the change touches. Nothing here can undo the rotation, so nothing here raises."""
    notes = []
    if names.LAST_APPLIED_ANNOTATION in old.annotations:
        notes.append(
            "The last-applied annotation of kubectl was removed: it held the old password, and a later kubectl apply "
            "would have put it back. Take the password out of the manifest that was applied."
        )
    try:
        everything = cluster.list_secrets()
    except ClusterError:
        return notes
    left = secrets.certs_name(old)
    if rotation.bundle is not None and left:
        if others := bundles.users(left, everything):
            notes.append(f"The certificate secret {left} stays: {_listed(others)} uses it, too.")
        else:
            bundles.release(cluster, left, change.at)
    if same := _same_password(old, new, everything):
        notes.append(f"The old password is stored in {_listed(same)}, too; rotate there as well.")
    bundles.collect(cluster, change.at)
    return notes


def _same_password(old: Secret, new: Secret, everything: list[Secret]) -> list[str]:
    """Return the other destinations that still hold the password that was replaced."""
    before, after = docker_config.stored_credentials(old), docker_config.stored_credentials(new)
    if before is None or after is None or before.password == after.password:
        return []
    others = (secret for secret in everything if secrets.is_destination(secret) and secret.name != old.name)
    return [
        other.name
        for other in others
        if (held := docker_config.stored_credentials(other)) and held.password == before.password
    ]


def _delete_bundle(cluster: Cluster, name: str) -> str:
    """Delete a deleted destination's certificate secret if that is safe; return a note where it stays."""
    if not name:
        return ""
    try:
        everything = {secret.name: secret for secret in cluster.list_secrets()}
        if name not in everything:
            return ""
        if others := bundles.users(name, everything.values()):
            return f"The certificate secret {name} stays: {_listed(others)} uses it."
        secret = everything[name]
        if not secrets.is_portal_certificate(secret):
            return f"The certificate secret {name} stays: it was not made here and may serve something else."
        cluster.delete_secret(name, uid=secret.uid, resource_version=secret.resource_version)
    except ClusterError:
        return f"The certificate secret {name} could not be removed; nothing needs it any more."
    return ""


def _listed(found: list[str]) -> str:
    return ", ".join(sorted(found))
