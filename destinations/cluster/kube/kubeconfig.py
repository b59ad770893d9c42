"""The token that calls are made with, and of a pod: in a file that Kubernetes replaces while the portal runs."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import yaml
from kubernetes import client
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger

from destinations.cluster.port import NO_CONFIGURATION, NO_CREDENTIAL, Unreachable

LIFE_SECONDS = 60.0


class Token(ABC):
    """Where a configuration of the client takes its token from, before each call."""

    def attach(self, configuration: Any) -> None:
        configuration.refresh_api_key_hook = self.refresh
        self.refresh(configuration)

    @abstractmethod
    def refresh(self, configuration: Any) -> None:
        """Give the configuration the token; the client asks before each call."""

    @abstractmethod
    def read(self) -> None:
        """Look for a newer token; without one it stays as it is."""


class TokenFile(Token):
    """Read again once a minute, and when the API server refuses the token. Safe for threads, and for clocks that jump."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._token = ""
        self._read_at: float | None = None

    def refresh(self, configuration: Any) -> None:
        if self._read_at is None or self._clock() - self._read_at >= LIFE_SECONDS:
            self.read()
        _set_token(configuration, self._token)

    def read(self) -> None:
        """Read the file; one that cannot be read, or is being replaced, leaves the token as it was."""
        try:
            token = self._path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return
        if token:
            self._token, self._read_at = token, self._clock()


_USUAL = "~/.kube/config"
_UNUSABLE = (ConfigException, OSError, ValueError, TypeError, LookupError, AttributeError, yaml.YAMLError)
"""What the client raises for a kubeconfig that is missing, malformed, or has no such context."""
_AGAIN_SECONDS = 5.0
"""A refused token is asked for again at most once in so many seconds: a plugin may take its time, and cost something."""


def configure(file: str | None, context: str, configuration: client.Configuration) -> KubeconfigToken:
    """Set the client's configuration from a kubeconfig and return its token; None is KUBECONFIG or the usual place.

    Calls go through a proxy only where the kubeconfig's own `proxy-url` says so. Raises Unreachable: with
    NO_CONFIGURATION where none can be used, with NO_CREDENTIAL where its plugin (`exec`) gives nothing.
    """
    configuration.proxy = None  # the client would take HTTPS_PROXY, and ask there for the cluster
    token = KubeconfigToken(lambda: _load(file, context))
    token.load().take_over(configuration)
    return token


@dataclass(frozen=True, slots=True)
class ContextTarget:
    """The context of a kubeconfig and its API server (scheme, host and port alone), fit for a terminal."""

    context: str
    server: str


def find_target(context: str) -> ContextTarget:
    """Return what KUBECONFIG, or the file in the usual place, points to; no plugin runs and nothing is connected to.

    Raises Unreachable with NO_CONFIGURATION where there is no such context, or it names no API server.
    """
    found: ContextTarget | None = None
    with suppress(*_UNUSABLE):
        loader: Any = _loader(None, context)
        server = urlsplit(str(loader._cluster["server"]))  # noqa: SLF001 - no other way to ask
        name, port = server.hostname or "", f":{server.port}" if server.port else ""
        host = f"[{name}]" if ":" in name else name
        if server.scheme and host:
            found = ContextTarget(
                _printable(str(loader.current_context["name"])), f"{server.scheme}://{_printable(host)}{port}"
            )
    if not found:  # raised here, without the client's words and frames
        raise Unreachable(NO_CONFIGURATION)
    return found


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in text)


class KubeconfigToken(Token):
    """The token of a kubeconfig's user, of a file or a plugin: asked for again when it ends or is refused.

    That is at most once in five seconds.
    """

    def __init__(self, load: Callable[[], _Loaded], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._load, self._clock = load, clock
        self._lock = Lock()
        self._loaded: _Loaded | None = None
        self._at = 0.0

    def load(self) -> _Loaded:
        """Read the kubeconfig and what it names. Raises Unreachable."""
        self._loaded, self._at = self._load(), self._clock()
        return self._loaded

    def refresh(self, configuration: Any) -> None:
        """Give the configuration the token, a new one where the plugin said when this one ends."""
        if self._loaded:
            self._loaded.refresh()
            _set_token(configuration, self._loaded.token)

    def read(self) -> None:
        """Read everything again, unless that was a moment ago; what fails leaves the token as it was."""
        with self._lock:
            if self._clock() - self._at < _AGAIN_SECONDS:
                return
            self._at = self._clock()
            try:
                self._loaded = self._load()
            except Unreachable:
                return


class _Loaded:
    def __init__(self, loader: KubeConfigLoader) -> None:
        self._configuration = client.Configuration()
        self._configuration.proxy = None
        loader.load_and_set(self._configuration)  # type: ignore[no-untyped-call]
        self._refresh: Callable[[client.Configuration], object] | None = self._configuration.refresh_api_key_hook

    def refresh(self) -> None:
        if self._refresh:
            self._refresh(self._configuration)

    @property
    def token(self) -> str:
        """What goes into the header after `Bearer`; an editor leaves a line break at the end of a file."""
        return str(self._configuration.api_key.get("BearerToken") or "").removeprefix("Bearer ").strip()

    @property
    def has_credential(self) -> bool:
        return bool(self.token or self._configuration.cert_file)

    def take_over(self, configuration: client.Configuration) -> None:
        """Copy address, trust and credentials."""
        for name in ("host", "ssl_ca_cert", "cert_file", "key_file", "verify_ssl", "tls_server_name", "proxy"):
            setattr(configuration, name, getattr(self._configuration, name))
        _set_token(configuration, self.token)


def _set_token(configuration: Any, token: str) -> None:
    if token:
        configuration.api_key["BearerToken"] = f"Bearer {token}"


def _load(file: str | None, context: str) -> _Loaded:
    reason = ""
    try:
        loader = _loader(file, context)
        loaded = _Loaded(loader)
        if not loaded.has_credential and loader._user and "exec" in loader._user:  # noqa: SLF001 - no other way to ask
            reason = NO_CREDENTIAL
    except _UNUSABLE:
        reason = NO_CONFIGURATION
    if reason:  # raised here, without the client's words and frames
        raise Unreachable(reason)
    return loaded


def _loader(file: str | None, context: str) -> KubeConfigLoader:
    """Read a kubeconfig and choose its context; raises what `_UNUSABLE` lists."""
    merged = KubeConfigMerger(_files(file)).config  # type: ignore[no-untyped-call]
    return KubeConfigLoader(merged, active_context=context or None, config_base_path=None)  # type: ignore[no-untyped-call]


def _files(file: str | None) -> str:
    """Return the kubeconfigs that hold something, joined: kubectl passes over empty ones. Raises OSError and YAMLError."""
    stated = file or os.environ.get("KUBECONFIG") or _USUAL
    paths = [Path(path).expanduser() for path in stated.split(os.pathsep) if path]
    return os.pathsep.join(
        str(path) for path in paths if path.is_file() and yaml.safe_load(path.read_text(encoding="utf-8")) is not None
    )
