"""A sealed-secrets controller in the tests: its key, and the real kubeseal that unseals with it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.services.parts import KUBESEAL, Missing, Part, program

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes


@dataclass(frozen=True, slots=True)
class Controller:
    """A key and its certificate, both in PEM."""

    certificate: bytes
    key: bytes

    @classmethod
    def make(cls, *, days: int = 900, curve: bool = False, bits: int = 2048) -> Controller:
        key: CertificateIssuerPrivateKeyTypes
        key = ec.generate_private_key(ec.SECP256R1()) if curve else rsa.generate_private_key(65537, bits)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sealed-secret")])
        now = datetime.now(UTC)
        made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(days=400)).not_valid_after(now + timedelta(days=days))
        pem = serialization.Encoding.PEM
        plain = serialization.NoEncryption()
        return cls(
            made.sign(key, hashes.SHA256()).public_bytes(pem),
            key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, plain),
        )

    def unseal(self, text: str, directory: Path) -> list[dict[str, Any]]:
        """Return every Secret of a file as kubeseal unseals it. Raises CalledProcessError where it does not."""
        key = directory / "recovery.key"
        key.write_bytes(self.key)
        command = [real(KUBESEAL), "--recovery-unseal", "--recovery-private-key", str(key)]
        documents = [one for one in re.split(r"(?m)^---\n", text) if yaml.safe_load(one)]  # it reads the first one only
        return [json.loads(subprocess.check_output(command, input=one.encode())) for one in documents]


def real(part: Part) -> str:
    try:
        return str(program(part))
    except Missing as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
