"""Reads a page of metrics as Prometheus does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from edrportal.composition import portal
from edrportal.telemetry.endpoint import Platform

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def answer(path: str, method: str = "GET", *, with_names: bool = False) -> tuple[str, bytes]:
    """Ask the second port's application; return the status line and the body."""
    told: list[str] = []
    environ: WSGIEnvironment = {"PATH_INFO": path, "REQUEST_METHOD": method}
    body = b"".join(Platform(portal, with_names=with_names)(environ, lambda status, *_: told.append(status)))  # type: ignore[arg-type]
    return told[0], body


def parsed(page: str) -> Samples:
    """Return the samples by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def scrape(*, with_names: bool = False) -> Samples:
    """Return what a scrape of this process gives."""
    status, body = answer("/metrics", with_names=with_names)
    assert status == "200 OK"
    return parsed(body.decode())


def value(samples: Samples, name: str, **labels: str) -> float:
    """Return one sample, 0 where there is none."""
    return samples.get((name, tuple(sorted(labels.items()))), 0.0)


def grown(before: Samples, after: Samples, name: str, **labels: str) -> float:
    """Return by how much a counter grew."""
    return value(after, name, **labels) - value(before, name, **labels)
