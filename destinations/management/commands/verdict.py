"""`manage.py verdict`: what Epinio will do with the destinations in these manifests. Needs no cluster, no settings."""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from destinations import manifests, rows
from destinations.acceptance.version import EpinioVersion
from destinations.manifests import UnusableInput
from destinations.model import Verdict
from destinations.verdict_text import render

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable, Mapping

    from destinations.model import Judgement, Secret

_STANDARD_INPUT = "-"
_DEFAULT_NAMESPACE = "epinio"
_NOT_ALL_GOOD, _UNUSABLE = 1, 2


class Command(BaseCommand):
    """Judge destinations offline."""

    help = "Says what Epinio will do with the export destinations in these manifests."
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own declaration

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the command line."""
        parser.add_argument("files", nargs="*", metavar="FILE", help="manifests; - or none: standard input")
        parser.add_argument("--namespace", help="the namespace to judge (EDRPORTAL_NAMESPACE, else epinio)")
        parser.add_argument("-A", "--all-namespaces", action="store_true", help="judge each namespace on its own")
        parser.add_argument("--epinio-version", metavar="X.Y.Z", help="judge by the rules of this version")
        parser.add_argument("--fail-on", choices=[Verdict.AT_RISK.value], help="exit 1 for these, too")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Print the verdicts; exits 0, 1 or 2 as the help of the portal says."""
        try:
            judgements = self._judge(options)
        except UnusableInput as error:
            self.stderr.write(f"edrportal: {error}")
            sys.exit(_UNUSABLE)
        if options["format"] == "json":
            self.stdout.write(json.dumps([rows.row(one) for one in judgements], indent=1, ensure_ascii=True))
        elif text := render(judgements, colour=self.stdout.isatty()):
            self.stdout.write(text)
        good = {Verdict.ACCEPTED} if options["fail_on"] else {Verdict.ACCEPTED, Verdict.AT_RISK}
        if any(one.verdict not in good for one in judgements):
            sys.exit(_NOT_ALL_GOOD)

    def _judge(self, options: Mapping[str, Any]) -> list[Judgement]:
        everywhere, chosen = options["all_namespaces"], options["namespace"]
        if everywhere and chosen is not None:
            raise UnusableInput("-A and --namespace exclude each other")
        default = (
            _DEFAULT_NAMESPACE if everywhere else chosen or os.environ.get("EDRPORTAL_NAMESPACE") or _DEFAULT_NAMESPACE
        )
        version = self._version(options["epinio_version"])
        by_namespace = self._read(options["files"] or [_STANDARD_INPUT], default)
        if not everywhere:
            ignored = sum(len(found) for namespace, found in by_namespace.items() if namespace != default)
            if ignored:
                self.stderr.write(f"{ignored} Secrets of other namespaces than {default} ignored")
            by_namespace = {default: by_namespace.get(default, {})}
        now = datetime.now(UTC)
        return [
            judgement
            for namespace in sorted(by_namespace)
            for judgement in rows.judge_namespace(by_namespace[namespace].values(), now=now, version=version)
        ]

    def _version(self, text: str | None) -> EpinioVersion | None:
        version = EpinioVersion.parse(text) if text else None
        if text and version is None:
            self.stderr.write(f"Epinio version {text!a} is not understood: judged by the newest rules")
        return version

    def _read(self, files: Iterable[str], default: str) -> dict[str, dict[str, Secret]]:
        found: dict[str, dict[str, Secret]] = defaultdict(dict)
        for file in files:
            try:
                for document in manifests.documents(_text_of(file)):
                    self._take(document, default, found)
            except UnusableInput as error:
                name = "standard input" if file == _STANDARD_INPUT else file
                raise UnusableInput(f"{name}: {error}") from None
        return found

    def _take(self, document: Mapping[str, Any], default: str, found: dict[str, dict[str, Secret]]) -> None:
        if manifests.is_foreign(document):
            metadata = document.get("metadata")
            name = metadata.get("name", "") if isinstance(metadata, dict) else ""
            self.stderr.write(f"{document['kind']} {name!a}: the Secret that it makes is not known here and not judged")
        secret = manifests.secret_of(document, namespace=default)
        if secret is None:
            return
        if secret.name in found[secret.namespace]:
            raise UnusableInput(f"Secret {secret.name!a} stands there twice")
        found[secret.namespace][secret.name] = secret


def _text_of(file: str) -> str:
    try:
        if file == _STANDARD_INPUT:
            raw = sys.stdin.buffer.read()
        else:
            with open(file, "rb") as opened:  # noqa: PTH123 - a plain name from the command line
                raw = opened.read()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise UnusableInput(error.strerror or "cannot be read") from None
    except UnicodeDecodeError:
        raise UnusableInput("it is no text in UTF-8") from None
