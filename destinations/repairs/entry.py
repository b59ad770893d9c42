"""Fixes of the one entry under `auths`: its host, its members, and `auth` beside username and password."""

from __future__ import annotations

from destinations.golang import gobase64
from destinations.golang.gojson import Number, Object, Value
from destinations.input import validation
from destinations.input.imports import account, docker
from destinations.input.imports.account import address
from destinations.model import Credentials, InputError, Secret
from destinations.names import EXPIRY_ANNOTATION, ORGANIZATION_ANNOTATION
from destinations.repairs.common import Case, Fix, set_annotations
from destinations.repairs.document import document_of, is_huge, with_entry
from destinations.secret.docker_config import with_credentials
from destinations.verdict import parsing, tokens

_CREDENTIALS = {*parsing.FIELDS, "identitytoken", "registrytoken"}


def host(secret: Secret, _case: Case) -> list[Fix]:
    """Repair a host key that holds more than HOST or HOST:PORT: scheme, user name, path, spaces."""
    found = _only(secret)
    if found is None:
        return []
    document, old, value = found
    plain, path = _taken_apart(old)
    if plain == old or not plain or validation.check_host(plain):
        return []
    after = with_entry(secret, document, plain, value)
    organization = secret.annotations.get(ORGANIZATION_ANNOTATION, "")
    joined = _joined(path, organization)
    if joined != organization:
        after = set_annotations(after, {ORGANIZATION_ANNOTATION: joined})
    return [Fix("host", f"Write the host as {plain}{f', and the organization as {joined}' if path else ''}.", after)]


def token(secret: Secret, _case: Case) -> list[Fix]:
    """Write the token of `az acr login`, which is all that such an entry has, as the password that Azure takes it for."""
    found = entry_of(secret)
    if found is None:
        return []
    document, name, entry = found
    texts = {parsing.field_name(key): value for key, value in entry.items() if isinstance(value, str)}
    held = texts.get("identitytoken", "")
    username, password = _pair_of(texts)
    if not held or password or not docker.is_azure(address(name)[0], username):
        return []
    kept = [(key, value) for key, value in entry.items() if parsing.field_name(key) != "identitytoken"]
    changed = with_credentials(kept, Credentials(docker.AZURE_USER, held))
    end = tokens.stated_end(held)
    when = f"expires on {end:%Y-%m-%d at %H:%M} UTC" if end else "expires three hours after az acr login"
    title = f"Write the identitytoken as the password of the user {docker.AZURE_USER}, as Azure accepts it. It {when}."
    after = with_entry(secret, document, name, changed)
    if end:
        after = set_annotations(after, {EXPIRY_ANNOTATION: account.day(end)})
    return [Fix("identity-token-as-password", title, after)]


def fields(secret: Secret, _case: Case) -> list[Fix]:
    """Repair members of the entry that stop an export: a token that skopeo prefers, and what is not text.

    Nothing is removed where no user name with a password would be left: it may be the only credential there is.
    """
    found = entry_of(secret)
    if found is None:
        return []
    document, name, entry = found
    kept = [
        (key, changed) for key, value in entry.items() if (changed := _as_text(key, value)) is not None or value is None
    ]
    if [value for _, value in kept] == list(entry.values()):
        return []
    gone = [key for key in entry if key not in dict(kept)]
    left = {parsing.field_name(key): value for key, value in kept if isinstance(value, str)}
    if _CREDENTIALS & {parsing.field_name(key) for key in gone} and not all(_pair_of(left)):
        return []
    title = f"Remove {', '.join(gone)} from the entry." if gone else "Write numbers in the entry as strings."
    return [Fix("entry-members", title, with_entry(secret, document, name, Object.of(kept)))]


def credentials(secret: Secret, _case: Case) -> list[Fix]:
    """Repair `auth` where it says something else than username and password: Helm uses these, skopeo uses that."""
    found = entry_of(secret)
    if found is None:
        return []
    document, name, entry = found
    texts = {parsing.field_name(key): value for key, value in entry.items() if isinstance(value, str)}
    plain = (texts.get("username", ""), texts.get("password", ""))
    coded = decoded(texts.get("auth", ""))
    choices = []
    if all(plain) and coded != plain:
        choices.append(("auth-from-password", "Rewrite auth from username and password, which Helm uses.", plain))
    if coded and all(coded) and coded != plain:
        title = "Rewrite username and password from auth, which skopeo uses."
        choices.append(("password-from-auth", title, coded))
    if coded and coded == plain and strictly(texts["auth"]) != plain:
        choices.append(("auth-encoding", "Rewrite auth in plain base64.", plain))
    return [
        Fix(code, title, with_entry(secret, document, name, with_credentials(entry.items(), Credentials(*pair))))
        for code, title, pair in choices
    ]


def _only(secret: Secret) -> tuple[Object, str, Value] | None:
    document = document_of(secret)
    auths = document.get("auths") if document else None
    if document is None or not isinstance(auths, Object) or len(auths) != 1:
        return None
    ((name, entry),) = auths.items()
    return document, name, entry


def entry_of(secret: Secret) -> tuple[Object, str, Object] | None:
    """Return the document, the host key and its entry; None where there is not exactly one, or it is no object."""
    found = _only(secret)
    return (found[0], found[1], found[2]) if found and isinstance(found[2], Object) else None


def _taken_apart(key: str) -> tuple[str, str]:
    """Return the bare host and the path below it."""
    bare_host, path = address(key)
    parts = [part for part in path.split("/") if part]
    return ("docker.io" if bare_host in validation.HUB_NAMES else bare_host), "/".join(parts)


def _joined(path: str, organization: str) -> str:
    """Return the organization below a path that was in the host, without naming anything twice."""
    trimmed = organization.strip("/")
    if not path or f"{trimmed}/".startswith(f"{path}/"):
        return organization
    return path if f"/{path}".endswith(f"/{trimmed}") else f"{path}/{trimmed}"


def _as_text(key: str, value: Value) -> Value:
    """Return the member as it may stay, or None where it has to go."""
    name = parsing.field_name(key)
    if name == "identitytoken" or is_huge(value):
        return None
    if name in parsing.FIELDS and value is not None and not isinstance(value, str):
        return value.text if isinstance(value, Number) else None
    return value


def _pair_of(texts: dict[str, str]) -> tuple[str, str]:
    """Return user name and password of an entry, from `auth` where they are not stated; what is missing is empty."""
    found = decoded(texts.get("auth", "")) or ("", "")
    return texts.get("username") or found[0], texts.get("password") or found[1]


def strictly(auth: str) -> tuple[str, str] | None:
    """Return user name and password exactly as Epinio reads them, None where it cannot."""
    try:
        user, colon, password = gobase64.decode(auth).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if colon else None


def decoded(auth: str) -> tuple[str, str] | None:
    """Return user name and password, read leniently; bytes that are not text are left alone: skopeo sends them so."""
    try:
        username, password, said = account.of_auth(auth)
    except InputError:
        return None
    return None if said == account.LATIN else (username, password)
