"""A Service of the cluster that the portal asks through the API server: the one of a sealed-secrets controller."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_CERTIFICATE_BYTES = 64 * 1024
"""A controller's answer has one certificate, of about 2 KiB."""
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""A DNS label (RFC 1123)."""
_PORT = re.compile(r"[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?")
"""The name of a port (IANA_SVC_NAME), or a number."""


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """A Service: its namespace, its name, and its port by name or number, empty for a port without a name."""

    namespace: str
    name: str
    port: str = ""

    @classmethod
    def parse(cls, text: str) -> ServiceAddress | None:
        """Return what `NAMESPACE/NAME` or `NAMESPACE/NAME:PORT` says, None for any other text."""
        namespace, slash, rest = text.partition("/")
        name, colon, port = rest.partition(":")
        if not slash or not _LABEL.fullmatch(namespace) or not _LABEL.fullmatch(name):
            return None
        return None if colon and not _PORT.fullmatch(port) else cls(namespace, name, port)

    def __str__(self) -> str:
        """Return the text that `parse` reads."""
        return f"{self.namespace}/{self.name}{self.port and ':'}{self.port}"

    @property
    def proxied(self) -> str:
        """What the API server's proxy calls it, also in a Role: with plain HTTP, which is all that the controller speaks."""
        return f"http:{self.name}:{self.port}"
