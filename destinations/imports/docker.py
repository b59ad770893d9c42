"""The accounts in what `docker login` writes: `config.json`, and the older `.dockercfg`. Pure."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from destinations.imports.account import Account, Found, address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HELPERS = {"credsStore", "credHelpers"}
_TOKENS = {"identitytoken", "registrytoken"}
HELPERS = "A helper (credsStore, credHelpers) was left out: it runs on another machine, and Epinio cannot ask it."
HEADERS = "HttpHeaders were left out: Epinio cannot read a destination that holds them."
OTHERS = "Other settings of the file were left out: they are Docker's own."
TOKEN = "A token beside a password (identitytoken) was left out: skopeo would prefer it to the password."  # noqa: S105
NO_PASSWORD = "Entries without a password were left out: a helper may keep theirs elsewhere."  # noqa: S105
DIFFER = "Where auth and username with password differ, the latter were taken, and auth is made anew."


def is_config(document: Mapping[str, Any]) -> bool:
    """Say whether this is a `config.json`."""
    return bool({"auths", "HttpHeaders", *_HELPERS} & set(document))


def is_old_config(document: Mapping[str, Any]) -> bool:
    """Say whether this is a `.dockercfg`: hosts at the top."""
    return bool(document) and all(isinstance(entry, dict) and "auth" in entry for entry in document.values())


def read(document: Mapping[str, Any], *, organization: str = "") -> Found:
    """Return the accounts with a password; `organization` is for entries whose key names none."""
    auths = document.get("auths") if is_config(document) else document
    entries = [(str(key), value) for key, value in auths.items()] if isinstance(auths, dict) else []
    accounts = [_account(key, value, organization) for key, value in entries]
    said = [*_settings(document), *_entries([value for _, value in entries])]
    if None in accounts:
        said.append(NO_PASSWORD)
    return Found(tuple(filter(None, accounts)), tuple(dict.fromkeys(said)))


def _account(key: str, entry: object, organization: str) -> Account | None:
    if not isinstance(entry, dict):
        return None
    username, password = _stated(entry)
    if not (username and password):
        username, password = _decoded(entry)
    host, path = address(key)
    return Account(username, password, host, path or organization) if username and password else None


def _stated(entry: Mapping[str, Any]) -> tuple[str, str]:
    pair = entry.get("username"), entry.get("password")
    return (pair[0], pair[1]) if isinstance(pair[0], str) and isinstance(pair[1], str) else ("", "")


def _decoded(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return what `auth` says, empty for what is no base64 of `user:password`."""
    auth = entry.get("auth")
    try:
        text = b64decode("".join(auth.split()), validate=True).decode() if isinstance(auth, str) else ""
    except ValueError:
        return "", ""
    username, _, password = text.partition(":")
    return username, password.rstrip("\0")  # Docker pads with it


def _settings(document: Mapping[str, Any]) -> Iterator[str]:
    if not is_config(document):
        return
    if set(document) & _HELPERS:
        yield HELPERS
    if "HttpHeaders" in document:
        yield HEADERS
    if set(document) - _HELPERS - {"HttpHeaders", "auths"}:
        yield OTHERS


def _entries(entries: list[object]) -> Iterator[str]:
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        if _TOKENS & {str(name).lower() for name in entry}:
            yield TOKEN
        stated, decoded = _stated(entry), _decoded(entry)
        if all(stated) and all(decoded) and stated != decoded:
            yield DIFFER
