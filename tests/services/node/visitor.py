"""Somebody in front of the portal on a node: behind an ingress controller that does not exist, or at a forwarded port."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

import urllib3

from tests.services.node.network import network_of
from tests.services.portals import HOST, hidden

BEHIND_TLS = {"Host": HOST, "Origin": f"https://{HOST}", "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
"""What an ingress controller that ends TLS passes on."""


@dataclass
class Visitor:
    """A browser without scripts in the network of a process: its cookies come along."""

    process: int
    url: str
    headers: dict[str, str] = field(default_factory=lambda: dict(BEHIND_TLS))
    cookies: dict[str, str] = field(default_factory=dict, repr=False)

    def ask(self, method: str, path: str, **form: str) -> urllib3.BaseHTTPResponse:
        """Ask for a page, or send a form."""
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        more = {"Cookie": kept, "Content-Type": "application/x-www-form-urlencoded"}
        answer = self.call(method, path, urlencode(form), **more)
        for cookie in answer.headers.getlist("Set-Cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def call(self, method: str, path: str, body: str = "", **more: str) -> urllib3.BaseHTTPResponse:
        """Ask with a body of any kind, without cookies."""
        headers = {**self.headers, **more}
        with network_of(self.process), urllib3.PoolManager(retries=False, timeout=30) as pool:
            return pool.request(method, self.url + path, headers=headers, body=body, redirect=False)

    def send(self, path: str, **form: str) -> urllib3.BaseHTTPResponse:
        """Open the page, and send its form with what was typed."""
        return self.ask("POST", path, **hidden(self.ask("GET", path).data.decode()), **form)

    def sign_in(self, name: str, password: str) -> None:
        """Sign in. Raises RuntimeError where that is refused."""
        answer = self.send("/signin", username=name, password=password)
        if answer.status != 302:
            said = re.sub(r"(?s)<[^>]+>|\s+", " ", answer.data.decode())
            raise RuntimeError(f"signing in: {answer.status} {said[:500]}")
