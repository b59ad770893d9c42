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
