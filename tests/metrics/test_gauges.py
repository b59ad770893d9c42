"""What a scrape says of the destinations, and that it asks no cluster."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from destinations import names
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.reflector import Reflector
from destinations.livecheck.registry.port import Code, Step
from destinations.overview.answer import STATUSES
from destinations.secret.trim import trim_config_map
from edrportal.demo.cluster import certificate
from tests.metrics.scraping import answer, scrape, value
from tests.services import composition
from tests.services.leaks import canary, find
from tests.services.scripted import ends
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.scripted import Scripted

NOW = datetime.now(UTC)


@contextmanager
def watched(cluster: InMemoryCluster) -> Iterator[None]:
    """Let pages and scrapes use the cluster through watches that are current."""
    watches = Reflector(cluster), Reflector(cluster.config_maps, shrink=trim_config_map)
    with composition.use(cluster, *watches):
        deadline = time.monotonic() + 10
        while not all([watch.secrets() is not None for watch in watches]):  # noqa: C419 - each is started
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield
    for watch in watches:
        watch.close()


def ending(name: str, stated: str = "", *, ca_days: int = 0) -> list[dict[str, Any]]:
    """Return a destination whose credential ends on a day, and whose CA certificate ends in so many."""
    one = world.destination(name)
    one["metadata"]["annotations"][names.EXPIRY_ANNOTATION] = stated
    if not ca_days:
        return [one]
    one["stringData"][names.CERTS_KEY] = f"{name}-ca"
    pem = certificate(NOW, days=ca_days, name=name).decode()
    return [one, {"metadata": {"name": f"{name}-ca"}, "stringData": {names.BUNDLE_KEY: pem}}]


def on(days: int) -> str:
    return (NOW + timedelta(days=days)).date().isoformat()


def filled() -> InMemoryCluster:
    cluster = InMemoryCluster()
    manifests = [*ending("soon", on(6), ca_days=20), *ending("later", on(60), ca_days=200), *ending("over", on(-3))]
    disabled, hidden = world.destination("off"), world.destination("hidden")
    disabled["metadata"]["labels"][names.REGISTRY_LABEL] = "false"
    del hidden["metadata"]["annotations"][names.ORGANIZATION_ANNOTATION]
    cluster.load([*manifests, disabled, hidden, world.destination("fine")])
    return cluster


def test_destinations_count_by_verdict() -> None:
    with watched(filled()):
        samples = scrape()
    kinds = ("accepted", "at-risk", "fails", "hidden", "disabled")
    assert {kind: value(samples, "edrportal_destinations", verdict=kind) for kind in kinds} == {
        "accepted": 2, "at-risk": 2, "fails": 0, "hidden": 1, "disabled": 1,
    }  # fmt: skip


def test_answers_count_what_the_last_check_found(registries: Scripted) -> None:
    registries.answers = {"fine": ends(Step.LOGIN, Code.WRONG_CREDENTIALS)}
    with watched(filled()):
        for name in ("fine", "later"):
            Client().post(f"/destinations/{name}/check", {"namespace": "workspace", "application": "shop"})
        samples = scrape()
    assert {kind: value(samples, "edrportal_destination_answers", answer=kind) for kind, _ in STATUSES} == {
        "hidden": 1, "fails": 0, "rejected": 1, "check-failed": 0, "at-risk": 2, "accepted": 0, "works": 1, "disabled": 1,
    }  # fmt: skip
    assert value(samples, "edrportal_destinations", verdict="accepted") == 2


def test_the_next_expiry_is_told_in_days_and_what_is_over_is_counted() -> None:
    with watched(filled()):
        samples = scrape()
    assert value(samples, "edrportal_next_expiry_days", what="credential") == pytest.approx(6.5, abs=0.6)
    assert value(samples, "edrportal_next_expiry_days", what="ca") == pytest.approx(20, abs=1.1)
    assert value(samples, "edrportal_expired", what="credential") == 1
    assert value(samples, "edrportal_expired", what="ca") == 0
    assert not [name for name, _ in samples if name == "edrportal_destination_expiry_days"]


def test_by_name_only_where_that_is_wanted() -> None:
    with watched(filled()):
        samples = scrape(with_names=True)
    named = {dict(labels)["destination"] for name, labels in samples if name == "edrportal_destination_expiry_days"}
    assert named == {"soon", "later", "over"}
    assert value(samples, "edrportal_destination_expiry_days", destination="over", what="credential") < -1


@pytest.mark.parametrize("stated", ["", "soon", "9999-12-31", "2027-02-30", "\uff12027-01-01"])
def test_a_stated_end_that_is_none_breaks_no_scrape(stated: str) -> None:
    cluster = InMemoryCluster()
    cluster.load(ending("odd", stated))
    with watched(cluster):
        assert "edrportal_next_expiry_days" not in {name for name, _ in scrape()}


def test_a_scrape_asks_no_cluster_and_tells_the_age_of_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError

    cluster = filled()
    with watched(cluster):
        for name in ("list_secrets", "get_secret", "ready"):
            monkeypatch.setattr(cluster, name, refuse)
        samples = scrape()
        assert value(samples, "edrportal_destinations", verdict="hidden") == 1
        assert 0 <= value(samples, "edrportal_watch_age_seconds", watch="secrets") < 10
        assert 0 <= value(samples, "edrportal_watch_age_seconds", watch="configmaps") < 10


def test_a_watch_that_never_began_is_infinitely_old() -> None:
    class Down(InMemoryCluster):
        def list_with_version(self, *_: Any) -> Any:
            from destinations.cluster.port import Unreachable  # noqa: PLC0415 - one use

            raise Unreachable("x")

    cluster = Down()
    watch = Reflector(cluster)
    with composition.use(cluster, watch):
        samples = scrape()
    watch.close()
    assert value(samples, "edrportal_watch_age_seconds", watch="secrets") == math.inf
    assert "edrportal_destinations" not in {name for name, _ in samples}


def test_nothing_that_is_secret_or_somebodys_is_in_the_metrics(portal: InMemoryCluster) -> None:
    """T32: also after pages, forms and sign-ins that carry canaries everywhere."""
    from django.test import Client  # noqa: PLC0415 - one use

    secret = canary("metrics")
    cluster = InMemoryCluster()
    manifests = [*ending("named-one", on(9), ca_days=9), world.user("named-person", "admin")]
    manifests[0]["metadata"]["annotations"][names.ORGANIZATION_ANNOTATION] = secret
    manifests[0]["stringData"]["extra"] = secret
    cluster.load(manifests)
    with watched(cluster):
        client = Client(raise_request_exception=False)
        for path in ("/", "/made-up", "/destinations/made-up", f"/?q={secret}", "/destinations/named-one"):
            client.get(path, headers={"User-Agent": secret, "X-Request-ID": secret})
        client.generic("MADE-UP", "/")
        form = {"name": "new", "host": "registry.example.com", "username": secret, "password": secret}
        client.post("/destinations/new", form)
        client.post("/signin", {"username": secret, "password": secret})
        for with_names in (False, True):
            page = b"".join(answer("/metrics", with_names=with_names)[1:])
            assert find(page) == []
            assert b"registry.example.com" not in page
            assert b"named-person" not in page
            assert b"made-up" not in page.lower()
            assert world.ACCOUNT.encode() not in page
            assert (b"named-one" in page) is with_names
    assert portal.namespace


def test_the_second_port_has_three_pages_and_takes_no_forms() -> None:
    with watched(InMemoryCluster()):
        assert answer("/healthz") == ("200 OK", b"ok\n")
        assert answer("/healthz", "HEAD") == ("200 OK", b"")
        assert answer("/readyz")[0] == "200 OK"
        assert answer("/")[0] == "404 Not Found"
        assert answer("/metrics", "POST")[0] == "405 Method Not Allowed"
