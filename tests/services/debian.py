"""Programs of Debian packages that are servers: unpacked into the cache directory, so that none starts by itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.services.parts import Missing, cache, locked

_RELEASE = "2.8.2+ds1-1"


def docker_registry() -> Path:
    """Return the program of the package `docker-registry`. Raises parts.Missing.

    Installed the usual way it would run as a service on port 5000 from then on, and after every boot.
    """
    place = cache() / f"docker-registry-{_RELEASE}"
    path = place / "usr/bin/docker-registry"
    with locked(place):
        if not path.is_file():
            _unpack(f"docker-registry={_RELEASE}", place)
    return path


def skopeo() -> Path:
    """Return the program of the package `skopeo`. Raises parts.Missing."""
    found = shutil.which("skopeo")
    if not found:
        raise Missing("skopeo is needed; type: apt-get install -y --no-install-recommends skopeo")
    return Path(found)


def _unpack(package: str, place: Path) -> None:
    if not shutil.which("apt-get"):
        raise Missing("The registry 2.8 is a package of Debian 12, and this is another system")
    if os.geteuid() == 0:  # a container often comes without the lists of packages
        _run(["apt-get", "update"], place)
    _run(["apt-get", "download", package], place)
    for archive in place.glob("*.deb"):
        _run(["dpkg-deb", "-x", archive.name, "."], place)
        archive.unlink()


def _run(command: list[str], place: Path) -> None:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise Missing(f"docker-registry cannot be had; type: apt-get update ({done.stderr[-300:].strip()})")
