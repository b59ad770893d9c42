"""Rotate the credentials of a destination, and its bundle if asked: one PUT flips both."""

from __future__ import annotations

from dataclasses import dataclass, field

from destinations import names
from destinations.actions.common import Change, Done, Seen, read_seen, stamps, store_bundle, tidy, write
from destinations.cluster.port import Cluster
from destinations.model import Credentials, InputError, Secret, UserError
from destinations.secret import codec, docker_config, history

TOKEN_REMOVED = "The stored identitytoken was removed: skopeo would have used it instead of the new password."  # noqa: S105 - a sentence


@dataclass(frozen=True, slots=True)
class Rotation:
    """New credentials.

    An empty `password` keeps the stored one (refused where the bundle changes or the stored credentials cannot be
    read). `bundle`: None keeps the stored one, b"" removes it, anything else is the new re-serialized PEM.
    `expires_on` replaces the stated expiry (empty: none stated).
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    bundle: bytes | None = field(default=None, repr=False)
    expires_on: str = ""


def rotate(cluster: Cluster, name: str, rotation: Rotation, *, seen: Seen, change: Change) -> Done:
    """Replace the credentials, and the bundle if asked.

    Raises UserError, Conflict (`seen` is stale), NotWritten, Unknown and the port's errors.
    """
    secret = read_seen(cluster, name, seen, change)
    if isinstance(secret, Done):
        return secret
    config = new_config(secret, rotation)
    certs = store_bundle(cluster, name, rotation.bundle or b"", change)
    data: dict[str, bytes | None] = {names.CONFIG_KEY: config.content}
    if rotation.bundle is not None:
        data[names.CERTS_KEY] = certs.name.encode() if certs else None
    password = history.TYPED if rotation.password else history.KEPT
    annotations = {
        **stamps(change, "rotated", old=secret, rotated=True, password=password),
        names.EXPIRY_ANNOTATION: rotation.expires_on or None,
        names.LAST_APPLIED_ANNOTATION: None,
    }
    stored = write(cluster, secret, codec.changed(secret, data=data, annotations=annotations), certs)
    notes = [TOKEN_REMOVED] if config.removed_token else []
    return Done.of(stored, *notes, *tidy(cluster, secret, stored, change))


def new_config(secret: Secret, rotation: Rotation) -> docker_config.Rotated:
    """Return the configuration that a rotation writes. Raises UserError."""
    credentials = _new_credentials(secret, rotation)
    try:
        return docker_config.rotated(secret.data.get(names.CONFIG_KEY, b""), credentials)
    except InputError as error:
        raise UserError(str(error), "Repair or edit the destination first. This rewrites the credentials.") from None


def _new_credentials(secret: Secret, rotation: Rotation) -> Credentials:
    if rotation.password:
        return Credentials(rotation.username, rotation.password)
    if rotation.bundle is not None:
        raise UserError(
            "The stored password is kept only if host and certificates stay the same.", "Type the password again."
        )
    stored = docker_config.stored_credentials(secret)
    if stored is None:
        raise UserError("There is no stored password to keep.", "Type the password.")
    return Credentials(rotation.username, stored.password)
