"""`manage.py livecheck`: what Helm and skopeo will meet at the registries, from a terminal or a CronJob."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from getpass import getuser
from typing import Any

from django.conf import settings

from destinations.actions import checks
from destinations.cluster.port import ClusterError
from destinations.livecheck import presentation
from destinations.livecheck.plan import DEFAULT_APP, App
from destinations.livecheck.registry.port import Outcome
from destinations.livecheck.result import Last
from destinations.livecheck.runner import Question
from destinations.livecheck.text import render
from destinations.management.terminal import TerminalCommand
from destinations.model import InputError, Snapshot
from destinations.portal import Portal, Reads
from edrportal import composition
from edrportal.configuration.environment import ConfigurationError
from edrportal.management import failure

_NOT_ALL_GOOD, _UNUSABLE = 1, 2


class Command(TerminalCommand):
    help = (
        "Run live checks: ask the registries what an export would meet. Exit code 0: no chart and no image would "
        "fail (with --fail-on unknown: all would pass); 1: at least one would not; 2: the input or the cluster "
        "cannot be used."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="destinations to check")
        parser.add_argument("--all", action="store_true", help="check every destination")
        parser.add_argument(
            "--app", default=DEFAULT_APP, metavar="NAMESPACE/APP", help="the application whose repositories are checked"
        )
        parser.add_argument(
            "--fail-on", choices=[Outcome.UNKNOWN.value], help="exit with 1 for inconclusive results, too"
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        portal = composition.portal()
        try:
            settings.ENVIRONMENT.check_cluster()
            settings.ENVIRONMENT.registry.check()
            questions = _questions(portal, options)
        except (InputError, ConfigurationError) as error:
            self._end(str(error))
        except ClusterError as error:
            self._end(failure.told(error, settings.ENVIRONMENT))
        if not questions:
            self.stderr.write(
                f"There is no destination in the namespace {portal.namespace}: check it, and the context of the kubeconfig."
            )
        found = portal.checks.all_of(questions)
        self._keep(portal, found)
        if options["format"] == "json":
            self.stdout.write(json.dumps([presentation.row(one) for one in found], indent=1, ensure_ascii=True))
        elif found:
            self.stdout.write(render(found, colour=self.is_colored(options)))
        good = {Outcome.PASS} if options["fail_on"] else {Outcome.PASS, Outcome.UNKNOWN}
        if len(found) < len(questions) or any(not set(one.outcomes) <= good for one in found):
            sys.exit(_NOT_ALL_GOOD)

    def _keep(self, portal: Portal, found: Sequence[Last]) -> None:
        """Keep the results for the pages, and leave a line in the audit for each."""
        who = f"command-line:{_account()}"
        for one in found:
            portal.record(checks.event(one, who, ""))
        if not portal.keys:
            self.stderr.write("The results are not stored for the pages: this requires EDRPORTAL_SECRET_KEY.")
        elif found and not all(one.stored for one in checks.keep_all(portal, found)):
            self.stderr.write(
                "The results are not stored for the pages: the cluster does not let the portal write them."
            )

    def _end(self, text: str) -> None:
        self.stderr.write(f"edrportal: {text}")
        sys.exit(_UNUSABLE)


def _questions(portal: Portal, options: Mapping[str, Any]) -> list[Question]:
    """Return what to ask. Raises InputError and the port's errors."""
    names: list[str] = options["names"]
    if bool(names) == options["all"]:
        raise InputError("Name destinations or give --all, not both.")
    app = str(App.parse(options["app"]))
    reads = Reads(portal)
    snapshot = Snapshot.of(reads.secrets, reads.now, reads.version)
    there = [secret.name for secret in snapshot.destinations]
    missing = sorted(set(names) - set(there))
    if missing:
        raise InputError(f"Not found: {', '.join(map(ascii, missing))}.")
    chosen = sorted(set(names)) if names else there
    return [checks.of_stored(portal, snapshot.secrets[name], snapshot, app=app) for name in chosen]


def _account() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return "somebody"
