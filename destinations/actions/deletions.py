"""Delete a destination, then its certificate Secret if that is safe; and certificate Secrets that were left behind."""

from __future__ import annotations

from datetime import datetime

from destinations.access import UNLIMITED, Authority
from destinations.actions import bundles, writes
from destinations.actions.common import Done, Seen, listed, refuse_foreign, told
from destinations.cluster.port import Cluster, ClusterError, Conflict, NotFound
from destinations.secret import codec


def delete(cluster: Cluster, name: str, *, seen: Seen, permit: Authority = UNLIMITED) -> Done:
    """Delete a destination, and its certificate Secret if that is the portal's and nothing else names it.

    Raises Denied, UserError, Conflict (`seen` is stale), NotWritten, Unknown and the port's errors.
    """
    secret = cluster.get_secret(name)
    if not codec.is_destination(secret):
        raise NotFound("NotFound", status=404)
    permit.check(secret)
    if Seen.of(secret) != seen:
        raise Conflict("Conflict", status=409)
    refuse_foreign(secret, deleting=True)
    writes.delete(cluster, secret)
    note = _delete_bundle(cluster, codec.certs_name(secret), permit)
    return Done(name, "", (note,) if note else (), secret.uid)


def _delete_bundle(cluster: Cluster, name: str, permit: Authority) -> str:
    """Delete a deleted destination's certificate Secret if that is safe; return a note where it stays."""
    if not name:
        return ""
    try:
        everything = {secret.name: secret for secret in cluster.list_secrets()}
        if name not in everything:
            return ""
        if others := bundles.users(name, everything.values()):
            return f"The certificate Secret {name} stays: {told(others, everything.values(), permit)} uses it."
        if not codec.is_portal_certificate(everything[name]):
            return f"The certificate Secret {name} stays: the portal did not create it, and something else may use it."
        writes.delete(cluster, everything[name])
    except ClusterError:
        return f"The certificate Secret {name} may still exist; nothing uses it anymore."
    return ""


def sweep(cluster: Cluster, at: datetime) -> Done:
    """Delete the portal's certificate Secrets that nothing names and that no action or export can still need.

    One that cannot be deleted stays for the next time; the notes name it. Raises the port's errors where the cluster
    cannot be read.
    """
    everything = cluster.list_secrets()
    gone, notes = [], []
    for orphan in bundles.unused(everything, at):
        if orphan.waits_until:
            continue
        try:
            writes.delete(cluster, orphan.secret)
            gone.append(orphan.secret.name)
        except ClusterError:
            notes.append(f"{orphan.secret.name} stays: the cluster did not delete it.")
    said = f"Deleted: {listed(gone)}." if gone else "Nothing is left to delete now."
    return Done("", "", (said, *notes))
