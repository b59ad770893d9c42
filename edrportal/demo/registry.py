"""A small registry for the demo: in the demo's own process, on loopback, with TLS by a CA of its own. It keeps nothing.

Its accounts differ in what they may push, so that a live check can end in every way. Their password is stated on the
demo's sign-in page.
"""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from secrets import compare_digest, token_urlsafe
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

PASSWORD = "demo-registry"  # noqa: S105 - of the demo's registry, shown on its sign-in page
USER, READER, CHARTS = "robot", "reader", "charts-only"
_MAY_PUSH: Mapping[str, Callable[[str], bool]] = {
    USER: lambda _: True,
    READER: lambda _: False,
    CHARTS: lambda path: not path.partition(_UPLOADS)[0].endswith("-image"),
}
"""Who may push to the repository in a path."""
_HOST = "127.0.0.1"
_UPLOADS = "/blobs/uploads/"
_UNAUTHORIZED, _FORBIDDEN = 401, 403


class DemoRegistry:
    def __init__(self, now: datetime) -> None:
        self.password = PASSWORD
        self.ca, chain = _certificates(now)
        self.server = ThreadingHTTPServer((_HOST, 0), _DemoHandler)
        self.port = self.server.server_port
        self.host = f"{_HOST}:{self.port}"
        plain = self.server.socket
        self.server.socket = _context(chain).wrap_socket(plain, server_side=True, do_handshake_on_connect=False)

    @property
    def ca_text(self) -> str:
        return self.ca.decode()

    def start(self) -> Thread:
        """Answer from a thread until the process ends."""
        thread = Thread(target=self.server.serve_forever, name="demo registry", daemon=True)
        thread.start()
        return thread


def _user(header: str) -> str:
    """Return who sent a Basic header with the password, empty for anyone else."""
    expected = {user: "Basic " + b64encode(f"{user}:{PASSWORD}".encode()).decode() for user in _MAY_PUSH}
    return next((user for user, told in expected.items() if compare_digest(told.encode(), header.encode())), "")


class _DemoHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(200 if self.path == "/v2/" else 404)

    def do_HEAD(self) -> None:
        self._answer(404)

    def do_POST(self) -> None:
        is_upload = self.path.endswith(_UPLOADS)
        self._answer(
            202 if is_upload else 404, **({"Location": f"{self.path}{token_urlsafe(12)}"} if is_upload else {})
        )

    def do_PUT(self) -> None:
        self._answer(404, {"errors": [{"code": "BLOB_UPLOAD_INVALID", "message": "there is no such upload"}]})

    def do_DELETE(self) -> None:
        self._answer(204 if _UPLOADS in self.path else 404)

    def _answer(self, status: int, told: object = None, **headers: str) -> None:
        user = _user(self.headers.get("Authorization", ""))
        if not user:
            status, headers = _UNAUTHORIZED, {"WWW-Authenticate": 'Basic realm="demo registry"'}
        elif self.command in {"POST", "PUT"} and not _MAY_PUSH[user](self.path):
            status, told, headers = (
                _FORBIDDEN,
                {"errors": [{"code": "DENIED", "message": "no push permission"}]},
                {},
            )
        self.send_response(status)
        for name, value in {"Docker-Distribution-Api-Version": "registry/2.0", **headers}.items():
            self.send_header(name, value)
        body = json.dumps(told).encode() if told and status != _UNAUTHORIZED else b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the base's signature
        """Log nothing."""


def _context(chain: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as directory:  # Python reads keys from files alone
        file = Path(directory, "chain.pem")
        file.write_bytes(chain)
        context.load_cert_chain(file)
    return context


def _certificates(now: datetime) -> tuple[bytes, bytes]:
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = "Demo Registry CA"
    ca = signed(now, issuer, ca_key, issuer, ca_key, x509.BasicConstraints(ca=True, path_length=0))
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(_HOST))])
    leaf = signed(now, "demo registry", key, issuer, ca_key, names)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return ca.public_bytes(Encoding.PEM), private + leaf.public_bytes(Encoding.PEM)


def signed(  # noqa: PLR0913, PLR0917 - what a certificate says
    now: datetime,
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
    days: int = 365,
) -> x509.Certificate:
    subject_name, issuer_name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in (subject, issuer)
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject_name)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        .sign(issuer_key, hashes.SHA256())
    )
