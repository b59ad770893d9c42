"""What an import finds: accounts, each with its registry where the file names one. Pure; nothing here prints a secret."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from destinations.golang.gobase64 import decode_leniently
from destinations.model import InputError
from destinations.secret.mask import masked_key

SCHEME = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://")
_API_PATH = re.compile(r"(\A|/)v[12]\Z")
_HUB = {"index.docker.io", "registry-1.docker.io"}


@dataclass(frozen=True, slots=True)
class ImportedAccount:
    """Who pushes, with which password, where. `host` is empty where the file does not say; `expires_on` is an ISO date."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    host: str = field(default="", repr=False)
    organization: str = field(default="", repr=False)
    expires_on: str = ""

    @property
    def address(self) -> str:
        return masked_key(f"{self.host}/{self.organization}" if self.organization else self.host)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The accounts of a file in its order, and what of it is left out, as sentences.

    `incomplete` has the registries that the file names without a password, such as those of a credential helper.
    """

    accounts: tuple[ImportedAccount, ...]
    left_out: tuple[str, ...] = ()
    incomplete: tuple[ImportedAccount, ...] = ()


def address(key: str) -> tuple[str, str]:
    """Return host and organization of a key of `auths`: without scheme, account and /v1/, Docker Hub by its name here."""
    host, _, path = SCHEME.sub("", key.strip()).partition("/")
    host = host.rpartition("@")[2]
    return ("docker.io" if host in _HUB else host), _API_PATH.sub("", path.strip("/")).strip("/")


def choose(found: ImportResult, wanted: str) -> ImportedAccount | None:
    """Return the account of a host, or the only one; None where several are left to choose from, or none is of it."""
    accounts = [one for one in found.accounts if not wanted or not one.host or wanted in {one.host, one.address}]
    exact = [one for one in accounts if one.address == wanted]
    left = exact or accounts
    return left[0] if len(left) == 1 else None


def day(end: datetime | None) -> str:
    """Return the date in ISO form, as the form has it; empty for none."""
    return end.date().isoformat() if end else ""


_BASIC = re.compile(r"basic\s+", re.IGNORECASE)
LATIN = "auth was not UTF-8 and was read as Latin-1. Check the characters that are not ASCII."
_UTF_16 = "auth was UTF-16 and was converted."
_TWICE = "auth was base64-encoded once too often."
_CLEAR = "auth was not base64-encoded."
_MAX_LAYERS = 3


def of_auth(auth: str) -> tuple[str, str, str]:
    """Return user name, password, and what was unusual (a sentence, or empty). Raises InputError: the end of one."""
    bare = _BASIC.sub("", auth.strip(), count=1) if auth.strip()[:5].lower() == "basic" else auth.strip()
    said = ""
    for layer in range(_MAX_LAYERS):
        raw = decode_leniently(bare)
        if not raw:
            break
        text, how = _text(raw)
        said = said or how or (_TWICE if layer else "")
        if ":" in text:
            username, _, password = text.partition(":")
            return username, password.rstrip("\0"), said  # Docker pads with it
        bare = text.strip()
    if said or decode_leniently(auth.strip()):
        raise InputError("contains no colon, so user name and password cannot be separated")
    username, colon, password = auth.partition(":")
    if colon and username and password and "://" not in auth:
        return username, password, _CLEAR
    raise InputError("is not valid base64")


def _text(raw: bytes) -> tuple[str, str]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace"), _UTF_16
    if raw[1::2].strip(b"\0") == b"" and len(raw) > 2 and len(raw) % 2 == 0:  # noqa: PLR2004 - more than one character
        return raw.decode("utf-16-le", "replace"), _UTF_16
    try:
        return raw.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return raw.decode("latin-1"), LATIN
