"""What the commands have in common: options, standard input, output that may end early, and errors that quote no value."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
from argparse import SUPPRESS
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser, OutputWrapper

from destinations.model import InputError

_UNUSABLE = 2
_LOG = logging.getLogger(__name__)
_LONGEST_LINE = 4095
"""A terminal passes on so many bytes of a line, and drops the rest without a word."""
_OPTION = re.compile(r"(--[a-z][a-z-]{0,30})(?:=.*)?", re.DOTALL)
_QUOTES = (
    ("ignored explicit argument ", "", "it takes no value"),
    ("invalid choice: ", " (choose from", "invalid choice"),
    ("invalid int value: ", "", "it is not a number"),
    ("ambiguous option: ", " could match", "ambiguous option: it"),
)
"""Between which words the errors of argparse quote what was typed, and what they say instead."""


class SilentParser(CommandParser):
    """A parser whose errors quote nothing that was typed but names of options: a password may be where none belongs."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401 - that of argparse
        found, extra = self.parse_known_args(args, namespace)
        if extra:
            options = [match[1] for one in extra if (match := _OPTION.fullmatch(one))]
            shown = f": {', '.join(options)}" if options else " (not shown, since they may be secret)"
            self.error(f"unrecognized arguments{shown}")
        return found

    def error(self, message: str) -> Any:  # noqa: ANN401 - that of Django
        for start, end, instead in _QUOTES:
            before, found, after = message.partition(start)
            if found:
                message = f"{before}{instead}{end}{after.rpartition(end)[2] if end else ''}"
        return super().error(message)


class PortalOptions(BaseCommand):
    """A command with its own name and the portal's version, and without what only developers need in its help."""

    suppressed_base_arguments = {"--settings", "--pythonpath", "--verbosity", "--traceback"}  # noqa: RUF012 - Django's

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:  # noqa: ANN401 - that of Django
        installed = os.path.basename(prog_name) == "edrportal"  # noqa: PTH119 - a name, as Django takes it
        name = subcommand.replace("_", "-") if installed else subcommand
        parser = super().create_parser(prog_name, name, **kwargs)
        parser.__class__ = SilentParser
        for action in parser._actions:  # noqa: SLF001 - Django adds it by itself
            if "--skip-checks" in action.option_strings:
                action.help = SUPPRESS
        return parser

    def get_version(self) -> str:
        return str(settings.PORTAL_VERSION)


class Printed(OutputWrapper):
    """Standard output or error, which may end before the command: a reader that went away changes no exit status.

    `lost` says why something could not be written to a place that should have kept it, such as a full disk.
    """

    lost = ""

    def __init__(self, out: TextIO) -> None:
        super().__init__(out)
        self._stream = out
        self._is_open = True

    def write(  # type: ignore[override]
        self, msg: str = "", style_func: Callable[[str], str] | None = None, ending: str | None = None
    ) -> None:
        if not self._is_open:
            return
        try:
            super().write(msg, style_func, ending)
            self.flush()
        except OSError as error:
            self._is_open = False
            self.lost = "" if isinstance(error, BrokenPipeError) else error.strerror or "it failed"
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())  # what is still in the buffer is written once more at the end
            os.close(nowhere)


class TerminalCommand(PortalOptions):
    """A command that ends by itself, with an exit status that says what came of it, and never with a traceback.

    `unexpected` is the status after a mistake of the portal's own. The output of one that `only_asks` is its result: it is
    2 where that cannot be written.
    """

    unexpected = _UNUSABLE
    only_asks = True

    def run_from_argv(self, argv: list[str]) -> None:
        style = self.stderr.style_func
        self.stdout, self.stderr = Printed(sys.stdout), Printed(sys.stderr)
        self.stderr.style_func = style
        status = 0
        try:
            super().run_from_argv(argv)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except KeyboardInterrupt:
            self.stderr.write("edrportal: interrupted")
            end_by_interrupt()
        except Exception:  # noqa: BLE001 - its text may quote a value: the log has its type and its places
            _LOG.exception("the command ended with an error of the portal itself")
            status = self.unexpected
        if self.stdout.lost:
            self.stderr.write(f"edrportal: the output cannot be written: {self.stdout.lost}")
            status = _UNUSABLE if self.only_asks else status
        if status:
            sys.exit(status)

    def is_colored(self, options: dict[str, Any]) -> bool:
        """Return whether the output has colors: in a terminal, unless an option or NO_COLOR says otherwise."""
        plain = options.get("no_color") or os.environ.get("NO_COLOR")
        return bool(options.get("force_color") or (self.stdout.isatty() and not plain))


def end_by_interrupt() -> None:
    """End as a process does that Ctrl-C ends, so that a shell ends its script, too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


def read_secret(most: int, request: str) -> bytes:
    """Return at most so many bytes of standard input; in a terminal `request` is asked, and nothing typed is shown.

    Raises InputError where it cannot be read, and for a line that a terminal cuts off.
    """
    try:
        if not sys.stdin.isatty():
            return sys.stdin.buffer.read(most)
        with _without_echo(sys.stdin.fileno()):
            sys.stderr.write(f"{request} It is not shown. End with Enter and Ctrl-D.\n")
            sys.stderr.flush()
            raw = sys.stdin.buffer.read(most)
    except OSError:
        raise InputError("Standard input cannot be read.") from None
    if any(len(line) >= _LONGEST_LINE for line in raw.split(b"\n")):
        raise InputError(f"A terminal cuts a line off after {_LONGEST_LINE} characters: use a pipe or a file.")
    return raw


def without_line_break(raw: bytes) -> bytes:
    """Return it without the one line break that a command before the pipe ends with."""
    if raw.endswith(b"\0\n"):  # half of one in UTF-16
        return raw
    return next((raw[: -len(end)] for end in (b"\r\n", b"\n") if raw.endswith(end)), raw)


@contextmanager
def _without_echo(terminal: int) -> Iterator[None]:
    import termios  # noqa: PLC0415 - only where there are terminals

    before = termios.tcgetattr(terminal)
    silent = [*before]
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSAFLUSH, silent)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
