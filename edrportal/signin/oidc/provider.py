"""The provider of the single sign-on, and who it can name.

It is configured by the portal's own client, and Epinio's `dex-config` beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings
from django.urls import reverse

from destinations import names
from destinations.model import InputError, Secret
from destinations.portal import Reads
from edrportal.signin.oidc import reasons as why
from edrportal.signin.oidc import roles
from edrportal.signin.oidc.reasons import OidcTrouble

SCOPES = "openid profile email groups federated:id"
"""What Dex takes and Epinio asks for; others refuse what they do not know (RFC 6749, 3.3)."""


@dataclass(frozen=True, slots=True)
class Provider:
    """How the provider is reached, and as whom.

    `issuer` is what tokens name and where browsers go; `endpoint` is where the portal itself asks (empty: the issuer),
    such as the service of Dex inside the cluster, by `proxy` where there is one. `ca_file` names a PEM file for both
    (empty: the public CAs). An empty `client_secret` makes the portal a public client, which PKCE alone protects.
    """

    issuer: str
    endpoint: str
    client_id: str
    client_secret: str = field(repr=False)
    ca_file: str = ""
    redirect_uri: str = ""
    scopes: str = SCOPES
    proxy: str = ""

    @property
    def back_channel(self) -> str:
        return (self.endpoint or self.issuer).rstrip("/")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in, with a verified email address; `groups_left_out` where the provider left some out for their number."""

    subject: str
    email: str
    name: str
    connector_id: str
    groups: tuple[str, ...]
    groups_left_out: bool = False


def is_on() -> bool:
    return bool(settings.ENVIRONMENT.oidc.client_id) and not settings.ENVIRONMENT.is_in_clear


def client(reads: Reads) -> tuple[str, str]:
    """Return the issuer, empty if not set, and the portal's client id. Raises the port's errors."""
    stated = settings.ENVIRONMENT.oidc
    return stated.issuer or _text(_dex(reads), "issuer"), stated.client_id


def provider(reads: Reads) -> Provider:
    """Raise OidcTrouble where it is not configured, and the port's errors."""
    stated, dex = settings.ENVIRONMENT.oidc, _dex(reads)
    issuer = stated.issuer or _text(dex, "issuer")
    if not issuer:
        raise OidcTrouble(
            "The portal does not know the single sign-on provider.",
            "Set EDRPORTAL_OIDC_ISSUER, or check the key issuer of the Secret dex-config.",
        )
    endpoint = stated.endpoint or ("" if stated.issuer else _text(dex, "endpoint"))
    return Provider(
        issuer=issuer,
        endpoint=endpoint or issuer,
        client_id=stated.client_id,
        client_secret=stated.client_secret,
        ca_file=stated.ca_file,
        redirect_uri=settings.ENVIRONMENT.public_url + reverse("oidc-callback"),
        scopes=stated.scopes or SCOPES,
        proxy=stated.proxy,
    )


def roles_of(reads: Reads, identity: Identity) -> tuple[str, ...]:
    """Return role ids by Epinio's mapping. Raises OidcTrouble where it does not parse, and the port's errors."""
    try:
        roles_mapping = roles.read(mapping(reads))
    except InputError as error:
        raise OidcTrouble("The roles for single sign-on cannot be read.", str(error)) from None
    if identity.groups_left_out and roles_mapping.connectors:
        raise OidcTrouble(*why.GROUPS_LEFT_OUT)
    return roles_mapping.roles(identity.connector_id or settings.ENVIRONMENT.oidc.connector, identity.groups)


def mapping_notices(reads: Reads) -> list[str]:
    """Return what an administrator should know of the mapping. Raises the port's errors."""
    try:
        return list(roles.read(mapping(reads)).notices)
    except InputError as error:
        return [str(error)]


def mapping(reads: Reads) -> bytes:
    dex = _dex(reads)
    return dex.data.get("rolesMapping", b"") if dex else b""


def _dex(reads: Reads) -> Secret | None:
    return reads.cached.get(names.DEX_CONFIG)


def _text(dex: Secret | None, key: str) -> str:
    return dex.data.get(key, b"").decode("utf-8", "replace") if dex else ""
