"""Node packages for the tests, installed once from their lock file into the cache directory outside the project."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from tests.services.parts import Missing, cache, locked

_HERE = Path(__file__).parent


def package(name: str) -> tuple[str, Path]:
    """Return the node command and the directory of a package of ours with its dependencies beside it. Raises Missing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise Missing(
            "Node is needed for the OpenID provider; type: apt-get install -y --no-install-recommends nodejs npm"
        )
    source = _HERE / name
    digest = hashlib.sha256()
    files = [source / file for file in ("package.json", "package-lock.json", "server.mjs")]
    for file in files:
        digest.update(file.read_bytes())
    place = cache() / f"node-{name}-{digest.hexdigest()[:16]}"
    with locked(place):
        if not (place / "installed").is_file():
            _install(npm, files, place)
    return node, place


def _install(npm: str, files: list[Path], place: Path) -> None:
    for file in files:
        shutil.copy(file, place)
    command = [npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise Missing(f"The OpenID provider cannot be installed: {done.stderr[-500:]}")
    (place / "installed").touch()
