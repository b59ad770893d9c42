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


_AGAIN = "Start the sign-in once more from the portal's own page"
_ADDRESSES = "EDRPORTAL_OIDC_ISSUER and EDRPORTAL_OIDC_ENDPOINT, or issuer and endpoint in dex-config"
_IF_IT_LASTS = "If it lasts, an administrator"

# the way to the provider
DOWN = Reason(
    "The provider of the single sign-on does not answer.",
    f"Try again in a moment. {_IF_IT_LASTS} sees whether it runs, and where {_ADDRESSES}, lead to.",
)
PROXY = Reason(
    "The proxy to the provider of the single sign-on does not let the portal through.",
    f"Try again in a moment. {_IF_IT_LASTS} looks at EDRPORTAL_OIDC_PROXY, and at what the proxy allows.",
)
SLOW = Reason(
    "The provider of the single sign-on does not answer in time.",
    f"Try again in a moment. {_IF_IT_LASTS} looks at what keeps it busy, and at the network to it.",
)
UNTRUSTED = Reason(
    "The portal does not trust the provider's certificate.",
    "An administrator gives the portal the CA that issued it (EDRPORTAL_OIDC_CA_FILE), and sees that the certificate is "
    "in date and bears the name of the address.",
)
NO_TLS = Reason(
    "The provider of the single sign-on does not speak TLS as the portal does.",
    f"An administrator sees whether {_ADDRESSES}, have to begin with http://, or allows TLS 1.2 or newer there.",
)
CA_FILE = Reason(
    "The file with the provider's CA cannot be used.",
    "An administrator names a file in EDRPORTAL_OIDC_CA_FILE that the portal can read, with certificates in PEM form.",
)
ADDRESS = Reason(
    "The address of the single sign-on's provider is none.",
    f"An administrator mends {_ADDRESSES}: they begin with https:// or http://.",
)
REDIRECTS = Reason(
    "The provider of the single sign-on sends the portal elsewhere, and the portal does not follow.",
    f"An administrator sets {_ADDRESSES}, to the address that answers by itself.",
)
TOO_LARGE = Reason(
    "The provider of the single sign-on answers with more than 256 KiB.",
    f"An administrator sees whether {_ADDRESSES}, lead to an OpenID provider, and whether you are in thousands of groups.",
)
FAILING = Reason(
    "The provider of the single sign-on reports an error of its own.",
    f"Try again in a moment. {_IF_IT_LASTS} looks at the provider's log, and where {_ADDRESSES}, lead to.",
)

# what the provider says about itself
NO_DISCOVERY = Reason(
    "The provider of the single sign-on answers, but not as an OpenID provider does.",
    f"An administrator sets {_ADDRESSES}, to the address below which /.well-known/openid-configuration is found.",
)
OTHER_ISSUER = Reason(
    "The provider calls itself by another name (issuer) than the portal expects.",
    "An administrator sets EDRPORTAL_OIDC_ISSUER to exactly what the provider states, to the last slash, or mends dex-config.",
)
ELSEWHERE = Reason(
    "The provider of the single sign-on names addresses that are not its own.",
    f"An administrator compares the addresses in its discovery document with {_ADDRESSES}.",
)
NO_KEYS = Reason(
    "The provider of the single sign-on publishes no key that the portal can use.",
    "An administrator looks at what its discovery document names under jwks_uri: RSA from 2048 bits or EC is needed.",
)

# the browser's way back
LOST = Reason("The sign-in took longer than ten minutes, or cookies are off.", f"{_AGAIN}.")
WRONG_STATE = Reason(
    "This answer of the provider does not belong to a sign-in that began here.",
    f"{_AGAIN}, and finish it in one window; if you began none, close this page.",
)
DENIED = Reason("The provider did not let you in, or you stopped there.", f"{_AGAIN}.")
REFUSED = Reason(
    "The provider refused the sign-in.",
    f"{_AGAIN}. {_IF_IT_LASTS} finds the reason in the provider's log.",
)
NO_CODE = Reason("The provider sent no code that can be used.", f"{_AGAIN}.")
USED_CODE = Reason(
    "The provider's code was used already, or it is too old.", f"{_AGAIN}; to reload the page does not help."
)
UNKNOWN_CLIENT = Reason(
    "The provider does not know the portal (invalid client): its client id or secret is another.",
    "An administrator has to add the portal to Dex's staticClients, which an update of Epinio can remove, and to "
    "compare EDRPORTAL_OIDC_CLIENT_ID and EDRPORTAL_OIDC_CLIENT_SECRET.",
)
NO_TOKEN = Reason(
    "The provider gave no usable answer to the portal.",
    f"{_AGAIN}. {_IF_IT_LASTS} looks at the provider's log.",
)

# the ID token
_PROOF = "The provider's proof of who you are"
FORGED = Reason(
    f"{_PROOF} cannot be used: it is not signed and written as it has to be.",
    f"{_AGAIN}. {_IF_IT_LASTS} sees whether both of {_ADDRESSES}, lead to the same provider.",
)
OTHER_SIGN_IN = Reason(f"{_PROOF} is meant for somebody else: it belongs to another sign-in.", f"{_AGAIN}.")
OTHER_CLIENT = Reason(
    f"{_PROOF} is meant for somebody else: it was made for another application.",
    "An administrator compares EDRPORTAL_OIDC_CLIENT_ID with the id in Dex's staticClients.",
)
CLOCK = Reason(
    f"{_PROOF} is too old, or not valid yet.",
    f"{_AGAIN}. {_IF_IT_LASTS} sets the clocks of the portal and the provider: a minute's difference is allowed.",
)
NO_EMAIL = Reason(
    "The provider told no e-mail address that can be used, and Epinio knows people by it.", "Ask who runs the provider."
)
NO_ADDRESS = Reason(
    "What the provider told as your e-mail address is none, and Epinio would take you for whoever is called so.",
    "An administrator has the provider put an address into the claim email, such as ann@example.com: of Dex's LDAP "
    "connector, emailAttr has to name an attribute with addresses (mail, not uid).",
)
UNVERIFIED = Reason(
    "The provider has not verified your e-mail address, and Epinio would take you for whoever has it.",
    "Verify it there, then sign in again.",
)
NOT_STATED = Reason(
    "The provider does not say whether your e-mail address is verified, and Epinio would take you for whoever has it.",
    "An administrator has the provider send the claim email_verified (a mapper or an optional claim there), or puts Dex in "
    "between: its connectors for such providers have a setting for it, such as insecureSkipEmailVerified.",
)
PASSWORD_USER = Reason(
    "There is an Epinio user of your address who signs in with a password, and this portal keeps the two apart.",
    "Sign in with that user's name and password, or ask an administrator: EDRPORTAL_OIDC_REFUSE_PASSWORD_USERS decides that.",
)
BAD_GROUPS = Reason(
    "What the provider tells about your groups cannot be read.",
    "An administrator has it send groups as a list of texts, and connector_id in federated_claims as a text.",
)
GROUPS_LEFT_OUT = Reason(
    "The provider left your groups out, because there are too many for one token, and your roles depend on them.",
    "An administrator limits the groups that the provider sends, such as to those that are assigned to the portal "
    "(Entra ID: Token configuration, groups assigned to the application).",
)
