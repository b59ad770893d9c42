"""What a live check costs: against Helm and skopeo, for all destinations at once, and for other people meanwhile."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from base64 import b64encode
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import urllib3

from destinations.livecheck.plan import plan
from destinations.livecheck.registry.guard import Rules
from destinations.livecheck.registry.port import Outcome
from destinations.livecheck.registry.probe import NetworkRegistries
from destinations.model import Credentials, Draft, Snapshot
from destinations.secret import codec
from scripts.benchmarks import scene
from scripts.benchmarks.portal import portal
from scripts.benchmarks.report import Figure, interleaved, p99, spread
from tests.services.debian import skopeo
from tests.services.parts import HELM, program
from tests.services.pki import LOOPBACK, issue
from tests.services.registry_server import Setup, registry_server
from tests.services.token_server import Account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from scripts.benchmarks.portal import Portal
    from tests.services.apiserver import ApiServer
    from tests.services.pki import Holder

_COUNT = 100
_ROUNDS = 20
_CHECK_MS = 150
_ALL_SECONDS = 10
_RATIO = 1.2
_PAGES, _CHECKS_OF_ALL = 150, 4
_ROBOT = Account("robot", scene.PASSWORD)


def figures(server: ApiServer, directory: Path) -> Iterator[Figure]:
    """Measure and yield. Raises parts.Missing."""
    ca = issue("Benchmark CA", ca=True)
    setup = Setup(chain=[issue("127.0.0.1", by=ca, names=LOOPBACK)], accounts=[_ROBOT])
    with registry_server(setup, directory / "registry"):
        yield from _one(setup.port, ca, directory)
        yield from _all(server, setup.port, ca, directory)


def _manifests(port: int, ca: Holder, count: int) -> list[dict[str, Any]]:
    """Return so many destinations at the registry, and the one certificate secret that they name."""
    credentials = Credentials(_ROBOT.name, _ROBOT.password)
    made = [codec.certificate_secret("registry-ca", namespace="epinio", bundle=ca.pem, stamps={})]
    for number in range(count):
        draft = Draft(f"registry-{number:03}", f"127.0.0.1:{port}", f"team-{number}", credentials)
        made.append(codec.authentication_secret(draft, namespace="epinio", certs="registry-ca", stamps={}))
    return made


def _one(port: int, ca: Holder, directory: Path) -> Iterator[Figure]:
    found = {secret.name: secret for secret in map(codec.read_secret, _manifests(port, ca, 1))}
    registries = NetworkRegistries(Rules(frozenset({port}), (), allow_loopback=True))
    asked = plan(found["registry-000"], Snapshot(found, datetime.now(UTC)), skopeo_roots="none")
    if registries.check(asked).image is not Outcome.PASS:
        raise RuntimeError("the registry of the benchmark is not healthy")
    checked, tools = interleaved(_ROUNDS, (lambda: registries.check(asked), _tools(port, ca, directory)))
    ratio = statistics.median(checked) / statistics.median(tools)
    yield Figure("a live check of a healthy registry", spread(checked), f"<= {_CHECK_MS} ms",
                 statistics.median(checked) <= _CHECK_MS)  # fmt: skip
    told = f"{ratio:.2f} x the {statistics.median(tools):.0f} ms of the two"
    yield Figure("…against `helm registry login` and `skopeo inspect`", told, "<= 1 x", ratio <= 1)


def _tools(port: int, ca: Holder, directory: Path) -> Any:  # noqa: ANN401 - what `interleaved` calls
    """Return what logs in by Helm and looks by skopeo."""
    certs = directory / "certs"
    certs.mkdir()
    bundle, auth = certs / "ca.crt", directory / "auth.json"
    bundle.write_bytes(ca.pem)
    entry = b64encode(f"{_ROBOT.name}:{_ROBOT.password}".encode()).decode()
    auth.write_text(f'{{"auths": {{"127.0.0.1:{port}": {{"auth": "{entry}"}}}}}}')
    homes = {f"HELM_{kind}_HOME": str(directory / "helm") for kind in ("CONFIG", "CACHE", "DATA")}
    environment = {**os.environ, **homes, "SSL_CERT_DIR": str(certs), "SSL_CERT_FILE": "/dev/null"}
    login = [str(program(HELM)), "registry", "login", "--ca-file", str(bundle), "-u", _ROBOT.name, "--password-stdin",
             f"127.0.0.1:{port}"]  # fmt: skip
    look = [str(skopeo()), "inspect", "--authfile", str(auth), f"docker://127.0.0.1:{port}/team-0/nothing"]

    def run() -> None:
        subprocess.run(login, env=environment, input=_ROBOT.password, text=True, capture_output=True, check=True)
        subprocess.run(look, env=environment, capture_output=True, check=False)  # there is nothing: it had to ask

    return run


def _all(server: ApiServer, port: int, ca: Holder, directory: Path) -> Iterator[Figure]:
    namespace = server.new_namespace()
    for manifest in [scene.administrator(), *_manifests(port, ca, _COUNT)]:
        manifest["metadata"]["namespace"] = namespace
        server.request("POST", f"/api/v1/namespaces/{namespace}/secrets", manifest)
    with _loopback(port), portal(str(server.kubeconfig), namespace, directory / "checks.log") as served:
        for _ in range(5):
            time.sleep(0.5)
            served.get()
        seconds, _ = _check_all(served)  # so that the page shows a result before and during the others
        before, during = list[float](), list[float]()
        for _ in range(_CHECKS_OF_ALL):
            before += [_page_ms(served) for _ in range(_PAGES)]
            during += _check_all(served)[1]
    yield Figure(
        f"check all, {_COUNT} destinations", f"{seconds:.1f} s", f"<= {_ALL_SECONDS} s", seconds <= _ALL_SECONDS
    )
    ratio = p99(during) / p99(before)
    told = f"{spread(during)}, {ratio:.2f} x the p99 of {p99(before):.1f} ms without it ({len(during)} pages)"
    yield Figure("other pages meanwhile", told, f"p99 <= {_RATIO:g} x", ratio <= _RATIO)


def _check_all(served: Portal) -> tuple[float, list[float]]:
    """Check all and ask for other pages until it is done; return the seconds it took, and their milliseconds."""
    page = served.get("/").data
    token = urllib3.response.GzipDecoder().decompress(page).decode()
    token = token.partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
    began = time.monotonic()
    answer = served.pool.request("POST", f"{served.url}/check", fields={"csrfmiddlewaretoken": token, "all": "1"},
                                 headers={"Cookie": served.cookie}, redirect=False)  # fmt: skip
    progress = answer.headers["Location"]
    during: list[float] = []
    while time.monotonic() < began + 6 * _ALL_SECONDS:
        during += [_page_ms(served) for _ in range(5)]
        shown = urllib3.response.GzipDecoder().decompress(served.get(progress).data).decode()
        if "so far" not in shown:
            return time.monotonic() - began, during
    raise RuntimeError("check all did not end")


def _page_ms(served: Portal) -> float:
    started = time.perf_counter()
    served.get("/destinations/registry-000")
    return (time.perf_counter() - started) * 1000


@contextmanager
def _loopback(port: int) -> Iterator[None]:
    """Let the portal that is started now ask the registry of the benchmark."""
    os.environ |= {"EDRPORTAL_REGISTRY_LOOPBACK": "true", "EDRPORTAL_REGISTRY_PORTS": str(port)}
    try:
        yield
    finally:
        for name in ("EDRPORTAL_REGISTRY_LOOPBACK", "EDRPORTAL_REGISTRY_PORTS"):
            del os.environ[name]
