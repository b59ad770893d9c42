"""What makes an ID token one: signature, issuer, audience, times, nonce (OpenID Connect Core 3.1.3.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from edrportal.signin.oidc_trouble import OidcTrouble

if TYPE_CHECKING:
    from edrportal.signin.oidc_http import Wires

ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "PS256"]
LEEWAY_SECONDS = 60
_UNUSABLE = "The provider's proof of who you are cannot be used"


def claims(token: str, wires: Wires, *, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """Return the claims of a token that is valid now, for this client and this very sign-in. Raises OidcTrouble.

    Keys that are not known are asked for once more: providers change them.
    """
    found = _verified(token, wires.keys()) or _verified(token, wires.keys(anew=True))
    if found is None:
        raise OidcTrouble(
            f"{_UNUSABLE}: nobody known has signed it.", "Try again in a moment; ask who runs it if it lasts."
        )
    registry = jwt.JWTClaimsRegistry(
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    valid = False
    try:
        registry.validate(found)
        valid = _is_for(found, client_id)
    except (JoseError, ValueError, TypeError):
        valid = False
    if not valid:
        fix = "Sign in once more. If it lasts, the clocks of the portal and the provider may differ: ask who runs them."
        raise OidcTrouble(f"{_UNUSABLE}: it is too old, too new, or meant for somebody else.", fix)
    return found


def _is_for(found: dict[str, Any], client_id: str) -> bool:
    """Say whether a token of several audiences was made for this client."""
    audience = found.get("aud")
    several = isinstance(audience, list) and len(audience) > 1
    return found.get("azp", client_id) == client_id and (not several or "azp" in found)


def _verified(token: str, keys: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return dict(jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims)  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
