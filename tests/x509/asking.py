"""Asks Go itself, and the portal, what they make of a certificate."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from destinations.golang import gox509
from destinations.golang.gostrings import GoError
from tests.services.parts import X509, Missing, program

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Answers:
    """The version of Go, and its message for each certificate, empty where it takes it."""

    version: str
    messages: list[str]


def go_says(certificates: Sequence[bytes]) -> Answers:
    """Return what Go's crypto/x509 makes of these, in DER."""
    try:
        judge = program(X509)
    except Missing as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
    lines = b"".join(b64encode(der) + b"\n" for der in certificates)
    version, *messages = map(json.loads, subprocess.check_output([judge], input=lines).splitlines())
    return Answers(version, messages)


def portal_says(der: bytes) -> str:
    """Return the message of the portal's own reading, empty where it takes the certificate."""
    try:
        gox509.parse_certificate(der)
    except GoError as error:
        return str(error)
    return ""


def is_of_the_version(go: str, portal: str) -> bool:
    """Say whether two answers differ because Go does: this one may be newer than the 1.25.0 that the portal follows.

    From 1.25.2 on a constraint may not be a single dot; from 1.26 on a point off its curve has other words, not another verdict.
    """
    dot = go.startswith("x509: failed to parse") and go.endswith('constraint "."')
    point = portal == "x509: failed to unmarshal elliptic curve point" and bool(go) and not go.startswith("x509: ")
    return dot or point
