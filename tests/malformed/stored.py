"""Secrets made by hand, odd in one way each; the numbers are those of the list of threats.

`page` holds words of the destination's page, or MISSING where it is no destination; `rotated` holds ROTATED, or the
words with which a rotation is refused; `verdict` is the command line's; `real` says whether an API server stores it.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from destinations import names
from tests.malformed.asking import HOST, destination, encoded, entry
from tests.malformed.fields import FAILS, FINE, HIDDEN, NONE, RISKY

ROTATED = "ROTATED"
MISSING = "MISSING"


class Stored(NamedTuple):
    """One Secret, with the Secrets beside it: what the pages and the command line make of it, and why."""

    number: int
    what: str
    manifests: tuple[dict[str, Any], ...]
    page: str
    rotated: str
    verdict: str
    reason: str
    real: bool = True


def config(**member: Any) -> str:
    """Return a configuration of one host whose entry has these members."""
    return json.dumps({"auths": {HOST: member}})


def one(content: bytes | str | None = None, **changed: Any) -> tuple[dict[str, Any], ...]:
    """Return one hand-made destination."""
    return (destination(content, **changed),)


def labelled(value: str) -> tuple[dict[str, Any], ...]:
    """Return a destination with another value of the label."""
    return one(metadata={"labels": {names.REGISTRY_LABEL: value}})


def naming(certs: bytes, *others: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return a destination whose key `certs` holds these bytes, and the Secrets beside it."""
    return (destination(data={names.CERTS_KEY: encoded(certs)}), *others)


def owned(**metadata: Any) -> tuple[dict[str, Any], ...]:
    """Return a destination with more metadata."""
    return one(metadata=metadata)


def annotated(annotations: dict[str, str]) -> tuple[dict[str, Any], ...]:
    """Return a destination with more annotations."""
    return owned(annotations={names.ORGANIZATION_ANNOTATION: "team", **annotations})


PLAIN = json.dumps({"auths": {HOST: entry()}})
TWICE = f'{{"auths":{{"a.b":{{}},"a.b":{json.dumps(entry())}}}}}'
_BROKEN = "not valid JSON"
_ONE = "does not have exactly one registry"
_AUTH = entry()["auth"]
_PAIR = {"username": "robot", "password": "old-pass"}
_OWNER = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": "es", "uid": "1-2-3"}
_MANAGED = {
    "manager": "ci", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {}},
}  # fmt: skip
_APPLIED = {names.LAST_APPLIED_ANNOTATION: json.dumps({"data": {names.CONFIG_KEY: encoded(PLAIN)}})}

STORED = [
    Stored(92, "no JSON", one("{"), _BROKEN, _BROKEN, HIDDEN, "Epinio skips it"),
    Stored(92, "nothing", one(""), _BROKEN, _BROKEN, HIDDEN, "Epinio skips it"),
    Stored(93, "BOM", one(b"\xef\xbb\xbf" + PLAIN.encode()), _BROKEN, _BROKEN, HIDDEN, "Go's JSON knows none"),
    Stored(94, "a list", one("[]"), _BROKEN, _ONE, HIDDEN, "no object"),
    Stored(94, "a text", one('"text"'), _BROKEN, _ONE, HIDDEN, "no object"),
    Stored(94, "null", one("null"), "has no section", _ONE, HIDDEN, "to Go the same as no section"),
    Stored(95, "auths null", one('{"auths":null}'), "section auths is empty", _ONE, HIDDEN, "to Go an empty map"),
    Stored(96, "auths a list", one('{"auths":[]}'), "not an object", _ONE, HIDDEN, "Epinio refuses the file"),
    Stored(97, "no auths", one("{}"), "has no section", _ONE, HIDDEN, "nowhere to push to"),
    Stored(98, "two auths", one('{"auths":{"a.b":{},"c.d":{}}}'), "has several", _ONE, HIDDEN, "Epinio refuses"),
    Stored(99, "zero auths", one('{"auths":{}}'), "section auths is empty", _ONE, HIDDEN, "nowhere to push to"),
    Stored(100, "empty host", one(json.dumps({"auths": {"": entry()}})), "no host", ROTATED, FAILS, "it can be read"),
    Stored(101, "entry a text", one('{"auths":{"a.b":"x"}}'), "the export does not accept", "not an object", FAILS, "no entry"),
    Stored(101, "entry a number", one('{"auths":{"a.b":7}}'), "the export does not accept", "not an object", FAILS, "no entry"),
    Stored(101, "entry null", one('{"auths":{"a.b":null}}'), "no user name and no password", ROTATED, FAILS, "an empty entry"),
    Stored(102, "auth a number", one(config(auth=7)), "that the export does not accept", ROTATED, FAILS, "written anew"),
    Stored(103, "auth of another", one(config(auth=encoded("x:y"), **_PAIR)), "and they differ", ROTATED, RISKY, "half"),
    Stored(104, "unpadded", one(config(auth=_AUTH.rstrip("="), **_PAIR)), "cannot read", ROTATED, FAILS, "Go is strict"),
    Stored(104, "URL-safe", one(config(auth="_-8_Pz8=", **_PAIR)), "cannot read", ROTATED, FAILS, "Go is strict"),
    Stored(104, "line end", one(config(auth=f"{_AUTH}\n", **_PAIR)), "Accepted", ROTATED, FINE, "Go skips line ends"),
    Stored(104, "no UTF-8", one(config(auth=encoded(b"\xff:\xfe"))), "Accepted", ROTATED, FINE, "bytes to Go"),
    Stored(105, "no colon", one(config(auth=encoded("robot"), **_PAIR)), "anonymously", ROTATED, FAILS, "skopeo"),
    Stored(106, "host twice", one(TWICE), "a.b", ROTATED, FINE, "last"),
    Stored(107, "NaN", one('{"auths":{"a.b":{"x":NaN}}}'), _BROKEN, _BROKEN, HIDDEN, "Python's JSON would take it"),
    Stored(107, "1e999", one('{"auths":{"a.b":{"x":1e999}}}'), "too large", ROTATED, HIDDEN, "Python would say inf"),
    Stored(108, "deep", one("[" * 100_000), _BROKEN, _BROKEN, HIDDEN, "no recursion"),
    Stored(108, "deep, closed", one("[" * 9_000 + "]" * 9_000), _BROKEN, _ONE, HIDDEN, "no recursion"),
    Stored(109, "no UTF-8", one(b"\xff\xfe" + PLAIN.encode()), _BROKEN, _BROKEN, HIDDEN, "no JSON"),
    Stored(109, "host no UTF-8", one(b'{"auths":{"a\xff.b":{}}}'), "Export will fail", ROTATED, FAILS, "U+FFFD in Go"),
    Stored(110, "token", one(config(identitytoken="t", **entry())), "identitytoken", ROTATED, RISKY, "skopeo prefers it"),
    Stored(110, "credsStore", one('{"credsStore":"x","auths":{}}'), "not an object", _ONE, HIDDEN, "Epinio refuses"),
    Stored(110, "credHelpers", one('{"credHelpers":{"a.b":"x"},"auths":{"a.b":{}}}'), "not accept", ROTATED, FAILS, "strict"),
    Stored(111, "Username", one(config(Username="robot", Password="p", auth=_AUTH)), "differ", ROTATED, RISKY, "Go folds"),
    Stored(112, "no key", one(data={names.CONFIG_KEY: ""}), _BROKEN, _BROKEN, HIDDEN, "an empty value"),
    Stored(112, "no data", ({**destination(), "data": {}},), "no credentials", _BROKEN, HIDDEN, "nothing to read"),
    Stored(112, "typed", ({**destination(), "data": {"x": ""}, "type": "kubernetes.io/dockerconfigjson"},),
           "no credentials", _BROKEN, HIDDEN, "no API server would store it", real=False),
    Stored(113, "True", labelled("True"), "not exactly", ROTATED, HIDDEN, "upper case"),
    Stored(113, "1", labelled("1"), "not exactly", ROTATED, HIDDEN, "a number"),
    Stored(113, "false", labelled("false"), "is disabled", ROTATED, HIDDEN, "switched off"),
    Stored(113, "absent", one(metadata={"labels": {}}), MISSING, MISSING, NONE, "any Secret"),
    Stored(114, "line end", naming(b"ca\n"), "spaces and line breaks", ROTATED, FAILS, "Epinio does not trim"),
    Stored(114, "no UTF-8", naming(b"\xff\xfe"), "does not exist", ROTATED, FAILS, "can name nothing"),
    Stored(114, "..", naming(b".."), "cannot be the name", ROTATED, FAILS, "another address of the API"),
    Stored(115, "missing", naming(b"nowhere"), "does not exist", ROTATED, FAILS, "a typing mistake"),
    Stored(116, "no tls.crt", naming(b"ca", {"metadata": {"name": "ca"}, "kind": "Secret"}), "no key tls.crt", ROTATED,
           FAILS, "another Secret"),
    Stored(117, "immutable", one(immutable=True), "is immutable", "is immutable", FINE, "so Kubernetes does not change it"),
    Stored(118, "owned", owned(ownerReferences=[_OWNER]), "External Secrets", "External Secrets", FINE, "would undo it"),
    Stored(118, "Argo CD", annotated({"argocd.argoproj.io/tracking-id": "x"}), "Argo CD manages", "Argo CD manages",
           FINE, "would undo it"),
    Stored(118, "Helm", annotated({"meta.helm.sh/release-name": "r"}), "Helm manages", "Helm manages",
           FINE, "would undo it"),
    Stored(118, "Flux", owned(labels={names.REGISTRY_LABEL: "true", "kustomize.toolkit.fluxcd.io/name": "k"}),
           "Flux manages", "Flux manages", FINE, "would undo it"),
    Stored(118, "applied", owned(managedFields=[_MANAGED]), "ci manages", "ci manages", FINE, "would undo it", real=False),
    Stored(119, "last-applied", annotated(_APPLIED),
           "contains a copy of the credentials", ROTATED, RISKY, "the password in clear"),
    Stored(120, "finalizer", owned(finalizers=["example.com/stuck"]), "Accepted", ROTATED, FINE, "goes when it may"),
    Stored(121, "annotations null", one(metadata={"annotations": None}), "not name the organization", ROTATED, HIDDEN, "none"),
]  # fmt: skip


def label(stored: Stored) -> str:
    """Return a short name for a test's line."""
    return f"{stored.number}-{stored.what}"
