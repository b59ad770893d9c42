"""An OpenID provider that says what a test wants it to: what no certified one would."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from joserfc import jws
from joserfc.jwk import RSAKey

from edrportal.signin.oidc import flow
from edrportal.signin.oidc.flow import Provider
from tests.services.oidc_provider import REDIRECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.pki import Pki

DISCOVERY = "/.well-known/openid-configuration"
KEPT = {"state": "state", "nonce": "nonce", "code_verifier": "v" * 43}
QUERY = {"state": ["state"], "code": ["code"]}


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "one"}, private=True)


class Liar:
    """Answers by path: `raw` bodies, `statuses`, and `slow`, which drips the whole answer or its head.

    `asked` counts the requests, `authorization` and `form` hold what the token endpoint was given last.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.key = _key()
        self.keys: list[Any] = [self.key.as_dict(private=False)]
        now = int(time.time())
        self.claims: dict[str, Any] = {"iss": address, "aud": "portal", "sub": "1", "iat": now, "exp": now + 300,
                                       "nonce": "nonce", "email": "x@y", "email_verified": True}  # fmt: skip
        self.document: dict[str, Any] = {"issuer": address, "authorization_endpoint": f"{address}/auth",
                                         "token_endpoint": f"{address}/token", "jwks_uri": f"{address}/keys"}  # fmt: skip
        self.header = {"alg": "RS256", "kid": "one"}
        self.sign: Any = None
        self.more: dict[str, Any] = {}
        self.raw: dict[str, bytes] = {}
        self.statuses: dict[str, int] = {}
        self.drip = False
        self.drip_head = False
        self.chunked = False
        self.asked: Counter[str] = Counter()
        self.authorization = ""
        self.form = ""

    def answer(self, path: str) -> bytes:
        if path in self.raw:
            return self.raw[path]
        if path == DISCOVERY:
            return json.dumps(self.document).encode()
        if path == "/keys":
            return json.dumps({"keys": self.keys}).encode()
        token = self.sign() if self.sign else self.signed(json.dumps(self.claims).encode())
        return json.dumps({"id_token": token, "access_token": "x", "token_type": "Bearer"} | self.more).encode()

    def signed(self, payload: bytes) -> str:
        return jws.serialize_compact(dict(self.header), payload, self.key)

    def provider(self, **changed: Any) -> Provider:
        return Provider(
            **{"issuer": self.address, "endpoint": self.address, "client_id": "portal", "client_secret": "s",
               "redirect_uri": REDIRECT} | changed
        )  # fmt: skip


def finish(liar: Liar, **changed: Any) -> flow.Identity:
    return flow.finish(liar.provider(**changed), KEPT, QUERY)


@contextmanager
def lying(host: str = "127.0.0.1", tls: Pki | None = None) -> Iterator[Liar]:
    """Run one for as long as the block lasts."""
    server = _Server((host, 0), _Handler)
    server.liar = Liar(f"{'https' if tls else 'http'}://{host}:{server.server_port}")
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.liar
    finally:
        server.liar.drip = server.liar.drip_head = False
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    liar: Liar


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        made = self.server.liar
        made.asked[self.path] += 1
        self.close_connection = True
        with suppress(OSError):
            self._answer(made, made.answer(self.path))

    def do_POST(self) -> None:
        made = self.server.liar
        made.authorization = self.headers.get("Authorization", "")
        made.form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.do_GET()

    def _answer(self, made: Liar, body: bytes) -> None:
        self._head(made, len(body))
        step = 1 if made.drip else len(body) or 1
        for start in range(0, len(body), step):
            piece = body[start : start + step]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if made.chunked else piece)
            time.sleep(0.05 if made.drip else 0)
        self.wfile.write(b"0\r\n\r\n" if made.chunked else b"")

    def _head(self, made: Liar, length: int) -> None:
        while made.drip_head:
            self.wfile.write(b"H")
            time.sleep(0.05)
        status = made.statuses.get(self.path, 200)
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", f"{made.address}/elsewhere")
        self.send_header(
            "Transfer-Encoding" if made.chunked else "Content-Length", "chunked" if made.chunked else str(length)
        )
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass
