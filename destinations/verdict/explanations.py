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
        self.exact = exact and "\ufffd" not in (error or "")  # Epinio's has the bytes that were there


LABEL_MISSING = Advice(
    "The Secret has no export registry label, so Epinio does not treat it as a destination.",
    'Set the label epinio.io/api-export-registry to "true".',
)
LABEL_FALSE = Advice(
    'The destination is disabled: its label has the value "false", and Epinio only lists "true".',
    'Enable it: set the label epinio.io/api-export-registry to "true".',
)
LABEL_OTHER = Advice(
    'The value of the export registry label is not exactly "true", so Epinio hides the destination and refuses its name.',
    'Set the label epinio.io/api-export-registry to "true", in lowercase.',
)
NO_ORGANIZATION = Advice(
    "The Secret does not name the organization at the registry to push to.",
    "Add the annotation epinio.io/registry-namespace with the organization.",
)
NO_CONFIG = Advice(
    "The Secret has no credentials in the form that Epinio reads.",
    "Store them under the key .dockerconfigjson, as docker login writes them.",
)
NOT_JSON = Advice(
    "The content of .dockerconfigjson is not valid JSON.",
    'Rewrite it as {"auths": {"HOST": {"auth": …, "username": …, "password": …}}}.',
)
TWICE_ENCODED = Advice(
    "The content of .dockerconfigjson is a configuration that was base64-encoded once too often.",
    "Repair the destination, or store the configuration under stringData, or under data encoded once.",
)
NOT_SECTIONS = Advice(
    "Next to auths there is a value that is not an object, such as credsStore, so Epinio rejects the whole file.",
    "Remove everything except auths from .dockerconfigjson.",
)
NOT_STRINGS = Advice(
    "A value in .dockerconfigjson has a type that the export does not accept: every entry of every section must "
    "be an object, with auth, username, and password as strings.",
    "Remove everything except auths, and write auth, username, and password as strings in quotes.",
)
HUGE_NUMBER = Advice(
    "A number in .dockerconfigjson is too large for the listing, so Epinio hides the destination.",
    "Remove everything except auth, username, and password from the entry.",
)
NO_AUTHS = Advice(
    "The content of .dockerconfigjson has no section auths, so there is no registry to push to.",
    "Put the host and its credentials under auths, in lowercase.",
)
SEVERAL_HOSTS = Advice(
    "The section auths has several registries, and Epinio accepts exactly one per destination.",
    "Keep one host, and create a destination for each of the others.",
)
NO_HOST = Advice(
    "The section auths is empty, so there is no registry to push to.",
    "Add the registry's host and its credentials.",
)
BAD_URL = Advice(
    "Host and organization do not form an address that Epinio can read.",
    "Write the host as HOST or HOST:PORT, without a scheme, a path, or spaces, and the organization as a plain path.",
)
NO_URL_HOST = Advice(
    "The address formed from host and organization has no host.",
    "Write the host as HOST or HOST:PORT, and the organization without a scheme.",
)
CERTS_MISSING = Advice(
    "The certificate Secret that the key certs refers to does not exist; spaces and line breaks in the name count.",
    "Create that Secret with the key tls.crt, correct the name, or remove the key certs.",
)
CERTS_BAD_NAME = Advice(
    "The name under the key certs cannot be the name of a Secret.",
    "Correct the name under the key certs, or remove that key.",
)
CERTS_NO_KEY = Advice(
    "The certificate Secret exists, but it has no key tls.crt.",
    "Store the CA certificates as PEM under the key tls.crt of that Secret.",
)
NO_CERTIFICATE = Advice(
    "The key tls.crt has no certificate that Helm can read, so Epinio's server panics and reports only "
    '"something bad happened".',
    "Store at least one PEM block BEGIN CERTIFICATE, without indentation, headers, or a byte order mark.",
)
BAD_LOGIN_HOST = Advice(
    "Helm does not accept this host as the name of a registry.",
    "Write the host as HOST or HOST:PORT.",
)
UNREACHABLE_HOST = Advice(
    "No connection to this host is possible: its port is above 65535, or a bracket or a label in its name is invalid.",
    "Write the host as HOST or HOST:PORT, with a port from 1 to 65535.",
)
NO_LOGIN = Advice(
    "There is no user name and no password for Helm's login, or no login at this host is possible.",
    "Store username and password, and auth as base64 of user:password. Write the host as HOST or HOST:PORT.",
)
HALF_LOGIN = Advice(
    "The user name or the password for Helm's login is empty.",
    "Store both username and password, and auth as base64 of user:password.",
)
COLON_IN_USER = Advice(
    "Helm rejects a user name with a colon.",
    "Use a user name without a colon. Some registries offer a robot account instead.",
)
BAD_CHART = Advice(
    "Helm cannot push a chart to the reference formed from host and organization.",
    "Use lowercase letters, digits, and single separators (. _ - /) in the organization, and HOST or HOST:PORT "
    "for the host.",
)
OTHER_LOGIN = Advice(
    "The chart would go to another host than the one that Helm logged in to, without credentials.",
    "Write the host as HOST or HOST:PORT, without a scheme.",
)
BAD_IMAGE = Advice(
    "Skopeo cannot push an image to the reference formed from host and organization. The chart is already pushed "
    "by then.",
    "Use an organization in lowercase without empty parts, and HOST or HOST:PORT for the host, without a scheme.",
)
BAD_AUTH_FILE = Advice(
    "Skopeo cannot read the credentials, so the image push fails after the chart push.",
    "Write auth as base64 of user:password, and remove everything except username and password next to it from "
    ".dockerconfigjson.",
)
ANONYMOUS = Advice(
    "Skopeo finds no credentials for this host in the field auth, so it would push the image anonymously, after "
    "the chart push.",
    "Store auth as base64 of user:password, with the host written exactly as HOST or HOST:PORT.",
)
OTHER_REGISTRY = Advice(
    "Skopeo reads the host differently than Helm, so the image would go to another registry than the chart.",
    "Write the registry's full name, with a dot or a port, such as harbor.example.com or harbor:443.",
)


def of_no_json(content: bytes) -> Advice:
    """Return why a content is not JSON: it may have been encoded once too often."""
    return TWICE_ENCODED if suspects.decode_layers(content.decode("utf-8", "replace"))[1] else NOT_JSON
