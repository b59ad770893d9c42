"""The judgement against what Epinio's, Helm's and skopeo's own code did, for both generations of Epinio."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from destinations.model import EpinioVersion, Snapshot, Stage, Verdict
from destinations.overview.rows import row
from destinations.secret.codec import read_secret
from destinations.verdict.judge import judge

FILES = ("acceptance-vectors.jsonl", "acceptance-vectors-2.jsonl")
VECTORS = [json.loads(line) for file in FILES for line in Path("tests/data", file).read_text().splitlines()]
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
"""As `gox509` has it: Go takes what `cryptography` will refuse one day."""
OLD = EpinioVersion(1, 13, 7)
NOW = datetime.now(UTC)


def _text(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def differences(vector: dict[str, Any], expected: dict[str, Any], version: EpinioVersion | None) -> list[str]:
    secrets = {one["metadata"]["name"]: read_secret(one) for one in vector["secrets"]}
    if vector["name"] not in secrets:
        return [] if expected["failed_stage"] == "lookup" else ["no such secret"]
    judgement = judge(secrets[vector["name"]], Snapshot(secrets, NOW, version))
    found = row(judgement)
    compared = ["listed", "url", "failed_stage"] + ["error", "listing_error"] * expected["error_is_exact"]
    wrong = [key for key in compared if found[key] != expected[key]]
    verdicts = {expected["verdict"]} | (
        {"at-risk"} if expected["verdict"] == "accepted" and not vector.get("clean") else set()
    )
    wrong += ["verdict"] * (found["verdict"] not in verdicts)
    wrong += ["error_is_exact"] * (found["error_is_exact"] != expected["error_is_exact"])
    wrong += ["why"] * (judgement.why != expected.get("why"))
    for key in ("login", "chart", "image"):
        wanted = expected[key] and {
            part: expected[key][part] for part in ("host", "repository") if part in expected[key]
        }
        wrong += [key] * (found[key] != wanted)
        target = getattr(judgement, key)
        if wanted and [_text(target.username), _text(target.password)] != [
            expected[key]["username"],
            expected[key]["password"],
        ]:
            wrong.append(f"{key} credentials")
    return wrong


@pytest.mark.parametrize("version", [None, OLD], ids=["newest", "1.13.7"])
def test_every_vector_agrees(version: EpinioVersion | None) -> None:
    key = "expect" if version is None else "expect_1_13_7"
    wrong = {
        vector["id"]: found
        for vector in VECTORS
        if (found := differences(vector, vector.get(key, vector["expect"]), version))
    }
    assert not wrong
    assert len(VECTORS) == 1578 + 465


def test_every_failing_check_says_what_it_means_and_what_to_do_and_a_passing_one_says_nothing() -> None:
    for vector in VECTORS:
        secrets = {one["metadata"]["name"]: read_secret(one) for one in vector["secrets"]}
        if vector["name"] not in secrets:
            continue
        judgement = judge(secrets[vector["name"]], Snapshot(secrets, NOW))
        assert [check.stage for check in judgement.checks] == list(Stage)[: len(judgement.checks)]
        for check in judgement.checks:
            assert bool(check.message) is bool(check.fix) is not check.ok
        export_fails = not judgement.checks[-1].ok and len(judgement.checks) > 1
        assert export_fails is (judgement.failed_stage is not None)
        assert judgement.verdict is not Verdict.ACCEPTED or not judgement.warnings
