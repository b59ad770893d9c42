"""Which rules apply: the version of Epinio, and what changed between versions."""

from __future__ import annotations

from destinations.model import EpinioVersion

NEWEST = EpinioVersion(1, 14, 1)
"""The newest version whose code these rules were compared with; newer ones are judged the same, and pages say so."""


def login_reads_auth(version: EpinioVersion | None) -> bool:
    """Return whether Epinio fills an empty user name or password from `auth` (internal/registry/registry.go, from 1.13.8)."""
    return version is None or version >= EpinioVersion(1, 13, 8)
