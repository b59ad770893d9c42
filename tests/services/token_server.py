"""The token service of a registry: who may do what, as the services of Harbor or GitLab answer it."""

from __future__ import annotations

import json
import re
import secrets
import time
from base64 import b64decode, b64encode, urlsafe_b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from tests.services.pki import issue
from tests.services.web import Handler, web_server

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.services.pki import Holder

ISSUER = "tests"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may do `actions` in the repositories that match `repositories`; nobody may delete here."""

    name: str
    password: str = field(repr=False)
    actions: frozenset[str] = frozenset({"pull", "push"})
    repositories: str = ".*"

    def allowed(self, repository: str) -> frozenset[str]:
        """Return what may be done to a repository."""
        return self.actions if re.fullmatch(self.repositories, repository) else frozenset()


NOBODY = Account("", "", frozenset())
READER_OF_ALL = Account("", "", frozenset({"pull"}))
"""What a token service grants without credentials where everybody may read."""


@dataclass(frozen=True, slots=True)
class TokenServer:
    """How it answers: `anonymous` is who comes without credentials; `x5c` puts the certificate into the token.

    Distribution 2.8 reads that certificate; version 3 finds the key in `jwks`. `granted` keeps the opaque tokens and
    what each allows, where tokens are no JWT.
    """

    accounts: Sequence[Account]
    signer: Holder
    anonymous: Account = NOBODY
    x5c: bool = False
    opaque: bool = False
    granted: dict[str, Account] = field(default_factory=dict, repr=False)
    seen: list[str] = field(default_factory=list, repr=False)

    def account(self, name: str, password: str) -> Account | None:
        """Return who this is; None for wrong credentials."""
        return next((one for one in self.accounts if (one.name, one.password) == (name, password)), None)

    def token(self, account: Account, service: str, scopes: Sequence[str]) -> str:
        """Return a token for what is asked, as far as the account reaches."""
        if self.opaque:
            text = secrets.token_hex(16)
            self.granted[text] = account
            return text
        header: dict[str, Any] = {"alg": "ES256", "typ": "JWT"}
        header |= {"x5c": [b64encode(self.signer.der).decode()]} if self.x5c else {"kid": "tests"}
        return _signed(header, _claims(account, service, scopes), self.signer.key)


def jwks(signer: Holder) -> bytes:
    """Return the public key as distribution 3 reads it."""
    numbers = signer.key.public_key().public_numbers()
    point = {"x": _text(numbers.x.to_bytes(32)), "y": _text(numbers.y.to_bytes(32))}
    key = {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "tests", **point}
    return json.dumps({"keys": [key]}).encode()


def new_signer() -> Holder:
    """Return a key to sign tokens with, and its certificate."""
    return issue("tokens", ca=True)


@contextmanager
def token_server(
    server: TokenServer, context: ssl.SSLContext | None = None, *, address: str = "127.0.0.1"
) -> Iterator[int]:
    """Serve tokens for as long as the block lasts, and yield the port."""
    handler = type("Tokens", (_Tokens,), {"rules": server})
    with web_server(handler, context, address=address) as port:
        yield port


class _Tokens(Handler):
    rules: TokenServer

    def do_GET(self) -> None:  # noqa: N802 - the base class's names
        asked = parse_qs(urlsplit(self.path).query)
        stated = self.headers.get("Authorization", "")
        self.rules.seen.append(self.path)
        if not stated.startswith("Basic "):
            return self.grant(self.rules.anonymous, asked)
        name, _, password = b64decode(stated[6:]).decode().partition(":")
        return self.grant(self.rules.account(name, password), asked)

    def do_POST(self) -> None:  # noqa: N802
        """Answer the form of OAuth2, which Helm sends first."""
        asked = parse_qs(self.content().decode())
        self.rules.seen.append(self.path)
        name, password = (asked.get(key, [""])[0] for key in ("username", "password"))
        if asked.get("grant_type") == ["refresh_token"]:
            name, _, password = asked.get("refresh_token", [""])[0].partition("/")
        self.grant(self.rules.account(name, password), asked)

    def grant(self, account: Account | None, asked: Mapping[str, list[str]]) -> None:
        """Answer with a token, or with 401 for wrong credentials."""
        if account is None:
            return self.answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]})
        scopes = " ".join(asked.get("scope", [])).split()
        token = self.rules.token(account, asked.get("service", [""])[0], scopes)
        return self.answer(200, {"token": token, "access_token": token, "expires_in": 300})


def _claims(account: Account, service: str, scopes: Sequence[str]) -> dict[str, Any]:
    access = []
    for scope in scopes:
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        granted = sorted(account.allowed(name) & set(actions.split(",")))
        if granted:
            access.append({"type": kind, "name": name, "actions": granted})
    now = int(time.time())
    life = {"exp": now + 300, "nbf": now - 5, "iat": now, "jti": secrets.token_hex(8)}
    return {"iss": ISSUER, "sub": account.name, "aud": service, **life, "access": access}


def _signed(header: Mapping[str, Any], claims: Mapping[str, Any], key: ec.EllipticCurvePrivateKey) -> str:
    text = ".".join(_text(json.dumps(part).encode()) for part in (header, claims))
    r, s = utils.decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{_text(r.to_bytes(32) + s.to_bytes(32))}"


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def write_signer(signer: Holder, directory: Path) -> tuple[Path, Path]:
    """Write what both generations of the registry read: the certificate, and the key set."""
    certificate, keys = directory / "tokens.crt", directory / "jwks.json"
    certificate.write_bytes(signer.pem)
    keys.write_bytes(jwks(signer))
    return certificate, keys
