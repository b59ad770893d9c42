"""What people who are no administrators learn: nothing about ports, names and addresses inside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from destinations.livecheck.registry.port import Code, Outcome, Report, Side, StageResult, Step
from destinations.livecheck.result import for_others, tells_by_time
from tests.services.scripted import ends, report

EARLY = [
    ends(Step.RESOLVE, Code.NO_SUCH_NAME, host="inside.example.com"),
    ends(Step.RESOLVE, Code.ADDRESS_REFUSED, ok=None, address="192.0.2.1"),
    ends(Step.RESOLVE, Code.PORT_REFUSED, ok=None),
    ends(Step.RESOLVE, Code.MIXED_ADDRESSES, ok=None),
    ends(Step.CONNECT, Code.NO_CONNECTION, ok=None, address="192.0.2.2"),
    ends(Step.CONNECT, Code.NO_CONNECTION, address="192.0.2.1"),
    ends(Step.CONNECT, Code.OUT_OF_TIME, ok=None, ms=10_000),
    ends(Step.TLS, Code.PLAIN_HTTP, tls="x"),
    ends(Step.TLS, Code.NO_TLS),
    ends(Step.TLS, Code.UNKNOWN_AUTHORITY, missing="CN=Inside"),
    ends(Step.REGISTRY, Code.NOT_A_REGISTRY, status="200"),
    ends(Step.REGISTRY, Code.REDIRECTS, status="302"),
    ends(Step.REGISTRY, Code.OUT_OF_TIME, ok=None),
    ends(Step.REGISTRY, Code.SERVER_ERROR, ok=None, status="500"),
]
ELSEWHERE = [
    ends(Step.LOGIN, Code.TOKEN_SERVICE_FAILS, ok=False, status="500"),
    ends(Step.LOGIN, Code.REALM_REFUSED, ok=None, realm="https://192.0.2.1"),
    ends(Step.LOGIN, Code.OUT_OF_TIME, ok=None, ms=9_000),
]


def told(found: Report) -> Report:
    return replace(for_others(found), checked_at=report().checked_at.replace(year=2020))


@pytest.mark.parametrize("found", EARLY, ids=lambda found: found.stages[-1].code)
def test_every_failure_before_a_registry_is_the_same_and_has_no_duration(found: Report) -> None:
    first = replace(for_others(EARLY[0]), checked_at=found.checked_at)
    assert for_others(replace(found, chain=(b"leaf",))) == first
    assert [stage.step for stage in first.stages] == [Step.SECRETS, Step.REGISTRY]
    assert first.stages[-1] == StageResult(Step.REGISTRY, Side.BOTH, ok=False, code=Code.NO_REGISTRY)
    assert (first.chart, first.image, first.chain) == (Outcome.FAIL, Outcome.FAIL, ())
    assert tells_by_time(found)


@pytest.mark.parametrize("found", ELSEWHERE, ids=lambda found: found.stages[-1].code)
def test_every_failure_of_a_token_service_is_the_same(found: Report) -> None:
    assert for_others(found) == replace(for_others(ELSEWHERE[0]), checked_at=found.checked_at)
    assert for_others(found).chart is Outcome.UNKNOWN
    assert tells_by_time(found)


def test_what_comes_after_a_registry_stays_but_for_addresses() -> None:
    found = ends(Step.PUSH, Code.MAY_NOT_PUSH, repository="team/x", address="192.0.2.1")
    shown = for_others(found)
    assert [one.code for one in shown.stages] == [one.code for one in found.stages]
    assert shown.stages[-1].detail == {"repository": "team/x"}
    assert all("address" not in stage.detail for stage in shown.stages)
    assert not tells_by_time(found)


def test_a_certificate_that_one_tool_does_not_trust_is_told_where_the_other_one_proved_a_registry_there() -> None:
    found = ends(Step.TLS, Code.UNKNOWN_AUTHORITY, Side.IMAGE)
    assert Code.UNKNOWN_AUTHORITY in {one.code for one in for_others(found).stages}
    assert (for_others(found).chart, for_others(found).image) == (Outcome.PASS, Outcome.FAIL)


def test_a_proven_registry_says_nothing_of_another_host() -> None:
    found = report(
        StageResult(Step.RESOLVE, Side.CHART, ok=True, code=Code.RESOLVED),
        StageResult(Step.CONNECT, Side.CHART, ok=False, code=Code.NO_CONNECTION, ms=3),
    )
    found = replace(
        found, stages=tuple(one for one in found.stages if (one.step, one.side) != (Step.RESOLVE, Side.BOTH))
    )
    shown = for_others(found)
    assert StageResult(Step.REGISTRY, Side.CHART, ok=False, code=Code.NO_REGISTRY) in shown.stages
    assert Code.NO_CONNECTION not in {one.code for one in shown.stages}
    assert shown.image is Outcome.PASS
    assert tells_by_time(found)


def test_what_the_secrets_alone_say_is_no_secret() -> None:
    found = Report(
        (StageResult(Step.SECRETS, Side.BOTH, ok=False, code=Code.NO_TARGET, detail={"message": "None."}),),
        Outcome.FAIL, Outcome.FAIL, report().checked_at,
    )  # fmt: skip
    assert for_others(found) == found
    assert not tells_by_time(found)
