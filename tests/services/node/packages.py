"""Programs of Debian's packages that a node and its images need: unpacked beside each other, so that none is installed."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.services.parts import Missing, cache, locked

_WANTED = (
    "runc",
    "containernetworking-plugins",
    "iproute2",
    "iptables",
    "nftables",
    "ipset",
    "conntrack",
    "buildah",
    "mmdebstrap",
    "debian-archive-keyring",
)
_PLACES = ("usr/sbin", "usr/bin", "sbin", "bin")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A directory like `/`, with what this machine lacks of the packages."""

    root: Path

    def environment(self) -> dict[str, str]:
        """Return the variables with which its programs, and the machine's own beside them, find everything they need."""
        found = {"PATH": os.pathsep.join([*(f"{self.root}/{one}" for one in _PLACES), *(f"/{one}" for one in _PLACES)])}
        libraries = [str(one) for one in self.root.glob("usr/lib/*-linux-gnu")]
        libraries += [str(one) for one in self.root.glob("lib/*-linux-gnu")]
        if libraries:
            found["LD_LIBRARY_PATH"] = os.pathsep.join(libraries)
        if tables := next(self.root.glob("usr/lib/*-linux-gnu/xtables"), None):
            found["XTABLES_LIBDIR"] = str(tables)
        return found

    def program(self, name: str) -> Path:
        """Return the path of a program, unpacked or the machine's own. Raises parts.Missing."""
        if path := shutil.which(name, path=self.environment()["PATH"]):
            return Path(path)
        raise Missing(f"{name} is in none of the packages {', '.join(_WANTED)}")

    def plugins(self) -> list[Path]:
        """Return the directories with plugins for the network of pods."""
        return [place for place in (self.root / "usr/lib/cni", Path("/usr/lib/cni")) if place.is_dir()]


def packages() -> Unpacked:
    """Unpack what this machine lacks, once (seconds). Raises parts.Missing."""
    if not shutil.which("apt-get"):
        raise Missing("A node takes runc and other programs from Debian's packages, and this is another system")
    release = Path("/etc/os-release").read_bytes()
    place = cache() / f"node-packages-{hashlib.sha256(release + ' '.join(_WANTED).encode()).hexdigest()[:16]}"
    done = place / "done"
    with locked(place):
        if not done.is_file():
            _unpack(place / "root")
            done.touch()
    return Unpacked(place / "root")


def _unpack(root: Path) -> None:
    archives = root.parent / "archives"
    for fresh in (root, archives):
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
    _run(["apt-get", "update"], archives)  # a container often comes without the lists of packages
    planned = _run(["apt-get", "--simulate", "--no-install-recommends", "install", *_WANTED], archives)
    if lacking := re.findall(r"(?m)^Inst (\S+)", planned):
        _run(["apt-get", "download", *lacking], archives)
    for archive in archives.glob("*.deb"):
        _run(["dpkg-deb", "-x", archive.name, str(root)], archives)
    shutil.rmtree(archives)


def _run(command: list[str], place: Path) -> str:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise Missing(f"{' '.join(command[:2])} fails: {done.stderr[-300:].strip()}")
    return done.stdout
