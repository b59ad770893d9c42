"""The command `edrportal`, which `pip install .` puts on the PATH: what people and scripts need, and nothing of Django's."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

from edrportal import __version__

COMMANDS = {
    "serve": "serve the portal against the pod's cluster or that of KUBECONFIG",
    "verdict": "predict what Epinio does with destinations, from manifests and without a cluster",
    "livecheck": "check destinations live: ask their registries what an export would meet",
    "rotate": "rotate the credentials of a destination, with the password on standard input",
    "find-credential": "find which destinations hold a leaked value, given on standard input",
    "demo": "serve a demo on loopback, with an in-memory cluster",
}


def main() -> None:
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        print(__version__)  # noqa: T201 - what was asked for
    elif arguments and arguments[0] in COMMANDS:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edrportal.settings")
        execute_from_command_line(["edrportal", arguments[0].replace("-", "_"), *arguments[1:]])
    else:
        asked = arguments in ([], ["-h"], ["--help"], ["help"])
        _tell(None if asked else arguments[0])
        sys.exit(0 if asked and arguments else 2)


def _tell(unknown: str | None) -> None:
    out = sys.stderr if unknown else sys.stdout
    lines = [f"edrportal: unknown command {unknown}"] if unknown else []
    lines += ["usage: edrportal COMMAND [--help]", "", *(f"  {name:15} {told}" for name, told in COMMANDS.items())]
    print("\n".join(lines), file=out)
