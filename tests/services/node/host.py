"""What of the machine that the tests run on a node could change, to be compared before and after."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.services.node.packages import packages

if TYPE_CHECKING:
    from collections.abc import Iterable

_SETTINGS = (
    "kernel/hostname",
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "net/ipv4/conf/all/route_localnet",
    "net/ipv4/ip_forward",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)
_PLACES = (
    "/etc/cni",
    "/opt/cni",
    "/usr/libexec/kubernetes",
    "/var/lib/cni",
    "/var/lib/kubelet",
    "/var/log/pods",
    "/run/node",
)


@dataclass(frozen=True, slots=True)
class Host:
    """Mounts, network interfaces and their routes, rules for packets, settings of the kernel, and places that nodes use."""

    mounts: frozenset[str]
    interfaces: frozenset[str]
    routes: str
    rules: str
    settings: tuple[str, ...]
    places: frozenset[str]

    @classmethod
    def now(cls) -> Host:
        """Look at the machine."""
        unpacked = packages()
        ruleset = [str(unpacked.program("nft")), "list", "ruleset"]
        rules = subprocess.run(
            ruleset, env=unpacked.environment(), capture_output=True, text=True, check=False, timeout=20
        )
        mounts = (line.split()[4] for line in Path("/proc/self/mountinfo").read_text(encoding="ascii").splitlines())
        return cls(
            mounts=frozenset(mounts),
            interfaces=frozenset(path.name for path in Path("/sys/class/net").iterdir()),
            routes=Path("/proc/net/route").read_text(encoding="ascii"),
            rules=rules.stdout,
            settings=tuple(Path("/proc/sys", one).read_text(encoding="ascii") for one in _SETTINGS),
            places=frozenset(one for one in _PLACES if Path(one).exists()),
        )


def inhabitants(namespaces: Iterable[str]) -> list[str]:
    """Return the commands of all processes that are in one of these process namespaces."""
    wanted, found = set(namespaces), []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if process_namespace(int(place.name)) in wanted:
                found.append((place / "comm").read_text(encoding="ascii").strip())
        except OSError:  # gone meanwhile, or none of ours
            continue
    return found


def process_namespace(process: int) -> str:
    """Return what the kernel calls the process namespace of a process."""
    return str(Path(f"/proc/{process}/ns/pid").readlink())
