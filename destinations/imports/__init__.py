"""An account from a file that somebody has already: what `docker login` wrote, a pull secret, a robot's file. Pure.

Reads Docker's `config.json` and `.dockercfg`, Secrets with one of them in JSON or YAML (also a List), Harbor's robot
file (`name` and `secret`), Quay's (`name` and `token`), and the JSON key of a Google service account.
"""

from __future__ import annotations

import json
import re
from dataclasses import astuple
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from destinations import manifests, names, unresolved
from destinations.imports import docker
from destinations.imports.account import Account, Found, Unusable, choose
from destinations.manifests import UnreadableInput, UnusableInput

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 256 * 1024
_MAX_VALUES = 20_000
_KEYS = (names.CONFIG_KEY, ".dockercfg")
_LONE = re.compile("[\ud800-\udfff]")
_KINDS = "Give a config.json of docker login, a pull secret (YAML or JSON), or the file of a robot or service account."
_OTHER_SECRETS = "A Secret without credentials of a registry was left out."


def read(raw: bytes) -> Found:
    """Return the accounts in a file. Raises Unusable, which holds nothing of what was read."""
    if len(raw) > MAX_BYTES:
        raise Unusable(f"It is larger than {MAX_BYTES // 1024} KiB.", _KINDS)
    try:
        text = raw.decode("utf-8-sig")
        found = [_of(document, text) for document in manifests.documents(text, most=_MAX_VALUES)]
    except UnicodeDecodeError:
        raise Unusable("It is no text in UTF-8.", _KINDS) from None
    except UnreadableInput as error:
        raise Unusable(f"It is neither JSON nor YAML that can be read: {error}.", _KINDS) from None
    except UnusableInput:
        raise Unusable("It is neither JSON nor YAML that can be read.", _KINDS) from None
    accounts = tuple(_whole(account) for one in found for account in one.accounts)
    left_out = tuple(dict.fromkeys(sentence for one in found for sentence in one.left_out))
    if not accounts:
        raise Unusable(" ".join(["There is no password for a registry in it.", *left_out]), _KINDS)
    return Found(accounts, left_out)


def _whole(account: Account) -> Account:
    r"""Return the account with U+FFFD for half a surrogate pair (`\ud800` in JSON), which no field takes."""
    return Account(*(_LONE.sub("\ufffd", text) for text in astuple(account)))


def _of(document: Mapping[str, Any], text: str) -> Found:
    if missing := unresolved.reason(document):
        raise Unusable(f"The {document.get('kind') or 'document'} in it {missing}.", _KINDS)
    if document.get("kind") == "Secret":
        return _of_secret(document)
    if docker.is_config(document):
        return docker.read(document)
    robot = _robot(document, text)
    if robot:
        return Found((robot,))
    return docker.read(document) if docker.is_old_config(document) else Found(())


def _of_secret(document: Mapping[str, Any]) -> Found:
    secret = manifests.secret_of(document, namespace="")
    content = next((secret.data[key] for key in _KEYS if key in secret.data), None) if secret else None
    if secret is None or content is None:
        return Found((), (_OTHER_SECRETS,))
    try:
        config = json.loads(content)
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise Unusable("The credentials in the Secret are no JSON object.", _KINDS)
    return docker.read(config, organization=secret.annotations.get(names.ORGANIZATION_ANNOTATION, ""))


def _robot(document: Mapping[str, Any], text: str) -> Account | None:
    """Return the account of a robot's or service account's file."""
    if document.get("type") == "service_account" and isinstance(document.get("private_key"), str):
        return Account("_json_key", text.strip())
    name = document.get("name")
    secret = document.get("secret") or document.get("token")
    if not (isinstance(name, str) and name and isinstance(secret, str) and secret):
        return None
    return Account(name, secret, expires_on=_date(document.get("expires_at")))


def _date(stated: object) -> str:
    """Return the day of a time in seconds, empty for none: Harbor writes -1 for never."""
    if not isinstance(stated, int) or stated <= 0:
        return ""
    try:
        return datetime.fromtimestamp(stated, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


__all__ = ["MAX_BYTES", "Account", "Found", "Unusable", "choose", "read"]
