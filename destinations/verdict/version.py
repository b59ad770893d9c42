"""Which rules apply: the version of Epinio, and what changed between versions."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class EpinioVersion:
    """A released version of Epinio; a `v` in front and an `-rcN` behind are accepted and dropped."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> EpinioVersion | None:
        """Return the version that `text` names, or None where it is no version (judge by the newest rules then)."""
        match = re.fullmatch(r"v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})(-rc\.?\d{1,6})?", text.strip(), re.ASCII)
        return cls(*(int(part) for part in match.groups()[:3])) if match else None

    def __str__(self) -> str:
        """Return the version as Epinio's releases are named, without the `v`."""
        return f"{self.major}.{self.minor}.{self.patch}"


NEWEST = EpinioVersion(1, 14, 1)
"""The newest version whose code these rules were compared with; newer ones are judged the same, and pages say so."""
_AUTH_FALLBACK = EpinioVersion(1, 13, 8)


def login_reads_auth(version: EpinioVersion | None) -> bool:
    """Whether Epinio fills an empty user name or password from `auth` (internal/registry/registry.go, from 1.13.8)."""
    return version is None or version >= _AUTH_FALLBACK
