"""What is counted, where it happens."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from destinations.actions import writes
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Ambiguous, ClusterError, Conflict, Forbidden, Unreachable
from destinations.livecheck.registry.port import Code, Leg, Plan, Step
from destinations.livecheck.runner import Question
from edrportal.telemetry import counters
from tests.metrics.scraping import grown, scrape
from tests.services import composition
from tests.services.scripted import ends

if TYPE_CHECKING:
    from django.test import Client

    from tests.services.scripted import Scripted


def manifest(write_id: str = "one") -> dict[str, Any]:
    return {"metadata": {"name": "one", "annotations": {"edrportal/write-id": write_id}}}


@pytest.mark.parametrize(
    ("asked", "page", "status"),
    [
        ("GET /", "overview", "2xx"),
        ("GET /destinations/no-such-name", "destination", "4xx"),
        ("POST /destinations/new", "new", "4xx"),
        ("GET /no-such-page", "none", "4xx"),
        ("GET /static/no-such-file", "static", "4xx"),
    ],
)
@pytest.mark.usefixtures("portal")
def test_a_request_counts_under_its_pages_name(client: Client, asked: str, page: str, status: str) -> None:
    method, path = asked.split()
    before = scrape()
    client.generic(method, path)
    after = scrape()
    assert grown(before, after, "edrportal_requests_total", method=method, page=page, status=status) == 1
    assert grown(before, after, "edrportal_request_seconds_count", page=page) == 1


def test_a_method_that_somebody_made_up_makes_no_label(client: Client, portal: InMemoryCluster) -> None:
    assert portal.namespace
    before = scrape()
    client.generic("MADE-UP", "/")
    assert grown(before, scrape(), "edrportal_requests_total", method="other", page="overview", status="4xx") == 1


def test_a_request_that_is_refused_before_any_page_counts_too(client: Client) -> None:
    before = scrape()
    client.generic("POST", "/", headers={"Transfer-Encoding": "chunked"})
    assert grown(before, scrape(), "edrportal_requests_total", method="POST", page="none", status="4xx") == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(None, "ok"), (Unreachable("x"), "unreachable"), (Forbidden("x"), "forbidden"), (ValueError(), "error")],
)
def test_a_call_counts_by_how_it_ended(error: Exception | None, outcome: str) -> None:
    before = scrape()
    with suppress(ClusterError, ValueError), counters.api_call("get", "Secrets"):
        if error:
            raise error
    after = scrape()
    assert grown(before, after, "edrportal_api_calls_total", verb="get", resource="secrets", outcome=outcome) == 1
    assert grown(before, after, "edrportal_api_call_seconds_count", verb="get") == 1


def test_a_change_that_comes_second_counts_as_a_conflict() -> None:
    cluster = InMemoryCluster(counters=counters)
    old = cluster.create_secret(manifest())
    cluster.replace_secret({**old.manifest, "data": {"a": "YQ=="}})
    before = scrape()
    with pytest.raises(Conflict):
        writes.replace(cluster, old, old.manifest)
    with pytest.raises(Conflict):
        writes.delete(cluster, old)
    after = scrape()
    assert grown(before, after, "edrportal_conflicts_total", write="update") == 1
    assert grown(before, after, "edrportal_conflicts_total", write="delete") == 1


class LosesAnswers(InMemoryCluster):
    """Writes, or does not, and says nothing of it."""

    def __init__(self, *, happens: bool, silent: bool = False) -> None:
        super().__init__(counters=counters)
        self.happens, self.silent, self.lost = happens, silent, False

    def replace_secret(self, manifest: Any) -> Any:
        if self.lost:
            return super().replace_secret(manifest)
        self.lost = True
        if self.happens:
            super().replace_secret(manifest)
        raise Ambiguous("x")

    def get_secret(self, name: str) -> Any:
        if self.silent and self.lost:
            raise Unreachable("x")
        return super().get_secret(name)


@pytest.mark.parametrize(
    ("happens", "silent", "ended"),
    [(True, False, "written"), (False, False, "not-written"), (True, True, "unknown")],
)
def test_an_ambiguous_write_counts_by_how_finding_out_ended(
    monkeypatch: pytest.MonkeyPatch, *, happens: bool, silent: bool, ended: str
) -> None:
    monkeypatch.setattr(writes, "PAUSES", (0.0, 0.0))
    cluster = LosesAnswers(happens=happens, silent=silent)
    old = cluster.create_secret(manifest())
    changed = {**old.manifest, "metadata": {**old.manifest["metadata"], **manifest("two")["metadata"]}}
    before = scrape()
    with suppress(writes.NotWritten, writes.Unknown):
        writes.replace(cluster, old, changed)
    grew = {
        one: grown(before, scrape(), "edrportal_ambiguous_writes_total", write="update", ended=one)
        for one in ("written", *counters.ENDED.values())
    }
    assert grew == {one: float(one == ended) for one in grew}


def test_a_check_counts_by_what_follows_for_chart_and_image(registries: Scripted) -> None:
    registries.answers["bad"] = ends(Step.TLS, Code.UNKNOWN_AUTHORITY)
    before = scrape()
    with composition.use_registries(counters.CountedRegistries(registries)):
        composition.checks().all_of([Question(name, Plan(name, Leg(), Leg())) for name in ("good", "bad")])
    after = scrape()
    assert grown(before, after, "edrportal_checks_total", chart="pass", image="pass") == 1
    assert grown(before, after, "edrportal_checks_total", chart="fail", image="fail") == 1


def test_every_counter_that_an_alert_waits_for_begins_at_zero() -> None:
    samples = scrape()
    for write in counters.WRITES:
        assert ("edrportal_ambiguous_writes_total", (("ended", "unknown"), ("write", write))) in samples
    assert ("edrportal_checks_total", (("chart", "fail"), ("image", "fail"))) in samples
