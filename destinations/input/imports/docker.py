"""The accounts in what `docker login` writes: `config.json`, and the older `.dockercfg`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from destinations.input.imports.account import ImportedAccount, ImportResult, address, day, of_auth
from destinations.model import InputError
from destinations.verdict.tokens import stated_end

_HELPERS = {"credsStore", "credHelpers"}
_WEB_LOGIN = {"v1/access-token", "v1/refresh-token"}
"""Where Docker's sign-in through a browser keeps its own tokens, under Docker Hub's address."""
AZURE_USER = "00000000-0000-0000-0000-000000000000"
_AZURE = (".azurecr.io", ".azurecr.cn", ".azurecr.us")
_AZURE_TOKEN_LIVES = timedelta(hours=3)
_TOKEN_USER = "<token>"  # noqa: S105 - what Docker's helpers call the user of an identity token
HELPERS = (
    "A credential helper (credsStore, credHelpers) was left out: it runs on another machine, which Epinio cannot use."
)
HEADERS = "HttpHeaders were left out: Epinio cannot read a destination that has them."
OTHERS = "Other settings of the file were left out: only Docker uses them."
TOKEN = "A token next to a password (identitytoken) was left out: skopeo would use it instead of the password."  # noqa: S105
DIFFER = "Where auth differs from username and password, the latter were used, and auth is rewritten."
WEB_LOGIN = (
    "Tokens of Docker's browser sign-in (access-token, refresh-token) were left out: registries do not accept them."
)


def is_config(document: Mapping[str, Any]) -> bool:
    """Return whether this is a `config.json`."""
    return bool({"auths", "HttpHeaders", *_HELPERS} & set(document))


def is_old_config(document: Mapping[str, Any]) -> bool:
    """Return whether this is a `.dockercfg`: hosts at the top."""
    return bool(document) and all(
        isinstance(entry, dict)
        and ("auth" in entry or ("." in address(str(key))[0] and {"username", "password"} <= entry.keys()))
        for key, entry in document.items()
    )


def read(document: Mapping[str, Any], now: datetime, *, organization: str = "") -> ImportResult:
    """Return the accounts with a password; `organization` is for entries whose key names none, `now` is aware."""
    auths = document.get("auths") if is_config(document) else document
    entries = [(str(key), value) for key, value in auths.items()] if isinstance(auths, dict) else []
    accounts, incomplete, said = [], [], [*_settings(document)]
    for key, entry in entries:
        if _is_of_web_login(key):
            said.append(WEB_LOGIN)
            continue
        try:
            account, notes = _account(key, entry, document, now)
        except InputError as error:
            said.append(str(error))
            incomplete.append(_without_password(key, entry, organization))
            continue
        accounts.append(account if account.organization else replace(account, organization=organization))
        said += notes
    named = {address(key)[0] for key, _ in entries}
    helped = [(host, name) for host, name in _helped(document) if host not in named]
    said += [_of_helper(host, name) for host, name in helped]
    incomplete += [ImportedAccount("", "", host, organization) for host, _ in helped]
    return ImportResult(tuple(accounts), tuple(dict.fromkeys(said)), tuple(incomplete))


def token_account(host: str, token: str, now: datetime) -> tuple[ImportedAccount, str]:
    """Return the account of a token of Azure's, which takes it as a password for three hours, and a sentence about it."""
    end = stated_end(token) or now + _AZURE_TOKEN_LIVES
    said = (
        f"The token of az acr login for {host or 'this registry'} is used as the password of the user "
        f"{AZURE_USER}. It expires at {end:%Y-%m-%d %H:%M} UTC; for longer use, create a token of the registry (az acr token "
        "create)."
    )
    return ImportedAccount(AZURE_USER, token, host, expires_on=day(end)), said


def _account(key: str, entry: object, document: Mapping[str, Any], now: datetime) -> tuple[ImportedAccount, list[str]]:
    """Return the account of an entry, and what to say. Raises InputError with the sentence that says why it is missing."""
    host, path = address(key)
    where = f"{host}/{path}" if path else host
    if not isinstance(entry, dict):
        raise InputError(f"Entries without a password were left out: {where}.")
    username, password, notes = _pair(where, entry)
    token = next((value for name, value in entry.items() if str(name).lower() == "identitytoken"), None)
    if isinstance(token, str) and token and not password and is_azure(host, username):
        account, said = token_account(host, token, now)
        return replace(account, organization=path), [said]
    if not (username and password):
        raise InputError(_why_none(where, entry, document, username, password))
    if any(str(name).lower() in {"identitytoken", "registrytoken"} and value for name, value in entry.items()):
        notes.append(TOKEN)
    if username == AZURE_USER:
        account, said = token_account(host, password, now)
        return replace(account, organization=path), [*notes, said]
    return ImportedAccount(username, password, host, path, day(stated_end(password))), notes


def _without_password(key: str, entry: object, organization: str) -> ImportedAccount:
    """Return what an entry names beside the password: its registry, and the user name where there is one."""
    host, path = address(key)
    try:
        username = _pair(host, entry)[0] if isinstance(entry, dict) else ""
    except InputError:
        username = ""
    return ImportedAccount(username, "", host, path or organization)


def _pair(where: str, entry: Mapping[str, Any]) -> tuple[str, str, list[str]]:
    """Return user name, password and what to say; username and password as they are stated come before `auth`."""
    stated = tuple(entry[name] if isinstance(entry.get(name), str) else "" for name in ("username", "password"))
    auth = entry.get("auth")
    try:
        username, password, said = of_auth(auth) if isinstance(auth, str) and auth else ("", "", "")
    except InputError as error:
        if all(stated):
            return stated[0], stated[1], [DIFFER]
        raise InputError(f"The auth of {where} {error}.") from None
    if all(stated):
        return stated[0], stated[1], [DIFFER] if username and password and stated != (username, password) else []
    return username or stated[0], password or stated[1], [f"{where}: {said}"] if said else []


def _why_none(where: str, entry: Mapping[str, Any], document: Mapping[str, Any], username: str, password: str) -> str:
    held = {str(name).lower(): value for name, value in entry.items()}
    if held.get("identitytoken") or held.get("registrytoken"):
        return (
            f"{where} has an identity token but no password, and Helm cannot use a token. Create an access token there."
        )
    if any(held.get(name) and not isinstance(held[name], str) for name in ("username", "password", "auth")):
        return f"The user name, password, or auth of {where} is not a string: put it in quotes."
    if username or password:
        return f"{where} has a {'user name and no password' if username else 'password and no user name'}."
    helper = dict(_helped(document)).get(where.partition("/")[0]) or document.get("credsStore")
    if isinstance(helper, str) and helper:
        return _of_helper(where, helper)
    return f"Entries without a password were left out: {where}."


def _of_helper(where: str, helper: str) -> str:
    name = helper if helper.replace("-", "").replace(".", "").isalnum() else "NAME"
    return (
        f"The password for {where} is in the credential helper {name}, not in this file. Run "
        f"docker-credential-{name} get on that machine and import its output, or create a token for Epinio."
    )


def _helped(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    helpers = document.get("credHelpers") if is_config(document) else None
    for key, name in helpers.items() if isinstance(helpers, dict) else ():
        if isinstance(name, str):
            yield address(str(key))[0], name


def is_azure(host: str, username: str) -> bool:
    """Return whether an identity token beside this user is one of Azure's, which takes it as a password."""
    return username == AZURE_USER or (username in {"", _TOKEN_USER} and host.partition(":")[0].endswith(_AZURE))


def _is_of_web_login(key: str) -> bool:
    host, path = address(key)
    return host == "docker.io" and path in _WEB_LOGIN


def _settings(document: Mapping[str, Any]) -> Iterator[str]:
    if not is_config(document):
        return
    if set(document) & _HELPERS:
        yield HELPERS
    if "HttpHeaders" in document:
        yield HEADERS
    if set(document) - _HELPERS - {"HttpHeaders", "auths"}:
        yield OTHERS
