"""The passwords that Epinio's chart ships, which everybody can look up. Pure.

The hashes stand in `values.yaml` and `templates/dex.yaml` of the chart; both are of the word "password".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from destinations.secret import plainyaml
from destinations.secret.plainyaml import Unreadable

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
    """Return the names of users, and of Dex's static users, whose hash is one that the chart ships, sorted.

    A configuration of Dex that cannot be read names nobody.
    """
    found = {name for name, stored in users if stored.strip() in known}
    return tuple(sorted(found | {name for name, stored in _static_users(dex_config) if stored.strip() in known}))


def _static_users(config: bytes) -> list[tuple[str, bytes]]:
    if len(config) > _MAX_BYTES:
        return []
    try:
        read: Any = next(iter(plainyaml.load_all(config.decode(), most=_MAX_VALUES)), None)
    except (Unreadable, UnicodeDecodeError):
        return []
    stated = read.get("staticPasswords") if isinstance(read, dict) else None
    entries = [one for one in stated if isinstance(one, dict)] if isinstance(stated, list) else []
    return [
        (str(one.get("email") or one.get("username") or ""), str(one.get("hash") or "").encode()) for one in entries
    ]
