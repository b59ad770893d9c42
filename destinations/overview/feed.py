"""From what the watches saw to what it means for destinations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from destinations import names
from destinations.cluster.reflector import Reflector, Step
from destinations.model import Secret
from destinations.overview.hub import EVERYTHING, DestinationChange, Hub
from destinations.secret import codec


def connect(hub: Hub, watched: Reflector, config_maps: Reflector | None) -> None:
    known: dict[str, Secret] = {}

    def see_secrets(steps: Sequence[Step] | None, kept: Mapping[str, Secret]) -> None:
        nonlocal known
        known = dict(kept)
        hub.publish((EVERYTHING,) if steps is None else [one for step in steps for one in of_secret(step, kept)])

    def see_config_maps(steps: Sequence[Step] | None, _: Mapping[str, Secret]) -> None:
        hub.publish((EVERYTHING,) if steps is None else [one for step in steps for one in of_config_map(step, known)])

    watched.on_change(see_secrets)
    if config_maps:
        config_maps.on_change(see_config_maps)


def of_secret(step: Step, kept: Mapping[str, Secret]) -> Iterator[DestinationChange]:
    """Yield what a change of a Secret means: for itself as a destination, and for those that use it as certificates."""
    before, now = (one if one and codec.is_destination(one) else None for one in step)
    name = next(one.name for one in step if one)
    if before or now:
        yield DestinationChange(name, before, now)
        return
    for one in kept.values():
        if codec.certs_name(one) == name and codec.is_destination(one):
            yield DestinationChange(one.name, one, one)


def of_config_map(step: Step, known: Mapping[str, Secret]) -> Iterator[DestinationChange]:
    """Yield what a change of a ConfigMap means: other teams change every page, a check's result those of its destination."""
    before, now = step
    name = next(one.name for one in step if one)
    if name == names.TEAMS_CONFIG_MAP:
        yield EVERYTHING
    if name == names.CHECKS_CONFIG_MAP:
        old, new = (one.data if one else {} for one in (before, now))
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key) and key in known:
                yield DestinationChange(key, known[key], known[key], "checked")
