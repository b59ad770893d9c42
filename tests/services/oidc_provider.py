"""A real OpenID provider on loopback (npm `oidc-provider`, OpenID certified), which says what Dex would say."""

from __future__ import annotations

import json
import re
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import requests

from tests.services.leaks import known
from tests.services.npm import package
from tests.services.pki import make_pki
from tests.services.processes import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REDIRECT = "http://testserver/oidc/callback"


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """Where it is, and its client `portal` with the secret."""

    issuer: str
    ca: Path
    secret: str = field(repr=False)

    @property
    def root(self) -> str:
        """The address without the path."""
        return self.issuer.removesuffix("/dex")

    def control(self, **wanted: Any) -> None:
        """Change people, time, keys, or silence it."""
        requests.post(f"{self.root}/control", json.dumps(wanted), verify=str(self.ca), timeout=10).raise_for_status()

    def log_in(self, url: str, user: str) -> str:
        """Do in a browser's place what a person does at the provider; return where it leads back to."""
        with requests.Session() as browser:
            browser.trust_env, browser.verify = False, str(self.ca)
            answer = browser.get(url, allow_redirects=False, timeout=10)
            for _ in range(10):
                if answer.is_redirect:
                    target = urljoin(answer.url, answer.headers["Location"])
                    if target.startswith(REDIRECT):
                        return target
                    answer = browser.get(target, allow_redirects=False, timeout=10)
                else:
                    action = re.search(r'action="([^"]+)"', answer.text)
                    assert action, answer.status_code
                    form = urljoin(answer.url, unescape(action[1]))
                    answer = browser.post(form, {"login": user}, allow_redirects=False, timeout=10)
        raise AssertionError


@contextmanager
def oidc_provider(directory: Path) -> Iterator[OidcProvider]:
    """Run the provider for as long as the block lasts. Raises parts.Missing."""
    node, place = package("oidc")
    pki, port, secret = make_pki(directory), free_port(), known(secrets.token_urlsafe(24))
    log = directory / "oidc.log"
    command = [node, str(place / "server.mjs"), str(port), str(pki.certificate), str(pki.key), REDIRECT, secret]
    with running(command, log=log, ready=lambda: "ready" in log.read_text(errors="replace"), seconds=30):
        yield OidcProvider(f"https://127.0.0.1:{port}/dex", pki.ca, secret)
