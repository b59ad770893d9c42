"""Destinations to check, and results of checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from destinations import names
from destinations.livecheck import fingerprint
from destinations.livecheck.result import Last
from destinations.model import Credentials
from destinations.secret import docker_config
from edrportal.demo.cluster import certificate
from tests.services import composition
from tests.services.leaks import known
from tests.services.scripted import report

if TYPE_CHECKING:
    from destinations.livecheck.registry.port import Report

PASSWORD = known("canary-livecheck-5521")
HOST = "registry.example.com"
PEM = certificate(datetime.now(UTC), days=300).decode()


@cache
def _config(host: str, user: str) -> str:
    return docker_config.new(host, Credentials(user, PASSWORD)).decode()


def destination(name: str, *, certs: str = "", host: str = HOST, user: str = "robot", **labels: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "labels": {names.REGISTRY_LABEL: "true", **labels},
            "annotations": {names.ORGANIZATION_ANNOTATION: "team"},
        },
        "stringData": {names.CONFIG_KEY: _config(host, user)} | ({names.CERTS_KEY: certs} if certs else {}),
    }


def last(
    name: str, found: Report | None = None, *, at: datetime | None = None, job: str = "", print_: str = "f" * 40
) -> Last:
    when = at or datetime.now(UTC).replace(microsecond=0)
    return Last(name, replace(found or report(), checked_at=when), "workspace/shop", print_, job)


def keep(name: str, found: Report, at: datetime | None = None) -> None:
    """Keep a result of a destination as it is stored, for every replica."""
    portal = composition.portal()
    secrets = {secret.name: secret for secret in portal.cluster.list_secrets()}
    print_ = fingerprint.of(secrets[name], secrets, portal.keys)
    composition.writer().write([last(name, found, at=at, print_=print_)])
