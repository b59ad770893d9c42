"""The alert rules: PromQL that parses, over metrics and labels that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
import yaml

from destinations.cluster.memory import InMemoryCluster
from destinations.overview.answer import STATUSES
from edrportal.telemetry.counters import API_CALLS
from edrportal.telemetry.requests import SECONDS
from tests.metrics.scraping import scrape
from tests.metrics.test_gauges import ending, on, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = [
    rule
    for group in yaml.safe_load(Path("deploy/chart/files/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]


@pytest.fixture(scope="module")
def labels() -> dict[str, set[str]]:
    """The labels of every sample that a scrape can give."""
    API_CALLS.labels("get", "secrets", "ok")
    SECONDS.labels("overview")
    cluster = InMemoryCluster()
    cluster.load(ending("one", on(9), ca_days=9))
    from edrportal.telemetry.requests import REQUESTS  # noqa: PLC0415 - beside its use

    REQUESTS.labels("GET", "overview", "2xx")
    with watched(cluster):
        found: dict[str, set[str]] = {}
        for name, pairs in scrape():
            found.setdefault(name, set()).update(dict(pairs))
    return found


def selectors(node: Any) -> Iterator[Any]:
    """Yield every choice of series in a parsed expression."""
    found: list[Any] = []
    promql_parser.walk(node, found.append)
    yield from (one for one in found if isinstance(one, promql_parser.VectorSelector))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_a_rule_parses_and_asks_for_what_exists(rule: dict[str, Any], labels: dict[str, set[str]]) -> None:
    chosen = list(selectors(promql_parser.parse(rule["expr"])))
    assert chosen
    for one in chosen:
        assert one.name in labels
        assert {matcher.name for matcher in one.matchers.matchers} <= labels[one.name]
    told = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    assert told <= set.union(*(labels[one.name] for one in chosen))
    assert {"summary", "description"} <= set(rule["annotations"])
    assert rule["labels"]["severity"] in {"info", "warning", "critical"}


def test_names_are_unique_and_every_kind_of_metric_has_an_alert() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    watched_by = " ".join(rule["expr"] for rule in RULES)
    for word in ("api_calls", "ambiguous", "requests", "checks", "destinations", "expiry", "expired", "watch_age"):
        assert f"edrportal_{word}" in watched_by or word in watched_by


def test_a_rejection_by_a_registry_is_alerted_after_a_quarter_of_an_hour() -> None:
    (rule,) = (one for one in RULES if one["alert"] == "EdrportalRegistryRejects")
    (chosen,) = selectors(promql_parser.parse(rule["expr"]))
    (matcher,) = chosen.matchers.matchers
    assert (chosen.name, matcher.name, rule["for"]) == ("edrportal_destination_answers", "answer", "15m")
    assert matcher.value in {word for word, _ in STATUSES}


def test_the_documents_say_what_to_do_for_each_alert_and_no_other() -> None:
    told = set(
        re.findall(r"`(Edrportal\w+)`", Path("docs/operate.md").read_text().partition("## When an alert fires")[2])
    )
    assert {rule["alert"] for rule in RULES} == told


def test_a_rule_that_does_not_parse_is_noticed() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        promql_parser.parse("sum(rate(edrportal_requests_total[5m])")
