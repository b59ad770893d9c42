"""`manage.py serve`: the portal against the cluster of the pod or of the KUBECONFIG."""

from __future__ import annotations

import logging
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import CommandError, OutputWrapper
from django.core.wsgi import get_wsgi_application

from destinations.actions import schedule
from destinations.cluster.port import Unreachable
from destinations.management.terminal import PortalOptions
from edrportal import composition
from edrportal.configuration.environment import ConfigurationError, is_local
from edrportal.management.failure import NO_CONTEXT
from edrportal.management.server import Server, is_address
from edrportal.serving.certificate import Certificate
from edrportal.serving.ports import Port, Site, listen
from edrportal.telemetry import logs
from edrportal.telemetry.endpoint import Platform, site
from edrportal.webhook import app

_EVERY = {"": "every address", "0.0.0.0": "every address", "::": "every address"}  # noqa: S104 - told of, not bound

_NO_ADDRESS = "--bind must be HOST:PORT, such as 127.0.0.1:8000 or [::1]:8000"
_NO_CLUSTER = (
    "No cluster is configured: no kubeconfig with a current context was found. Set KUBECONFIG to a kubeconfig and choose "
    "a context with kubectl config use-context. To try the portal without a cluster, run make demo."
)


class Command(PortalOptions):
    help = "Serve the portal. It does not start if settings are missing or unsafe."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--bind", default="127.0.0.1:8000", metavar="HOST:PORT", help="where to listen (default: 127.0.0.1:8000)"
        )

    def run_from_argv(self, argv: list[str]) -> None:
        """Write lines of the log, like all that follow, unless a person reads them in a terminal."""
        if not sys.stdout.isatty():
            self.stdout = _Lines(sys.stdout, logging.INFO)
        if not sys.stderr.isatty():
            self.stderr = _Lines(sys.stderr, logging.ERROR)
        super().run_from_argv(argv)

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        host = options["bind"].rpartition(":")[0].strip("[]")
        if not is_address(options["bind"]):
            raise CommandError(_NO_ADDRESS)
        try:
            settings.ENVIRONMENT.check()
            settings.ENVIRONMENT.check_address(host)
        except ConfigurationError as error:
            raise CommandError(str(error)) from None
        ports = [*self._platform(host), *self._webhook(host)]

        def opening() -> None:
            cluster = _cluster()
            self.stdout.write(_where(options["bind"]))
            if cluster:
                self.stdout.write(cluster)
            self.stdout.flush()

        def started() -> None:
            if settings.ENVIRONMENT.webhook.port:
                app.warm_up()
            schedule.start(composition.portal, settings.ENVIRONMENT.registry.check_interval_minutes)

        Server(get_wsgi_application(), options["bind"], opening=opening, started=started, ports=ports).run()

    def _platform(self, host: str) -> Iterator[Port]:
        environment = settings.ENVIRONMENT
        if environment.metrics_port:
            platform = site(Platform(composition.portal, with_names=environment.metrics_names))
            yield _port(host, environment.metrics_port, platform, "EDRPORTAL_METRICS_PORT")

    def _webhook(self, host: str) -> Iterator[Port]:
        stated = settings.ENVIRONMENT.webhook
        if not stated.port:
            return
        try:
            certificate = Certificate(stated.certificate_file, stated.key_file)
        except OSError:
            raise CommandError(
                "EDRPORTAL_WEBHOOK_CERTIFICATE_FILE and EDRPORTAL_WEBHOOK_KEY_FILE are not a certificate and its key"
            ) from None
        yield _port(host, stated.port, app.SITE, "EDRPORTAL_WEBHOOK_PORT", certificate)


class _Lines(OutputWrapper):
    def __init__(self, out: TextIO, level: int) -> None:
        super().__init__(out)
        self._level = level

    def write(  # type: ignore[override]
        self, msg: str = "", style_func: Callable[[str], str] | None = None, ending: str | None = None
    ) -> None:
        super().write(logs.line(self._level, msg), style_func, ending)


def _cluster() -> str:
    """Return which cluster and namespace a kubeconfig chooses; nothing in a Pod, whose own cluster it is, and in memory.

    Raises CommandError (exit status 2) where there is no cluster to choose.
    """
    environment = settings.ENVIRONMENT
    try:
        target = composition.kubeconfig_target()
    except Unreachable:
        context = environment.kube_context
        raise CommandError(NO_CONTEXT.format(context) if context else _NO_CLUSTER, returncode=2) from None
    if target is None:
        return ""
    return (
        f"It manages the namespace {environment.namespace} of the cluster at {target.server} "
        f"(context {target.context} of your kubeconfig)"
    )


def _where(bind: str) -> str:
    """Return where people find the portal, and where it listens if that is another place."""
    public = settings.ENVIRONMENT.public_url
    if public:
        return f"The portal is at {public}/ and listens on {bind}"
    host, _, port = bind.rpartition(":")
    if is_local(host):
        return f"The portal is at http://{bind}/"
    return f"The portal is served over plain HTTP on port {port} of {_EVERY.get(host.strip('[]'), host)}"


def _port(host: str, port: int, site: Site, setting: str, certificate: Certificate | None = None) -> Port:
    try:
        return Port(listen(host, port), site, certificate)
    except OSError:
        raise CommandError(f"{setting}: port {port} cannot be used") from None
