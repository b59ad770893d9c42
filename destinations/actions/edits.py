"""Edit a destination: host, organization, bundle, description, expiry. Credentials follow the host."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

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
from destinations.actions.rotations import TOKEN_REMOVED
from destinations.cluster.port import Cluster
from destinations.model import Credentials, InputError, Secret, UserError
from destinations.secret import codec, docker_config, history
from destinations.verdict import tokens


@dataclass(frozen=True, slots=True)
class Edit:
    """A destination as someone wants it to be.

    `bundle` as in Rotation. An empty `password` keeps the stored one, which is refused where host or bundle change or
    where the stored configuration cannot be read.
    """

    host: str
    organization: str
    bundle: bytes | None = field(default=None, repr=False)
    description: str = ""
    expires_on: str = ""
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


def needs_password(secret: Secret, *, host: str, bundle: bytes | None) -> bool:
    """Return whether the stored password may not be kept: it only ever goes to the stored host with the stored bundle."""
    changes_bundle = bundle is not None and not (bundle == b"" and not codec.certs_name(secret))
    return changes_bundle or not host or host != docker_config.host_key(secret) or not _is_readable(secret)


def edit(cluster: Cluster, name: str, wanted: Edit, *, seen: Seen, change: Change) -> Done:
    """Change what differs, in one PUT.

    Only another password moves the time of the last rotation: not one that an administrator typed and that is the
    stored one, and not another user name. Raises UserError, Conflict, NotWritten, Unknown and the port's errors.
    """
    secret = read_seen(cluster, name, seen, change)
    if isinstance(secret, Done):
        return secret
    config = new_config(secret, wanted)
    before = secret.annotations
    stated = {
        names.ORGANIZATION_ANNOTATION: wanted.organization,
        names.DESCRIPTION_ANNOTATION: wanted.description or None,
        names.EXPIRY_ANNOTATION: wanted.expires_on or None,
    }
    if wanted.expires_on and tokens.stated_day(secret) == date.fromisoformat(wanted.expires_on):
        del stated[names.EXPIRY_ANNOTATION]  # the same day, perhaps in another spelling
    differs = {key: value for key, value in stated.items() if before.get(key) != value}
    did = _summary(secret, wanted, differs, config)
    if not did:
        raise UserError("Nothing has changed.", "Change a field, or go back.")
    certs = store_bundle(cluster, name, wanted.bundle or b"", change)
    data: dict[str, bytes | None] = {names.CONFIG_KEY: config.content} if config else {}
    if wanted.bundle is not None:
        data[names.CERTS_KEY] = certs.name.encode() if certs else None
    last_applied = {names.LAST_APPLIED_ANNOTATION: None} if config else {}
    password = (history.TYPED if wanted.password else history.KEPT) if config else ""
    rotated = bool(wanted.password) and not is_known_password(secret, wanted.password, change.permit)
    noted = stamps(change, did, old=secret, rotated=rotated, password=password)
    annotations = {**differs, **last_applied, **noted}
    stored = write(cluster, secret, codec.changed(secret, data=data, annotations=annotations), certs)
    notes = [TOKEN_REMOVED] if config and config.removed_token else []
    return Done.of(stored, *notes, *tidy(cluster, secret, stored, change))


def new_config(secret: Secret, wanted: Edit) -> docker_config.Rotated | None:
    """Return the configuration that an edit writes, None where the stored one stays as it is. Raises UserError."""
    credentials = _credentials(secret, wanted)
    if credentials is None:
        return None
    try:
        return docker_config.rotated(secret.data.get(names.CONFIG_KEY, b""), credentials, host=wanted.host)
    except InputError:
        return docker_config.Rotated(docker_config.new(wanted.host, credentials), removed_token=False)


def _credentials(secret: Secret, wanted: Edit) -> Credentials | None:
    """Return the credentials to write, or None where the stored ones stay as they are."""
    stored = docker_config.stored_credentials(secret)
    if wanted.username and wanted.password:
        return Credentials(wanted.username, wanted.password)
    if wanted.password or needs_password(secret, host=wanted.host, bundle=wanted.bundle) or stored is None:
        raise UserError(
            "The stored password is kept only if host and certificates stay the same.",
            "Type user name and password again.",
        )
    if wanted.username in {"", stored.username}:
        return None
    return Credentials(wanted.username, stored.password)


def _summary(secret: Secret, wanted: Edit, differs: dict[str, str | None], config: docker_config.Rotated | None) -> str:
    """Return what the history says of the edit, or an empty text where nothing differs."""
    words = {
        names.ORGANIZATION_ANNOTATION: "organization",
        names.DESCRIPTION_ANNOTATION: "description",
        names.EXPIRY_ANNOTATION: "expiry",
    }
    parts = ["host"] if wanted.host != docker_config.host_key(secret) else []
    parts += [words[key] for key in differs]
    if wanted.bundle is not None and needs_password(secret, host=docker_config.host_key(secret), bundle=wanted.bundle):
        parts.append("certificates")
    if config and "host" not in parts:
        parts.append("credentials" if wanted.password else "user name")
    return f"edited: {', '.join(parts)}" if parts else ""


def _is_readable(secret: Secret) -> bool:
    return docker_config.stored_credentials(secret) is not None


def switch(cluster: Cluster, name: str, *, on: bool, seen: Seen, change: Change) -> Done:
    """Enable or disable a destination; one that is so already is left alone, whatever else changed since it was seen.

    Raises UserError, Conflict (`seen` is stale), NotWritten, Unknown and the port's errors.
    """
    value = "true" if on else "false"

    def is_so(secret: Secret) -> bool:
        return secret.labels[names.REGISTRY_LABEL] == value

    secret = read_seen(cluster, name, seen, change, is_so=is_so)
    if isinstance(secret, Done):
        return secret
    annotations = stamps(change, "enabled" if on else "disabled", old=secret)
    manifest = codec.changed(secret, labels={names.REGISTRY_LABEL: value}, annotations=annotations)
    return Done.of(write(cluster, secret, manifest, None))
