"""`manage.py demo`: the whole portal on an in-memory cluster full of telling destinations."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from secrets import token_urlsafe
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.wsgi import get_wsgi_application

from destinations.livecheck.deadline import Deadline
from destinations.livecheck.registry.guard import Address
from destinations.livecheck.registry.port import Registries
from destinations.livecheck.registry.probe import NetworkRegistries
from destinations.livecheck.runner import Checks
from destinations.management.terminal import PortalOptions
from edrportal import composition
from edrportal.composition import Once
from edrportal.configuration.registry import address_rules
from edrportal.configuration.variables import MAX_PORT
from edrportal.demo.cluster import demo_cluster
from edrportal.demo.registry import DemoRegistry
from edrportal.management.server import Server
from edrportal.telemetry.counters import CountedRegistries


class Command(PortalOptions):
    help = (
        "Serve the portal with an in-memory cluster on 127.0.0.1. The environment variable PORT states the port (8000)."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:  # noqa: ANN401 - Django's signature
        port = os.environ.get("PORT") or "8000"
        if not port.isdecimal():
            raise CommandError("PORT is not a number")
        if int(port) > MAX_PORT:
            raise CommandError(f"PORT is larger than {MAX_PORT}")
        settings.SECRET_KEY = token_urlsafe(48)
        settings.DEMO = True
        now = datetime.now(UTC)
        registry = DemoRegistry(now)
        settings.DEMO_REGISTRY = registry
        cluster = demo_cluster(now, registry=registry)
        connection = composition.watched(cluster)
        with composition.use(composition.assemble(Once(lambda: connection), Checks(reached(registry.port)))):

            def opening() -> None:
                self.stdout.write(f"The demo is at http://127.0.0.1:{port}/ (Ctrl-C stops it)")
                self.stdout.flush()

            bind = f"127.0.0.1:{port}"
            Server(get_wsgi_application(), bind, opening=opening, started=registry.start).run()


_ELSEWHERE = ip_address("192.0.2.1")


def reached(port: int) -> Callable[[], Registries]:
    """Let checks reach the demo's own registry alone: every other host is refused, and its name not even looked up."""
    allowed = address_rules(settings.ENVIRONMENT.registry)
    outside: tuple[IPv4Network | IPv6Network, ...] = (
        *IPv4Network("0.0.0.0/0").address_exclude(IPv4Network("127.0.0.0/8")),
        *IPv6Network("::/0").address_exclude(IPv6Network("::1/128")),
    )
    rules = replace(allowed, ports=allowed.ports | {port}, networks=(), cluster_networks=outside, allow_loopback=True)
    registries = CountedRegistries(NetworkRegistries(rules, resolve=_resolve))
    return lambda: registries


def _resolve(name: str, _deadline: Deadline) -> tuple[Address, ...]:
    """Return loopback for localhost, and for every other name an address that the rules refuse: no server is asked."""
    return (ip_address("127.0.0.1"),) if name == "localhost" else (_ELSEWHERE,)
