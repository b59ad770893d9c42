"""The settings from the environment: `EDRPORTAL_…`, with a `…_FILE` twin for the secret one."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

MIN_KEY_LENGTH = 32
_CLUSTERS = {"kubernetes", "memory"}
_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class ConfigurationError(ValueError):
    """A setting that the server cannot start with; the text names the variable and never its value."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment says, unchecked until `check`."""

    secret_key: str = field(repr=False)
    cluster: str
    namespace: str
    kube_context: str
    installation_name: str
    epinio_version: str
    public_url: str
    allow_remote: bool

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Environment:
        """Read the variables; anything may be missing. Raises ConfigurationError for a file that cannot be read."""
        return cls(
            secret_key=_secret(variables, "EDRPORTAL_SECRET_KEY"),
            cluster=variables.get("EDRPORTAL_CLUSTER") or "kubernetes",
            namespace=variables.get("EDRPORTAL_NAMESPACE") or _pod_namespace() or "epinio",
            kube_context=variables.get("EDRPORTAL_KUBE_CONTEXT", ""),
            installation_name=variables.get("EDRPORTAL_INSTALLATION_NAME", ""),
            epinio_version=variables.get("EDRPORTAL_EPINIO_VERSION", ""),
            public_url=variables.get("EDRPORTAL_PUBLIC_URL", "").rstrip("/"),
            allow_remote=variables.get("EDRPORTAL_ALLOW_UNAUTHENTICATED") == "true",
        )

    @property
    def public_host(self) -> str:
        """The host of the public URL, or an empty text."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the portal over TLS."""
        return self.public_url.startswith("https://")

    def check(self) -> None:
        """Raise ConfigurationError for what a server must not start with."""
        if len(self.secret_key) < MIN_KEY_LENGTH:
            raise ConfigurationError(
                f"EDRPORTAL_SECRET_KEY (or EDRPORTAL_SECRET_KEY_FILE) needs at least {MIN_KEY_LENGTH} characters"
            )
        if self.cluster not in _CLUSTERS:
            raise ConfigurationError("EDRPORTAL_CLUSTER is kubernetes or memory")
        if self.public_url and (not self.public_url.startswith(("http://", "https://")) or not self.public_host):
            raise ConfigurationError("EDRPORTAL_PUBLIC_URL is no http:// or https:// address")

    def check_address(self, host: str) -> None:
        """Raise ConfigurationError for an address that others reach: there is no sign-in yet."""
        try:
            local = host == "localhost" or ip_address(host).is_loopback
        except ValueError:
            local = False
        if not local and not self.allow_remote:
            raise ConfigurationError(
                f"{host} is no loopback address, and everybody who reaches the portal could change credentials; "
                "put it behind your own sign-in and set EDRPORTAL_ALLOW_UNAUTHENTICATED=true"
            )


def _secret(variables: Mapping[str, str], name: str) -> str:
    if path := variables.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise ConfigurationError(f"{name}_FILE cannot be read") from None
    return variables.get(name, "")


def _pod_namespace() -> str:
    try:
        return _POD_NAMESPACE.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
