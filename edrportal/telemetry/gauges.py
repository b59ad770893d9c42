"""What `/metrics` says of the destinations, computed when it is asked, from the watch alone: a scrape asks no cluster."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from destinations.cluster.port import ClusterError
from destinations.model import Secret, Snapshot
from destinations.overview import answer, table
from destinations.overview.table import Row
from destinations.portal import Portal
from destinations.verdict import tokens

CA, CREDENTIAL = "ca", "credential"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Expiry:
    """When the first CA certificate of a destination ends, or its credential as stated."""

    destination: str
    what: str
    at: datetime

    def days(self, now: datetime) -> float:
        """Return how many days are left; negative after the end."""
        return (self.at - now) / _DAY


class Destinations(Collector):
    """Verdicts, expiries, and the age of the watches. Without a current watch there are ages alone."""

    def __init__(self, portal: Callable[[], Portal], *, with_names: bool) -> None:
        self._portal = portal
        self._with_names = with_names

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            watches = self._portal().connect().watches
        except ClusterError:
            watches = {}
        yield _ages({name: watch.age() for name, watch in watches.items()})
        found = watches["secrets"].secrets() if "secrets" in watches else None
        config_maps = watches["configmaps"].secrets() if "configmaps" in watches else None  # which starts it
        if found is not None:
            yield from _told(self._portal(), found, config_maps, with_names=self._with_names)


def _ages(ages: dict[str, float | None]) -> GaugeMetricFamily:
    told = GaugeMetricFamily(
        "edrportal_watch_age_seconds",
        "Time since the API server confirmed that the data is complete; +Inf before the first time.",
        labels=["watch"],
    )
    for name, age in ages.items():
        told.add_metric([name], math.inf if age is None else age)
    return told


def _told(
    portal: Portal, found: Sequence[Secret], config_maps: Sequence[Secret] | None, *, with_names: bool
) -> Iterator[GaugeMetricFamily]:
    now = datetime.now(UTC)
    snapshot = Snapshot.of(found, now, portal.version(), config_maps or ())
    rows = portal.answered(snapshot, sees_all=True)
    verdicts = GaugeMetricFamily("edrportal_destinations", "Destinations by verdict.", labels=["verdict"])
    counts = Counter(row.kind for row in rows)
    for word, _ in table.STATUSES:
        verdicts.add_metric([word], counts[word])
    yield verdicts
    if config_maps is not None:  # without them no check is known, and a failure would look well
        yield _answers(rows)
    ends = [end for row in rows for end in expiries(snapshot.secrets[row.name], snapshot.secrets)]
    yield from _ends(ends, now)
    if with_names:
        yield _named(ends, now)


def _answers(rows: Sequence[Row]) -> GaugeMetricFamily:
    told = GaugeMetricFamily(
        "edrportal_destination_answers",
        "Destinations by whether an export would pass: the verdict joined with the last live check.",
        labels=["answer"],
    )
    counts = Counter(row.answer.kind for row in rows)
    for word, _ in answer.STATUSES:
        told.add_metric([word], counts[word])
    return told


def expiries(secret: Secret, secrets: Mapping[str, Secret]) -> Iterator[Expiry]:
    bundle = table.bundle_of(secret, secrets)
    if bundle:
        yield Expiry(secret.name, CA, min(one.not_after for one in bundle))
    stated = tokens.stated_day(secret)
    if stated and stated < date.max:
        yield Expiry(secret.name, CREDENTIAL, datetime.combine(stated + _DAY, time(), UTC))  # it still holds that day


def _ends(ends: Sequence[Expiry], now: datetime) -> Iterator[GaugeMetricFamily]:
    following = GaugeMetricFamily(
        "edrportal_next_expiry_days", "Days until the next expiry in the future.", labels=["what"]
    )
    over = GaugeMetricFamily(
        "edrportal_expired", "Destinations with an expired certificate or expired credentials.", labels=["what"]
    )
    for what in (CA, CREDENTIAL):
        left = [end.days(now) for end in ends if end.what == what]
        over.add_metric([what], sum(days <= 0 for days in left))
        if coming := [days for days in left if days > 0]:
            following.add_metric([what], min(coming))
    yield following
    yield over


def _named(ends: Sequence[Expiry], now: datetime) -> GaugeMetricFamily:
    told = GaugeMetricFamily(
        "edrportal_destination_expiry_days",
        "Days until the expiry of each destination.",
        labels=["destination", "what"],
    )
    for end in ends:
        told.add_metric([end.destination, end.what], end.days(now))
    return told
