"""Single sign-on as it is configured: the portal's own client, and Epinio's `dex-config` beside it."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from destinations import names
from destinations.model import Secret
from destinations.web import current
from edrportal.signin.oidc import reasons as why
from edrportal.signin.oidc import rolesmapping
from edrportal.signin.oidc.flow import Identity, OidcTrouble, Provider
from edrportal.signin.oidc.model import SCOPES


def is_on() -> bool:
    """Say whether there is a button for it."""
    return bool(settings.ENVIRONMENT.oidc.client_id) and not settings.ENVIRONMENT.is_in_clear


def client() -> tuple[str, str]:
    """Return the provider's issuer, empty where it is not configured, and the portal's client id there.

    Raises the port's errors.
    """
    stated = settings.ENVIRONMENT.oidc
    return stated.issuer or _text(_dex(), "issuer"), stated.client_id


def provider() -> Provider:
    """Return the provider. Raises OidcTrouble where it is not configured, and the port's errors."""
    stated, dex = settings.ENVIRONMENT.oidc, _dex()
    issuer = stated.issuer or _text(dex, "issuer")
    if not issuer:
        raise OidcTrouble(
            "The portal does not know the provider of the single sign-on.",
            "Set EDRPORTAL_OIDC_ISSUER, or look at the key issuer of the Secret dex-config.",
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


def roles_of(identity: Identity) -> tuple[str, ...]:
    """Return the role ids that Epinio's mapping gives to somebody's groups.

    Raises OidcTrouble for a mapping that does not parse: Epinio lets nobody in by single sign-on then. Raises the
    port's errors, too.
    """
    try:
        read = rolesmapping.read(mapping())
    except rolesmapping.MappingError as error:
        raise OidcTrouble("The roles of the single sign-on cannot be read.", str(error)) from None
    if identity.groups_left_out and read.connectors:
        raise OidcTrouble(*why.GROUPS_LEFT_OUT)
    return read.roles(identity.connector_id or settings.ENVIRONMENT.oidc.connector, identity.groups)


def mapping_notices() -> list[str]:
    """Return what an administrator should know of the mapping: that it cannot be read, or what Epinio passes over.

    Raises the port's errors.
    """
    try:
        return list(rolesmapping.read(mapping()).notices)
    except rolesmapping.MappingError as error:
        return [str(error)]


def mapping() -> bytes:
    """Return Epinio's mapping as it is written, empty for none. Raises the port's errors."""
    dex = _dex()
    return dex.data.get("rolesMapping", b"") if dex else b""


def _dex() -> Secret | None:
    return next((one for one in current.secrets_to_show() if one.name == names.DEX_CONFIG), None)


def _text(dex: Secret | None, key: str) -> str:
    return dex.data.get(key, b"").decode("utf-8", "replace") if dex else ""
