"""The portal's live check of a scenario: the one place that knows how it is called."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from destinations.livecheck.plan import NO_ROOTS, plan
from destinations.livecheck.registry.guard import Rules
from destinations.livecheck.registry.probe import NetworkRegistries
from destinations.model import Snapshot
from tests.registry.scenarios import NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from destinations.livecheck.registry.port import Report
    from destinations.model import Secret

_LOOPBACK = Rules(ports=frozenset(range(1, 65536)), networks=(), allow_loopback=True)


def check(secrets: Mapping[str, Secret], roots: bytes = b"") -> Report:
    """Check the destination; `roots` is what the image of skopeo trusts itself, nobody where it is empty."""
    asked = replace(
        plan(secrets[NAME], Snapshot(secrets, datetime.now(UTC)), skopeo_roots=roots or NO_ROOTS), sees_all=True
    )
    return NetworkRegistries(_LOOPBACK).check(asked)
