"""Repair a destination: apply the chosen fixes to the Secret as it is, and write only what they change."""

from __future__ import annotations

from destinations import names, repairs
from destinations.actions.common import Change, Done, Seen, read_seen, stamps, store_bundle, tidy, write
from destinations.cluster.port import Cluster
from destinations.model import Snapshot, UserError
from destinations.repairs import Choice
from destinations.secret import codec, history


def repair(cluster: Cluster, name: str, choice: Choice, *, seen: Seen, change: Change) -> Done:
    """Write what the chosen fixes change, in one PUT.

    Raises UserError, Conflict (`seen` is stale), NotWritten, Unknown and the port's errors.
    """
    secret = read_seen(cluster, name, seen, change)
    if isinstance(secret, Done):
        return secret
    fixed = repairs.apply(secret, Snapshot.of(cluster.list_secrets(), change.at), choice)
    if not fixed.applied:
        raise UserError("The selected repairs change nothing.", "Select at least one, or go back.")
    certs = store_bundle(cluster, name, fixed.bundle, change)
    data = repairs.differing(secret.data, fixed.secret.data)
    if certs:
        data[names.CERTS_KEY] = certs.name.encode()
    did, password = f"repaired: {', '.join(fixed.applied)}", history.KEPT if names.CONFIG_KEY in data else ""
    annotations = {
        **repairs.differing(secret.annotations, fixed.secret.annotations),
        **stamps(change, did, old=secret, password=password),
    }
    labels = repairs.differing(secret.labels, fixed.secret.labels)
    manifest = codec.changed(secret, data=data, annotations=annotations, labels=labels)
    stored = write(cluster, secret, manifest, certs)
    return Done.of(stored, *tidy(cluster, secret, stored, change))
