"""The portal as `manage.py serve` serves it, in processes of its own, and a proxy that asks several of them in turn."""

from __future__ import annotations

import itertools
import os
import re
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import urllib3

from tests.services.processes import free_port, running
from tests.services.web import Handler, web_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.services.apiserver import ApiServer

HOST = "edrportal.example.com"
KEY = "k" * 64
_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "date", "server"}


@dataclass(frozen=True, slots=True)
class Served:
    """A portal: where its pages are and its second port, and the process that a platform would end."""

    url: str
    platform: str
    process: int

    def memory(self, what: str = "VmHWM") -> float:
        """Return the resident memory of the process that serves, in MiB, at its highest."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text(encoding="ascii").split()
        statuses = [Path(f"/proc/{child}/status").read_text(encoding="ascii") for child in children]
        return max(int(status.split(f"{what}:")[1].split()[0]) for status in statuses) / 1024

    def tree(self, what: str = "Pss") -> float:
        """Return what all of its processes take together, in MiB; by Pss a page that they share counts once."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text(encoding="ascii").split()
        found = [Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii") for one in (self.process, *children)]
        return sum(int(one.split(f"\n{what}:")[1].split()[0]) for one in found) / 1024


@contextmanager
def served(
    kubeconfig: str, namespace: str, log: Path, *, around: Sequence[str] = (), ready: str = "/readyz", **more: str
) -> Iterator[Served]:
    """Serve behind a TLS proxy that does not exist, until the block ends; `around` is a command that runs the command.

    It has begun when `ready` on the second port answers 200.
    """
    port, second = free_port(), free_port()
    variables = {
        "EDRPORTAL_SECRET_KEY": KEY,
        "EDRPORTAL_NAMESPACE": namespace,
        "EDRPORTAL_PUBLIC_URL": f"https://{HOST}",
        "EDRPORTAL_PROXY_HOPS": "1",
        "EDRPORTAL_METRICS_PORT": str(second),
        "KUBECONFIG": kubeconfig,
        "PATH": os.environ["PATH"],
        **more,
    }
    command = ["env", "-i", *(f"{name}={value}" for name, value in variables.items()), *around]
    command += [sys.executable, "manage.py", "serve", "--bind", f"127.0.0.1:{port}"]
    url, platform = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{second}"
    with running(command, log=log, ready=lambda: status(platform, ready) == 200, seconds=60) as process:
        yield Served(url, platform, process)


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of the form on a page."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def status(url: str, path: str) -> int:
    """Return the status of a page, 0 where nobody answers."""
    with urllib3.PoolManager(retries=False, timeout=5) as pool:
        try:
            return int(pool.request("GET", url + path).status)
        except urllib3.exceptions.HTTPError:
            return 0


@contextmanager
def replicas(count: int, api_server: ApiServer, namespace: str, directory: Path) -> Iterator[list[Served]]:
    """Serve so many, with one key and nothing else in common."""
    with ExitStack() as stack:
        config = str(api_server.kubeconfig)
        yield [
            stack.enter_context(served(config, namespace, directory / f"portal-{number}.log"))
            for number in range(count)
        ]


@contextmanager
def round_robin(urls: Sequence[str]) -> Iterator[str]:
    """Ask them in turn, each request the next, for as long as the block lasts; yield the proxy's address."""
    turns = itertools.cycle(urls)

    class Turn(Handler):
        def relay(self) -> None:
            sent = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            url = next(turns) + self.path
            found = pool.request(self.command, url, headers=sent, body=self.content() or None, redirect=False)
            self.send_response(found.status)
            kept: list[tuple[str, Any]] = [one for one in found.headers.items() if one[0].lower() not in _HOP]
            for name, value in [*kept, ("Content-Length", str(len(found.data)))]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found.data)

        do_GET = do_POST = relay  # noqa: N815 - the base class's names

    with urllib3.PoolManager(retries=False, timeout=30, maxsize=16) as pool, web_server(Turn) as port:
        yield f"http://127.0.0.1:{port}"
