"""Who finds no place is told why: by what the places are taken, and that the cluster is slow only while it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import RequestFactory

from edrportal import middleware
from edrportal.management.server import PLACES
from edrportal.middleware import ConcurrencyLimitMiddleware
from edrportal.serving.limits import BUSY, CROWDED, REFUSAL, TAKEN
from edrportal.telemetry import counters

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def answer(path: str, **meta: str) -> HttpResponse:
    def next_one(_: HttpRequest) -> HttpResponse:
        raise AssertionError

    return ConcurrencyLimitMiddleware(next_one)(RequestFactory().get(path, **meta))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/", "/api/destinations"])
def test_too_many_requests_are_named_with_what_they_ask_for(path: str) -> None:
    found = answer(path, **{REFUSAL: BUSY, TAKEN: "4 other lists"})
    assert found.status_code == 503
    assert found.headers["Retry-After"] == "5"
    assert "Too many requests came at once: the portal is busy with 4 other lists." in found.content.decode()
    assert "cluster" not in found.content.decode()


def test_a_slow_cluster_is_named_while_it_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    assert counters.slowest_call() == 0
    monkeypatch.setattr(middleware, "SLOW_SECONDS", 1e-9)
    with counters.api_call("list", "Secrets"):
        during = answer("/", **{REFUSAL: BUSY, TAKEN: "16 other requests"})
    after = answer("/", **{REFUSAL: BUSY, TAKEN: "16 other requests"})
    assert "The cluster answers slowly, and 16 other requests wait for it." in during.content.decode()
    assert "cluster" not in after.content.decode()
    assert (during.status_code, after.status_code) == (503, 503)


def test_a_crowd_from_one_address_is_its_own_reason() -> None:
    found = answer("/api/me", **{REFUSAL: CROWDED})
    assert (found.status_code, found.headers["Retry-After"]) == (429, "5")
    assert "from your address" in found.content.decode()


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/api/destinations", "lists"),
        ("/destinations.csv", "lists"),
        ("/api/destinations/one/rotate", "requests"),
        ("/api/me", "requests"),
        ("/destinations/one", "requests"),
        ("/signin", "sign-ins"),
    ],
)
def test_lists_have_places_of_their_own_and_nothing_else_has_them(path: str, what: str) -> None:
    assert next(one.what for one in PLACES if one.fit(path)) == what
