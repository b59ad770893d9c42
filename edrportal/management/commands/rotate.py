"""`manage.py rotate NAME`: the rotation of the form, for scripts, with the same write protocol."""

from __future__ import annotations

import sys
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from getpass import getuser
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, NoReturn

from django.conf import settings

from destinations import actions, permissions
from destinations.actions import Change, Rotation, Seen
from destinations.actions.rotations import lasting_expiry
from destinations.actions.writes import Unknown
from destinations.cluster.port import Ambiguous, ClusterError, Conflict, Invalid, NotFound
from destinations.input import validation
from destinations.management.terminal import TerminalCommand, read_secret, without_line_break
from destinations.model import InputError, Secret, UserError
from destinations.portal import Event, Portal
from destinations.secret import codec, docker_config
from destinations.verdict import certificates
from destinations.verdict.certificates import Bundle
from destinations.web.leak.attempts import WriteResult
from edrportal import composition
from edrportal.configuration.environment import ConfigurationError
from edrportal.management import failure, group

REFUSED, UNUSABLE, UNKNOWN = 1, 2, 3
_MAX_PASSWORD = 64 * 1024


class Command(TerminalCommand):
    help = (
        "Rotate the credentials of a destination. Exit code 0: done; 1: refused, or someone else changed it "
        "first (with --same-as: at least one was not rotated); 2: the input or the cluster cannot be used, and nothing "
        "was changed; 3: it is not known whether the change was written."
    )

    unexpected = UNKNOWN
    only_asks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", nargs="?")
        parser.add_argument(
            "--same-as",
            metavar="NAME",
            help=(
                "instead of NAME: rotate it and every destination with the same credentials at the same host; each is "
                "checked at its registry first"
            ),
        )
        parser.add_argument(
            "--skip-check", action="store_true", help="with --same-as: do not check the new credentials first"
        )
        parser.add_argument("--username", help="default: the stored user name")
        parser.add_argument("--password", nargs="?", const="", help=SUPPRESS)  # people try it: see `_refuse_mixture`
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password from standard input; one line break after it is removed",
        )
        parser.add_argument(
            "--credentials-confirmed",
            action="store_true",
            help=(
                "accept a user name and password that look like a placeholder, a quoted value, or an incorrect "
                "robot name"
            ),
        )
        parser.add_argument("--bundle", metavar="FILE", help="new CA certificates (PEM)")
        parser.add_argument(
            "--remove-bundle", action="store_true", help="remove the CA certificates and trust public CAs"
        )
        parser.add_argument("--expires-on", metavar="DATE", help="when the credentials expire, such as 2027-01-31")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        portal = composition.portal()
        name = str(options["same_as"] or options["name"])
        event = Event("rotate", "failed", f"command-line:{_account()}", "", name)
        try:
            _refuse_read_only(portal)
            _refuse_mixture(options)
            _check_settings(options)
            password, bundle = _password(options), _bundle(options)
            cluster = portal.cluster
            secret = cluster.get_secret(name)
            if not codec.is_destination(secret):
                raise NotFound("NotFound", status=404)
            username = _username(options, secret)
            _check_account(options, username, password, docker_config.host_key(secret))
            if options["same_as"]:
                self._rotate_group(
                    portal, secret, Rotation(username, password, None, _expiry(options, secret)), options
                )
                return
            pem = None if bundle is None else bundle.pem
            rotation = Rotation(username, password, pem, _expiry(options, secret))
            change = Change(token_urlsafe(24), f"{_account()} (command line)", datetime.now(UTC))
            event = replace(event, target=secret.name, before=secret.resource_version)
            try:
                done = actions.rotate(cluster, secret.name, rotation, seen=Seen.of(secret), change=change)
            except KeyboardInterrupt:
                raise Ambiguous(failure.INTERRUPTED) from None
            portal.record(replace(event, outcome="done", after=done.resource_version))
        except (InputError, ConfigurationError) as error:
            self._end(str(error), UNUSABLE)
        except UserError as error:
            portal.record(replace(event, outcome="refused", reason=error.reason))
            self._end(f"{error.message} {error.fix}", REFUSED)
        except ClusterError as error:
            status = _status(error)
            outcome = "unknown" if status == UNKNOWN else "failed"
            portal.record(replace(event, outcome=outcome, reason=error.reason))
            self._end(failure.told(error, settings.ENVIRONMENT, name), status)
        self.stdout.write(
            f"{done.name} was changed." if done.kept_password else f"The credentials of {done.name} were rotated."
        )
        self._warn_of_past(rotation)
        for note in (*done.notes, *(bundle.notes if bundle else ())):
            self.stderr.write(note)

    def _rotate_group(self, portal: Portal, secret: Secret, rotation: Rotation, options: Mapping[str, Any]) -> None:
        """Rotate all with the same credentials, print a line for each, and exit with the worst. Raises the port's errors."""
        check = not options["skip_check"]
        found = group.rotate(portal, secret, rotation, by=_account(), check=check)
        for one in found:
            self.stdout.write(f"{one.name}: {one.result.value}{f'. {one.why}' if one.why else ''}")
            for note in one.notes:
                self.stderr.write(note)
        self._warn_of_past(rotation)
        results = {one.result for one in found}
        if WriteResult.UNKNOWN in results:
            sys.exit(UNKNOWN)
        if results != {WriteResult.WRITTEN}:
            sys.exit(REFUSED)

    def _warn_of_past(self, rotation: Rotation) -> None:
        if trap := validation.check_expiry(_day(rotation.expires_on), datetime.now(UTC)):
            self.stderr.write(f"Warning: {trap.message.partition('.')[0]}.")

    def _end(self, text: str, status: int) -> NoReturn:
        self.stderr.write(f"edrportal: {text}")
        sys.exit(status)


def _refuse_read_only(portal: Portal) -> None:
    if portal.is_read_only:
        raise UserError(permissions.READ_ONLY, permissions.READ_ONLY_FIX)


def _check_settings(options: Mapping[str, Any]) -> None:
    settings.ENVIRONMENT.check_cluster()
    if options["same_as"] and not options["skip_check"]:
        settings.ENVIRONMENT.registry.check()


def _refuse_mixture(options: Mapping[str, Any]) -> None:
    if options["password"]:
        raise InputError(
            "A password in an argument is visible to others and stays in the history of the shell: pass it on standard "
            "input with --password-stdin."
        )
    if bool(options["name"]) == bool(options["same_as"]):
        raise InputError("Name one destination, or give --same-as NAME, not both.")
    if options["same_as"] and (options["bundle"] is not None or options["remove_bundle"]):
        raise InputError("With --same-as, the certificates stay as they are: leave out --bundle and --remove-bundle.")
    if options["skip_check"] and not options["same_as"]:
        raise InputError("--skip-check is for --same-as: NAME alone is rotated without a check.")


def _status(error: ClusterError) -> int:
    if isinstance(error, Unknown | Ambiguous):
        return UNKNOWN
    return REFUSED if isinstance(error, Conflict | Invalid | NotFound) else UNUSABLE


def _password(options: Mapping[str, Any]) -> str:
    if not options["password_stdin"] and options["password"] is None:
        raise InputError("Pass the password on standard input with --password-stdin.")
    # One more than the longest with its line break.
    raw = without_line_break(read_secret(_MAX_PASSWORD + 3, "Type the new password."))
    if not raw:
        raise InputError("There is no password on standard input. Check that the command before the pipe succeeded.")
    if len(raw) > _MAX_PASSWORD:
        raise InputError("The password is longer than 64 KiB.")
    try:
        password = raw.decode()
    except UnicodeDecodeError:
        raise InputError("The password on standard input is not valid UTF-8.") from None
    if password != password.strip():
        raise InputError(
            "The password has leading or trailing spaces, or more than one line break after it. Remove them, or "
            "use the form, which lets you keep them."
        )
    if trap := validation.check_password(password, choice=""):
        raise InputError(trap.message)
    return password


def _username(options: Mapping[str, Any], secret: Secret) -> str:
    stored = docker_config.stored_credentials(secret)
    username = options["username"] if options["username"] is not None else stored.username if stored else ""
    if not username:
        raise InputError("Give the user name with --username: the stored one cannot be read.")
    if trap := validation.check_username(username):
        raise InputError(trap.message)
    return str(username)


def _check_account(options: Mapping[str, Any], username: str, password: str, host: str) -> None:
    """Refuse what the form would ask about, unless it is confirmed."""
    odd = next(validation.check_credentials(username, password, host, now=datetime.now(UTC)), None)
    if odd and not options["credentials_confirmed"]:
        raise InputError(
            f"{odd.message.partition(' If it is correct')[0]} If it is correct, add --credentials-confirmed."
        )


def _bundle(options: Mapping[str, Any]) -> Bundle | None:
    if options["bundle"] is None:
        return Bundle((), ()) if options["remove_bundle"] else None
    if options["remove_bundle"]:
        raise InputError("Use either --bundle or --remove-bundle, not both.")
    try:
        with Path(options["bundle"]).open("rb") as file:
            raw = file.read(certificates.MAX_BUNDLE_BYTES + 1)
    except (OSError, ValueError):
        raise InputError("The file for --bundle cannot be read.") from None
    bundle = certificates.read_new_bundle(raw, datetime.now(UTC))
    for problem in bundle.problems:
        raise InputError(f"The file for --bundle: {problem.message} {problem.fix}")
    return bundle


def _expiry(options: Mapping[str, Any], secret: Secret) -> str:
    """Return the stated end, or the stored one where it is still ahead: an old date says nothing of a new password."""
    stated = options["expires_on"]
    if stated is None:
        return lasting_expiry(secret, datetime.now(UTC))
    try:
        return date.fromisoformat(stated).isoformat() if stated else ""
    except ValueError:
        raise InputError("Write --expires-on as YYYY-MM-DD.") from None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _account() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return "somebody"
