"""The kept rows are always the rows that would be computed now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from destinations import names
from destinations.model import EpinioVersion, Secret, Snapshot
from destinations.overview import table
from destinations.overview.index.rowcache import RowCache
from edrportal.demo.cluster import certificate, demo_cluster

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Counting(RowCache):
    """Says which rows were computed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.computed: list[str] = []
        plain = table.row

        def counted(secret: Secret, *args: object, **options: object) -> table.Row:
            self.computed.append(secret.name)
            return plain(secret, *args, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(table, "row", counted)

    def ask(self, found: Iterable[Secret], now: datetime = NOW, version: EpinioVersion | None = None) -> list[str]:
        """Check the rows against rows that are computed anew, and return the names of those that were computed."""
        found = tuple(found)
        self.computed.clear()
        kept = table.aged(self.rows(Snapshot.of(found, now, version)), now)
        computed = list(self.computed)
        fresh = table.rows(Snapshot.of(found, now, version))
        assert [_told(row) for row in kept] == [_told(row) for row in fresh]
        return computed


def _told(row: table.Row) -> tuple[object, ...]:
    return row.name, row.judgement, row.kind, row.status, row.reason, row.url, row.organization, row.bundle, row.age


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Counting:
    return Counting(monkeypatch)


def secrets() -> dict[str, Secret]:
    return {secret.name: secret for secret in demo_cluster(NOW).list_secrets()}


def changed(secret: Secret, **members: object) -> Secret:
    return replace(secret, resource_version=secret.resource_version + "0", **members)  # type: ignore[arg-type]


def test_a_row_is_computed_once(cache: Counting) -> None:
    found = secrets().values()
    assert len(cache.ask(found)) >= 12
    assert cache.ask(found) == []
    assert cache.ask(found, NOW + timedelta(hours=3)) == []


def test_what_changed_is_computed_anew_and_nothing_else(cache: Counting) -> None:
    found = secrets()
    cache.ask(found.values())
    off = {**found["production"].labels, names.REGISTRY_LABEL: "false"}
    found["production"] = changed(found["production"], labels=off)
    assert cache.ask(found.values()) == ["production"]


def test_a_change_of_the_certificate_secret_alone_counts(cache: Counting) -> None:
    found = secrets()
    cache.ask(found.values())
    found["harbor-ca"] = changed(found["harbor-ca"], data={names.BUNDLE_KEY: certificate(NOW, days=5)})
    assert cache.ask(found.values()) == ["harbor"]
    del found["harbor-ca"]
    assert cache.ask(found.values()) == ["harbor"]
    found["harbor-ca"] = Secret("harbor-ca", uid="another", resource_version="1")
    assert cache.ask(found.values()) == ["harbor"]


def test_a_recreated_destination_is_another_one(cache: Counting) -> None:
    found = secrets()
    cache.ask(found.values())
    found["production"] = replace(found["production"], uid="another", annotations={})
    assert cache.ask(found.values()) == ["production"]


def test_another_version_of_epinio_judges_anew(cache: Counting) -> None:
    found = secrets().values()
    count = len(cache.ask(found))
    assert len(cache.ask(found, version=EpinioVersion(1, 13, 7))) == count


def test_a_new_day_and_a_clock_set_back_judge_what_states_a_date_anew(cache: Counting) -> None:
    found = secrets()
    stated = [name for name, one in found.items() if one.annotations.get(names.EXPIRY_ANNOTATION)]
    cache.ask(found.values())
    midnight = (NOW + timedelta(days=1)).replace(hour=0)
    assert cache.ask(found.values(), midnight - timedelta(microseconds=1)) == []
    assert cache.ask(found.values(), midnight) == stated != []
    assert cache.ask(found.values(), NOW) == stated


def test_a_certificate_turns_within_the_day_to_the_second(cache: Counting) -> None:
    found = secrets()
    edge = found["edge-ca"]
    pem = certificate(NOW + timedelta(hours=2), days=0)
    found["edge-ca"] = changed(edge, data={names.BUNDLE_KEY: pem})
    cache.ask(found.values())
    end = NOW + timedelta(hours=2)
    assert cache.ask(found.values(), end - timedelta(seconds=1)) == []
    assert cache.ask(found.values(), end) == []
    assert cache.ask(found.values(), end + timedelta(microseconds=1)) == ["edge"]
    (row,) = (row for row in cache.rows(Snapshot.of(found.values(), end + timedelta(seconds=1))) if row.name == "edge")
    assert "expired" in row.bundle


def test_only_what_is_there_is_kept(cache: Counting) -> None:
    found = list(secrets().values())
    cache.ask(found)
    cache.ask(found[:3])
    assert set(cache._kept) <= {secret.name for secret in found[:3]}  # noqa: SLF001 - what it holds is the point
    assert not any(kept.row.secret.manifest for kept in cache._kept.values())  # noqa: SLF001
