"""What is counted where it happens, for `/metrics`. No label ever holds a host, a person, a name or a secret.

The functions of this module are the `Counters` that a cluster is given.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram

from destinations.cluster.port import AlreadyExists, ClusterError, Conflict
from destinations.livecheck.registry.port import Outcome, Plan, Registries, Report

REGISTRY = CollectorRegistry()
"""Holds the portal's own metrics and no default ones of the library."""

API_CALLS = Counter(
    "edrportal_api_calls",
    "Calls to the API server, including retries.",
    ["verb", "resource", "outcome"],
    registry=REGISTRY,
)
API_SECONDS = Histogram(
    "edrportal_api_call_seconds",
    "Duration of calls to the API server; for a watch, until it starts.",
    ["verb"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
    registry=REGISTRY,
)
CONFLICTS = Counter(
    "edrportal_conflicts",
    "Changes refused because someone else changed the destination first.",
    ["write"],
    registry=REGISTRY,
)
AMBIGUOUS = Counter(
    "edrportal_ambiguous_writes",
    "Writes without a usable answer, by what the portal found out afterwards.",
    ["write", "ended"],
    registry=REGISTRY,
)
CHECKS = Counter(
    "edrportal_checks", "Live checks, by the outcome for chart and image.", ["chart", "image"], registry=REGISTRY
)
REVIEWS = Counter("edrportal_reviews", "Requests to the warning webhook, by result.", ["outcome"], registry=REGISTRY)
WRITES = ("create", "update", "delete")
ENDED = {"NotWritten": "not-written", "Conflict": "conflict", "AlreadyExists": "conflict", "NotFound": "gone",
         "Recreated": "gone", "Unknown": "unknown"}  # fmt: skip
"""By the type of an error how finding out ended; without one it was written."""

# A counter that appears with its first event is no increase to Prometheus: all begin at 0.
for _write in WRITES:
    CONFLICTS.labels(_write)
    for _ended in {"written", *ENDED.values()}:
        AMBIGUOUS.labels(_write, _ended)
for _outcome in ("warned", "quiet", "failed"):
    REVIEWS.labels(_outcome)
for _chart in Outcome:
    for _image in Outcome:
        CHECKS.labels(_chart.value, _image.value)


_under_way: dict[object, float] = {}


def slowest_call() -> float:
    """Return for how many seconds the oldest call to the API server has been under way; 0 without one."""
    now = time.perf_counter()
    return now - min(list(_under_way.values()), default=now)


@contextmanager
def api_call(verb: str, resource: str) -> Iterator[None]:
    started, call = time.perf_counter(), object()
    outcome = "error"
    _under_way[call] = started
    try:
        yield
        outcome = "ok"
    except ClusterError as error:
        outcome = re.sub("(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()
        raise
    finally:
        del _under_way[call]
        API_CALLS.labels(verb, resource.lower(), outcome).inc()
        API_SECONDS.labels(verb).observe(time.perf_counter() - started)


@contextmanager
def change(write: str) -> Iterator[None]:
    try:
        yield
    except (Conflict, AlreadyExists):
        CONFLICTS.labels(write).inc()
        raise


@contextmanager
def finding_out(write: str) -> Iterator[None]:
    """Count how a write without a usable answer ended."""
    ended = "unknown"
    try:
        yield
        ended = "written"
    except ClusterError as error:
        ended = ENDED.get(type(error).__name__, "unknown")
        raise
    finally:
        AMBIGUOUS.labels(write, ended).inc()


@dataclass(frozen=True, slots=True)
class CountedRegistries:
    registries: Registries

    def check(self, plan: Plan) -> Report:
        report = self.registries.check(plan)
        CHECKS.labels(report.chart.value, report.image.value).inc()
        return report
