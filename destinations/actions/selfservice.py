"""Enable and disable self-service for a namespace: one ConfigMap says where it is on, for every replica."""

from __future__ import annotations

from destinations.cluster.port import AlreadyExists, Ambiguous, ConfigMaps, Conflict, NotFound
from destinations.names import MANAGED_BY_LABEL, MANAGED_BY_PORTAL, TEAMS_CONFIG_MAP

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
