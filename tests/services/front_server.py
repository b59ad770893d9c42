"""A web server in front of a registry that decides itself who may do what, as nginx or a repository manager does."""

from __future__ import annotations

import re
from base64 import b64decode
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import urllib3

from tests.services.token_server import NOBODY, Account
from tests.services.web import Handler, web_server

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping, Sequence

_PATH = re.compile(r"/v2/(?P<repository>.+)/(?:blobs|manifests|tags)/")
_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "date", "server"}
_READS = {"GET", "HEAD"}


@dataclass(frozen=True, slots=True)
class Front:
    """How it decides: who has which rights, and `challenge` for whom it does not know.

    `anonymous` is who comes without credentials; where that is not NOBODY, `/v2/` answers 200 to everybody.
    `tokens` holds the opaque tokens that somebody else issued. `upload` is the origin, without its port, that uploads
    are said to be at.
    """

    port: int
    accounts: Sequence[Account] = ()
    anonymous: Account = NOBODY
    challenge: str = 'Basic realm="tests"'
    tokens: Mapping[str, Account] = field(default_factory=dict, repr=False)
    upload: str = ""

    def who(self, stated: str) -> Account | None:
        """Return who sends this `Authorization`; None for wrong credentials."""
        kind, _, value = stated.partition(" ")
        if kind == "Bearer":
            return self.tokens.get(value)
        if kind == "Basic":
            name, _, password = b64decode(value).decode().partition(":")
            return next((one for one in self.accounts if (one.name, one.password) == (name, password)), None)
        return self.anonymous


@contextmanager
def front_server(front: Front, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve for as long as the block lasts, and yield the port."""
    with urllib3.PoolManager(retries=False, timeout=10) as pool:
        handler = type("Door", (_Door,), {"front": front, "pool": pool})
        with web_server(handler, context) as port:
            yield port


class _Door(Handler):
    front: Front
    pool: urllib3.PoolManager

    def pass_on(self) -> None:
        """Ask the registry if this person may, and answer as it does."""
        body = self.content()
        person = self.front.who(self.headers.get("Authorization", ""))
        if person is None or (person is self.front.anonymous and not self.allowed(person)):
            return self.refuse(401, "UNAUTHORIZED", Www_Authenticate=self.front.challenge)
        if not self.allowed(person):
            return self.refuse(403, "DENIED")
        return self.relay(body)

    def allowed(self, person: Account) -> bool:
        """Say whether somebody may do this; whoever has an account or may do anything may ask for `/v2/`."""
        found = _PATH.match(self.path)
        if not found:
            return person is not NOBODY
        return self.needed() in person.allowed(found["repository"])

    def needed(self) -> str:
        """Return the right that this request takes; with tokens, to cancel an upload takes one that a robot lacks."""
        if self.command in _READS:
            return "pull"
        return "delete" if self.command == "DELETE" and self.front.tokens else "push"

    def refuse(self, status: int, code: str, **headers: str) -> None:
        """Answer as registries refuse."""
        self.answer(status, {"errors": [{"code": code, "message": "not for you"}]}, **headers)

    def relay(self, body: bytes) -> None:
        """Answer what the registry answers."""
        sent = {name: value for name, value in self.headers.items() if name.lower() not in {*_HOP, "authorization"}}
        scheme = "https" if hasattr(self.connection, "version") else "http"
        sent["X-Forwarded-Proto"] = scheme
        url = f"http://127.0.0.1:{self.front.port}{self.path}"
        found = self.pool.request(self.command, url, headers=sent, body=body or None, redirect=False)
        told = b"" if self.front.upload and found.status == 404 else found.data  # not distribution's words
        length = found.headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(told))
        if self.front.upload and (place := found.headers.get("Location")):
            port = self.connection.getsockname()[1]
            found.headers["Location"] = f"{self.front.upload}:{port}/{place.split('/', 3)[3]}"
        kept = {name.replace("-", "_"): value for name, value in found.headers.items() if name.lower() not in _HOP}
        self.answer(found.status, told, **{**kept, "Content_Length": length})

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815 - the base class's names
