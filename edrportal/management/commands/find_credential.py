"""`edrportal find-credential`: which destinations hold a leaked value, from a terminal. The value comes on standard input."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from getpass import getuser
from typing import Any, NoReturn

from django.core.management.base import BaseCommand

from destinations.actions import messages
from destinations.cluster.port import ClusterError
from destinations.input.leak import paste
from destinations.input.leak.search import search
from destinations.model import UserError
from destinations.portal import Event
from edrportal import composition

_FOUND_NOWHERE, _UNUSABLE = 1, 2


class Command(BaseCommand):
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
            pasted = paste.read(sys.stdin.buffer.read(paste.MAX_BYTES + 1))
            found = search(pasted, portal.cluster.list_secrets())
        except (UserError, ClusterError) as error:
            portal.record(Event("find-credential", "failed", who, "", reason=error.reason))
            trouble = messages.for_error(error)
            self._end(f"{trouble.message} {trouble.fix}")
        portal.record(Event("find-credential", "done", who, "", reason=f"found-{len(found)}"))
        if options["format"] == "json":
            self.stdout.write(json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=True))
        else:
            for one in found:
                kind = "" if one.is_destination else " (certificate Secret)"
                self.stdout.write(f"{one.name}{kind}: {'; '.join(one.places)}")
        if not found:
            self.stderr.write("No destination and no certificate Secret holds it.")
            sys.exit(_FOUND_NOWHERE)

    def _end(self, text: str) -> NoReturn:
        self.stderr.write(f"edrportal: {text}")
        sys.exit(_UNUSABLE)


def _account() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return "somebody"
