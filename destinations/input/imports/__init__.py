"""An account from a file that someone has already: what `docker login` wrote, a pull secret, a robot's file. Pure.

Reads Docker's `config.json` and `.dockercfg`, Secrets with one of them in JSON or YAML (also a List), and the files of
`robots`; all of that also in UTF-16, Latin-1 or base64.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple, replace
from datetime import UTC, datetime
from typing import Any

from destinations import names
from destinations.golang.gostrings import to_valid_utf8
from destinations.input.imports import commands, docker, robots
from destinations.input.imports.account import ImportedAccount, ImportResult, choose
from destinations.model import InputError, UserError
from destinations.secret import manifests, placeholders
from destinations.verdict import suspects

MAX_BYTES = 256 * 1024
_MAX_VALUES = 20_000
_KEYS = (names.CONFIG_KEY, ".dockercfg")
KINDS = "Give a config.json of docker login, a pull secret (YAML or JSON), or the file of a robot or service account."
_ASIDE = {docker.HELPERS, docker.HEADERS, docker.OTHERS, docker.WEB_LOGIN, suspects.ENCODED_TWICE}
_UNKNOWN = "It contains a password or a token in an unknown form: type user name and password into the form."
_MOST_LISTED = 500
_ECR_TOKEN = {"payload", "datakey"}
"""What `aws ecr get-login-password` prints is base64 of such an object."""
_ECR_FIX = "Type the registry's host, use AWS as the user name, and paste the token as the password."
_OTHER_SECRETS = "A Secret without registry credentials was left out."


def read(raw: bytes) -> ImportResult:
    """Return the accounts in a file. Raises UserError, which holds nothing of what was read, also if it has no password."""
    found, why = survey(raw)
    if not found.accounts:
        raise UserError(why, KINDS)
    return found


def survey(raw: bytes) -> tuple[ImportResult, str]:
    """Return what is in a file, and where it has no account the reason. Raises UserError for what cannot be read."""
    if len(raw) > MAX_BYTES:
        raise UserError(f"It is larger than {MAX_BYTES // 1024} KiB.", KINDS)
    now = datetime.now(UTC)
    text, said = _text(raw)
    try:
        documents = _others(text) or [*manifests.documents(text, most=_MAX_VALUES)]
        found = [_of(document, text, now) for document in documents]
    except InputError as error:
        reason = f": {error}" if error.over_limit else ""
        raise UserError(f"It is not valid JSON or YAML{reason}.", KINDS) from None
    accounts = tuple(_whole(account) for one in found for account in one.accounts)
    incomplete = tuple(_whole(account) for one in found for account in one.incomplete)
    left_out = tuple(dict.fromkeys([*said, *(sentence for one in found for sentence in one.left_out)]))
    why = ""
    if not accounts:
        known = _UNKNOWN if any(map(robots.holds_a_secret, documents)) else "It has no password for a registry."
        why = " ".join([*([] if any(map(_is_reason, left_out)) else [known]), *left_out])
    return ImportResult(accounts, left_out, incomplete), why


def _others(text: str) -> list[Mapping[str, Any]]:
    """Return the objects of what is neither one object nor manifests: a command that signs in, a list of an API."""
    if command := commands.read(text):
        return [command]
    if not text.lstrip().startswith("["):
        return []
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        return []
    if len(listed) > _MOST_LISTED:
        raise UserError(
            f"It is a list with more than {_MOST_LISTED} entries.", "Give only the entries of this registry."
        )
    return listed


def _whole(account: ImportedAccount) -> ImportedAccount:
    r"""Return the account with U+FFFD for half a surrogate pair (`\ud800` in JSON), which no field takes."""
    return ImportedAccount(*(to_valid_utf8(text) for text in astuple(account)))


def _of(document: Mapping[str, Any], text: str, now: datetime) -> ImportResult:
    if missing := placeholders.reason(document):
        raise UserError(f"The {document.get('kind') or 'document'} in it {missing}.", KINDS)
    if document.get("kind") == "Secret":
        return _of_secret(document, now)
    if document.keys() >= _ECR_TOKEN:
        raise UserError("It is only a token of Amazon ECR, without the registry.", _ECR_FIX)
    if document.keys() & {*_KEYS} and "auths" not in document:  # the data of a Secret without the Secret
        given = "stringData" if any("{" in str(value) for value in document.values()) else "data"
        return _of_secret({"kind": "Secret", "metadata": {"name": "x"}, given: document}, now)
    if docker.is_config(document) or docker.is_old_config(document):
        return docker.read(document, now)
    return robots.read(document, text, now) or ImportResult(())


def _of_secret(document: Mapping[str, Any], now: datetime) -> ImportResult:
    secret = manifests.secret_of(document, namespace="")
    content = next((secret.data[key] for key in _KEYS if key in secret.data), None) if secret else None
    if secret is None or content is None:
        return ImportResult((), (_OTHER_SECRETS,))
    try:
        plain, count = suspects.decode_layers(content.decode("utf-8-sig"))
        config = json.loads(plain)
    except (ValueError, RecursionError):
        config, count = None, 0
    if not isinstance(config, dict):
        raise UserError("The credentials in the Secret are not a JSON object.", KINDS)
    found = docker.read(config, now, organization=secret.annotations.get(names.ORGANIZATION_ANNOTATION, ""))
    return replace(found, left_out=(suspects.ENCODED_TWICE, *found.left_out)) if count else found


def _text(raw: bytes) -> tuple[str, list[str]]:
    """Return the text of a file, and what was unusual about it, as sentences. Raises UserError."""
    try:
        text, said = _decoded(raw)
        inner, count = suspects.decode_layers(text)
    except UnicodeDecodeError:
        raise UserError("It is not valid UTF-8 text.", KINDS) from None
    return inner, said + [suspects.ENCODED_TWICE] * bool(count)


def _decoded(raw: bytes) -> tuple[str, list[str]]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16"), ["The file was UTF-16 text."]
    if b"\0" in raw[:2]:
        return raw.decode("utf-16-be" if raw[:1] == b"\0" else "utf-16-le"), ["The file was UTF-16 text."]
    try:
        return raw.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        return raw.decode("latin-1"), [
            "The file was not UTF-8 and was read as Latin-1. Check the characters that are not ASCII."
        ]


def _is_reason(sentence: str) -> bool:
    """Return whether a sentence says why a file with credentials gives no account."""
    return sentence not in _ASIDE and not sentence.startswith("Entries without a password")


__all__ = ["KINDS", "MAX_BYTES", "ImportResult", "ImportedAccount", "choose", "read", "survey"]
