"""The connection to an OpenID provider: bounded in time and size, without redirects, proxies or cookies of others."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException, SSLError

from edrportal.signin.oidc_trouble import OidcTrouble

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_SECONDS, READ_SECONDS, BUDGET_SECONDS = 2.0, 4.0, 6.0
MAX_BYTES = 256 * 1024
_METADATA_SECONDS, _FAILURE_SECONDS, _KEYS_SECONDS = 600.0, 5.0, 10.0


class Failed(Exception):
    """A call that gave no usable answer; `kind` is `down`, `tls` or `odd`."""

    def __init__(self, kind: str) -> None:
        """Keep the kind."""
        super().__init__(kind)
        self.kind = kind

    def trouble(self) -> OidcTrouble:
        """Return it in words."""
        return OidcTrouble(*_WORDS[self.kind])


_WORDS = {
    "down": (
        "The provider of the single sign-on does not answer.",
        "Try again in a moment; ask who runs it if it lasts.",
    ),
    "tls": (
        "The portal does not trust the provider's certificate.",
        "An administrator gives the portal the provider's CA: EDRPORTAL_OIDC_CA_FILE.",
    ),
    "odd": (
        "The provider of the single sign-on answers, but not as an OpenID provider does.",
        "An administrator compares EDRPORTAL_OIDC_ISSUER and EDRPORTAL_OIDC_ENDPOINT with the provider's address.",
    ),
    "issuer": (
        "The provider calls itself by another name (issuer) than the portal expects.",
        "An administrator sets EDRPORTAL_OIDC_ISSUER to exactly what the provider states, or mends dex-config.",
    ),
}


class _Bounded(HTTPAdapter):
    """Reads at most so many bytes within so many seconds, whatever the other side drips."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401
        """Send; raise ConnectionError for an answer that is too large or too slow."""
        deadline = time.monotonic() + BUDGET_SECONDS
        options |= {"stream": True, "timeout": (CONNECT_SECONDS, READ_SECONDS), "proxies": {}}
        response = super().send(request, **options)
        if response.is_redirect:
            response.close()
            raise Failed("odd")
        read = bytearray()
        while chunk := response.raw.read1(MAX_BYTES, decode_content=True):  # what is there, however little
            read += chunk
            if len(read) > MAX_BYTES or time.monotonic() > deadline:
                response.close()
                raise requests.exceptions.ConnectionError
        response._content = bytes(read)  # noqa: SLF001 - there is no other way to hand it on
        return response


@dataclass(frozen=True, slots=True)
class Metadata:
    """The addresses of a provider: the first for browsers, the other two for the portal."""

    authorization: str
    token: str
    keys: str


class Wires:
    """What the process knows of one provider; safe for threads."""

    def __init__(
        self, issuer: str, endpoint: str, ca_file: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep the addresses; nothing is asked yet."""
        self._issuer = issuer
        self._endpoint = endpoint.rstrip("/")
        self._ca_file = ca_file
        self._clock = clock
        self._lock = Lock()
        self._metadata: tuple[float, Metadata | Failed] | None = None
        self._keys: tuple[float, dict[str, Any]] | None = None

    @staticmethod
    @cache
    def of(issuer: str, endpoint: str, ca_file: str) -> Wires:
        """Return the one for a provider."""
        return Wires(issuer, endpoint, ca_file)

    def bound(self, session: requests.Session) -> requests.Session:
        """Bound a session of requests: time, size, trust; no proxy, netrc or variable of the environment."""
        session.trust_env = False
        session.verify = self._ca_file or True
        session.mount("https://", _Bounded())
        session.mount("http://", _Bounded())
        return session

    def glance(self) -> OidcTrouble | None:
        """Return why a sign-in would not work now; while somebody else is just asking, nobody waits, and None it is."""
        if not self._lock.acquire(blocking=False):
            return None
        self._lock.release()
        try:
            self.metadata()
        except OidcTrouble as trouble:
            return trouble
        return None

    def metadata(self) -> Metadata:
        """Return the provider's addresses, asked at most every ten minutes. Raises OidcTrouble."""
        with self._lock:
            if self._metadata is None or self._clock() > self._metadata[0]:
                self._metadata = self._discover()
            found = self._metadata[1]
        if isinstance(found, Failed):
            raise found.trouble()
        return found

    def keys(self, *, anew: bool = False) -> dict[str, Any]:
        """Return the provider's keys; `anew` asks again, at most every ten seconds. Raises OidcTrouble."""
        address = self.metadata().keys
        with self._lock:
            old = self._keys
            if old and (not anew or self._clock() < old[0] + _KEYS_SECONDS):
                return old[1]
            try:
                found = self._get(address)
            except Failed as error:
                raise error.trouble() from None
            self._keys = (self._clock(), found)
            return found

    def _discover(self) -> tuple[float, Metadata | Failed]:
        try:
            found = self._read(self._get(f"{self._endpoint}/.well-known/openid-configuration"))
        except Failed as error:
            return self._clock() + _FAILURE_SECONDS, error
        return self._clock() + _METADATA_SECONDS, found

    def _read(self, document: dict[str, Any]) -> Metadata:
        if document.get("issuer") != self._issuer:
            raise Failed("issuer")
        stated = [document.get(key) for key in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        addresses = [one for one in stated if isinstance(one, str) and one.startswith(("https://", "http://"))]
        if len(addresses) != len(stated):
            raise Failed("odd")
        return Metadata(addresses[0], self._inside(addresses[1]), self._inside(addresses[2]))

    def _inside(self, address: str) -> str:
        """Return an address as the portal reaches it: browsers know the provider by another one than pods do."""
        issuer = self._issuer.rstrip("/")
        return self._endpoint + address.removeprefix(issuer) if address.startswith(f"{issuer}/") else address

    def _get(self, address: str) -> dict[str, Any]:
        kind = "odd"
        try:
            with self.bound(requests.Session()) as session:
                answer = session.get(address, allow_redirects=False)
            found = json.loads(answer.content) if answer.status_code == requests.codes.ok else None
            if isinstance(found, dict):
                return found
        except SSLError:
            kind = "tls"
        except (RequestException, OSError):
            kind = "down"
        except (ValueError, RecursionError):
            kind = "odd"
        raise Failed(kind)
