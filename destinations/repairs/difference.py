"""What a repair changes, line by line, with everything masked that may be secret. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from destinations.golang import gojson
from destinations.golang.gojson import Object
from destinations.golang.gostrings import GoError, quote
from destinations.model import Secret
from destinations.names import CERTS_KEY, CONFIG_KEY, ORGANIZATION_ANNOTATION
from destinations.repairs.common import NEW_BUNDLE
from destinations.secret.docker_config import replaced
from destinations.secret.masking import MASK, masked_key


@dataclass(frozen=True, slots=True)
class ChangedField:
    """One place that changes: where, what stands there, what will; None for nothing."""

    where: str
    before: str | None
    after: str | None


def difference(old: Secret, new: Secret) -> tuple[ChangedField, ...]:
    return (
        *_lines("label ", old.labels, new.labels, _shown),
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
    kept = {key for key in {*old.data, *new.data} if key != CONFIG_KEY}
    yield from _lines(
        "",
        {key: old.data[key] for key in kept if key in old.data},
        {key: new.data[key] for key in kept if key in new.data},
        _value,
    )
    if old.data.get(CONFIG_KEY) != new.data.get(CONFIG_KEY):
        yield from _config(old.data.get(CONFIG_KEY), new.data.get(CONFIG_KEY))


def _shown(_key: str, value: str) -> str:
    return quote(value)


def _annotation(key: str, value: str) -> str:
    return quote(masked_key(value)) if key == ORGANIZATION_ANNOTATION else MASK


def _value(key: str, value: bytes) -> str:
    if key != CERTS_KEY:
        return MASK
    if value.decode("utf-8", "replace") == NEW_BUNDLE:
        return "a new certificate secret"
    return quote(value.decode("utf-8", "replace"))


def _config(old: bytes | None, new: bytes | None) -> Iterator[ChangedField]:
    """Compare two documents member by member; what is no JSON is only said to change."""
    before, after = _document(old), _document(new)
    if before is None or after is None:
        yield ChangedField(
            CONFIG_KEY, None if old is None else f"{MASK} (no JSON object)", None if new is None else MASK
        )
        return
    host_before, host_after = _only_host(before), _only_host(after)
    if host_before is not None and host_after is not None and host_before != host_after:
        yield ChangedField(f"{CONFIG_KEY} → host", quote(masked_key(host_before)), quote(masked_key(host_after)))
        before = _renamed(before, host_after)
    yield from _members(f"{CONFIG_KEY} → ", before, after)


def _document(content: bytes | None) -> Object | None:
    try:
        found = gojson.parse(content or b"")
    except GoError:
        return None
    return found if isinstance(found, Object) else None


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
