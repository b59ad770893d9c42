"""`manage.py serve`: the portal against the cluster of the pod or of the KUBECONFIG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from destinations.livecheck import interval
from edrportal.environment import ConfigurationError
from edrportal.metrics.app import Platform
from edrportal.metrics.server import listen
from edrportal.server import Server
from edrportal.webhook import app
from edrportal.webhook.certificate import Certificate
from edrportal.wsgi import application

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable


class Command(BaseCommand):
    """Serve the portal."""

    help = "Serves the portal; refuses to start with settings that are missing or unsafe."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the command line."""
        parser.add_argument("--bind", default="127.0.0.1:8000", metavar="HOST:PORT")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Check the settings, then serve until a signal ends it."""
        host = options["bind"].rpartition(":")[0].strip("[]")
        try:
            settings.ENVIRONMENT.check()
            settings.ENVIRONMENT.check_address(host)
        except ConfigurationError as error:
            raise CommandError(str(error)) from None
        platform, webhook = self._platform(host), self._webhook(host)
        self.stdout.write(f"The portal is at http://{options['bind']}/")
        self.stdout.flush()
        minutes = settings.ENVIRONMENT.registry.check_interval_minutes

        def started() -> None:
            platform()
            webhook()
            interval.start(minutes)

        Server(application, options["bind"], started=started).run()

    def _platform(self, host: str) -> Callable[[], None]:
        """Take the second port, where one is wanted, and return what begins to answer there."""
        environment = settings.ENVIRONMENT
        if not environment.metrics_port:
            return lambda: None
        try:
            return listen(host, environment.metrics_port, Platform(with_names=environment.metrics_names))
        except OSError:
            raise CommandError(f"EDRPORTAL_METRICS_PORT: port {environment.metrics_port} cannot be used") from None

    def _webhook(self, host: str) -> Callable[[], None]:
        """Take the port of the warning webhook, where it is wanted, and return what begins to answer there."""
        stated = settings.ENVIRONMENT.webhook
        if not stated.port:
            return lambda: None
        try:
            certificate = Certificate(stated.certificate_file, stated.key_file)
        except OSError:
            raise CommandError(
                "EDRPORTAL_WEBHOOK_CERTIFICATE_FILE and EDRPORTAL_WEBHOOK_KEY_FILE are no certificate with its key"
            ) from None
        try:
            begin = listen(host, stated.port, app.application, certificate=certificate)
        except OSError:
            raise CommandError(f"EDRPORTAL_WEBHOOK_PORT: port {stated.port} cannot be used") from None

        def started() -> None:
            begin()
            app.warm_up()

        return started
