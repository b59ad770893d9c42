"""Fixes of `.dockerconfigjson` as a whole: where it is, how it is encoded, and its sections."""

from __future__ import annotations

from destinations.golang import gojson
from destinations.golang.gojson import Number, Object, Value
from destinations.golang.gostrings import GoError
from destinations.model import Secret
from destinations.names import CONFIG_KEY
from destinations.repairs.common import Case, Fix, set_data
from destinations.secret import docker_config
from destinations.verdict import parsing, suspects

_WRONG_KEYS = (
    "config.json", "dockerconfigjson", ".dockerconfig.json", "dockerconfig.json", ".dockerconfig", ".docker.config.json",
    "auth.json", ".dockercfg",
)  # fmt: skip
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def document_of(secret: Secret) -> Object | None:
    """Return the document, or None where it is not a JSON object."""
    try:
        found = gojson.parse_once(secret.data.get(CONFIG_KEY, b""))
    except GoError:
        return None
    return found if isinstance(found, Object) else None


def written(secret: Secret, document: Object) -> Secret:
    return set_data(secret, {CONFIG_KEY: gojson.dumps(document).encode()})


def with_entry(secret: Secret, document: Object, host: str, entry: Value) -> Secret:
    """Return the Secret with another registry, the only one, under `auths` of its document."""
    return written(secret, docker_config.replaced(document, "auths", Object.of([(host, entry)])))


def with_host(secret: Secret, host: str) -> Secret:
    """Return the Secret with one of its hosts alone. Raises LookupError for another one."""
    document = document_of(secret)
    auths = document.get("auths") if document else None
    if document is None or not isinstance(auths, Object):
        raise LookupError(host)
    return with_entry(secret, document, host, auths[host])


def key(secret: Secret, _case: Case) -> list[Fix]:
    """Repair credentials that are under another key. That key stays: like every foreign one it is not the portal's."""
    there = [name for name in _WRONG_KEYS if name in secret.data]
    if CONFIG_KEY in secret.data or len(there) != 1:
        return []
    title = f"Store the content of {there[0]}, which Epinio does not read, under .dockerconfigjson."
    return [Fix("config-key", title, set_data(secret, {CONFIG_KEY: secret.data[there[0]]}))]


def encoding(secret: Secret, _case: Case) -> list[Fix]:
    """Repair a text that starts with a byte order mark, which Go's JSON does not read."""
    content = secret.data.get(CONFIG_KEY, b"")
    for mark, codec in _MARKS:
        if content.startswith(mark):
            try:
                plain = content.decode(codec).encode()
            except UnicodeDecodeError:
                return []
            title = "Store .dockerconfigjson as UTF-8 without a byte order mark."
            return [Fix("byte-order-mark", title, set_data(secret, {CONFIG_KEY: plain}))]
    return []


def layers(secret: Secret, _case: Case) -> list[Fix]:
    """Decode a configuration that was encoded once too often."""
    try:
        plain, count = suspects.decode_layers(secret.data.get(CONFIG_KEY, b"").decode())
    except UnicodeDecodeError:
        return []
    if not count:
        return []
    title = "Decode .dockerconfigjson, which was base64-encoded once too often."
    return [Fix("encoded-twice", title, set_data(secret, {CONFIG_KEY: plain.encode()}))]


def section(secret: Secret, _case: Case) -> list[Fix]:
    """Repair a document without `auths`: it is spelled otherwise, or the hosts are there without it."""
    document = document_of(secret)
    if document is None or "auths" in document or not document:
        return []
    alike = [name for name in document if parsing.field_name(name) == "auths"]
    if len(alike) == 1:
        pairs = [("auths" if name == alike[0] else name, value) for name, value in document.pairs]
        title = f"Rename the section {alike[0]} to auths, in lowercase."
        return [Fix("auths-spelling", title, written(secret, Object.of(pairs)))]
    if all(_is_entry(value) for value in document.values()):
        wrapped = Object.of([("auths", document)])
        return [Fix("auths-missing", "Put the host and its credentials under auths.", written(secret, wrapped))]
    return []


def foreign_sections(secret: Secret, _case: Case) -> list[Fix]:
    """Remove sections beside `auths`, such as helpers, that make Epinio refuse the whole document."""
    document = document_of(secret)
    if document is None or "auths" not in document:
        return []
    breaking = [name for name, value in document.items() if name != "auths" and _breaks(value)]
    if not breaking:
        return []
    rest = Object.of([(name, value) for name, value in document.items() if name not in breaking])
    title = f"Remove {', '.join(breaking)} from .dockerconfigjson: Epinio uses only auths."
    return [Fix("foreign-sections", title, written(secret, rest))]


def several_hosts(secret: Secret, _case: Case) -> list[Fix]:
    """Keep one of several registries under `auths`: a person has to say which."""
    document = document_of(secret)
    auths = document.get("auths") if document else None
    if document is None or not isinstance(auths, Object) or len(docker_config.hosts(secret)) <= 1:
        return []
    return [
        Fix(
            f"keep-host-{number}",
            f"Keep {host}. The other hosts and their passwords are deleted. To keep them, split the destination below.",
            with_entry(secret, document, host, entry),
        )
        for number, (host, entry) in enumerate(auths.items(), 1)
    ]


def _is_entry(value: Value) -> bool:
    return isinstance(value, Object) and any(parsing.field_name(name) in parsing.FIELDS for name in value)


def _breaks(section: Value) -> bool:
    """Return whether a section breaks the reading: it is no object, or one of its members is no struct of texts."""
    if section is None:
        return False
    return not isinstance(section, Object) or any(not _is_harmless(value) for value in section.values())


def _is_harmless(value: Value) -> bool:
    if value is None:
        return True
    return isinstance(value, Object) and not any(
        is_huge(member) or (parsing.field_name(name) in parsing.FIELDS and not isinstance(member, str | None))
        for name, member in value.items()
    )


def is_huge(value: Value) -> bool:
    """Return whether a number is too large for the listing."""
    return isinstance(value, Number) and float(value.text) in {float("inf"), float("-inf")}
