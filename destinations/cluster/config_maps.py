"""The portal's own ConfigMaps: changed by several replicas, and there from the first change on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from random import SystemRandom

from destinations.cluster.port import AlreadyExists, Ambiguous, ConfigMaps, Conflict, NotFound
from destinations.names import MANAGED_BY_LABEL, MANAGED_BY_PORTAL

_ATTEMPTS = 20
_PAUSE_SECONDS = 0.02


def update(config_maps: ConfigMaps, name: str, change: Callable[[Mapping[str, str]], Mapping[str, str] | None]) -> None:
    """Write until it is there; raise the port's errors where that is not certain.

    `change` gets the data as it is now, empty where there is no such ConfigMap, and returns the data as it shall be, or
    None to leave it. It may be called again: after a write that lost against another one, and after an answer that never
    came, so it must do no harm twice.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return _update_once(config_maps, name, change)
        except (Conflict, AlreadyExists, Ambiguous):
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(_PAUSE_SECONDS * SystemRandom().uniform(0, attempt))  # so that replicas fall out of step
    raise AssertionError  # the last attempt returns or raises


def _update_once(
    config_maps: ConfigMaps, name: str, change: Callable[[Mapping[str, str]], Mapping[str, str] | None]
) -> None:
    try:
        old = config_maps.get(name)
    except NotFound:
        data = change({})
        if data is not None:
            metadata = {"name": name, "labels": {MANAGED_BY_LABEL: MANAGED_BY_PORTAL}}
            config_maps.create({"metadata": metadata, "data": data})
        return
    data = change(old.manifest.get("data") or {})
    if data is not None:
        config_maps.replace({**old.manifest, "data": data})
