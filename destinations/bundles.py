"""The portal's own certificate secrets: their names, who refers to them, and when one may go."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import TYPE_CHECKING

from destinations import secrets
from destinations.cluster.port import ClusterError
from destinations.names import RELEASED_AT_ANNOTATION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from destinations.cluster.port import Cluster
    from destinations.model import Secret

GRACE = timedelta(minutes=15)
"""A running export mounts the bundle by name and is waited for twelve minutes: longer than that."""
_NAME_MAX = 253


def fresh_name(destination: str, bundle: bytes) -> str:
    """Return a name never used before: the destination's, a short hash of the bundle, and chance."""
    tail = f"-ca-{sha256(bundle).hexdigest()[:8]}-{token_hex(4)}"
    return destination[: _NAME_MAX - len(tail)].rstrip(".-") + tail


def users(name: str, secret_list: Iterable[Secret]) -> list[str]:
    """Return the names of all Secrets whose key `certs` names this one."""
    return [secret.name for secret in secret_list if secrets.certs_name(secret) == name]


def release(cluster: Cluster, name: str, at: datetime) -> None:
    """Mark a certificate secret of the portal that nothing names any more, so that a later write collects it.

    Best effort, after the write that counts: a failure leaves an orphan, which the overview shows.
    """
    try:
        secret = cluster.get_secret(name)
        if secrets.is_portal_certificate(secret):
            stamp = {RELEASED_AT_ANNOTATION: secrets.rfc3339(at)}
            cluster.replace_secret(secrets.changed(secret, data={}, annotations=stamp))
    except ClusterError:
        return


def collect(cluster: Cluster, at: datetime) -> None:
    """Delete the portal's certificate secrets that were released long enough ago and that nothing names."""
    try:
        everything = cluster.list_secrets()
        for secret in everything:
            if _is_over(secret, at) and not users(secret.name, everything):
                cluster.delete_secret(secret.name, uid=secret.uid, resource_version=secret.resource_version)
    except ClusterError:
        return


def _is_over(secret: Secret, at: datetime) -> bool:
    if not secrets.is_portal_certificate(secret):
        return False
    try:
        released = datetime.fromisoformat(secret.annotations.get(RELEASED_AT_ANNOTATION, ""))
    except ValueError:
        return False
    return released.tzinfo is not None and at - released >= GRACE
