"""The registries that people have: how their hosts look, what things are called there, and where a push stumbles. Pure."""

from __future__ import annotations

from destinations.verdict.presets.catalog import PLAIN, PRESETS
from destinations.verdict.presets.kind import Preset

BY_KEY = {preset.key: preset for preset in PRESETS}
CHOICES = (("", "Recognise it by its host"), *((preset.key, preset.kind) for preset in PRESETS))


def of_host(host: str) -> Preset | None:
    """Return the kind of registry that a host tells, None where it tells none."""
    return next((preset for preset in PRESETS if preset.knows(host)), None)


def chosen(key: str, host: str) -> Preset | None:
    """Return the kind that somebody chose, else the one that the host tells; a key that is unknown counts as none."""
    return BY_KEY.get(key) or of_host(host)


__all__ = ["BY_KEY", "CHOICES", "PLAIN", "PRESETS", "Preset", "chosen", "of_host"]
