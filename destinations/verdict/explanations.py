"""What a failing stage means and what to do about it: one plain sentence each, for the person at 2 a.m."""

from __future__ import annotations

from destinations.model import Advice, Why
from destinations.verdict import suspects


class EpinioError(Exception):
    """Epinio, or a tool that it starts, does not take it: an export ends here, or the listing leaves the Secret out.

    `error` is Epinio's message, or None where `why` says it in the portal's terms. `exact` is False where the message
    only says the same as Epinio's: that one holds a path, what a registry answers, or the wording of a Go version.
    """

    def __init__(self, error: str | None, advice: Advice, why: Why | None = None, *, exact: bool = True) -> None:
        super().__init__(error or why)
        self.error = error
        self.advice = advice
        self.why = why
        self.exact = exact and "\ufffd" not in (error or "")  # Epinio's has the bytes that stood there


LABEL_MISSING = Advice(
    "The Secret carries no export registry label, so Epinio does not take it for a destination.",
    'Set the label epinio.io/api-export-registry to "true".',
)
LABEL_FALSE = Advice(
    'The destination is disabled: the value of its label is "false", and Epinio only looks for "true".',
    'Enable it: set the label epinio.io/api-export-registry to "true".',
)
LABEL_OTHER = Advice(
    'The value of the export registry label is not exactly "true", so Epinio hides the destination and refuses its name.',
    'Set the label epinio.io/api-export-registry to "true", in lower case.',
)
NO_ORGANIZATION = Advice(
    "The Secret does not say which organization of the registry to push to.",
    "Add the annotation epinio.io/registry-namespace with the organization.",
)
NO_CONFIG = Advice(
    "The Secret holds no credentials in the form that Epinio reads.",
    "Store them under the key .dockerconfigjson, as `docker login` writes them.",
)
NOT_JSON = Advice(
    "The content of .dockerconfigjson is not valid JSON.",
    'Write it anew: {"auths": {"HOST": {"auth": …, "username": …, "password": …}}}.',
)
TWICE_ENCODED = Advice(
    "The content of .dockerconfigjson is base64 of a configuration: it was encoded once too often.",
    "Repair the destination, or store the configuration under stringData, or under data encoded once.",
)
NOT_SECTIONS = Advice(
    "Beside `auths` stands something that is no object, such as `credsStore`; Epinio then refuses the whole file.",
    "Remove everything from .dockerconfigjson but `auths`.",
)
NOT_STRINGS = Advice(
    "Something in .dockerconfigjson is not what the export expects: every entry of every section has to be an object "
    "whose auth, username and password are text.",
    "Remove everything but `auths`, and write auth, username and password as text in quotes.",
)
HUGE_NUMBER = Advice(
    "A number in .dockerconfigjson is too large for the listing, which therefore hides the destination.",
    "Remove everything from the entry but auth, username and password.",
)
NO_AUTHS = Advice(
    "The content of .dockerconfigjson has no section `auths`, so there is no registry to push to.",
    "Put the host and its credentials under `auths`, spelled in lower case.",
)
SEVERAL_HOSTS = Advice(
    "The section `auths` names several registries, and Epinio takes exactly one for a destination.",
    "Leave one host, and make a destination of its own for each of the others.",
)
NO_HOST = Advice(
    "The section `auths` is empty, so there is no registry to push to.",
    "Add the registry's host with its credentials.",
)
BAD_URL = Advice(
    "Host and organization together are no address that Epinio can read.",
    "Write the host as HOST or HOST:PORT, without scheme, path or blanks, and the organization as a plain path.",
)
NO_URL_HOST = Advice(
    "The address made of host and organization has no host in it.",
    "Write the host as HOST or HOST:PORT, and the organization without a scheme.",
)
CERTS_MISSING = Advice(
    "The certificate secret that the key `certs` names does not exist; blanks and line ends in the name count.",
    "Create that Secret with the key tls.crt, correct the name, or remove the key `certs`.",
)
CERTS_BAD_NAME = Advice(
    "The name under the key `certs` can never be the name of a Secret.",
    "Correct the name under the key `certs`, or remove that key.",
)
CERTS_NO_KEY = Advice(
    "The certificate secret exists but has no key tls.crt.",
    "Store the CA certificates as PEM under the key tls.crt of that Secret.",
)
NO_CERTIFICATE = Advice(
    "Under tls.crt there is no certificate that Helm can read, and Epinio's server panics: the person who exports sees "
    'only "something bad happened".',
    "Store at least one PEM block BEGIN CERTIFICATE, without indentation, headers or a byte order mark.",
)
BAD_LOGIN_HOST = Advice(
    "Helm does not take this host for the name of a registry.",
    "Write the host as HOST or HOST:PORT.",
)
UNREACHABLE_HOST = Advice(
    "No connection can be opened to this host: its port is above 65535, or a bracket or a label in its name is invalid.",
    "Write the host as HOST or HOST:PORT, with a port from 1 to 65535.",
)
NO_LOGIN = Advice(
    "There is neither a user name nor a password for Helm to log in with, or the host cannot be logged in to.",
    "Store username and password, and auth as base64 of user:password; write the host as HOST or HOST:PORT.",
)
HALF_LOGIN = Advice(
    "The user name or the password for Helm's login is empty.",
    "Store both username and password, and auth as base64 of user:password.",
)
COLON_IN_USER = Advice(
    "Helm refuses a user name with a colon.",
    "Use a user name without a colon; some registries offer a robot account instead.",
)
BAD_CHART = Advice(
    "Helm cannot push a chart to the reference made of host and organization.",
    "Use lower-case letters, digits, and single separators (. _ - /) in the organization, and HOST or HOST:PORT for the host.",
)
OTHER_LOGIN = Advice(
    "The chart would go to another host than the one Helm logged in to, without any credentials.",
    "Write the host as HOST or HOST:PORT, without a scheme.",
)
BAD_IMAGE = Advice(
    "Skopeo cannot push an image to the reference made of host and organization; the chart is in the registry by then.",
    "Use an organization in lower case without empty parts, and HOST or HOST:PORT for the host, without a scheme.",
)
BAD_AUTH_FILE = Advice(
    "Skopeo cannot read the credentials, so the image push fails after the chart was pushed.",
    "Write auth as base64 of user:password, and remove everything else from .dockerconfigjson but username and password.",
)
ANONYMOUS = Advice(
    "Skopeo finds no credentials for this host in the field auth, so it would push the image anonymously, after the "
    "chart was pushed.",
    "Store auth as base64 of user:password, under the host exactly as HOST or HOST:PORT.",
)
OTHER_REGISTRY = Advice(
    "Skopeo takes the host for something else than Helm does, so the image would go to another registry than the chart.",
    "Write the registry's full name, with a dot or a port, such as harbor.example.com or harbor:443.",
)


def of_no_json(content: bytes) -> Advice:
    """Return why a content is no JSON: it may have been encoded once too often."""
    return TWICE_ENCODED if suspects.decode_layers(content.decode("utf-8", "replace"))[1] else NOT_JSON
