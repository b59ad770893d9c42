"""OpenID Connect: the authorization code flow with PKCE, state and nonce, and what an ID token has to be.

Nothing of a provider's answer ever leaves here but who somebody is: no token, no code and no words of its errors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from edrportal.signin import oidc_token
from edrportal.signin.oidc_http import Failed, Wires
from edrportal.signin.oidc_trouble import OidcTrouble

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Identity", "OidcTrouble", "Provider", "Started", "finish", "reachable", "start"]

_AGAIN = "Start the sign-in once more from the portal's own page."
_KEPT = ("state", "nonce", "code_verifier")


@dataclass(frozen=True, slots=True)
class Provider:
    """How the provider is reached: browsers know it as `issuer`, the portal asks `endpoint`; `ca_file` is its CA."""

    issuer: str
    endpoint: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    ca_file: str = ""
    redirect_uri: str = ""
    scopes: str = "openid profile email groups federated:id"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, as the provider says; the e-mail address is verified."""

    subject: str
    email: str
    name: str
    connector_id: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Started:
    """Where to send the browser, and what has to be kept until it comes back."""

    url: str = field(repr=False)
    kept: dict[str, str] = field(repr=False)


def start(provider: Provider) -> Started:
    """Begin a sign-in. Raises OidcTrouble."""
    metadata = _wires(provider).metadata()
    kept = {name: token_urlsafe(32) for name in _KEPT}
    with _client(provider) as client:
        url, _ = client.create_authorization_url(
            metadata.authorization, state=kept["state"], nonce=kept["nonce"], code_verifier=kept["code_verifier"]
        )
    return Started(url, kept)


def finish(provider: Provider, kept: Mapping[str, str], query: Mapping[str, list[str]]) -> Identity:
    """Return who came back. `query` is what the browser brought, `kept` what `start` gave. Raises OidcTrouble."""
    if not all(kept.get(name) for name in _KEPT):
        raise OidcTrouble("The sign-in took longer than ten minutes, or cookies are off.", _AGAIN)
    if query.get("state") != [kept["state"]]:
        raise OidcTrouble("This answer of the provider does not belong to a sign-in that began here.", _AGAIN)
    if "error" in query:
        raise _refused(query["error"][0])
    code = query.get("code", [])
    if len(code) != 1 or not code[0]:
        raise OidcTrouble("The provider sent no code that can be used.", _AGAIN)
    token = _exchange(provider, code[0], kept["code_verifier"])
    claims = oidc_token.claims(token, _wires(provider), issuer=provider.issuer, client_id=provider.client_id,
                               nonce=kept["nonce"])  # fmt: skip
    return _identity(claims)


def reachable(provider: Provider) -> OidcTrouble | None:
    """Return why a sign-in would not work now, None where it would; asked at most every few seconds."""
    return _wires(provider).glance()


def _refused(error: str) -> OidcTrouble:
    if error == "access_denied":
        return OidcTrouble("The provider did not let you in, or you stopped there.", _AGAIN)
    return OidcTrouble(
        "The provider refused the sign-in.", "Try once more; if it lasts, its log says why: ask an administrator."
    )


def _exchange(provider: Provider, code: str, verifier: str) -> str:
    """Return the ID token for a code."""
    address = _wires(provider).metadata().token
    problem = ""
    try:
        with _client(provider) as client:
            answer = client.fetch_token(
                address, code=code, code_verifier=verifier, grant_type="authorization_code",
                allow_redirects=False,
            )  # fmt: skip
        token = answer.get("id_token") if isinstance(answer, dict) else None
        if isinstance(token, str) and token:
            return token
    except OAuthError as error:
        problem = str(error.error or "")
    except Failed as error:
        raise error.trouble() from None
    except Exception as error:  # noqa: BLE001 - whatever a library makes of a hostile answer; its words hold codes
        problem = type(error).__name__
    raise _exchange_trouble(problem)


def _exchange_trouble(problem: str) -> OidcTrouble:
    if problem in {"invalid_client", "unauthorized_client"}:
        return OidcTrouble(
            "The provider does not know the portal (invalid client): its client id or secret is another.",
            "An administrator has to add the portal to Dex's staticClients, which an update of Epinio can remove, and to "
            "compare EDRPORTAL_OIDC_CLIENT_ID and EDRPORTAL_OIDC_CLIENT_SECRET.",
        )
    if problem == "invalid_grant":
        return OidcTrouble("The provider's code was used already, or it is too old.", _AGAIN)
    return OidcTrouble("The provider gave no usable answer to the portal.", "Try again in a moment.")


def _identity(claims: Mapping[str, Any]) -> Identity:
    email, groups = claims.get("email"), claims.get("groups")
    federated = claims.get("federated_claims") or {}
    if not isinstance(email, str) or not email:
        raise OidcTrouble("The provider told no e-mail address, and Epinio knows people by it.", "Ask who runs it.")
    if claims.get("email_verified") is not True:
        raise OidcTrouble(
            "The provider has not verified your e-mail address, and Epinio would take you for whoever has it.",
            "Verify it there, then sign in again.",
        )
    listed = [] if groups is None else groups
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise OidcTrouble("The provider's list of your groups cannot be read.", "Ask who runs it.")
    connector = federated.get("connector_id") if isinstance(federated, dict) else None
    name = claims.get("name")
    return Identity(
        subject=str(claims.get("sub", "")),
        email=email,
        name=name if isinstance(name, str) else "",
        connector_id=connector if isinstance(connector, str) else "",
        groups=tuple(listed),
    )


def _wires(provider: Provider) -> Wires:
    return Wires.of(provider.issuer, provider.endpoint or provider.issuer, provider.ca_file)


def _client(provider: Provider) -> OAuth2Session:
    """Return Authlib's client on a connection that is bounded in time and size."""
    client = OAuth2Session(
        provider.client_id,
        provider.client_secret or None,
        scope=provider.scopes,
        redirect_uri=provider.redirect_uri,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if provider.client_secret else "none",
    )
    _wires(provider).bound(client)
    return client
