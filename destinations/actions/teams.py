"""Give a destination to a team, or make it a shared one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from destinations import names
from destinations.actions.common import Change, Done, Seen, read_seen, stamps, write
from destinations.cluster.config_maps import update
from destinations.cluster.port import Cluster, ConfigMaps
from destinations.model import Secret
from destinations.names import TEAMS_CONFIG_MAP
from destinations.secret import codec


@dataclass(frozen=True, slots=True)
class Assignment:
    """The team, empty for a shared destination, and the uid of its namespace where it is known."""

    team: str
    uid: str = ""


def assign(cluster: Cluster, name: str, to: Assignment, *, seen: Seen, change: Change) -> Done:
    """Write the team's label; one that has it already, with the same uid, is left alone, whatever else changed.

    Raises Denied, UserError, Conflict (`seen` is stale), NotWritten, Unknown and the port's errors.
    """

    def is_so(secret: Secret) -> bool:
        team, uid = secret.labels.get(names.TEAM_LABEL, ""), secret.annotations.get(names.TEAM_UID_ANNOTATION, "")
        return (team, uid) == (to.team, to.uid)

    secret = read_seen(cluster, name, seen, change, is_so=is_so)
    if isinstance(secret, Done):
        return secret
    did = f"assigned to team {to.team}" if to.team else "shared with everyone"
    annotations = {names.TEAM_UID_ANNOTATION: to.uid or None, **stamps(change, did, old=secret)}
    manifest = codec.changed(secret, labels={names.TEAM_LABEL: to.team or None}, annotations=annotations)
    return Done.of(write(cluster, secret, manifest, None))


def enable(config_maps: ConfigMaps, namespace: str, uid: str) -> None:
    """Let people who may export from a namespace manage its destinations; `uid` is empty where it is not known.

    Raises the port's errors where that is not certain.
    """
    update(config_maps, TEAMS_CONFIG_MAP, lambda old: None if old.get(namespace) == uid else {**old, namespace: uid})


def disable(config_maps: ConfigMaps, namespace: str) -> None:
    """Take it back. Raises the port's errors where that is not certain."""

    def without(old: Mapping[str, str]) -> Mapping[str, str] | None:
        return {key: uid for key, uid in old.items() if key != namespace} if namespace in old else None

    update(config_maps, TEAMS_CONFIG_MAP, without)
