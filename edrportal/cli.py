"""The command `edrportal`, which `pip install .` puts on the PATH: what people and scripts need, and nothing of Django's."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

from django.core import management

from destinations.management.terminal import end_by_interrupt
from destinations.overview.text import plain
from edrportal import __version__
from edrportal.configuration.variables import ConfigurationError

COMMANDS = {
    "serve": "serve the portal against the pod's cluster or that of KUBECONFIG",
    "verdict": "predict what Epinio does with destinations, from manifests and without a cluster",
    "livecheck": "check destinations live: ask their registries what an export would meet",
    "rotate": "rotate the credentials of a destination, with the password on standard input",
    "find-credential": "find which destinations hold a leaked value, given on standard input",
    "demo": "serve a demo on loopback, with an in-memory cluster",
}
_SERVERS = {"serve", "demo", "runserver"}
_FAILED, _UNUSABLE = 1, 2


def main() -> None:
    _open_what_is_closed()
    arguments = sys.argv[1:]
    name = arguments[0].replace("_", "-") if arguments else ""
    if arguments == ["--version"]:
        print(__version__)  # noqa: T201 - what was asked for
    elif name in COMMANDS:
        execute_from_command_line(["edrportal", name.replace("-", "_"), *arguments[1:]])
    else:
        asked = arguments in ([], ["-h"], ["--help"], ["help"])
        _tell(None if asked else arguments[0])
        sys.exit(0 if asked and arguments else _UNUSABLE)


def execute_from_command_line(arguments: Sequence[str]) -> None:
    """Run a command as Django does; settings that cannot be read and Ctrl-C end it without a traceback."""
    _open_what_is_closed()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edrportal.settings")
    try:
        management.execute_from_command_line(list(arguments))
    except ConfigurationError as error:
        serves = bool(_SERVERS & set(arguments[1:2]))
        said = _line(error) if serves and not sys.stderr.isatty() else f"edrportal: {error}"
        print(said, file=sys.stderr)  # noqa: T201 - before anything could be logged
        sys.exit(_FAILED if serves else _UNUSABLE)
    except KeyboardInterrupt:
        end_by_interrupt()


def _line(error: ConfigurationError) -> str:
    """Return what is wrong with the settings as a server writes it: as a line of the log."""
    from edrportal.telemetry import logs  # noqa: PLC0415 - only where it is needed

    return logs.line(logging.ERROR, f"CommandError: {error}")


def _open_what_is_closed() -> None:
    """Give the process the three streams that every program expects; a shell closes them with `<&-` and `>&-`."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8"))


def _tell(unknown: str | None) -> None:
    out = sys.stderr if unknown else sys.stdout
    lines = [f"edrportal: unknown command {plain(unknown)}"] if unknown else []
    lines += ["usage: edrportal COMMAND [--help]", "", *(f"  {name:17}{told}" for name, told in COMMANDS.items())]
    print("\n".join(lines), file=out)
