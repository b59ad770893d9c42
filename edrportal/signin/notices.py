"""The passwords that Epinio's chart ships, which everyone can look up. Pure.

The hashes are in `values.yaml` and `templates/dex.yaml` of the chart; both are of the word "password".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from destinations import names
from destinations.model import InputError
from destinations.portal import Reads
from destinations.secret import plainyaml
from edrportal.signin import accounts, users
from edrportal.signin.accounts import Notice
from edrportal.signin.oidc import provider
from edrportal.signin.oidc.reasons import OidcTrouble

SHIPPED = frozenset(
    {
        b"$2a$10$6bCi5NMstMK781In7JGiL.B44pgoplUb330FQvm6mVXMppbXBPiXS",
        b"$2a$10$2b2cU8CPhOTaGrs1HRQuAueS7JTT5ZHsHSzYiFPm1leZck7Mc8T4W",
    }
)
_MAX_BYTES = 256 * 1024
_MAX_VALUES = 20_000


def shipped_passwords(
    users: Iterable[tuple[str, bytes]], dex_config: bytes, *, known: Collection[bytes] = SHIPPED
) -> tuple[str, ...]:
    """Return the users, and Dex's static users, with a hash that the chart ships, sorted."""
    shipped = {name for name, stored in users if stored.strip() in known}
    return tuple(sorted(shipped | {name for name, stored in _static_users(dex_config) if stored.strip() in known}))


def _static_users(config: bytes) -> list[tuple[str, bytes]]:
    if len(config) > _MAX_BYTES:
        return []
    try:
        document: Any = next(iter(plainyaml.load_all(config.decode(), most=_MAX_VALUES)), None)
    except (InputError, UnicodeDecodeError):
        return []
    stated = document.get("staticPasswords") if isinstance(document, dict) else None
    entries = [entry for entry in stated if isinstance(entry, dict)] if isinstance(stated, list) else []
    return [
        (str(entry.get("email") or entry.get("username") or ""), str(entry.get("hash") or "").encode())
        for entry in entries
    ]


_MAPPING_FIX = (
    "Correct the key rolesMapping of the Secret dex-config: people in these groups have fewer permissions than "
    "intended."
)


def for_administrators(reads: Reads) -> list[Notice]:
    """Return the warnings, the default passwords first. Raises the port's errors."""
    secrets = reads.users
    hashes = [
        (users.username_of(user), user.data.get(users.PASSWORD_KEY, b"")) for user in filter(users.is_user, secrets)
    ]
    configured = reads.cached.get(names.DEX_CONFIG)
    dex = configured.data.get("config.yaml", b"") if configured else b""
    shipped = shipped_passwords(hashes, dex)
    notices = accounts.warnings(reads, secrets)
    if shipped:
        message = f"The password of {', '.join(shipped)} is public: it is the default of Epinio's chart."
        notices.insert(0, Notice(message, "Change it now: anyone who uses it can see and change every destination."))
    notices += [Notice(notice, _MAPPING_FIX) for notice in provider.mapping_notices(reads)]
    return notices + _sign_on_in_clear(reads)


def _sign_on_in_clear(reads: Reads) -> list[Notice]:
    try:
        in_clear = provider.is_on() and provider.provider(reads).endpoint.startswith("http://")
    except OidcTrouble:
        return []  # the sign-in page says why
    fix = "Set EDRPORTAL_OIDC_ENDPOINT to the https issuer, or restrict access to that network with a NetworkPolicy."
    message = (
        "Single sign-on connects to its provider over plain HTTP: code and client secret cross the network unencrypted."
    )
    return [Notice(message, fix)] if in_clear else []
