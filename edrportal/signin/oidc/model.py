"""The values of the sign-in with an OpenID provider."""

from __future__ import annotations

from dataclasses import dataclass, field

SCOPES = "openid profile email groups federated:id"
"""What Dex takes and Epinio asks for; others refuse what they do not know (RFC 6749, 3.3)."""


@dataclass(frozen=True, slots=True)
class Provider:
    """How the provider is reached, and as whom.

    `issuer` is what tokens name and where browsers go; `endpoint` is where the portal itself asks (empty: the issuer),
    such as the service of Dex inside the cluster, by `proxy` where there is one. `ca_file` names a PEM file for both
    (empty: the public CAs). An empty `client_secret` makes the portal a public client, which PKCE alone protects.
    """

    issuer: str
    endpoint: str
    client_id: str
    client_secret: str = field(repr=False)
    ca_file: str = ""
    redirect_uri: str = ""
    scopes: str = SCOPES
    proxy: str = ""

    @property
    def back_channel(self) -> str:
        """The address that the portal itself asks, without a slash at its end."""
        return (self.endpoint or self.issuer).rstrip("/")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in, as the provider says; the e-mail address is verified. `name` and `connector_id` may be empty.

    `groups_left_out`: the provider says that there are groups which it did not put into the token, for its size.
    """

    subject: str
    email: str
    name: str
    connector_id: str
    groups: tuple[str, ...]
    groups_left_out: bool = False


@dataclass(frozen=True, slots=True)
class Started:
    """Where to send the browser, and what a signed cookie has to keep until it comes back: state, nonce, code_verifier."""

    url: str = field(repr=False)
    kept: dict[str, str] = field(repr=False)
