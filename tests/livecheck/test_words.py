"""Every code has words that stand on their own, whatever is known of it."""

from __future__ import annotations

import itertools
import re

import pytest

from destinations.livecheck import explanations
from destinations.livecheck.registry.port import Code, Outcome, Side, StageResult, Step

DETAIL = {"address": "192.0.2.7", "host": "registry.example.com", "repository": "team/workspace-shop-chart", "status": "403",
          "realm": "https://auth.example.com", "issuer": "CN=Root", "subject": "CN=leaf", "missing": "CN=Intermediate",
          "tls": "TLS 1.3", "app": "workspace/shop"}  # fmt: skip
FINE = {Code.READY, Code.RESOLVED, Code.CONNECTED, Code.TRUSTED, Code.WANTS_BASIC, Code.WANTS_TOKEN, Code.WANTS_NOTHING,
        Code.LOGGED_IN, Code.MAY_PUSH}  # fmt: skip


def said(code: Code, *, side: Side = Side.BOTH, ok: bool | None = False, **detail: str) -> tuple[str, str]:
    found = explanations.said(StageResult(Step.PUSH, side, ok, code, detail=detail))
    return found.message, found.fix


@pytest.mark.parametrize("code", Code)
def test_every_code_has_a_sentence_and_what_fails_a_fix(code: Code) -> None:
    for side, ok, detail in itertools.product(Side, (False, None), ({}, DETAIL)):
        message, fix = said(code, side=side, ok=ok, **detail)
        assert re.fullmatch(r"[A-Zs].*\.", message)
        assert not re.search(r"[][{}]|  | [,.;:]|,,|\bNone\b", message)
        assert bool(fix) == (code not in FINE | {Code.NOT_REACHED})
        assert not fix or re.fullmatch(r"[A-Z].*[.?]", fix)


@pytest.mark.parametrize("code", Code)
def test_helm_and_skopeo_are_told_apart(code: Code) -> None:
    chart, image = said(code, side=Side.CHART)[0], said(code, side=Side.IMAGE)[0]
    assert chart.replace("Helm and skopeo", "").replace("Helm", "skopeo") == image.replace("Helm and skopeo", "")


def test_what_is_known_stands_in_the_sentence() -> None:
    assert "192.0.2.7" in said(Code.NO_CONNECTION, address="192.0.2.7")[0]
    assert "the missing CA is CN=Intermediate" in said(Code.UNKNOWN_AUTHORITY, missing="CN=Intermediate")[0]
    assert "team/x" in said(Code.MAY_NOT_PUSH, repository="team/x")[0]
    assert "status 307" in said(Code.REDIRECTS, status="307")[0]


def test_the_words_of_the_secrets_are_those_of_the_verdict() -> None:
    assert said(Code.NO_TARGET, message="There is none.", fix="Add one.") == ("There is none.", "Add one.")


def test_a_password_in_a_host_is_masked_and_a_long_text_cut() -> None:
    assert "secret" not in said(Code.NO_SUCH_NAME, host="robot:secret@registry.example.com")[0]
    assert len(said(Code.NO_SUCH_NAME, host="x" * 5000)[0]) < 500


def test_what_two_kinds_of_registry_do_with_a_missing_repository_is_told() -> None:
    assert "ECR" in said(Code.NO_REPOSITORY)[0]
    assert "Quay" in said(Code.WOULD_CREATE, ok=None)[0]


def test_what_was_not_proven_is_not_rounded_up() -> None:
    assert "so they were not checked" in said(Code.NOT_CHECKED, ok=None)[0]
    headlines = {(chart, image): explanations.headline(chart, image) for chart in Outcome for image in Outcome}
    assert len(set(headlines.values())) == 9
    assert headlines[Outcome.PASS, Outcome.FAIL] == "The chart would pass, but the image would fail."
    assert [found for found, text in headlines.items() if text.startswith("An export would pass")] == [
        (Outcome.PASS, Outcome.PASS)
    ]


def test_what_no_check_can_know_is_always_the_same() -> None:
    told = " ".join(explanations.NOT_TESTED)
    for word in ("export job", "proxy", "CAs", "0.0.0", "Quota", "restarts"):
        assert word in told
    assert "Upload" in told
