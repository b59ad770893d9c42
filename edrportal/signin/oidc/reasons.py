"""Why a single sign-on did not work: for each reason what to say and what to do, fit for a page."""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    message: str
    fix: str


class OidcTrouble(Exception):
    """What went wrong, and what to do; never a code, a token, a secret or the provider's own words."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    @property
    def reason(self) -> Reason:
        return Reason(self.message, self.fix)


_AGAIN = "Start the sign-in again from the portal's own page"
_ADDRESSES = "EDRPORTAL_OIDC_ISSUER and EDRPORTAL_OIDC_ENDPOINT, or issuer and endpoint in dex-config"
_IF_IT_LASTS = "If it persists, an administrator"

# the way to the provider
DOWN = Reason(
    "The single sign-on provider does not answer.",
    f"Try again in a moment. {_IF_IT_LASTS} checks that it runs, and the addresses in {_ADDRESSES}.",
)
PROXY = Reason(
    "The proxy to the single sign-on provider rejected the connection.",
    f"Try again in a moment. {_IF_IT_LASTS} checks EDRPORTAL_OIDC_PROXY, and what the proxy allows.",
)
SLOW = Reason(
    "The single sign-on provider timed out.",
    f"Try again in a moment. {_IF_IT_LASTS} checks the provider's load, and the network to it.",
)
UNTRUSTED = Reason(
    "The portal does not trust the provider's certificate.",
    "An administrator gives the portal the CA that issued it (EDRPORTAL_OIDC_CA_FILE), and checks the "
    "certificate's dates and names.",
)
NO_TLS = Reason(
    "The single sign-on provider offers no TLS that the portal accepts.",
    f"An administrator enables TLS 1.2 or newer there, or checks whether {_ADDRESSES}, must begin with http://.",
)
CA_FILE = Reason(
    "The file with the provider's CA cannot be used.",
    "An administrator sets EDRPORTAL_OIDC_CA_FILE to a readable file with certificates in PEM form.",
)
ADDRESS = Reason(
    "The single sign-on provider URL is not valid.",
    f"An administrator corrects {_ADDRESSES}: they begin with https:// or http://.",
)
REDIRECTS = Reason(
    "The single sign-on provider redirects the portal to another address, which the portal does not follow.",
    f"An administrator sets {_ADDRESSES}, to the address that answers without a redirect.",
)
TOO_LARGE = Reason(
    "The single sign-on provider's answer is larger than 256 KiB.",
    f"An administrator checks that {_ADDRESSES}, lead to an OpenID provider, and whether you are in thousands of "
    "groups.",
)
FAILING = Reason(
    "The single sign-on provider returned an internal error.",
    f"Try again in a moment. {_IF_IT_LASTS} checks the provider's log, and the addresses in {_ADDRESSES}.",
)

# the provider's discovery
NO_DISCOVERY = Reason(
    "The single sign-on provider does not answer like an OpenID provider.",
    f"An administrator sets {_ADDRESSES}, to the address below which /.well-known/openid-configuration is found.",
)
OTHER_ISSUER = Reason(
    "The provider has another name (issuer) than the portal expects.",
    "An administrator sets EDRPORTAL_OIDC_ISSUER to exactly what the provider states, including the last slash, "
    "or corrects dex-config.",
)
ELSEWHERE = Reason(
    "The single sign-on provider refers to addresses that are not its own.",
    f"An administrator compares the addresses in its discovery document with {_ADDRESSES}.",
)
NO_KEYS = Reason(
    "The single sign-on provider publishes no key that the portal can use.",
    "An administrator checks the keys at jwks_uri of its discovery document: RSA with at least 2048 bits or EC "
    "is required.",
)

# the browser's way back
LOST = Reason("The sign-in took longer than ten minutes, or cookies are disabled.", f"{_AGAIN}.")
WRONG_STATE = Reason(
    "The provider's answer does not belong to a sign-in that started here.",
    f"{_AGAIN}, and finish it in one window. If you started none, close this page.",
)
DENIED = Reason("The provider rejected your sign-in, or you canceled it.", f"{_AGAIN}.")
REFUSED = Reason(
    "The provider rejected the sign-in.",
    f"{_AGAIN}. {_IF_IT_LASTS} finds the reason in the provider's log.",
)
NO_CODE = Reason("The provider returned no usable code.", f"{_AGAIN}.")
USED_CODE = Reason(
    "The provider's code has expired or was already used.", f"{_AGAIN}. Reloading the page does not help."
)
UNKNOWN_CLIENT = Reason(
    "The provider does not recognize the portal: its client ID or secret does not match.",
    "An administrator adds the portal to Dex's staticClients, which an update of Epinio can remove, and compares "
    "EDRPORTAL_OIDC_CLIENT_ID and EDRPORTAL_OIDC_CLIENT_SECRET.",
)
NO_TOKEN = Reason(
    "The provider returned no usable answer.",
    f"{_AGAIN}. {_IF_IT_LASTS} checks the provider's log.",
)

# the ID token
_PROOF = "The provider's ID token"
FORGED = Reason(
    f"{_PROOF} is not valid: its signature or its form is wrong.",
    f"{_AGAIN}. {_IF_IT_LASTS} checks that both of {_ADDRESSES}, lead to the same provider.",
)
OTHER_SIGN_IN = Reason(f"{_PROOF} belongs to another sign-in.", f"{_AGAIN}.")
OTHER_CLIENT = Reason(
    f"{_PROOF} was issued for another application.",
    "An administrator compares EDRPORTAL_OIDC_CLIENT_ID with the id in Dex's staticClients.",
)
CLOCK = Reason(
    f"{_PROOF} has expired, or is not valid yet.",
    f"{_AGAIN}. {_IF_IT_LASTS} synchronizes the clocks of the portal and the provider, which may differ by a minute.",
)
NO_EMAIL = Reason(
    "The provider returned no usable email address, which Epinio needs to identify you.", "Ask the provider's operator."
)
NO_ADDRESS = Reason(
    "The provider returned an email address that is not valid, and Epinio would take you for a user of that name.",
    "An administrator makes the provider put an address such as ann@example.com into the claim email. In Dex's "
    "LDAP connector, emailAttr must be an attribute with addresses (mail, not uid).",
)
UNVERIFIED = Reason(
    "The provider has not verified your email address, and Epinio would take you for the person who has it.",
    "Verify it there, then sign in again.",
)
NOT_STATED = Reason(
    "The provider does not state whether your email address is verified, and Epinio would take you for the "
    "person who has it.",
    "An administrator makes the provider send the claim email_verified (a mapper or an optional claim), or puts "
    "Dex in between: its connectors for such providers have a setting such as insecureSkipEmailVerified.",
)
PASSWORD_USER = Reason(
    "An Epinio user with your address signs in with a password, and this portal keeps the two apart.",
    "Sign in with that user's name and password, or ask an administrator about EDRPORTAL_OIDC_REFUSE_PASSWORD_USERS.",
)
BAD_GROUPS = Reason(
    "The provider's list of your groups cannot be read.",
    "An administrator makes the provider send groups as a list of strings, and connector_id in federated_claims "
    "as a string.",
)
GROUPS_LEFT_OUT = Reason(
    "The provider left out your groups, because there are too many for one token, and your roles depend on them.",
    "An administrator limits the groups that the provider sends, for example to those assigned to the portal "
    "(Entra ID: Token configuration, groups assigned to the application).",
)
