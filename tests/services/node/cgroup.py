"""What the kernel counts of a container: its memory, and how often it was short of it, by either version of cgroups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.services.node.controller import container_cgroups

if TYPE_CHECKING:
    from pathlib import Path

_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class MemoryCgroup:
    """The memory of one container; figures in MiB."""

    place: Path
    is_version_2: bool

    @classmethod
    def of(cls, identity: str) -> MemoryCgroup:
        """Find it by the container's id in the status of its Pod."""
        (place,) = (one for one in container_cgroups(identity) if (one / "memory.stat").exists())
        return cls(place, (place / "memory.current").exists())

    def limit(self) -> float:
        """Return what the container may have."""
        return self._mib("memory.max", "memory.limit_in_bytes")

    def peak(self) -> float:
        """Return the most that it ever had, file cache included."""
        return self._mib("memory.peak", "memory.max_usage_in_bytes")

    def working_set(self) -> float:
        """Return what it has and the kernel cannot just drop, as the kubelet counts."""
        stat = self._table("memory.stat")
        return (
            self._mib("memory.current", "memory.usage_in_bytes")
            - stat.get("total_inactive_file", stat["inactive_file"]) / _MIB
        )

    def oom_kills(self) -> int:
        """Return how many of its processes the kernel killed."""
        return self._table("memory.events" if self.is_version_2 else "memory.oom_control")["oom_kill"]

    def processes(self) -> list[int]:
        """Return the container's processes as the host counts them, the first one first."""
        return sorted(int(one) for one in (self.place / "cgroup.procs").read_text(encoding="ascii").split())

    def _mib(self, version_2: str, version_1: str) -> float:
        return int((self.place / (version_2 if self.is_version_2 else version_1)).read_text(encoding="ascii")) / _MIB

    def _table(self, file: str) -> dict[str, int]:
        lines = (self.place / file).read_text(encoding="ascii").splitlines()
        return {name: int(value) for name, value in map(str.split, lines)}
