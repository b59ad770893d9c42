"""A real registry on loopback: distribution 3 or 2.8, with TLS or plain, with Basic or token authentication or none."""

from __future__ import annotations

import json
import shutil
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import bcrypt

from tests.services.debian import docker_registry
from tests.services.parts import REGISTRY, program
from tests.services.processes import free_port, running
from tests.services.token_server import ISSUER, write_signer
from tests.services.web import written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.services.pki import Holder
    from tests.services.token_server import Account

SERVICE = "registry.tests"


@dataclass(frozen=True, slots=True)
class Registry:
    """A running registry: its port, and where it keeps what was pushed."""

    port: int
    storage: Path

    def listing(self) -> list[str]:
        """Return every file and directory below the storage, uploads included."""
        return sorted(str(path.relative_to(self.storage)) for path in self.storage.rglob("*"))

    def empty(self) -> None:
        """Forget whatever was pushed."""
        for path in self.storage.iterdir():
            shutil.rmtree(path)


@dataclass(frozen=True, slots=True)
class Setup:
    """What a registry is to be: `generation` 2 or 3; `chain` empty for plain HTTP, the server's certificate first.

    `accounts` for Basic authentication; `realm` and `signer` for tokens; neither for no authentication.
    """

    generation: int = 3
    chain: Sequence[Holder] = ()
    accounts: Sequence[Account] = ()
    realm: str = ""
    signer: Holder | None = None
    port: int = field(default_factory=free_port)


@contextmanager
def registry_server(setup: Setup, directory: Path) -> Iterator[Registry]:
    """Run a registry for as long as the block lasts. Raises parts.Missing."""
    directory.mkdir(parents=True, exist_ok=True)
    storage = directory / "storage"
    storage.mkdir()
    config = directory / "config.json"  # JSON is YAML
    config.write_text(json.dumps(_config(setup, directory, storage)))
    binary = docker_registry() if setup.generation == 2 else program(REGISTRY)
    command = ["env", "OTEL_TRACES_EXPORTER=none", str(binary), "serve", str(config)]
    with running(command, log=directory / "registry.log", ready=lambda: _listens(setup.port), seconds=20):
        yield Registry(setup.port, storage)


def _config(setup: Setup, directory: Path, storage: Path) -> dict[str, Any]:
    http: dict[str, Any] = {"addr": f"127.0.0.1:{setup.port}", "secret": "tests"}
    if setup.chain:
        certificate, key = written(directory, *setup.chain)
        http["tls"] = {"certificate": str(certificate), "key": str(key)}
    return {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(storage)}},
        "http": http,
        **_auth(setup, directory),
    }


def _auth(setup: Setup, directory: Path) -> dict[str, Any]:
    if setup.accounts:
        file = directory / "htpasswd"
        file.write_text("".join(f"{one.name}:{_hashed(one.password)}\n" for one in setup.accounts))
        return {"auth": {"htpasswd": {"realm": "tests", "path": str(file)}}}
    if not setup.signer:
        return {}
    certificate, keys = write_signer(setup.signer, directory)
    token = {"realm": setup.realm, "service": SERVICE, "issuer": ISSUER}
    if setup.generation == 2:
        return {"auth": {"token": {**token, "rootcertbundle": str(certificate)}}}
    return {"auth": {"token": {**token, "jwks": str(keys), "signingalgorithms": ["ES256"]}}}


def _hashed(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 2):
        return True
    return False
