"""`manage.py demo`: the whole portal on an in-memory cluster full of telling destinations."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.core.wsgi import get_wsgi_application

from destinations.livecheck.registry.port import Registries
from destinations.livecheck.registry.probe import NetworkRegistries
from destinations.livecheck.runner import Checks
from edrportal import composition
from edrportal.composition import Once
from edrportal.configuration.registry import address_rules
from edrportal.demo.cluster import demo_cluster
from edrportal.demo.registry import DemoRegistry
from edrportal.management.server import Server
from edrportal.telemetry.counters import CountedRegistries


class Command(BaseCommand):
    help = "Serve the portal with an in-memory cluster on 127.0.0.1 and the port PORT (8000)."

    def handle(self, *_args: Any, **_options: Any) -> None:  # noqa: ANN401 - Django's signature
        port = os.environ.get("PORT") or "8000"
        if not port.isdecimal():
            raise CommandError("PORT is not a number")
        settings.SECRET_KEY = token_urlsafe(48)
        settings.DEMO = True
        now = datetime.now(UTC)
        registry = DemoRegistry(now)
        cluster = demo_cluster(now, registry=registry)
        connection = composition.watched(cluster)
        with composition.use(composition.assemble(Once(lambda: connection), Checks(_reached(registry.port)))):
            self.stdout.write(f"The demo is at http://127.0.0.1:{port}/ (Ctrl-C stops it)")
            self.stdout.flush()
            Server(get_wsgi_application(), f"127.0.0.1:{port}", started=registry.start).run()


def _reached(port: int) -> Callable[[], Registries]:
    """Let checks reach the demo's own registry, on loopback, beside what the settings allow."""
    allowed = address_rules(settings.ENVIRONMENT.registry)
    registries = CountedRegistries(
        NetworkRegistries(replace(allowed, ports=allowed.ports | {port}, allow_loopback=True))
    )
    return lambda: registries
