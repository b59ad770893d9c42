"""Strategies for Hypothesis: Secrets as an API server may hold them, PEM, manifests, forms."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from hypothesis import strategies as st

from destinations import names
from tests.malformed import bundles, fields
from tests.malformed.asking import encoded, entry
from tests.malformed.bundles import BUNDLES
from tests.malformed.stored import STORED

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_HOSTS = st.sampled_from([odd.value for odd in fields.HOSTS]) | st.just("registry.example.com") | TEXT
_ORGANIZATIONS = st.sampled_from([odd.value for odd in fields.ORGANIZATIONS]) | st.just("team") | TEXT
_KEYS = st.sampled_from(
    ["auths", "Auths", "auth", "AUTH", "username", "password", "identitytoken", "credsStore", "credHelpers", "email"]
)
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.sampled_from(list(entry().values()))


def _members(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=3) | st.dictionaries(_KEYS | _HOSTS, values, max_size=4)


JSON = st.recursive(_LEAVES, _members, max_leaves=12)
_ENTRY = st.just(entry()) | st.dictionaries(_KEYS, _LEAVES | JSON, max_size=4) | JSON
_NEAR = st.builds(
    lambda auths, more: {"auths": auths, **more},
    st.dictionaries(_HOSTS, _ENTRY, min_size=1, max_size=2),
    st.just({}) | st.dictionaries(_KEYS, JSON, max_size=2),
)


@st.composite
def _cut(draw: st.DrawFn, whole: bytes) -> bytes:
    """Return bytes with one byte changed, or an end cut off."""
    at = draw(st.integers(0, max(0, len(whole) - 1)))
    return draw(st.sampled_from([whole[:at], whole[:at] + b"\xff" + whole[at + 1 :], whole[:at] + whole[at:] * 2]))


def configurations() -> st.SearchStrategy[bytes]:
    """Return strategies for what stands under .dockerconfigjson: right, nearly right, and anything."""
    near = (_NEAR | JSON).map(lambda value: json.dumps(value).encode())
    known = st.sampled_from(
        [b"".join([b"{", b'"auths":', json.dumps({"registry.example.com": entry()}).encode(), b"}"]), b"", b"null"]
    )
    return near | known | near.flatmap(_cut) | st.binary(max_size=60)


@st.composite
def secrets(draw: st.DrawFn, name: str = "one") -> dict[str, Any]:
    """Return a Secret that an API server may hold, most of them destinations."""
    label = draw(st.sampled_from(["true", "true", "true", "false", "True", ""]) | TEXT)
    metadata: dict[str, Any] = {"name": name, "labels": {names.REGISTRY_LABEL: label}, "uid": "1-2-3"}
    annotations = draw(st.none() | st.dictionaries(_ANNOTATIONS, _ORGANIZATIONS, max_size=4))
    if annotations is not None and draw(st.integers(0, 5)):
        annotations.setdefault(names.ORGANIZATION_ANNOTATION, draw(_ORGANIZATIONS))
    metadata["annotations"] = annotations
    metadata["creationTimestamp"] = draw(st.sampled_from([None, "2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z"]))
    metadata |= draw(st.sampled_from([{}, {}, *({"ownerReferences": [one]} for one in _OWNERS), *_MANAGED]))
    data = {names.CONFIG_KEY: encoded(draw(configurations()))}
    if draw(st.booleans()):
        data[names.CERTS_KEY] = encoded(
            draw(st.sampled_from([b"ca", b"ca\n", b"..", b"\xff", b""]) | st.binary(max_size=9))
        )
    data |= draw(
        st.dictionaries(st.sampled_from(["tls.crt", "tls.key", "x"]), st.binary(max_size=9).map(encoded), max_size=1)
    )
    if not draw(st.integers(0, 9)):
        del data[names.CONFIG_KEY]
    return {
        "metadata": metadata,
        "data": data,
        "type": "Opaque",
        "immutable": draw(st.sampled_from([None, False, True])),
    }


_ANNOTATIONS = st.sampled_from(
    [
        names.DESCRIPTION_ANNOTATION, names.EXPIRY_ANNOTATION, names.LAST_APPLIED_ANNOTATION,
        names.CHANGED_BY_ANNOTATION, names.RELEASED_AT_ANNOTATION, "meta.helm.sh/release-name", "note",
    ]
)  # fmt: skip
_OWNERS: list[dict[str, str]] = [{"kind": "ExternalSecret", "name": "{x}"}, {"kind": "Odd", "name": ""}, {}]
_MANAGED: list[dict[str, Any]] = [
    {
        "managedFields": [
            {"manager": "ci", "operation": "Apply", "fieldsV1": {"f:data": {}}, "time": "2026-01-01T00:00:00Z"}
        ]
    },
    {"managedFields": [{}]},
]


@st.composite
def namespaces(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return the Secrets of a namespace: one or two destinations, and perhaps a certificate secret."""
    found = [draw(secrets("one"))]
    if draw(st.booleans()):
        found.append(draw(secrets("two")))
    if draw(st.booleans()):
        held = draw(
            st.dictionaries(st.sampled_from(["tls.crt", "tls.key", "ca.crt"]), pem_texts().map(encoded), max_size=2)
        )
        found.append({"metadata": {"name": "ca"}, "data": held})
    if not draw(st.integers(0, 3)):
        first, *others = draw(st.sampled_from(STORED)).manifests
        found = [first, *(found[1:]), *others]
    return list({one["metadata"]["name"]: one for one in found}.values())


_PIECES = st.sampled_from(
    [
        b"-----BEGIN ", b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n", b"\n-----END ", b"-----", b"\n",
        b"\r\n", b"  ", b"a: b\n", b"PRIVATE KEY-----", b"\xef\xbb\xbf", b"\\n", b"\0", bundles.PEM, bundles.OTHER,
        bundles.PEM[:200], bundles.PEM[200:], bundles.DER,
    ]
)  # fmt: skip


def pem_texts() -> st.SearchStrategy[bytes]:
    """Return bundles: anything, pieces of PEM, real certificates with bytes changed, and every odd one of the table."""
    real = st.sampled_from([bundle.content for bundle in BUNDLES if len(bundle.content) < 5000])
    mutated = st.sampled_from([bundle.stored for bundle in BUNDLES if bundle.stored and len(bundle.stored) < 5000])
    der = st.builds(_changed, mutated, st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=4))
    return st.binary(max_size=80) | st.lists(_PIECES, max_size=6).map(b"".join) | real | real.flatmap(_cut) | der


def _changed(pem: bytes, changes: list[tuple[int, int]]) -> bytes:
    """Return the certificate with bytes of its DER changed."""
    from destinations.golang import gopem  # noqa: PLC0415 - Go's reading of the block

    der = bytearray(next(gopem.blocks(pem)).content)
    for at, byte in changes:
        der[at % len(der)] = byte
    return b"-----BEGIN CERTIFICATE-----\n" + b64encode(der) + b"\n-----END CERTIFICATE-----\n"


def documents() -> st.SearchStrategy[Any]:
    """Return objects that are nearly manifests."""
    kinds: st.SearchStrategy[Any] = st.sampled_from(
        ["Secret", "SecretList", "List", "SealedSecret", "ConfigMap", "", None, 7, []]
    )
    odd = st.text(max_size=9) | JSON
    metadata = st.fixed_dictionaries(
        {"name": st.just("one") | odd}, optional={"namespace": odd, "labels": _labels(odd), "annotations": _labels(odd)}
    )
    data = st.dictionaries(st.sampled_from([names.CONFIG_KEY, "certs", "x"]), configurations().map(encoded) | odd)
    strings = st.dictionaries(st.sampled_from([names.CONFIG_KEY, "certs", "x"]), odd)
    secret = st.fixed_dictionaries(
        {"kind": st.just("Secret") | kinds, "metadata": metadata | odd},
        optional={"data": data | odd, "stringData": strings | odd, "type": odd, "immutable": odd, "items": odd},
    )
    whole = secrets().map(lambda made: {"kind": "Secret", **made})
    listed = st.fixed_dictionaries({"kind": kinds, "items": st.lists(secret | whole | odd, max_size=3)})
    return whole | secret | listed | JSON


def _labels(odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.sampled_from([names.REGISTRY_LABEL, names.ORGANIZATION_ANNOTATION, "x"])
    return st.dictionaries(keys, st.just("true") | odd, max_size=3) | odd


def forms(**fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return what may be typed into the form of a new destination: each field sound, odd, anything or missing."""
    sound = {"name": "one", "host": "registry.example.com", "organization": "team", "username": "robot"}
    fields_ = {
        name: st.just(sound.get(name, ""))
        | st.sampled_from([odd.value for odd in fields.of(name) if _whole(odd.value)])
        | TEXT
        for name in ("name", "host", "organization", "username")
    }
    texts = [bundle.content.decode("utf-8", "replace") for bundle in BUNDLES if len(bundle.content) < 5000]
    more = {
        "bundle_text": st.just("") | st.sampled_from(texts) | TEXT,
        "bundle_file": pem_texts(),
        "expires_on": st.sampled_from(["", "2027-01-31", "0000-00-00", "9999-12-31", "31.1.2027"]) | TEXT,
        "description": TEXT,
        "password_blanks": st.sampled_from(["", "keep", "remove"]) | TEXT,
        "bundle_choice": st.sampled_from(["keep", "replace", "remove", ""]) | TEXT,
        "confirmation": st.sampled_from(["one", "two", ""]) | TEXT,
        "certs": st.sampled_from(["dex-config"]),
        "show": st.sampled_from(["preview"]),
    }
    nonce = st.just("n" * 24) | TEXT
    return st.fixed_dictionaries({**fields_, "nonce": nonce, **fixed}, optional=more)


def _whole(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)
