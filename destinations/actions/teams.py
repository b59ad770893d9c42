"""Give a destination to a team, or make it a shared one."""

from __future__ import annotations

from dataclasses import dataclass

from destinations import names
from destinations.actions.common import Change, Done, Seen, read_seen, stamps, write
from destinations.cluster.port import AlreadyExists, Ambiguous, Cluster, ConfigMaps, Conflict, NotFound
from destinations.names import MANAGED_BY_LABEL, MANAGED_BY_PORTAL, TEAMS_CONFIG_MAP
from destinations.secret import codec


@dataclass(frozen=True, slots=True)
class Assignment:
    """The team, empty for a shared destination, and the uid of its namespace where it is known."""

    team: str
    uid: str = ""


def assign(cluster: Cluster, name: str, to: Assignment, *, seen: Seen, change: Change) -> Done:
    """Write the team's label; one that has it already, with the same uid, is left alone.

    Raises Denied, UserError, Conflict (`seen` is stale), NotWritten, Unknown and the port's errors.
    """
    secret = read_seen(cluster, name, seen, change)
    if isinstance(secret, Done):
        return secret
    before = secret.labels.get(names.TEAM_LABEL, ""), secret.annotations.get(names.TEAM_UID_ANNOTATION, "")
    if before == (to.team, to.uid):
        return Done.of(secret)
    did = f"given to team {to.team}" if to.team else "shared with everybody"
    annotations = {names.TEAM_UID_ANNOTATION: to.uid or None, **stamps(change, did, old=secret)}
    manifest = codec.changed(secret, labels={names.TEAM_LABEL: to.team or None}, annotations=annotations)
    return Done.of(write(cluster, secret, manifest, None))


_ATTEMPTS = 5


def enable(config_maps: ConfigMaps, namespace: str, uid: str) -> None:
    """Let whoever may export from a namespace manage its destinations; `uid` is empty where it is not known.

    Raises the port's errors where that is not certain.
    """
    _patiently(config_maps, namespace, uid)


def disable(config_maps: ConfigMaps, namespace: str) -> None:
    """Take it back. Raises the port's errors where that is not certain."""
    _patiently(config_maps, namespace, None)


def _patiently(config_maps: ConfigMaps, namespace: str, uid: str | None) -> None:
    """Write until it is there: an answer that never came is read again, since writing it twice does no harm."""
    for attempt in range(_ATTEMPTS):
        try:
            return _set(config_maps, namespace, uid)
        except (Conflict, AlreadyExists, Ambiguous):
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError  # the last attempt returns or raises


def _set(config_maps: ConfigMaps, namespace: str, uid: str | None) -> None:
    try:
        found = config_maps.get(TEAMS_CONFIG_MAP)
    except NotFound:
        if uid is not None:
            metadata = {"name": TEAMS_CONFIG_MAP, "labels": {MANAGED_BY_LABEL: MANAGED_BY_PORTAL}}
            config_maps.create({"metadata": metadata, "data": {namespace: uid}})
        return
    data = dict(found.manifest.get("data") or {})
    if data.get(namespace) == uid:
        return
    if uid is None:
        del data[namespace]
    else:
        data[namespace] = uid
    config_maps.replace({**found.manifest, "data": data})
