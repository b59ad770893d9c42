"""The portal's own certificate Secrets: their names, who refers to them, and when one may go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex

from destinations.cluster.port import Cluster, ClusterError
from destinations.model import Secret
from destinations.names import RELEASED_AT_ANNOTATION
from destinations.secret import codec

GRACE = timedelta(minutes=15)
"""A running export mounts the bundle by name and is waited for twelve minutes: longer than that."""
_NAME_MAX = 253


def fresh_name(destination: str, bundle: bytes) -> str:
    """Return a name never used before: the destination's, a short hash of the bundle, and chance."""
    tail = f"-ca-{sha256(bundle).hexdigest()[:8]}-{token_hex(4)}"
    return destination[: _NAME_MAX - len(tail)].rstrip(".-") + tail


def users(name: str, secret_list: Iterable[Secret]) -> list[str]:
    """Return the names of all Secrets whose key `certs` names this one."""
    return [secret.name for secret in secret_list if codec.certs_name(secret) == name]


def release(cluster: Cluster, name: str, at: datetime) -> None:
    """Mark a certificate Secret of the portal that nothing names any more, so that a later write collects it.

    Best effort, after the write that counts: a failure leaves an unused Secret, which the overview shows.
    """
    try:
        secret = cluster.get_secret(name)
        if codec.is_portal_certificate(secret):
            stamp = {RELEASED_AT_ANNOTATION: codec.rfc3339(at)}
            cluster.replace_secret(codec.changed(secret, annotations=stamp))
    except ClusterError:
        return


def collect(cluster: Cluster, everything: Iterable[Secret], at: datetime) -> None:
    """Delete the portal's certificate Secrets that were released long enough ago and that nothing names.

    `everything` is the namespace as it was read before; where it holds one that is due, it is read again at once, so
    that nothing is deleted on old knowledge. Best effort: what stays is collected another time.
    """
    if not _due(everything, at):
        return
    try:
        for secret in _due(cluster.list_secrets(), at):
            cluster.delete_secret(secret.name, uid=secret.uid, resource_version=secret.resource_version)
    except ClusterError:
        return


def _due(everything: Iterable[Secret], at: datetime) -> list[Secret]:
    return [one.secret for one in unused(everything, at) if one.released and not one.waits_until]


@dataclass(frozen=True, slots=True)
class Unused:
    """A certificate Secret of the portal that nothing names.

    `waits_until` is when it may go, None for now: a running export may mount a released one, and one that was just
    made may be about to be named.
    """

    secret: Secret
    released: bool
    waits_until: datetime | None


def unused(everything: Iterable[Secret], at: datetime) -> tuple[Unused, ...]:
    """Return the portal's certificate Secrets that nothing names, by name."""
    found = list(everything)
    named = {codec.certs_name(secret) for secret in found}
    return tuple(
        _unused(secret, at)
        for secret in sorted(found, key=lambda secret: secret.name)
        if codec.is_portal_certificate(secret) and secret.name not in named
    )


def _unused(secret: Secret, at: datetime) -> Unused:
    released = _moment(secret.annotations.get(RELEASED_AT_ANNOTATION, ""))
    since = released or _moment(secret.created_at)
    until = since + GRACE if since else None
    return Unused(secret, released is not None, until if until and until > at else None)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
