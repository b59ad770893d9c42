"""Accounts in what registries and their tools give for a machine: one JSON object, or its YAML, for each tool. Pure.

GitLab (deploy, project and group tokens), Harbor, Quay, `az acr`, `aws ecr`, `docker-credential-… get`, service accounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from destinations.input.imports import docker
from destinations.input.imports.account import ImportedAccount, ImportResult, address, day, of_auth
from destinations.model import InputError
from destinations.verdict.tokens import moment, stated_end

_PASSWORDS = ("secret", "token", "password", "accessToken", "access_token", "Secret")
_USERS = ("username", "Username", "user")
_HOSTS = ("loginServer", "ServerURL", "proxyEndpoint", "registry", "host")
_ENDS = ("expires_at", "expiresAt", "expiry", "expires")
_NEXUS = ("nameCode", "passCode")
_TELLING = re.compile(r"pass(?:word|wd|code)|token|secret|api_?key|\Aauth\Z|private_?key|accesskey", re.IGNORECASE)
_DEEPEST = 20
_PUSHES = {"write_registry", "api"}
_UNREADABLE_END = "The expiry date in the file cannot be read: type it into the form."
_NO_USER = "It contains a token but no user name: type both into the form."
_GOOGLE = {
    "authorized_user": (
        "It is a personal sign-in of Google Cloud, which registries do not accept as a password. Create a key of "
        "a service account."
    ),
    "external_account": (
        "It is a workload identity of Google Cloud, which contains no password. Create a key of a service account."
    ),
}


def read(document: Mapping[str, Any], text: str, now: datetime) -> ImportResult | None:
    """Return the accounts of such a file, None if it is not one; `text` is the whole file, `now` is aware."""
    if document.get("type") == "service_account" and isinstance(document.get("private_key"), str):
        return ImportResult((ImportedAccount("_json_key", text.strip()),))
    if isinstance(rkt := document.get("credentials"), dict) and "rktKind" in document:
        domains = document.get("domains")
        host = str(domains[0]) if isinstance(domains, list) and domains else ""
        return _of_fields({**rkt, "host": host}, now)
    if found := _of_tools(document, now):
        return found
    holder = document["credentials"] if isinstance(document.get("credentials"), dict) else document
    if isinstance(holder.get("passwords"), list):
        return _of_passwords(holder)
    return None if {"kind", "apiVersion"} & set(document) else _of_fields(document, now)


def _of_tools(document: Mapping[str, Any], now: datetime) -> ImportResult | None:
    """Return what is in a file of a form of its own: Google's sign-in, ECR, a list of Quay's, IBM Cloud, Nexus."""
    if document.get("type") in _GOOGLE:
        return ImportResult((), (_GOOGLE[document["type"]],))
    if "authorizationData" in document:
        return _of_ecr(document["authorizationData"])
    if isinstance(listed := document.get("robots"), list):
        found = [one for robot in listed if isinstance(robot, dict) and (one := _of_fields(robot, now))]
        return ImportResult(tuple(each for one in found for each in one.accounts))
    if not _first(document, _USERS) and (key := _first(document, ("apikey",))):
        return ImportResult((ImportedAccount("iamapikey", key),))
    if all(_first(document, (part,)) for part in _NEXUS):
        return ImportResult((ImportedAccount(*(document[part] for part in _NEXUS)),))
    return None


def holds_a_secret(document: object, depth: int = 0) -> bool:
    """Return whether there is anything that calls itself a password, a token or a key, at whatever place."""
    if isinstance(document, list):
        return depth < _DEEPEST and any(holds_a_secret(one, depth + 1) for one in document)
    if not isinstance(document, dict):
        return False
    return any(
        (
            bool(_TELLING.search(str(key)))
            and isinstance(value, str | int)
            and not isinstance(value, bool)
            and value != ""
        )
        or (depth < _DEEPEST and holds_a_secret(value, depth + 1))
        for key, value in document.items()
    ) or any(
        isinstance(document.get(name), str)
        and document[name].lower() in {"password", "token"}
        and document.get("value")
        for name in ("id", "name", "label")
    )


def _of_ecr(data: object) -> ImportResult:
    """Return the accounts of `aws ecr get-authorization-token`, or of `aws ecr-public`, which gives one object."""
    if isinstance(data, dict):
        data = [{"proxyEndpoint": "public.ecr.aws", **data}]
    entries = data if isinstance(data, list) else []
    accounts, said = [], []
    for entry in (entry for entry in entries if isinstance(entry, dict)):
        host = address(str(entry.get("proxyEndpoint") or ""))[0]
        try:
            username, password, _ = of_auth(str(entry.get("authorizationToken") or ""))
        except InputError as error:
            said.append(f"The authorizationToken {error}.")
            continue
        end = moment(entry.get("expiresAt")) or stated_end(password)
        accounts.append(ImportedAccount(username, password, host, expires_on=day(end)))
        said.append("The token of Amazon ECR expires 12 hours after it was created: rotate it with a CronJob.")
    return ImportResult(tuple(accounts), tuple(dict.fromkeys(said)))


def _of_passwords(holder: Mapping[str, Any]) -> ImportResult:
    """Return the account of `az acr credential show`, `az acr token create` or `az acr token credential generate`."""
    username = holder.get("username")
    held = [
        one
        for one in holder["passwords"]
        if isinstance(one, dict) and isinstance(one.get("value"), str) and one["value"]
    ]
    if not held:
        return ImportResult(
            (), ("The file does not contain the passwords: Azure shows them once, when they are created.",)
        )
    if not isinstance(username, str) or not username:
        return ImportResult((), (_NO_USER,))
    said = ("The file has two passwords that both work: the first is used.",) if len(held) > 1 else ()
    end = moment(held[0].get("expiry"))
    return ImportResult((ImportedAccount(username, held[0]["value"], expires_on=day(end)),), said)


def _of_fields(document: Mapping[str, Any], now: datetime) -> ImportResult | None:
    password = _first(document, _PASSWORDS)
    if not password:
        return None
    host, path = address(_first(document, _HOSTS))
    username = _first(document, _USERS) or _first(document, ("name",))
    if username in {docker.AZURE_USER, "<token>"} or (not username and host.endswith(".azurecr.io")):
        account, said = docker.token_account(host, password, now)
        return ImportResult((account,), (said,))
    end = next((found for name in _ENDS if (found := moment(document.get(name)))), None) or stated_end(password)
    if not username and password.startswith("ya29."):
        username, end = "oauth2accesstoken", end or now + timedelta(hours=1)
    if not username and password.startswith("ghs_"):
        username = "x-access-token"
    if not username:
        return ImportResult((), (_NO_USER,))
    return ImportResult(
        (ImportedAccount(username, password, host, path, day(end)),),
        tuple(_said(document, known_end=end is not None)),
    )


def _said(document: Mapping[str, Any], *, known_end: bool) -> Iterator[str]:
    if not known_end and any(
        isinstance(document.get(name), str) and document[name].strip("-0123456789") for name in _ENDS
    ):
        yield _UNREADABLE_END
    if document.get("revoked") is True or document.get("expired") is True or document.get("active") is False:
        yield "The file states that this token is revoked or has expired."
    scopes = document.get("scopes")
    if isinstance(scopes, list) and scopes and all(isinstance(one, str) for one in scopes):
        if not _PUSHES & set(scopes):
            yield "The token has no scope write_registry: it cannot push."
        if not _first(document, _USERS):
            yield "GitLab accepts any user name with this token: its name is used."


def _first(document: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((document[name] for name in names if isinstance(document.get(name), str) and document[name]), "")
