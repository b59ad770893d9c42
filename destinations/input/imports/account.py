"""What an import finds: accounts, each with its registry where the file names one. Pure; nothing here prints a secret."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from destinations.secret.masking import masked_key

_SCHEME = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://")
_API_PATH = re.compile(r"(\A|/)v[12]\Z")
_HUB = {"index.docker.io", "registry-1.docker.io"}


class Unusable(ValueError):
    """Nothing can be taken from it: why, and what to do instead. Holds nothing of what was read."""

    def __init__(self, message: str, fix: str) -> None:
        """Keep both sentences."""
        super().__init__(message)
        self.message = message
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Account:
    """Who pushes, with which password, where. `host` is empty where the file does not say; `expires_on` is an ISO date."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    host: str = field(default="", repr=False)
    organization: str = field(default="", repr=False)
    expires_on: str = ""

    @property
    def address(self) -> str:
        """Host and organization as one text, by which people choose."""
        return masked_key(f"{self.host}/{self.organization}" if self.organization else self.host)


@dataclass(frozen=True, slots=True)
class Found:
    """The accounts of a file in its order, and what of it is left out, as sentences."""

    accounts: tuple[Account, ...]
    left_out: tuple[str, ...] = ()


def address(key: str) -> tuple[str, str]:
    """Return host and organization of a key of `auths`: without scheme, account and /v1/, Docker Hub by its name here."""
    host, _, path = _SCHEME.sub("", key.strip()).partition("/")
    host = host.rpartition("@")[2]
    return ("docker.io" if host in _HUB else host), _API_PATH.sub("", path.strip("/")).strip("/")


def choose(found: Found, wanted: str) -> Account | None:
    """Return the account of a host, or the only one; None where several are left to choose from, or none is of it."""
    accounts = [one for one in found.accounts if not wanted or not one.host or wanted in {one.host, one.address}]
    exact = [one for one in accounts if one.address == wanted]
    left = exact or accounts
    return left[0] if len(left) == 1 else None
