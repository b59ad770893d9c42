"""The ID token: whether the provider made it for this sign-in, and who it says signed in."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Protocol

from joserfc import jwt
from joserfc.errors import ClaimError, InvalidClaimError, InvalidKeyIdError, JoseError, MissingClaimError
from joserfc.jwk import KeySet

from edrportal.signin.oidc import reasons as why
from edrportal.signin.oidc.provider import Identity, Provider
from edrportal.signin.oidc.reasons import OidcTrouble

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384"]  # none with a secret, and never "none"
_LEEWAY = 60
_REQUIRED = ("iss", "sub", "aud", "exp", "iat", "nonce")
_MAX_EMAIL = 254
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
"""Of any local part and domain: only what is not an address at all can be the name of someone else."""
_CLAIMS = {
    "exp": why.CLOCK,
    "iat": why.CLOCK,
    "nbf": why.CLOCK,
    "aud": why.OTHER_CLIENT,
    "azp": why.OTHER_CLIENT,
    "nonce": why.OTHER_SIGN_IN,
}
_log = logging.getLogger(__name__)


class Keys(Protocol):
    def __call__(self, *, renew: bool) -> KeySet:
        """Return the keys. Raises OidcTrouble."""


def claims(provider: Provider, answer: Mapping[str, Any], nonce: str, keys: Keys) -> dict[str, Any]:
    """Return what the ID token claims, after every check; newer keys are fetched once at most. Raises OidcTrouble."""
    if not isinstance(answer.get("id_token"), str):
        raise OidcTrouble(*why.NO_TOKEN)
    outcome = _validated(provider, answer, nonce, keys(renew=False))
    if isinstance(outcome, InvalidKeyIdError):
        outcome = _validated(provider, answer, nonce, keys(renew=True))
    if isinstance(outcome, Exception):
        _log.warning("the ID token is refused: %s %s", type(outcome).__name__, getattr(outcome, "claim", ""))
        raise OidcTrouble(*(_CLAIMS.get(outcome.claim, why.FORGED) if isinstance(outcome, ClaimError) else why.FORGED))
    return outcome


def _validated(provider: Provider, answer: Mapping[str, Any], nonce: str, keys: KeySet) -> dict[str, Any] | Exception:
    """Return the claims, or the error as a value: raised, it would take its words and the token along."""
    try:
        token = jwt.decode(answer["id_token"], keys, algorithms=_ALGORITHMS)
        _check(provider, token, nonce, answer.get("access_token"))
    except (JoseError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
        return error
    return token.claims


def _check(provider: Provider, token: jwt.Token, nonce: str, access_token: object) -> None:
    """Check the claims as OpenID Connect Core, 3.1.3.7 and 3.1.3.8 want it. Raises ClaimError for the first that is wrong."""
    claims = token.claims
    for name in _REQUIRED:
        if name not in claims:
            raise MissingClaimError(name)
    issuer, client_id = provider.issuer, provider.client_id
    jwt.JWTClaimsRegistry(leeway=_LEEWAY, iss={"value": issuer}, aud={"value": client_id}).validate(claims)
    is_alone = claims["aud"] in (client_id, [client_id])
    at_hash = claims.get("at_hash")
    checks = {
        "auth_time": isinstance(claims.get("auth_time") or 0, int | float),
        "nonce": claims["nonce"] == nonce,
        "amr": isinstance(claims.get("amr") or [], list),
        "azp": claims.get("azp") == client_id or (is_alone and not claims.get("azp")),
        "at_hash": not (at_hash and access_token) or _is_half_hash(at_hash, access_token, token.header["alg"]),
    }
    for name, is_right in checks.items():
        if not is_right:
            raise InvalidClaimError(name)


def _is_half_hash(at_hash: object, access_token: object, algorithm: str) -> bool:
    """Return whether this is the left half of the access token's hash, by the hash of the signature (such as RS256)."""
    digest = hashlib.new(f"sha{algorithm[2:]}", str(access_token).encode()).digest()
    half = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    return hmac.compare_digest(half, str(at_hash).encode())


def identity(claims: Mapping[str, Any]) -> Identity:
    email = _printable(claims.get("email"))
    if not email or len(email) > _MAX_EMAIL:
        raise OidcTrouble(*why.NO_EMAIL)
    if not _ADDRESS.fullmatch(email):
        raise OidcTrouble(*why.NO_ADDRESS)
    verified = claims.get("email_verified")
    if verified is None:  # Dex always sends it; missing, it is no proof
        raise OidcTrouble(*why.NOT_STATED)
    if verified is not True and not (isinstance(verified, str) and verified.lower() == "true"):  # Cognito sends a text
        raise OidcTrouble(*why.UNVERIFIED)
    subject = _printable(claims["sub"])
    if not subject:
        raise OidcTrouble(*why.FORGED)
    name = _printable(claims.get("name"))
    return Identity(subject, email, name, _connector_id(claims), _groups(claims), _are_groups_left_out(claims))


def _printable(value: object) -> str:
    return value if isinstance(value, str) and value.isprintable() else ""


def _groups(claims: Mapping[str, Any]) -> tuple[str, ...]:
    groups = claims.get("groups")
    if groups is None:
        return ()
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise OidcTrouble(*why.BAD_GROUPS)
    return tuple(groups)


def _are_groups_left_out(claims: Mapping[str, Any]) -> bool:
    """Return whether it says where groups are instead (OIDC Core, 5.6.2; Entra ID's `hasgroups`)."""
    elsewhere = claims.get("_claim_names")
    distributed = isinstance(elsewhere, dict) and "groups" in elsewhere
    return "groups" not in claims and (distributed or claims.get("hasgroups") in (True, "true"))


def _connector_id(claims: Mapping[str, Any]) -> str:
    federated = claims.get("federated_claims")
    if federated is None:
        return ""
    connector_id = federated.get("connector_id") if isinstance(federated, dict) else False
    if not isinstance(connector_id, str | None):
        raise OidcTrouble(*why.BAD_GROUPS)
    return connector_id or ""
