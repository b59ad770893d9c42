"""Repair a destination by the chosen fixes, or split a Secret with several hosts into a destination for each.

A split loses none of the passwords: the new destinations are written first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from destinations import access, names, repairs
from destinations.access import Authority
from destinations.actions import writes
from destinations.actions.common import Change, Done, Seen, read_seen, stamps, store_bundle, tidy, withdraw, write
from destinations.cluster.port import AlreadyExists, Cluster, ClusterError
from destinations.input import validation
from destinations.model import Secret, Snapshot, UserError
from destinations.repairs import Choice, document
from destinations.secret import codec, docker_config, history


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


_COPIED = (
    names.ORGANIZATION_ANNOTATION,
    names.DESCRIPTION_ANNOTATION,
    names.EXPIRY_ANNOTATION,
    names.TEAM_UID_ANNOTATION,
    names.ROTATED_AT_ANNOTATION,
)


@dataclass(frozen=True, slots=True)
class Split:
    """Which host stays under the name that there is, and the names of new destinations by their hosts: all the others."""

    kept: str
    others: Mapping[str, str]


def split(cluster: Cluster, name: str, wanted: Split, *, seen: Seen, change: Change) -> Done:
    """Create the new destinations first, then leave one host in the old one, each by its own checked write.

    Where the last write is certain not to have happened, the new destinations are taken back. Raises Denied, UserError,
    Conflict (`seen` is stale), NotWritten, Unknown and the port's errors.
    """
    secret = read_seen(cluster, name, seen, change)
    if isinstance(secret, Done):
        return secret
    found = docker_config.hosts(secret)
    if len(found) <= 1 or set(found) != {wanted.kept, *wanted.others}:
        raise UserError("The hosts of this destination have changed.", "Review them, and split again.")
    _check_names(secret, wanted, change)
    created: list[Secret] = []
    try:
        for host, other in wanted.others.items():
            created.append(_create(cluster, _manifest(secret, host, other, cluster.namespace, change)))
    except writes.Unknown:
        raise  # it may exist: whoever looks sees both, and no password is lost
    except ClusterError:
        _withdraw(cluster, created)
        raise
    one = document.with_host(secret, wanted.kept)
    did = f"split: {', '.join(wanted.others.values())} got the other hosts"
    annotations = {**stamps(change, did, old=secret, password=history.KEPT), names.LAST_APPLIED_ANNOTATION: None}
    data = {names.CONFIG_KEY: one.data[names.CONFIG_KEY]}
    try:
        stored = write(cluster, secret, codec.changed(secret, data=data, annotations=annotations), None)
    except writes.Unknown:
        raise
    except ClusterError:
        _withdraw(cluster, created)
        raise
    return Done.of(stored, *tidy(cluster, secret, stored, change))


def _check_names(secret: Secret, wanted: Split, change: Change) -> None:
    """Refuse names that cannot be one, are there twice, or would pass for another team's. Raises Denied and UserError."""
    change.permit.check_new(access.team_of(secret))
    for problem in name_problems(secret, wanted, change.permit).values():
        raise UserError(problem, "Choose another name for the new destination.", 422)


def name_problems(secret: Secret, wanted: Split, permit: Authority) -> dict[str, str]:
    """Return what is wrong with the names of new destinations, by their hosts; whether one is taken is found elsewhere."""
    team, chosen = access.team_of(secret), [secret.name, *wanted.others.values()]
    return {
        host: problem
        for host, name in wanted.others.items()
        if (problem := _name_problem(name, team, permit) or (chosen.count(name) > 1 and _SAME_NAME))
    }


_SAME_NAME = "Two destinations would have the same name."


def _name_problem(name: str, team: str, permit: Authority) -> str:
    if trap := validation.check_name(name):
        return trap.message
    if permit.is_unlimited or (name.startswith(f"{team}-") and not permit.other_prefix(name, team)):
        return ""
    return f"The name must begin with {team}-."


def _manifest(secret: Secret, host: str, name: str, namespace: str, change: Change) -> dict[str, Any]:
    """Return the manifest of the destination of one host: same organization, team, certificates, dates and status."""
    kept = {key: secret.annotations[key] for key in _COPIED if key in secret.annotations}
    labels = {key: secret.labels[key] for key in (names.REGISTRY_LABEL, names.TEAM_LABEL) if key in secret.labels}
    data = {names.CONFIG_KEY: document.with_host(secret, host).data[names.CONFIG_KEY]}
    if codec.certs_name(secret):
        data[names.CERTS_KEY] = secret.data[names.CERTS_KEY]
    return codec.opaque(
        name,
        namespace,
        labels={**labels, names.MANAGED_BY_LABEL: names.MANAGED_BY_PORTAL},
        annotations={**kept, **stamps(change, f"split from {secret.name}", password=history.KEPT)},
        data=data,
    )


def _create(cluster: Cluster, manifest: Mapping[str, Any]) -> Secret:
    try:
        return writes.create(cluster, manifest)
    except AlreadyExists:
        name = manifest["metadata"]["name"]
        raise UserError(f"The name {name} is not available.", "Choose another name.", reason="NameTaken") from None


def _withdraw(cluster: Cluster, created: list[Secret]) -> None:
    for one in created:
        withdraw(cluster, one)


def suggestions(secret: Secret) -> Iterator[tuple[str, str]]:
    """Yield each host of a Secret with several, and a name for its destination; nothing for other Secrets."""
    found = docker_config.hosts(secret)
    for host in found if len(found) > 1 else ():
        trap = validation.check_name(f"{secret.name}-{host}".replace(":", "-"))
        yield host, trap.suggestion if trap else f"{secret.name}-{host}".replace(":", "-")
