"""The settings from the environment: `EDRPORTAL_…`, with a `…_FILE` twin for each secret one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from destinations.cluster.limits import is_dns_label
from destinations.cluster.services import ServiceAddress
from edrportal.configuration import public_url
from edrportal.configuration.registry import RegistryEnvironment
from edrportal.configuration.variables import MAX_PORT, ConfigurationError, number, secret

__all__ = ["ConfigurationError", "Environment", "OidcEnvironment", "RegistryEnvironment", "WebhookEnvironment"]

MIN_KEY_LENGTH = 32
NO_KEY = "only-for-commands-that-sign-nothing"
"""Stands for a missing key, which a server does not start with."""
_CLUSTERS = {"kubernetes", "memory"}
_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, slots=True)
class OidcEnvironment:
    """Single sign-on: the portal's own client, and where it differs from Epinio's `dex-config` the provider.

    Off without a client id. `connector` stands for the connector of a provider that names none; empty `scopes` are
    those that Dex takes. With `refuses_password_users` nobody becomes an Epinio user that has a password.
    """

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    issuer: str = ""
    endpoint: str = ""
    ca_file: str = ""
    connector: str = ""
    label: str = ""
    scopes: str = ""
    proxy: str = ""
    refuses_password_users: bool = False

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> OidcEnvironment:
        return cls(
            client_id=variables.get("EDRPORTAL_OIDC_CLIENT_ID", ""),
            client_secret=secret(variables, "EDRPORTAL_OIDC_CLIENT_SECRET"),
            issuer=variables.get("EDRPORTAL_OIDC_ISSUER", ""),
            endpoint=variables.get("EDRPORTAL_OIDC_ENDPOINT", ""),
            ca_file=variables.get("EDRPORTAL_OIDC_CA_FILE", ""),
            connector=variables.get("EDRPORTAL_OIDC_CONNECTOR", ""),
            label=variables.get("EDRPORTAL_OIDC_LABEL", ""),
            scopes=" ".join(variables.get("EDRPORTAL_OIDC_SCOPES", "").split()),
            proxy=variables.get("EDRPORTAL_OIDC_PROXY", "").strip(),
            refuses_password_users=variables.get("EDRPORTAL_OIDC_REFUSE_PASSWORD_USERS") == "true",
        )


@dataclass(frozen=True, slots=True)
class WebhookEnvironment:
    port: int = 0
    certificate_file: str = ""
    key_file: str = ""

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> WebhookEnvironment:
        return cls(
            port=number(variables, "EDRPORTAL_WEBHOOK_PORT", 0),
            certificate_file=variables.get("EDRPORTAL_WEBHOOK_CERTIFICATE_FILE", ""),
            key_file=variables.get("EDRPORTAL_WEBHOOK_KEY_FILE", ""),
        )

    def check(self) -> None:
        if not 0 <= self.port <= MAX_PORT:
            raise ConfigurationError("EDRPORTAL_WEBHOOK_PORT must be a port number, or 0 to disable it")
        if self.port and not (self.certificate_file and self.key_file):
            raise ConfigurationError(
                "EDRPORTAL_WEBHOOK_PORT requires EDRPORTAL_WEBHOOK_CERTIFICATE_FILE and "
                "EDRPORTAL_WEBHOOK_KEY_FILE: the API server connects with TLS only"
            )


@dataclass(frozen=True, slots=True)
class Environment:
    secret_key: str = field(repr=False)
    cluster: str
    namespace: str
    kube_context: str
    installation_name: str
    epinio_version: str
    public_url: str
    allow_plain_http: bool
    secret_key_fallbacks: tuple[str, ...] = field(default=(), repr=False)
    idle_minutes: int = 15
    session_hours: int = 8
    proxy_hops: int = 0
    kubernetes_events: bool = False
    metrics_port: int = 0
    metrics_names: bool = False
    read_only: bool = False
    live_pages: int = 50
    sealed_secrets_controller: str = ""
    webhook: WebhookEnvironment = field(default_factory=WebhookEnvironment)
    oidc: OidcEnvironment = field(default_factory=OidcEnvironment)
    registry: RegistryEnvironment = field(default_factory=RegistryEnvironment)

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Environment:
        """Raise ConfigurationError for a file that cannot be read."""
        return cls(
            secret_key=secret(variables, "EDRPORTAL_SECRET_KEY"),
            cluster=variables.get("EDRPORTAL_CLUSTER") or "kubernetes",
            namespace=variables.get("EDRPORTAL_NAMESPACE") or _pod_namespace() or "epinio",
            kube_context=variables.get("EDRPORTAL_KUBE_CONTEXT", ""),
            installation_name=variables.get("EDRPORTAL_INSTALLATION_NAME", ""),
            epinio_version=variables.get("EDRPORTAL_EPINIO_VERSION", ""),
            public_url=public_url.normalize(variables.get("EDRPORTAL_PUBLIC_URL", "")),
            allow_plain_http=variables.get("EDRPORTAL_ALLOW_PLAIN_HTTP") == "true",
            secret_key_fallbacks=tuple(secret(variables, "EDRPORTAL_SECRET_KEY_FALLBACKS").split()),
            idle_minutes=number(variables, "EDRPORTAL_SESSION_IDLE_MINUTES", 15),
            session_hours=number(variables, "EDRPORTAL_SESSION_HOURS", 8),
            proxy_hops=number(variables, "EDRPORTAL_PROXY_HOPS", 0),
            metrics_port=number(variables, "EDRPORTAL_METRICS_PORT", 0),
            metrics_names=variables.get("EDRPORTAL_METRICS_NAMES") == "true",
            kubernetes_events=variables.get("EDRPORTAL_KUBERNETES_EVENTS") == "true",
            read_only=variables.get("EDRPORTAL_READ_ONLY") == "true",
            live_pages=number(variables, "EDRPORTAL_LIVE_PAGES", 50),
            sealed_secrets_controller=variables.get("EDRPORTAL_SEALED_SECRETS_CONTROLLER", "").strip(),
            webhook=WebhookEnvironment.read(variables),
            oidc=OidcEnvironment.read(variables),
            registry=RegistryEnvironment.read(variables),
        )

    @property
    def sealing_controller(self) -> ServiceAddress | None:
        """The Service of the sealed-secrets controller, None where none is stated."""
        return ServiceAddress.parse(self.sealed_secrets_controller)

    @property
    def public_host(self) -> str:
        return public_url.host(self.public_url)

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def is_in_clear(self) -> bool:
        """Whether browsers come from elsewhere without TLS and no setting allows that: then nobody signs in."""
        return bool(self.public_host) and not (self.is_https or self.allow_plain_http or is_local(self.public_host))

    def check(self) -> None:
        """Raise ConfigurationError for what a server must not start with."""
        if len(self.secret_key) < MIN_KEY_LENGTH:
            raise ConfigurationError(
                f"EDRPORTAL_SECRET_KEY (or EDRPORTAL_SECRET_KEY_FILE) needs at least {MIN_KEY_LENGTH} characters"
            )
        self.check_cluster()
        if self.public_url and (fault := public_url.fault(self.public_url)):
            raise ConfigurationError(f"EDRPORTAL_PUBLIC_URL {fault}")
        if any(len(key) < MIN_KEY_LENGTH for key in self.secret_key_fallbacks):
            raise ConfigurationError(
                f"EDRPORTAL_SECRET_KEY_FALLBACKS contains a key with less than {MIN_KEY_LENGTH} characters"
            )
        self._check_numbers()
        if self.read_only and self.registry.check_interval_minutes:
            raise ConfigurationError(
                "use either EDRPORTAL_READ_ONLY or EDRPORTAL_CHECK_INTERVAL_MINUTES, not both: a check stores "
                "its result"
            )
        if self.sealed_secrets_controller and self.sealing_controller is None:
            raise ConfigurationError(
                "EDRPORTAL_SEALED_SECRETS_CONTROLLER must be the namespace and the name of a Service, such as "
                "kube-system/sealed-secrets-controller, with the port if it has a name (kube-system/sealed-secrets:http)"
            )
        if self.oidc.client_id and not self.public_url:
            raise ConfigurationError(
                "EDRPORTAL_OIDC_CLIENT_ID requires EDRPORTAL_PUBLIC_URL, to which the provider redirects"
            )
        if self.oidc.proxy and (fault := public_url.fault(self.oidc.proxy)):
            raise ConfigurationError(f"EDRPORTAL_OIDC_PROXY {fault}; write it like http://proxy.example.com:3128")
        if self.oidc.scopes and "openid" not in self.oidc.scopes.split():
            raise ConfigurationError(
                "EDRPORTAL_OIDC_SCOPES must contain openid: without it, the provider does not return who signed in"
            )
        self.webhook.check()
        self.registry.check()

    def check_cluster(self) -> None:
        """Raise ConfigurationError for what leads no command and no server to a namespace of a cluster."""
        if self.cluster not in _CLUSTERS:
            raise ConfigurationError("EDRPORTAL_CLUSTER must be kubernetes or memory")
        if not is_dns_label(self.namespace):
            raise ConfigurationError("EDRPORTAL_NAMESPACE must be the name of a namespace, such as epinio")

    def _check_numbers(self) -> None:
        for name, stated, least in (
            ("EDRPORTAL_SESSION_IDLE_MINUTES", self.idle_minutes, 1),
            ("EDRPORTAL_SESSION_HOURS", self.session_hours, 1),
            ("EDRPORTAL_PROXY_HOPS", self.proxy_hops, 0),
            ("EDRPORTAL_LIVE_PAGES", self.live_pages, 0),
        ):
            if stated < least:
                raise ConfigurationError(f"{name} must be a whole number, at least {least}")
        if not 0 <= self.metrics_port <= MAX_PORT:
            raise ConfigurationError("EDRPORTAL_METRICS_PORT must be a port number, or 0 to disable it")

    def check_address(self, host: str) -> None:
        """Raise ConfigurationError for an address that others reach where that is not safe.

        Passwords would travel in clear, or people elsewhere could have this machine's own ports asked. A public
        address that is plain http is no error: the sign-in refuses everyone, and says why.
        """
        local = is_local(host)
        if not local and self.registry.loopback:
            raise ConfigurationError(
                f"EDRPORTAL_REGISTRY_LOOPBACK is for the demo and for tests, and {host} is not a loopback "
                "address: unset it"
            )
        if not local and not self.public_host and not self.allow_plain_http:
            raise ConfigurationError(
                f"{host} is not a loopback address, so passwords would be sent in plain text: put the portal "
                "behind TLS and set EDRPORTAL_PUBLIC_URL=https://…, or set EDRPORTAL_ALLOW_PLAIN_HTTP=true"
            )


def is_local(host: str) -> bool:
    """Return whether only this machine answers to that name or address."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _pod_namespace() -> str:
    try:
        return _POD_NAMESPACE.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
