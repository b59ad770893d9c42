"""The real Helm and the real skopeo, with what Epinio would hand them of a destination's Secrets."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import tarfile
from base64 import b64decode
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from destinations.names import BUNDLE_KEY, CERTS_KEY, CONFIG_KEY, ORGANIZATION_ANNOTATION
from tests.services.debian import docker_registry, skopeo
from tests.services.parts import HELM, IMAGE_COPY, REGISTRY, program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from destinations.model import Secret

SYSTEM_ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")
LIMIT_SECONDS = 20
CHART = "workspace-shop-chart"
IMAGE = "workspace-shop-image:1234567890abcdef"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a tool did: `text` holds its own words, without credentials; `timed_out` if it was still trying at the end."""

    passed: bool
    text: str = ""
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Handed:
    """What Epinio takes from the Secrets for one destination."""

    host: str
    organization: str
    username: str = field(repr=False)
    password: str = field(repr=False)
    config: bytes = field(repr=False)
    certificates: Mapping[str, bytes] = field(repr=False)


def all_there() -> None:
    """Build or find both tools and both generations of the registry. Raises parts.Missing."""
    skopeo()
    docker_registry()
    program(HELM)
    program(REGISTRY)


def handed(name: str, secrets: Mapping[str, Secret]) -> Handed:
    """Read the Secrets of a destination as Epinio does, for the plain cases that are pushed here."""
    secret = secrets[name]
    config = json.loads(secret.data[CONFIG_KEY])
    ((host, entry),) = config["auths"].items()
    username, password = entry.get("username", ""), entry.get("password", "")
    if not (username and password) and entry.get("auth"):
        username, _, password = b64decode(entry["auth"]).decode().partition(":")
    certs = secret.data.get(CERTS_KEY, b"").decode()
    held = secrets[certs].data if certs else {}
    return Handed(host, secret.annotations[ORGANIZATION_ANNOTATION], username, password, secret.data[CONFIG_KEY], held)


def push_chart(given: Handed, directory: Path, *, seconds: float = LIMIT_SECONDS) -> Ran:
    """Run `helm registry login` and `helm push`."""
    directory.mkdir(parents=True, exist_ok=True)
    homes = {f"HELM_{kind}_HOME": str(directory / kind) for kind in ("CONFIG", "CACHE", "DATA")}
    trust = []
    if BUNDLE_KEY in given.certificates:
        bundle = directory / "bundle.pem"
        bundle.write_bytes(given.certificates[BUNDLE_KEY])
        trust = ["--ca-file", str(bundle)]
    environment = _environment(directory, SSL_CERT_DIR=_empty(directory), SSL_CERT_FILE=SYSTEM_ROOTS, **homes)
    helm = str(program(HELM))
    login = [helm, "registry", "login", *trust, "-u", given.username, "--password-stdin", given.host]
    done = _run(login, environment, given, seconds, stdin=given.password)
    if not done.passed:
        return done
    target = f"oci://{given.host}/{given.organization}"
    return _run([helm, "push", *trust, str(_chart(directory)), target], environment, given, seconds)


def push_image(
    given: Handed, directory: Path, *, roots: bytes = b"", seconds: float = LIMIT_SECONDS, newer: bool = False
) -> Ran:
    """Run `skopeo copy`; `roots` is what its image trusts, which a mounted certificate secret does not replace.

    `newer` takes the library of the skopeo that Epinio's chart runs instead of Debian's.
    """
    directory.mkdir(parents=True, exist_ok=True)
    mounted = Path(_empty(directory))
    for key, content in given.certificates.items():
        (mounted / key).write_bytes(content)
    own = directory / "roots.pem"
    own.write_bytes(roots)
    trusted = own if given.certificates else SYSTEM_ROOTS
    authfile = directory / "auth.json"
    authfile.write_bytes(given.config)
    target = f"docker://{given.host}/{given.organization}/{IMAGE}"
    source = f"docker-archive:{_image(directory)}"
    copy = [str(program(IMAGE_COPY))] if newer else [str(skopeo()), "--insecure-policy", "copy", "--dest-authfile"]
    return _run(
        [*copy, str(authfile), source, target],
        _environment(directory, SSL_CERT_DIR=mounted, SSL_CERT_FILE=trusted),
        given,
        seconds,
    )


def _environment(directory: Path, **more: Any) -> dict[str, str]:
    """Return an environment without proxies, credentials and settings of whoever runs the tests."""
    own = {"PATH": os.environ["PATH"], "HOME": str(directory), "XDG_RUNTIME_DIR": str(directory)}
    return {**own, "TMPDIR": str(directory), **{name: str(value) for name, value in more.items()}}


def _empty(directory: Path) -> str:
    place = directory / "certs"
    place.mkdir(exist_ok=True)
    return str(place)


def _run(command: list[str], environment: Mapping[str, str], given: Handed, seconds: float, *, stdin: str = "") -> Ran:
    try:
        done = subprocess.run(
            command, env=dict(environment), input=stdin, capture_output=True, text=True, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return Ran(passed=False, text=f"{Path(command[0]).name} still tries after {seconds:g} s", timed_out=True)
    return Ran(done.returncode == 0, _scrubbed(done.stderr.strip() or done.stdout.strip(), given))


def _scrubbed(text: str, given: Handed) -> str:
    for secret in (given.password, json.loads(given.config)["auths"][given.host].get("auth", "")):
        text = text.replace(secret, "***") if secret else text
    text = re.sub(r"(_state|token|access_token)=[^&\" ]+", r"\1=***", text)
    return re.sub(r"\s+", " ", text)


def _chart(directory: Path) -> Path:
    """Write a Helm chart, the smallest there is."""
    path = directory / f"{CHART}-0.0.0.tgz"
    described = f"apiVersion: v2\nname: {CHART}\nversion: 0.0.0\n".encode()
    with tarfile.open(path, "w:gz") as archive:
        _add(archive, f"{CHART}/Chart.yaml", described)
    return path


def _image(directory: Path) -> Path:
    """Write an image with one layer as `docker save` does."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        _add(archive, "shop", b"tests")
    digest = sha256(layer.getvalue()).hexdigest()
    config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers"}}
    config["rootfs"] = {"type": "layers", "diff_ids": [f"sha256:{digest}"]}
    text = json.dumps(config).encode()
    manifest = [{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]
    path = directory / "image.tar"
    with tarfile.open(path, "w") as archive:
        _add(archive, "config.json", text)
        _add(archive, "layer.tar", layer.getvalue())
        _add(archive, "manifest.json", json.dumps(manifest).encode())
    return path


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))
