"""Disable and enable a destination: the value of its label. Epinio hides one with `false` and refuses it by name."""

from __future__ import annotations

from destinations import names
from destinations.actions.common import Change, Done, Seen, read_seen, stamps, write
from destinations.cluster.port import Cluster
from destinations.secret import codec


def switch(cluster: Cluster, name: str, *, on: bool, seen: Seen, change: Change) -> Done:
    """Enable or disable a destination; one that is so already is left alone.

    Raises Refused, Conflict (`seen` is stale), NotWritten, Unknown and the port's errors.
    """
    secret = read_seen(cluster, name, seen, change)
    if isinstance(secret, Done):
        return secret
    value = "true" if on else "false"
    if secret.labels[names.REGISTRY_LABEL] == value:
        return Done.of(secret)
    annotations = stamps(change, "enabled" if on else "disabled", old=secret)
    manifest = codec.changed(secret, labels={names.REGISTRY_LABEL: value}, annotations=annotations)
    return Done.of(write(cluster, secret, manifest, None))
