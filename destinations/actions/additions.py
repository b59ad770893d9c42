"""Add a destination: its bundle first, then the destination that names it."""

from __future__ import annotations

from destinations.access import Authority
from destinations.actions import bundles, writes
from destinations.actions.common import Change, Done, stamps, store_bundle, withdraw
from destinations.cluster.port import AlreadyExists, Cluster, ClusterError
from destinations.model import Draft, Secret, UserError
from destinations.secret import codec, history


def add(cluster: Cluster, draft: Draft, change: Change) -> Done:
    """Create a destination. Raises Denied, UserError, NotWritten, Unknown and the port's errors."""
    change.permit.check_new(draft.team)
    everything = {secret.name: secret for secret in cluster.list_secrets()}
    if draft.name in everything:
        return _already_there(everything[draft.name], change)
    certs = store_bundle(cluster, draft.name, draft.bundle, change)
    manifest = codec.authentication_secret(
        draft,
        namespace=cluster.namespace,
        certs=certs.name if certs else "",
        stamps=stamps(change, "added", rotated=True, password=history.TYPED),
    )
    try:
        stored = writes.create(cluster, manifest)
    except writes.Unknown:
        raise  # the destination may exist and name the bundle: nothing is withdrawn
    except AlreadyExists:
        withdraw(cluster, certs)
        return _already_there(cluster.get_secret(draft.name), change)
    except ClusterError:
        withdraw(cluster, certs)
        raise
    bundles.collect(cluster, everything.values(), change.at)
    return Done.of(stored)


def _already_there(secret: Secret, change: Change) -> Done:
    if history.holds(secret, change.write_id):
        return Done.before(secret, change)  # this very form, sent twice
    raise name_taken(secret, change.permit)


def name_taken(secret: Secret, permit: Authority) -> UserError:
    """Return what to say of a name that this Secret has, as far as the person who asks may know of it."""
    if not permit.is_unlimited:
        return UserError(f"The name {secret.name} is not available.", "Choose another name.", reason="NameTaken")
    kind = "a destination" if codec.is_destination(secret) else "a Secret that is not a destination"
    return UserError(f"The name {secret.name} is taken by {kind}.", "Choose another name.", reason="NameTaken")
