"""Rotate the credentials of a destination, and its bundle if asked: one PUT flips both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from destinations import names
from destinations.actions.common import (
    Change,
    Done,
    Seen,
    is_known_password,
    read_seen,
    stamps,
    store_bundle,
    tidy,
    write,
)
from destinations.cluster.port import Cluster
from destinations.model import Credentials, InputError, Secret, UserError
from destinations.secret import codec, docker_config, history
from destinations.verdict import tokens

SAME_PASSWORD = "The password that you typed is the stored one, so nothing was rotated."  # noqa: S105 - a sentence
NO_PASSWORD = "Type the new password."  # noqa: S105 - a sentence
WITHOUT_PASSWORD = "To change only the user name or the certificates, edit the destination."  # noqa: S105 - a sentence
TOKEN_REMOVED = "The stored identitytoken was removed: skopeo would have used it instead of the new password."  # noqa: S105 - a sentence


@dataclass(frozen=True, slots=True)
class Rotation:
    """New credentials. A rotation without a password is refused.

    `bundle`: None keeps the stored one, b"" removes it, anything else is the new re-serialized PEM. `expires_on` replaces
    the stated expiry (empty: none stated).
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    bundle: bytes | None = field(default=None, repr=False)
    expires_on: str = ""


def rotate(cluster: Cluster, name: str, rotation: Rotation, *, seen: Seen, change: Change) -> Done:
    """Replace the credentials, and the bundle if asked.

    An administrator who types the stored password has edited the destination: the time of the last rotation stays.
    Raises UserError, Conflict (`seen` is stale), NotWritten, Unknown and the port's errors.
    """
    secret = read_seen(cluster, name, seen, change)
    if isinstance(secret, Done):
        return _before(secret, change)
    config = new_config(secret, rotation)
    is_same = is_known_password(secret, rotation.password, change.permit)
    certs = store_bundle(cluster, name, rotation.bundle or b"", change)
    data: dict[str, bytes | None] = {names.CONFIG_KEY: config.content}
    if rotation.bundle is not None:
        data[names.CERTS_KEY] = certs.name.encode() if certs else None
    did = _SAME if is_same else "rotated"
    annotations = {
        **stamps(change, did, old=secret, rotated=not is_same, password=history.TYPED),
        names.EXPIRY_ANNOTATION: rotation.expires_on or None,
        names.LAST_APPLIED_ANNOTATION: None,
    }
    stored = write(cluster, secret, codec.changed(secret, data=data, annotations=annotations), certs)
    notes = [SAME_PASSWORD] * is_same + [TOKEN_REMOVED] * config.removed_token
    done = Done.of(stored, *notes, *tidy(cluster, secret, stored, change))
    return replace(done, kept_password=is_same)


_SAME = "edited: credentials"


def _before(done: Done, change: Change) -> Done:
    """Return a rotation that was written before with whether it was one: what its history says."""
    entries = history.read(done.stored) if done.stored else ()
    mark = history.mark(change.write_id)
    is_same = any(history.names_same_write(one.id, mark) and one.did == _SAME for one in entries)
    return replace(done, kept_password=is_same, notes=(SAME_PASSWORD,) * is_same)


def lasting_expiry(secret: Secret, now: datetime) -> str:
    """Return the stated end that may stay where nobody states another: a day that has passed says nothing of a new password."""
    day = tokens.stated_day(secret)
    return "" if day and day < now.date() else tokens.stated_text(secret)


def new_config(secret: Secret, rotation: Rotation) -> docker_config.Rotated:
    """Return the configuration that a rotation writes. Raises UserError."""
    if not rotation.password:
        raise UserError(NO_PASSWORD, WITHOUT_PASSWORD)
    credentials = Credentials(rotation.username, rotation.password)
    try:
        return docker_config.rotated(secret.data.get(names.CONFIG_KEY, b""), credentials)
    except InputError as error:
        raise UserError(str(error), "Repair or edit the destination first. This rewrites the credentials.") from None
