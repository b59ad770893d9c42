"""What administrators are told about the accounts that can sign in."""

from __future__ import annotations

from collections.abc import Sequence

from destinations import names
from destinations.model import Secret
from edrportal.signin import accounts, users
from edrportal.signin.accounts import Notice
from edrportal.signin.defaults import shipped_passwords
from edrportal.signin.oidc import provider
from edrportal.signin.oidc.reasons import OidcTrouble

_MAPPING_FIX = (
    "Correct the key rolesMapping of the Secret dex-config: people of these groups have fewer rights than meant."
)


def for_administrators(found: Sequence[Secret]) -> list[Notice]:
    """Return the warnings, the default passwords first. Raises the port's errors."""
    hashes = [(users.username_of(one), one.data.get(users.PASSWORD_KEY, b"")) for one in found if users.is_user(one)]
    dex = next((one.data.get("config.yaml", b"") for one in found if one.name == names.DEX_CONFIG), b"")
    shipped = shipped_passwords(hashes, dex)
    said = accounts.warnings(found)
    if shipped:
        message = f"Everybody can know the password of {', '.join(shipped)}: it is the one that Epinio's chart ships."
        said.insert(0, Notice(message, "Change it now: whoever uses it may see and change every destination."))
    said += [Notice(one, _MAPPING_FIX) for one in provider.mapping_notices()]
    return said + _sign_on_in_clear()


def _sign_on_in_clear() -> list[Notice]:
    try:
        in_clear = provider.is_on() and provider.provider().endpoint.startswith("http://")
    except OidcTrouble:
        return []  # the sign-in page says why
    fix = "Set EDRPORTAL_OIDC_ENDPOINT to the https issuer, or keep others off that network by a NetworkPolicy."
    message = "The single sign-on asks its provider over plain http: code and client secret cross the network in clear."
    return [Notice(message, fix)] if in_clear else []
