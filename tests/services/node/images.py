"""Images made here: the one that holds a pod, a stand-in for python:3.13-slim, and whatever a Dockerfile says, by buildah."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.services.node.layout import PAUSE_IMAGE
from tests.services.node.packages import packages
from tests.services.node.parts import PAUSE
from tests.services.parts import Missing, cache, locked, program

if TYPE_CHECKING:
    from pathlib import Path

BASE = "docker.io/library/python:3.13-slim"
_RELEASE = "trixie"
_INCLUDED = "python3,python3-venv,python-is-python3,ca-certificates,netbase,tzdata"
_EXCLUDED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
"""As the images of Debian called slim."""


@dataclass(frozen=True, slots=True)
class Builder:
    """Buildah with a store of its own, in which the stand-in is what the Dockerfile begins with."""

    store: Path

    def environment(self) -> dict[str, str]:
        """Return the variables with which `buildah` finds the store, needs no daemon, and keeps each layer it made."""
        return {
            **packages().environment(),
            "HOME": str(self.store),
            "TMPDIR": str(self.store / "tmp"),
            "CONTAINERS_STORAGE_CONF": str(self.store / "storage.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(self.store / "registries.conf"),
            "BUILDAH_ISOLATION": "chroot",
            "BUILDAH_LAYERS": "true",
        }

    def run(self, *command: str, directory: Path | None = None, **more: str) -> str:
        """Run a command with `buildah` in its path, its mounts its own; return what it printed. Raises RuntimeError."""
        done = subprocess.run(
            ["unshare", "-m", "--propagation", "private", *command],
            cwd=directory or self.store,
            env={**self.environment(), **more},
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[:3])}: {done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done.stdout


def builder() -> Builder:
    """Return the builder; its first use makes the stand-in (a minute or two, once). Raises parts.Missing."""
    store = (
        cache() / f"node-images-{hashlib.sha256(' '.join((_RELEASE, _INCLUDED, *_EXCLUDED)).encode()).hexdigest()[:16]}"
    )
    made = Builder(store)
    with locked(store):
        if not (store / "done").is_file():
            _prepare(made)
            (store / "done").touch()
    return made


def _prepare(made: Builder) -> None:
    store, archive = made.store, made.store / "base.tar"
    (store / "tmp").mkdir(exist_ok=True)
    (store / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{store}/graph"\nrunroot = "{store}/run"\n'
    )
    (store / "registries.conf").write_text('unqualified-search-registries = ["docker.io"]\n')
    policy = store / ".config/containers/policy.json"
    policy.parent.mkdir(parents=True, exist_ok=True)
    policy.write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
    try:
        made.run(
            str(packages().program("mmdebstrap")),
            "--mode=root",
            "--variant=minbase",
            f"--include={_INCLUDED}",
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in _EXCLUDED),
            _RELEASE,
            str(archive),
        )
        container = made.run("buildah", "from", "scratch").strip()
        made.run("buildah", "add", "--quiet", container, str(archive))
        made.run("buildah", "config", "--cmd", "python3", container)
        made.run("buildah", "commit", "--quiet", "--rm", container, BASE)
    except RuntimeError as error:
        raise Missing(f"The base image cannot be made: {error}") from error
    archive.unlink()


def pause_archive(path: Path) -> None:
    """Write the image that holds a pod's namespaces, as `docker save` does."""
    layer = io.BytesIO()
    content = program(PAUSE).read_bytes()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        _add(archive, "pause", content, mode=0o755)
    config = {
        "architecture": _architecture(),
        "os": "linux",
        "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer.getvalue()).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [PAUSE_IMAGE], "Layers": ["layer.tar"]}]
    with tarfile.open(path, "w") as archive:
        _add(archive, "config.json", json.dumps(config).encode())
        _add(archive, "layer.tar", layer.getvalue())
        _add(archive, "manifest.json", json.dumps(manifest).encode())


def _add(archive: tarfile.TarFile, name: str, content: bytes, *, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _architecture() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
