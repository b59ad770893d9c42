"""Every odd value in a manifest through `manage.py verdict`: a verdict or one line, never a traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from tests.malformed import bundles, fields
from tests.malformed.asking import HOST, destination, encoded, entry, run_verdict, verdict
from tests.malformed.bundles import BUNDLES, ENORMOUS, Bundle
from tests.malformed.fields import FINE, NONE, RISKY, Odd
from tests.malformed.stored import STORED, Stored
from tests.malformed.stored import label as stored_label

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # as in gox509
EVERY = [
    pytest.param(field, odd, id=f"{field}-{fields.label(odd)}")
    for field, odds in fields.TYPED.items()
    for odd in odds
    if odd.verdict != NONE
]


def holding(field: str, value: str) -> dict[str, Any]:
    if field == "organization":
        return destination(metadata={"annotations": {names.ORGANIZATION_ANNOTATION: value}})
    host, member = (value, entry()) if field == "host" else (HOST, entry(**{field: value}))
    return destination(json.dumps({"auths": {host: member}}))


@pytest.mark.parametrize(("field", "odd"), EVERY)
def test_a_value_of_a_field(tmp_path: Path, field: str, odd: Odd) -> None:
    code, (row,) = verdict([holding(field, odd.value)], tmp_path)
    assert row["verdict"] == odd.verdict
    assert code == (0 if odd.verdict in {FINE, RISKY} else 1)
    failed = [check for check in row["checks"] if not check["ok"]]
    assert bool(failed) is (code == 1)
    assert all(check["message"] and check["fix"] for check in failed)


def test_72_a_missing_organization_is_said(tmp_path: Path) -> None:
    code, (row,) = verdict([destination(metadata={"annotations": {}})], tmp_path)
    assert (code, row["verdict"]) == (1, "not-listed")
    assert "missing annotation" in row["listing_error"]


@pytest.mark.parametrize("bundle", [*BUNDLES, *ENORMOUS], ids=bundles.label)
def test_a_bundle(tmp_path: Path, bundle: Bundle) -> None:
    names_it = destination(data={names.CERTS_KEY: encoded("ca")})
    held = {"kind": "Secret", "metadata": {"name": "ca"}, "data": {names.BUNDLE_KEY: encoded(bundle.content)}}
    code, (row,) = verdict([names_it, held], tmp_path)
    assert row["verdict"] == bundle.verdict
    assert row["failed_stage"] == ("login" if code else None)
    assert code == (0 if bundle.verdict in {FINE, RISKY} else 1)


@pytest.mark.parametrize("stored", STORED, ids=stored_label)
def test_a_stored_secret(tmp_path: Path, stored: Stored) -> None:
    code, rows = verdict(stored.manifests, tmp_path)
    assert [row["verdict"] for row in rows] == ([] if stored.verdict == NONE else [stored.verdict])
    assert code == {FINE: 0, RISKY: 0, NONE: 3}.get(stored.verdict, 1)
    assert not any(secret in json.dumps(rows) for secret in ("old-pass", encoded("robot:old-pass")))


_NONE = "No export destination to judge"
ODD_DOCUMENTS: list[tuple[object, int, str]] = [
    ([], 2, "is not a Kubernetes object"),
    (7, 2, "is not a Kubernetes object"),
    ({"kind": []}, 3, _NONE),
    ({"kind": {"a": 1}, "metadata": []}, 3, _NONE),
    ({"kind": "SealedSecret", "metadata": ["x"]}, 3, "not judged\nNo export"),
    ({"kind": "SealedSecret", "metadata": {"name": "a\nb"}}, 3, r"'a\nb'"),
    ({"kind": "SecretList", "items": [7]}, 2, "an item of a List is not a Kubernetes object"),
    ({"kind": "Secret", "metadata": []}, 2, "has no name"),
    ({"kind": "Secret", "metadata": {"name": 7}}, 2, "has no name"),
    ({"kind": "Secret", "metadata": {"name": "x", "namespace": []}}, 3, _NONE),
    ({"kind": "Secret", "metadata": {"name": "x", "namespace": 7}}, 2, "the namespace of Secret 'x' is not a string"),
    ({"kind": "Secret", "metadata": {"name": "x", "labels": []}}, 2, "labels of Secret 'x' is not an object"),
    ({"kind": "Secret", "metadata": {"name": "x\u001b[2J"}, "data": "x"}, 2, r"Secret 'x\x1b[2J' is not an object"),
    ({"kind": "Secret", "metadata": {"name": "x"}, "data": {"k": 7}}, 2, "is not a string; quote it"),
    ({"kind": "Secret", "metadata": {"name": "x"}, "data": {"k": "\u00e9"}}, 2, "is not valid base64"),
    ({"kind": "Secret", "metadata": {"name": "\ud800"}, "data": {"k": "!"}}, 2, r"Secret '\ufffd' is not valid base64"),
]


@pytest.mark.parametrize(("document", "code", "words"), ODD_DOCUMENTS, ids=lambda value: ascii(value)[:40])
def test_an_odd_document_ends_in_a_line(tmp_path: Path, document: object, code: int, words: str) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(document))
    found, out, err = run_verdict(file)
    assert (found, out) == (code, "")
    assert words in err
    assert len(err.splitlines()) == (2 if "SealedSecret" in str(document) else 1)


@pytest.mark.parametrize(
    "text",
    ["!!bool x", "!!timestamp x", "!!int x", "!!float x", "!!binary x", "!!python/name:os.system", "? [a]\n: b", "&a [*a]",
     "[" * 100_000, "{" * 100_000, "- " * 3_000, "\x00", "1" * 5_000, "a: &a [&b [*a, *b]]", "%YAML 9.9\n--- a", "<<: x"],
    ids=lambda text: ascii(text)[:30],
)  # fmt: skip
def test_odd_yaml_ends_in_a_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "manifest.yaml"
    file.write_text(text)
    code, out, err = run_verdict(file)
    assert (code, out) in {(0, ""), (2, "")}
    assert len(err.splitlines()) == (code == 2)


def test_a_terminal_is_not_obeyed_and_half_characters_are_read_as_go_reads_them(tmp_path: Path) -> None:
    odd = "\ud800\u001b[2J\u202e"
    manifest = destination(metadata={"name": odd, "annotations": {names.ORGANIZATION_ANNOTATION: odd}})
    code, (row,) = verdict([manifest], tmp_path)
    assert (code, row["name"]) == (1, odd.replace("\ud800", "\ufffd"))
    _, text, _ = run_verdict(tmp_path / "manifests.json")
    assert "\\x1b[2J\\u202e" in text
    assert all(char.isprintable() or char == "\n" for char in text)
