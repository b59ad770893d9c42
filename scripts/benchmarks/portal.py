"""The portal as it is served: `manage.py serve` in a process of its own, and a client with one kept connection."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import urllib3

from scripts.benchmarks.scene import PASSWORD, USER
from tests.services.processes import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator

_READY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Portal:
    """A served portal; `get` and `post` use one kept connection."""

    url: str
    process: int
    pool: urllib3.PoolManager = field(repr=False)
    cookies: dict[str, str] = field(default_factory=dict, repr=False)

    def get(self, path: str = "/") -> urllib3.BaseHTTPResponse:
        """Return an answer as a browser asks for it, compressed and not unpacked; raises for a failure."""
        headers = {"Accept-Encoding": "gzip", "Cookie": self.cookie}
        answer = self.pool.request("GET", self.url + path, headers=headers, decode_content=False)
        if answer.status != 200:  # noqa: PLR2004
            raise RuntimeError(f"{path}: {answer.status}")
        return answer

    @property
    def cookie(self) -> str:
        """The header that says who asks."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def sign_in(self) -> Portal:
        """Sign in as the user of the scene; a namespace without one answers as to anybody."""
        page = self.pool.request("GET", f"{self.url}/signin")
        token = page.data.decode().partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
        self._keep(page)
        form = {"csrfmiddlewaretoken": token, "username": USER, "password": PASSWORD}
        headers = {"Cookie": self.cookie}
        answer = self.pool.request("POST", f"{self.url}/signin", fields=form, headers=headers, redirect=False)
        if answer.status != 302:  # noqa: PLR2004
            raise RuntimeError(f"sign-in: {answer.status}")
        self._keep(answer)
        return self

    def _keep(self, answer: urllib3.BaseHTTPResponse) -> None:
        for line in answer.headers.getlist("Set-Cookie"):  # type: ignore[attr-defined]
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]

    def memory(self) -> float:
        """Return the resident memory of the process that serves, in MiB, at its highest."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text(encoding="ascii").split()
        statuses = [Path(f"/proc/{child}/status").read_text(encoding="ascii") for child in children]
        return max(int(status.split("VmHWM:")[1].split()[0]) for status in statuses) / 1024


@contextmanager
def portal(kubeconfig: str, namespace: str, log: Path, *, context: str = "admin") -> Iterator[Portal]:
    """Serve the portal for as long as the block lasts."""
    port = free_port()
    variables = {
        "KUBECONFIG": kubeconfig,
        "EDRPORTAL_KUBE_CONTEXT": context,
        "EDRPORTAL_NAMESPACE": namespace,
        "EDRPORTAL_SECRET_KEY": secrets.token_urlsafe(48),
        "EDRPORTAL_CLUSTER": "kubernetes",
    }
    url = f"http://127.0.0.1:{port}"
    with urllib3.PoolManager(retries=False, timeout=30) as pool:

        def ready() -> bool:
            try:
                return pool.request("GET", f"{url}/readyz").status == 200  # noqa: PLR2004
            except urllib3.exceptions.HTTPError:
                return False

        kept = {name: os.environ.get(name) for name in variables} | {"DJANGO_SETTINGS_MODULE": None}
        kept["DJANGO_SETTINGS_MODULE"] = os.environ.get("DJANGO_SETTINGS_MODULE")
        os.environ.update(variables | {"DJANGO_SETTINGS_MODULE": "edrportal.settings"})
        command = [sys.executable, "manage.py", "serve", "--bind", f"127.0.0.1:{port}"]
        try:
            with running(command, log=log, ready=ready, seconds=_READY_SECONDS) as process:
                yield Portal(url, process, pool).sign_in()
        finally:
            for name, value in kept.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value
