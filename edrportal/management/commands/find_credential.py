"""`edrportal find-credential`: which destinations hold a leaked value, from a terminal. The value comes on standard input."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from getpass import getuser
from typing import Any, NoReturn

from django.conf import settings

from destinations.cluster.port import ClusterError
from destinations.input.leak import paste
from destinations.input.leak.search import search, searched
from destinations.management.terminal import TerminalCommand, read_secret, without_line_break
from destinations.model import InputError, UserError
from destinations.portal import Event
from edrportal import composition
from edrportal.configuration.environment import ConfigurationError
from edrportal.management import failure

_FOUND_NOWHERE, _UNUSABLE = 1, 2
_MAX_LINE_BREAK = 2
_REQUEST = "Paste what leaked."


class Command(TerminalCommand):
    help = (
        "Find which destinations and certificate Secrets hold a leaked token, password, user name, private key, or file "
        "of docker login, which is read from standard input. Exit code 0: found in at least one; 1: found nowhere; 2: "
        "the input or the cluster cannot be used."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        portal = composition.portal()
        who = f"command-line:{_account()}"
        try:
            settings.ENVIRONMENT.check_cluster()
            pasted = paste.read(without_line_break(read_secret(paste.MAX_BYTES + _MAX_LINE_BREAK + 1, _REQUEST)))
            everything = portal.cluster.list_secrets()
            found = search(pasted, everything)
        except (InputError, ConfigurationError) as error:
            self._end(str(error))
        except (UserError, ClusterError) as error:
            portal.record(Event("find-credential", "failed", who, "", reason=error.reason))
            self._end(failure.told(error, settings.ENVIRONMENT))
        portal.record(Event("find-credential", "done", who, "", reason=f"found-{len(found)}"))
        if options["format"] == "json":
            self.stdout.write(json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=True))
        else:
            for one in found:
                kind = "" if one.is_destination else " (certificate Secret)"
                self.stdout.write(f"{one.name}{kind}: {'; '.join(one.places)}")
        if not found:
            looked = len(searched(everything))
            were = "Secret was" if looked == 1 else "Secrets were"
            self.stderr.write(
                f"No destination and no certificate Secret holds it. {looked} {were} searched in the namespace "
                f"{portal.namespace}."
            )
            if not looked:
                self.stderr.write("Check EDRPORTAL_NAMESPACE and the context of the kubeconfig.")
            sys.exit(_FOUND_NOWHERE)

    def _end(self, text: str) -> NoReturn:
        self.stderr.write(f"edrportal: {text}")
        sys.exit(_UNUSABLE)


def _account() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return "somebody"
