"""`manage.py verdict`: what Epinio will do with the destinations in these manifests. Needs no cluster, no settings."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from destinations import names
from destinations.management.terminal import TerminalCommand
from destinations.model import EpinioVersion, InputError, Judgement, Secret, Snapshot, Verdict
from destinations.names import CONFIG_KEY
from destinations.overview import rows
from destinations.overview.text import plain, render
from destinations.secret import codec as secrets
from destinations.secret import manifests
from destinations.secret import placeholders as unresolved

_STANDARD_INPUT = "-"
_DEFAULT_NAMESPACE = "epinio"
_NOT_ALL_GOOD, _UNUSABLE, _NOTHING_JUDGED = 1, 2, 3
_GIT_CRYPT = b"\x00GITCRYPT\x00"
_MAX_CONFIG_BYTES = 256 * 1024


class Command(TerminalCommand):
    help = "Predict from manifests what Epinio will do with each export destination."
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own declaration

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="*", metavar="FILE", help="manifest files; - or none: standard input")
        parser.add_argument("--namespace", help="the namespace to judge (default: EDRPORTAL_NAMESPACE, or epinio)")
        parser.add_argument(
            "-A", "--all-namespaces", action="store_true", help="judge every namespace, each separately"
        )
        parser.add_argument("--epinio-version", metavar="X.Y.Z", help="the Epinio version whose rules apply")
        parser.add_argument("--fail-on", choices=[Verdict.AT_RISK.value], help="exit with 1 for these, too")
        parser.add_argument(
            "--allow-empty", action="store_true", help="exit with 0, not 3, if there is nothing to judge"
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Print the verdicts. Exits 0; 1 for a destination that is not accepted; 2 for unusable input; 3 for none to judge."""
        try:
            judgements = self._judge(options)
        except InputError as error:
            self.stderr.write(f"edrportal: {error}")
            sys.exit(_UNUSABLE)
        if options["format"] == "json":
            self.stdout.write(json.dumps([rows.row(one) for one in judgements], indent=1, ensure_ascii=True))
        elif text := render(judgements, colour=self.is_colored(options)):
            self.stdout.write(text)
        good = {Verdict.ACCEPTED} if options["fail_on"] else {Verdict.ACCEPTED, Verdict.AT_RISK}
        if any(one.verdict not in good for one in judgements):
            sys.exit(_NOT_ALL_GOOD)
        if not judgements:
            self.stderr.write(
                f"No export destination to judge: no Secret with the label {names.REGISTRY_LABEL} was read"
            )
            if not options["allow_empty"]:
                sys.exit(_NOTHING_JUDGED)

    def _judge(self, options: Mapping[str, Any]) -> list[Judgement]:
        everywhere, chosen = options["all_namespaces"], options["namespace"]
        if everywhere and chosen is not None:
            raise InputError("use either -A or --namespace, not both")
        default = (
            _DEFAULT_NAMESPACE if everywhere else chosen or os.environ.get("EDRPORTAL_NAMESPACE") or _DEFAULT_NAMESPACE
        )
        version = self._version(options["epinio_version"])
        read = self._read(options["files"] or [_STANDARD_INPUT], default)
        if not everywhere:
            ignored = sum(len(found) for namespace, found in read.secrets.items() if namespace != default)
            if ignored:
                self.stderr.write(f"{ignored} Secrets of other namespaces than {default} ignored")
        now = datetime.now(UTC)
        return [
            judgement
            for namespace in sorted(read.secrets if everywhere else {default})
            for judgement in rows.judge_namespace(Snapshot.of(self._resolved(read, namespace), now, version))
        ]

    def _resolved(self, read: _Input, namespace: str) -> Iterator[Secret]:
        """Yield the namespace's Secrets but for destinations whose certificate Secret is not in the input as it will be."""
        secrets_here = read.secrets.get(namespace, {})
        missing = read.unresolved[namespace] - secrets_here.keys()
        for secret in secrets_here.values():
            certs = secrets.certs_name(secret)
            if names.REGISTRY_LABEL in secret.labels and certs in missing:
                self.stderr.write(
                    f"Secret {secret.name!a} refers to the certificate Secret {certs!a}, so it is not judged, either"
                )
            else:
                yield secret

    def _version(self, text: str | None) -> EpinioVersion | None:
        version = EpinioVersion.parse(text) if text else None
        if text and version is None:
            self.stderr.write(f"Epinio version {text!a} is not valid: judged by the newest rules")
        return version

    def _read(self, files: Iterable[str], default: str) -> _Input:
        read = _Input()
        for file in files:
            name = "standard input" if file == _STANDARD_INPUT else file
            text = ""
            if file == _STANDARD_INPUT and sys.stdin.isatty():
                self.stderr.write("Reading manifests from standard input: end with Ctrl-D, or name files.")
            try:
                text = _text_of(file)
                if encrypted := unresolved.whole_file(text):
                    self.stderr.write(f"{plain(name)} is encrypted with {encrypted}; it is not judged")
                    continue
                for document in manifests.documents(text):
                    self._take(document, default, read)
            except InputError as error:
                hint = "; it looks like a template: render it first" if "{{" in text else ""
                raise InputError(f"{plain(name)}: {error}{hint}") from None
        return read

    def _take(self, document: Mapping[str, Any], default: str, read: _Input) -> None:
        if reason := unresolved.reason(document):
            metadata = document.get("metadata")
            metadata = metadata if isinstance(metadata, dict) else {}
            what = f"{document.get('kind') or 'A document'} {metadata.get('name', '')!a}".removesuffix(" ''")
            self.stderr.write(f"{what} {reason}; it is not judged")
            read.unresolved[str(metadata.get("namespace") or default)] |= unresolved.secret_names(document)
            return
        secret = manifests.secret_of(document, namespace=default)
        if secret is None:
            return
        if len(secret.data.get(CONFIG_KEY, b"")) > _MAX_CONFIG_BYTES:
            raise InputError(
                f"the configuration of Secret {secret.name!a} is larger than {_MAX_CONFIG_BYTES // 1024} KiB; "
                "leave only one registry in it"
            )
        if secret.name in read.secrets[secret.namespace]:
            raise InputError(f"Secret {secret.name!a} appears twice")
        read.secrets[secret.namespace][secret.name] = secret


@dataclass(frozen=True, slots=True)
class _Input:
    """The Secrets that were read, by namespace and name, and the names of those that tools or controllers make."""

    secrets: dict[str, dict[str, Secret]] = field(default_factory=lambda: defaultdict(dict))
    unresolved: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def _text_of(file: str) -> str:
    try:
        if file == _STANDARD_INPUT:
            raw = sys.stdin.buffer.read()
        else:
            with open(file, "rb") as opened:  # noqa: PTH123 - a plain name from the command line
                raw = opened.read()
        if raw.startswith(_GIT_CRYPT):
            raise InputError("it is encrypted with git-crypt: unlock the repository first (git-crypt unlock)")
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise InputError(error.strerror or "cannot be read") from None
    except UnicodeDecodeError:
        raise InputError("it is not valid UTF-8 text") from None
