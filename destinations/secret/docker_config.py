"""The content of `.dockerconfigjson`: written for a new destination, changed for a rotation.

Members that the portal does not own keep their value and order, numbers as they were written.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from destinations import names
from destinations.golang import gobase64, gojson
from destinations.golang.gojson import Object, Value
from destinations.golang.gostrings import GoError, to_valid_utf8
from destinations.model import Credentials, InputError, Secret
from destinations.secret.mask import masked_key
from destinations.verdict import parsing
from destinations.verdict.explanations import EpinioError
from destinations.verdict.parsing import FIELDS, NEWEST, field_name, login_reads_auth, members

_MOST_HOSTS = 100
"""More are no choice for a person, and each of them is a document of its own."""
_MOST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Rotated:
    """The new content, and whether an `identitytoken` had to go for it to take effect."""

    content: bytes = field(repr=False)
    removed_token: bool


def new(host: str, credentials: Credentials) -> bytes:
    """Return the configuration of one host, as Epinio's documentation shows it."""
    entry = Object.of(_fields(credentials))
    return gojson.dumps(Object.of([("auths", Object.of([(host, entry)]))])).encode()


def rotated(content: bytes, credentials: Credentials, *, host: str = "") -> Rotated:
    """Return the configuration with new credentials in its one entry, under `host` if given. Raises InputError."""
    document, auths = one_registry(content)
    ((key, entry),) = auths.items()
    if entry is not None and not isinstance(entry, Object):
        raise InputError("The registry's entry in the stored .dockerconfigjson is not an object.")
    kept = [(name, value) for name, value in members(entry) if field_name(name) != "identitytoken"]
    section = Object.of([(host or key, with_credentials(kept, credentials))])
    content = gojson.dumps(replaced(document, "auths", section)).encode()
    return Rotated(content, removed_token=len(kept) < len(members(entry)))


def alone(content: bytes, credentials: Credentials, *, host: str) -> bytes:
    """Return what `rotated` returns, without a stored value: the three fields in the order of the stored ones."""
    try:
        _, auths = one_registry(content)
    except InputError:
        return new(host, credentials)
    (entry,) = auths.values()
    order = [(name, None) for name, _ in members(entry) if field_name(name) in FIELDS]
    section = Object.of([(host, with_credentials(order, credentials))])
    return gojson.dumps(Object.of([("auths", section)])).encode()


def one_registry(content: bytes) -> tuple[Object, Object]:
    """Return the document and its section `auths`, which holds one registry. Raises InputError."""
    try:
        document = gojson.parse_once(content)
    except GoError:
        raise InputError("The stored .dockerconfigjson is not valid JSON.") from None
    auths = document.get("auths") if isinstance(document, dict) else None
    if not isinstance(document, Object) or not isinstance(auths, Object) or len(auths) != 1:
        raise InputError("The stored .dockerconfigjson does not have exactly one registry under auths.")
    return document, auths


def stored_credentials(secret: Secret) -> Credentials | None:
    """Return what Helm logs in with; None where a part is missing, is not UTF-8, or the Secret cannot be read."""
    try:
        entry = parsing.read_entry(_config(secret))
    except EpinioError:
        return None
    username, password = parsing.effective_login(entry, reads_auth=login_reads_auth(NEWEST))
    if not username or not password or to_valid_utf8(username + password) != username + password:
        return None  # bytes that are not UTF-8 may be in `auth`, and cannot be written as JSON
    return Credentials(username, password)


def holds_two_passwords(secret: Secret) -> bool:
    """Return whether skopeo pushes with another password than Helm, as after a rotation that was half done."""
    try:
        entry = parsing.read_entry(_config(secret))
        pair = gobase64.decode_pair(entry.auth) if entry.auth else None
    except (EpinioError, GoError):
        return False
    return pair is not None and pair[1] != parsing.effective_login(entry, reads_auth=login_reads_auth(NEWEST))[1]


def _config(secret: Secret) -> parsing.Config:
    """Return the configuration, also of a Secret that states no organization. Raises EpinioError."""
    stated = {names.ORGANIZATION_ANNOTATION: "", **secret.annotations}
    return parsing.read_config(replace(secret, annotations=stated))


def host_key(secret: Secret) -> str:
    """Return the one host key, empty if it cannot be read; an organization need not be stated."""
    try:
        config = _config(secret)
        return parsing.listed_url(config).removesuffix(f"/{config.organization}")
    except EpinioError:
        return ""


def hosts(secret: Secret) -> tuple[str, ...]:
    """Return the hosts under `auths`, in order, where there are no more than a person can choose from."""
    try:
        document = gojson.parse_once(secret.data.get(names.CONFIG_KEY, b""))
    except GoError:
        return ()
    auths = document.get("auths") if isinstance(document, Object) else None
    return tuple(auths) if isinstance(auths, Object) and len(auths) <= _MOST_HOSTS else ()


def shown_hosts(secret: Secret) -> str:
    """Return for a page the host, or the first hosts of several, without what may be secret; empty if none can be read."""
    found = (host_key(secret),) if host_key(secret) else hosts(secret)
    more = len(found) - _MOST_SHOWN
    return ", ".join(map(masked_key, found[:_MOST_SHOWN])) + (f" and {more} more" if more > 0 else "")


def _fields(credentials: Credentials) -> list[tuple[str, Value]]:
    pair = f"{credentials.username}:{credentials.password}".encode()
    values = (b64encode(pair).decode(), credentials.username, credentials.password)
    return list(zip(FIELDS, values, strict=True))


def with_credentials(entry: Iterable[tuple[str, Value]], credentials: Credentials) -> Object:
    """Return the entry with all three fields, each once and where it was; spelled as Docker spells them."""
    missing = dict(_fields(credentials))
    kept: list[tuple[str, Value]] = []
    for key, value in entry:
        name = field_name(key)
        if name not in FIELDS:
            kept.append((key, value))
        elif name in missing:
            kept.append((name, missing.pop(name)))
    return Object.of([*kept, *missing.items()])


def replaced(container: Object, name: str, value: Value) -> Object:
    """Return the object with one member replaced in its place; of duplicates the last one, which is what counts."""
    pairs = [pair for pair in container.pairs if pair[0] != name]
    at = max(index for index, pair in enumerate(container.pairs) if pair[0] == name)
    at -= sum(1 for key, _ in container.pairs[:at] if key == name)
    return Object.of([*pairs[:at], (name, value), *pairs[at:]])
