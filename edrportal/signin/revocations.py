"""Sessions that were ended: one ConfigMap says since when, for every replica. Signing out is final.

A value is a moment in milliseconds under the keyed hash of a user name: sessions begun up to then are void. An entry
goes when the last such session would have ended by its age.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from random import uniform

from django.conf import settings

from destinations.cluster.port import AlreadyExists, Ambiguous, ConfigMaps, Conflict, NotFound
from destinations.model import Secret
from destinations.names import MANAGED_BY_LABEL, MANAGED_BY_PORTAL, SESSIONS_CONFIG_MAP
from edrportal.signin import keys
from edrportal.signin.sessions import Session

_ATTEMPTS = 20
_PAUSE_SECONDS = 0.02
_PURPOSE = "revocation"


def ended_at(config_maps: Iterable[Secret], subject: str) -> int:
    """Return the moment up to which this person's sessions are void, 0 for never."""
    found = next((one for one in config_maps if one.name == SESSIONS_CONFIG_MAP), None)
    if found is None:
        return 0
    entries = _entries(found)
    return max(entries.get(key, 0) for key in keys.digests(_PURPOSE, subject))


def is_void(config_maps: Iterable[Secret], session: Session) -> bool:
    """Say whether the session was ended."""
    return session.begun <= ended_at(config_maps, session.subject)


def end(config_maps: ConfigMaps, session: Session, now: datetime) -> None:
    """End every session of this person. Raises the port's errors where that is not certain."""
    until = max(int(now.timestamp() * 1000), session.begun)
    for attempt in range(_ATTEMPTS):
        try:
            if _note(config_maps, session.subject, until, now):
                return
        except (Conflict, AlreadyExists, Ambiguous):
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(_PAUSE_SECONDS * uniform(0, attempt))  # noqa: S311 - only keeps replicas out of step


def _note(config_maps: ConfigMaps, subject: str, until: int, now: datetime) -> bool:
    """Write the entry; an answer that never came is read again, since writing it twice does no harm."""
    key = keys.digest(_PURPOSE, subject)
    try:
        found = config_maps.get(SESSIONS_CONFIG_MAP)
    except NotFound:
        config_maps.create({"metadata": _metadata(), "data": {key: str(until)}})
        return True
    entries = _entries(found)
    if entries.get(key, 0) >= until:
        return True
    kept = {**_young(entries, now), key: until}
    config_maps.replace({**found.manifest, "data": {name: str(value) for name, value in kept.items()}})
    return True


def _metadata() -> dict[str, object]:
    return {"name": SESSIONS_CONFIG_MAP, "labels": {MANAGED_BY_LABEL: MANAGED_BY_PORTAL}}


def _entries(config_map: Secret) -> dict[str, int]:
    return {key: int(value) for key, value in config_map.data.items() if value.isdigit() and len(value) < 20}  # noqa: PLR2004


def _young(entries: Mapping[str, int], now: datetime) -> dict[str, int]:
    oldest = (now.timestamp() - settings.ENVIRONMENT.session_hours * 3600) * 1000
    return {key: value for key, value in entries.items() if value > oldest}
