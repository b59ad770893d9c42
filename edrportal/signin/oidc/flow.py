"""Signs in with an OpenID provider, such as Epinio's Dex: authorization code flow with PKCE, state and nonce.

Nothing is stored here between the two steps: what the second needs of the first is in `Started.kept`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from destinations.livecheck.deadline import Deadline
from edrportal.signin.oidc import discovery, idtoken, transport
from edrportal.signin.oidc import reasons as why
from edrportal.signin.oidc.discovery import forget
from edrportal.signin.oidc.provider import Identity, Provider
from edrportal.signin.oidc.reasons import OidcTrouble

__all__ = ["Identity", "OidcTrouble", "Provider", "Started", "finish", "forget", "reachable", "start"]

_START_SECONDS, _FINISH_SECONDS = 6.0, 10.0
_GLANCE_SECONDS, _GLANCE_AGE = 2.0, 10.0
_CODE = re.compile(r"[\x20-\x7e]{1,4096}")  # RFC 6749, A.11


@dataclass(frozen=True, slots=True)
class Started:
    """Where to send the browser, and what a signed cookie has to keep until it comes back: state, nonce, code_verifier."""

    url: str = field(repr=False)
    kept: dict[str, str] = field(repr=False)


def start(provider: Provider) -> Started:
    addresses = discovery.addresses(provider, Deadline(_START_SECONDS))
    kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "code_verifier")}
    code_hash = hashlib.sha256(kept["code_verifier"].encode()).digest()
    parameters = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": provider.redirect_uri,
        "scope": provider.scopes,
        "state": kept["state"],
        "nonce": kept["nonce"],
        "code_challenge": urlsafe_b64encode(code_hash).decode().rstrip("="),  # S256 (RFC 7636, 4.2)
        "code_challenge_method": "S256",
    }
    url = urlsplit(addresses.authorization)
    query = urlencode([*parse_qsl(url.query, keep_blank_values=True), *parameters.items()])
    return Started(url._replace(query=query).geturl(), kept)


def finish(provider: Provider, kept: Mapping[str, str], query: Mapping[str, list[str]]) -> Identity:
    """Return who came back with this query; `kept` is what the start returned. Raises OidcTrouble."""
    deadline = Deadline(_FINISH_SECONDS)
    code = _code(provider, kept, query)
    addresses = discovery.addresses(provider, deadline)
    if addresses.names_itself and "iss" not in query:  # RFC 9207, 2.4: an answer without it is someone else's
        raise OidcTrouble(*why.WRONG_STATE)
    answer = transport.exchange(provider, addresses.token, code, kept["code_verifier"], deadline)
    claims = idtoken.claims(
        provider,
        answer,
        kept["nonce"],
        lambda *, renew: discovery.keys(provider, addresses.keys, deadline, renew=renew),
    )
    return idtoken.identity(claims)


def reachable(provider: Provider) -> OidcTrouble | None:
    """Return why a sign-in would not work now, or None; takes two seconds at most and may be ten seconds old."""
    try:
        discovery.addresses(provider, Deadline(_GLANCE_SECONDS), seconds=_GLANCE_AGE)
    except OidcTrouble as trouble:
        return trouble
    return None


def _code(provider: Provider, kept: Mapping[str, str], query: Mapping[str, list[str]]) -> str:
    """Return the code, after the checks that need no provider; the state comes first, so that strangers learn nothing."""
    if not all(kept.get(name) for name in ("state", "nonce", "code_verifier")):
        raise OidcTrouble(*why.LOST)
    if not _is_same(query.get("state"), kept["state"]):
        raise OidcTrouble(*why.WRONG_STATE)
    if "iss" in query and not _is_same(query["iss"], provider.issuer):  # RFC 9207, where the provider does it
        raise OidcTrouble(*why.WRONG_STATE)
    if "error" in query:
        raise OidcTrouble(*(why.DENIED if query["error"] == ["access_denied"] else why.REFUSED))
    codes = query.get("code", [])
    if len(codes) != 1 or not _CODE.fullmatch(codes[0]):
        raise OidcTrouble(*why.NO_CODE)
    return codes[0]


def _is_same(given: list[str] | None, expected: str) -> bool:
    return given is not None and len(given) == 1 and secrets.compare_digest(_raw(given[0]), _raw(expected))


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
