"""What a repair changes, line by line, with everything masked that may be secret. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from destinations.golang.gojson import Object
from destinations.golang.gostrings import quote
from destinations.model import Secret
from destinations.names import CERTS_KEY, CONFIG_KEY, ORGANIZATION_ANNOTATION
from destinations.repairs.common import NEW_BUNDLE
from destinations.repairs.document import document_of
from destinations.secret.docker_config import replaced
from destinations.secret.mask import MASK, masked_key


@dataclass(frozen=True, slots=True)
class ChangedField:
    """One place that changes: where, what is there, what will; None for nothing."""

    where: str
    before: str | None
    after: str | None


def difference(old: Secret, new: Secret) -> tuple[ChangedField, ...]:
    return (
        *_lines("label ", old.labels, new.labels, lambda _, value: quote(value)),
        *_lines("annotation ", old.annotations, new.annotations, _annotation),
        *_data(old, new),
    )


def _lines(prefix: str, old: Mapping[str, Any], new: Mapping[str, Any], show: Any) -> Iterator[ChangedField]:  # noqa: ANN401 - maps of anything
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before != after:
            shown = (None if before is None else show(key, before)), (None if after is None else show(key, after))
            yield ChangedField(prefix + key, shown[0], _other(shown[1]) if shown[0] == shown[1] else shown[1])


def _other(shown: str | None) -> str:
    return f"{shown} (another value)"


def _data(old: Secret, new: Secret) -> Iterator[ChangedField]:
    before, after = ({key: value for key, value in data.items() if key != CONFIG_KEY} for data in (old.data, new.data))
    yield from _lines("", before, after, _value)
    if old.data.get(CONFIG_KEY) != new.data.get(CONFIG_KEY):
        yield from _config(old, new)


def _annotation(key: str, value: str) -> str:
    return quote(masked_key(value)) if key == ORGANIZATION_ANNOTATION else MASK


def _value(key: str, value: bytes) -> str:
    if key != CERTS_KEY:
        return MASK
    if value.decode("utf-8", "replace") == NEW_BUNDLE:
        return "a new certificate Secret"
    return quote(value.decode("utf-8", "replace"))


def _config(old: Secret, new: Secret) -> Iterator[ChangedField]:
    """Compare two documents member by member; what is not JSON is only said to change."""
    before, after = document_of(old), document_of(new)
    if before is None or after is None:
        yield ChangedField(
            CONFIG_KEY,
            f"{MASK} (not a JSON object)" if CONFIG_KEY in old.data else None,
            MASK if CONFIG_KEY in new.data else None,
        )
        return
    host_before, host_after = _only_host(before), _only_host(after)
    if host_before is not None and host_after is not None and host_before != host_after:
        yield ChangedField(f"{CONFIG_KEY} → host", quote(masked_key(host_before)), quote(masked_key(host_after)))
        before = _renamed(before, host_after)
    yield from _members(f"{CONFIG_KEY} → ", before, after)


def _only_host(document: Object) -> str | None:
    auths = document.get("auths")
    return next(iter(auths)) if isinstance(auths, Object) and len(auths) == 1 else None


def _renamed(document: Object, host: str) -> Object:
    """Return the document with its one registry under another host."""
    auths = document["auths"]
    entry = next(iter(auths.values())) if isinstance(auths, Object) else None
    return replaced(document, "auths", Object.of([(host, entry)]))


def _members(prefix: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[ChangedField]:
    """Yield a line for each member, or whole section, that is not the same."""
    for key in [*old, *(key for key in new if key not in old)]:
        where = prefix + masked_key(key)
        if key not in new:
            yield ChangedField(where, MASK, None)
        elif key not in old:
            yield ChangedField(where, None, MASK)
        elif isinstance(old[key], Mapping) and isinstance(new[key], Mapping) and old[key] and new[key]:
            yield from _members(f"{where} → ", old[key], new[key])
        elif old[key] != new[key]:
            yield ChangedField(where, MASK, _other(MASK))
