"""What a stage of a live check means and what to do about it: one plain sentence each, for the person at 2 a.m. Pure.

A sentence is filled from what the stage knows; `[…]` in it goes where that is missing, so that it reads well without.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from destinations.livecheck.registry.port import Code, Outcome, Side, StageResult, Step
from destinations.model import Advice
from destinations.secret.masking import masked

STEPS: Mapping[Step, str] = {
    Step.SECRETS: "Secrets",
    Step.RESOLVE: "Name",
    Step.CONNECT: "Connection",
    Step.TLS: "TLS",
    Step.REGISTRY: "Registry",
    Step.LOGIN: "Login",
    Step.PUSH: "Push",
}
NOT_TESTED = (
    "Another pod: Epinio's server and the export job have their own network, proxy and CAs.",
    "Immutable tags: every default export pushes chart 0.0.0, and where tags are immutable the second one is refused.",
    "Quota: whether there is room for the layers.",
    "What Epinio's server remembers: the trust and the login of earlier exports count until it restarts.",
    (
        "Where the registry says that an upload goes on, unless one was opened: behind a proxy that does not tell it of "
        "https, Helm stops there."
    ),
)
MAY_REMAIN = (
    "The check logs in with the stored credentials and asks for the right to push; it writes no chart and no image. "
    "Where neither a token nor the answer to an upload that never was tells of the right, an empty upload is opened and "
    "cancelled at once; what cannot be cancelled is told. One that was being opened when the time was over may stay, too. "
    "A registry removes both by itself after some days. Its own log names the account and the portal's address."
)
UNSEEN = "Other replicas and other people do not see this result: the cluster did not let the portal keep it."

_CERTIFICATES = "Give the CA's certificate as the CA bundle: Edit, CA certificates."
_ROTATE = "Make a new password or token at the registry, and rotate the credentials here."
_LATER = "Try again in a few minutes; ask who runs the registry if it lasts."
_NETWORK = "Ask who runs the registry whether it is up, and who runs the network whether the portal may reach it."

_SAID: Mapping[Code, Advice] = {
    Code.READY: Advice("The Secrets name a registry, an account and a repository for {who}.", ""),
    Code.NO_TARGET: Advice(
        "The Secrets alone end it for {who}, before a registry is asked.", "Export status says where, and what to do."
    ),
    Code.RESOLVED: Advice("The host[ {host}] resolves[ to {address}].", ""),
    Code.NO_SUCH_NAME: Advice(
        "The host[ {host}] has no address in the portal's DNS.",
        "Check the host for a typing error, then ask who runs the DNS of the cluster.",
    ),
    Code.BAD_HOST: Advice(
        "The host[ {host}] is nothing that can be looked up.", "Edit the host: HOST or HOST:PORT, nothing else."
    ),
    Code.ADDRESS_REFUSED: Advice(
        "The portal does not connect to this address[, {address}]: it belongs to no registry by its settings.",
        "If the registry is there, an administrator adds its network to EDRPORTAL_REGISTRY_NETWORKS, and takes it out of "
        "EDRPORTAL_CLUSTER_NETWORKS where that holds it; if it is near the API server's address, the services' range goes there.",
    ),
    Code.MIXED_ADDRESSES: Advice(
        "The host[ {host}] has private and public addresses, and the portal connects to no host that has both.",
        "Edit the host: use a name that leads to one kind of address only, or the address itself.",
    ),
    Code.PORT_REFUSED: Advice(
        "The portal does not connect to this port.",
        "If the registry listens there, an administrator adds the port to EDRPORTAL_REGISTRY_PORTS.",
    ),
    Code.CONNECTED: Advice("Something listens there[, at {address}].", ""),
    Code.NO_CONNECTION: Advice("Nothing accepts a connection there[, at {address}].", _NETWORK),
    Code.TRUSTED: Advice("{who} {trust} the certificate[; {tls}].", ""),
    Code.UNKNOWN_AUTHORITY: Advice(
        "{who} {trust} no CA that signed the certificate of[ {host}]{the registry}[; missing is {missing}].",
        _CERTIFICATES,
    ),
    Code.NAME_MISMATCH: Advice(
        "The certificate[ of {subject}] is for other names than[ {host}]{the host}.",
        "Use a host that stands in the certificate, or have it issued for this one.",
    ),
    Code.COMMON_NAME_ONLY: Advice(
        "The certificate names the host in its common name only, which Go does not look at.",
        "Have it issued anew with the host as a subject alternative name.",
    ),
    Code.EXPIRED: Advice(
        "A certificate has expired[: {subject}].",
        "Have it renewed; if it stands in the CA bundle, replace it there, too.",
    ),
    Code.NOT_YET_VALID: Advice(
        "A certificate is not valid yet[: {subject}].", "Check the clocks; else have it issued with an earlier begin."
    ),
    Code.BAD_CERTIFICATE: Advice(
        "The registry presents a certificate that Go does not take[: {subject}].",
        "Have it issued anew, by today's rules: a key of 2048 bits at least, SHA-256, usable for a server.",
    ),
    Code.OLD_TLS: Advice(
        "The registry speaks no TLS that Helm and skopeo accept[: {tls}]; both want 1.2 at least.",
        "Have TLS 1.2 or newer switched on there.",
    ),
    Code.PLAIN_HTTP: Advice(
        "The port speaks plain HTTP, and {who} {push} over TLS only. No password was sent.",
        "Use the registry's TLS port, or have TLS set up in front of it.",
    ),
    Code.NO_TLS: Advice(
        "What listens there ends the connection before TLS is agreed on.", "Check the port; is it the registry's?"
    ),
    Code.WANTS_BASIC: Advice("It is a registry, and it takes user name and password directly (Basic).", ""),
    Code.WANTS_TOKEN: Advice("It is a registry, and it takes tokens[ of {realm}].", ""),
    Code.WANTS_NOTHING: Advice("It is a registry, and it asks nobody who they are at first.", ""),
    Code.WANTS_OTHER: Advice(
        "It is a registry, and it wants an authentication that {who} {know} not.",
        "Have Basic or token authentication switched on for the account.",
    ),
    Code.NOT_A_REGISTRY: Advice(
        "What answers there is no registry[ (status {status} for /v2/)].",
        "Check host and port: the web page of a registry often has another address than the registry itself.",
    ),
    Code.REDIRECTS: Advice(
        "The registry redirects to another address[ (status {status})]; the check follows no redirect.",
        "Use the address that it redirects to as the host.",
    ),
    Code.TOO_MANY_REQUESTS: Advice(
        "The registry wants fewer requests[ (status {status})]: it said nothing more.",
        "Wait a few minutes before the next check or export.",
    ),
    Code.SERVER_ERROR: Advice("The registry has an error of its own[ (status {status})].", _LATER),
    Code.BAD_ANSWER: Advice(
        "The answer[, status {status},] makes no sense for a registry.",
        "Check host and port; is there a proxy that answers for it?",
    ),
    Code.REALM_REFUSED: Advice(
        "The registry sends to a token service[, {realm},] that {who} {use} no password for: no https, or another site.",
        "Have the address of the token service corrected in the registry's configuration.",
    ),
    Code.LOGGED_IN: Advice("The registry takes the credentials of {who}.", ""),
    Code.NOT_CHECKED: Advice(
        "Reachable, credentials not checked: the registry asked nobody for any at this point.",
        "Nothing to do if the right to push is proven below; else look at the account in the registry.",
    ),
    Code.NO_CREDENTIALS: Advice(
        "The registry wants credentials, and there are none that {who} {find}.",
        "Rotate the credentials: that writes all fields that Helm and skopeo read.",
    ),
    Code.HALF_CREDENTIALS: Advice(
        "{who} {find} only one of user name and password.", "Rotate the credentials: type both."
    ),
    Code.WRONG_CREDENTIALS: Advice(
        "The registry refuses the user name or the password that {who} {find}.",
        f"Check the account for a typing error, an end date or a lock. {_ROTATE}",
    ),
    Code.TOKEN_SERVICE_FAILS: Advice("The registry's token service gave no token[ (status {status})].", _LATER),
    Code.MAY_PUSH: Advice("{who} may push to {repository}.", ""),
    Code.MAY_PUSH_ANONYMOUSLY: Advice(
        "Anybody may push to {repository}, without credentials.",
        "It works; ask who runs the registry whether that is meant to be so.",
    ),
    Code.MAY_NOT_PUSH: Advice(
        "The account may not push to {repository}.",
        "Give it the right to push and pull there, and check the organization for a typing error.",
    ),
    Code.NO_REPOSITORY: Advice(
        "There is no repository {repository}, and this registry (like Amazon ECR) wants it created before the push.",
        "Create it in the registry, for every application that is exported.",
    ),
    Code.WOULD_CREATE: Advice(
        "The repository {repository} does not exist, and asking for the right to push could create it, as in Quay. So it was "
        "not asked, and nobody knows.",
        "Check with an application that was exported before, or create the repository first.",
    ),
    Code.CREATOR_FAILS: Advice(
        "The repository {repository} does not exist, and {who} cannot create it as this account: the first look is with a token "
        "for pull alone, which the registry refused (Quay refuses it to a Creator).",
        "Create both repositories first, for every application that is exported, or make the robot's team an admin.",
    ),
    Code.UPLOAD_ELSEWHERE: Advice(
        "The registry began an upload to {repository} at another site, where the check does not follow.",
        "An export follows it. If one fails there, have the registry's external address corrected.",
    ),
    Code.UPLOAD_LEFT: Advice(
        "{who} may push to {repository}. The empty upload that proved it could not be cancelled and was left behind.",
        "Nothing to do: the registry removes it by itself after some days.",
    ),
    Code.OUT_OF_TIME: Advice(
        "There was no answer within the ten seconds of the check; an export waits longer.", _LATER
    ),
    Code.NOT_REACHED: Advice("Not reached: an earlier stage ended it.", ""),
    Code.NO_REGISTRY: Advice(
        "The check found no registry that it may use at this host within its ten seconds.",
        "Check host, port and CA certificates. An administrator sees the details on this page.",
    ),
}
_UNSURE: Mapping[Code, Advice] = {
    Code.TOKEN_SERVICE_FAILS: Advice(
        "The registry's token service gave no token, or the check does not go there, so nothing more is known.",
        "Ask an administrator to check: they see the details, and their check goes to more token services.",
    ),
    Code.NO_CONNECTION: Advice(
        "Nothing accepts a connection at the first address of the host[, {address}]. An export tries its other addresses, too; "
        "this check tries one.",
        _NETWORK,
    ),
    Code.PLAIN_HTTP: Advice(
        "The port speaks plain HTTP. Helm before Epinio 1.14.1 falls back to it; the check sends no password that way, so "
        "nothing more is known.",
        "Use the registry's TLS port, or have TLS set up in front of it.",
    ),
    Code.REALM_REFUSED: Advice(
        "The registry sends to a token service[, {realm},] to which the portal sends no password, so nothing more is known.",
        "If that service is right, an administrator checks; if that ends here, too, they allow its network and port in the "
        "portal's settings.",
    ),
}
_ONE = {"who": "Helm", "trust": "trusts", "push": "pushes", "know": "knows", "find": "finds", "use": "uses"}
_WHO: Mapping[Side, Mapping[str, str]] = {
    Side.CHART: _ONE,
    Side.IMAGE: {**_ONE, "who": "skopeo"},
    Side.BOTH: {key: "Helm and skopeo" if key == "who" else key for key in _ONE},
}
_OPTIONAL = re.compile(r"\[([^\[\]]*)\](?:\{([^{}]*)\})?")
_KEY = re.compile(r"\{(\w+)\}")
_MAX = 300


def said(stage: StageResult) -> Advice:
    """Return what a stage means and what to do; the second is empty where nothing has to be done."""
    found = (stage.ok is None and _UNSURE.get(stage.code)) or _SAID[stage.code]
    if stage.code is Code.NO_TARGET and stage.detail.get("message"):
        return Advice(masked(stage.detail["message"]), masked(stage.detail.get("fix", "")))
    message = masked(_filled(found.message, stage))
    return Advice(message[:1].upper() + message[1:] if stage.side is Side.BOTH else message, found.fix)


def _filled(text: str, stage: StageResult) -> str:
    """Fill in a sentence; a part in brackets whose key is not known goes, or becomes what stands in braces after it."""
    known = {"repository": "the repository", **_WHO[stage.side]}
    known |= {key: value if len(value) <= _MAX else f"{value[:_MAX]}…" for key, value in stage.detail.items() if value}

    def part(match: re.Match[str]) -> str:
        inner = match[1]
        if all(key in known for key in _KEY.findall(inner)):
            return inner
        return f" {match[2]}" if match[2] else ""

    return _KEY.sub(lambda match: known[match[1]], _OPTIONAL.sub(part, text))


def headline(chart: Outcome, image: Outcome) -> str:
    """Return the result of a check in one sentence, never rounded up."""
    return _HEADLINES[chart, image]


_HEADLINES: Mapping[tuple[Outcome, Outcome], str] = {
    (Outcome.PASS, Outcome.PASS): "An export would pass: chart and image may be pushed.",
    (Outcome.PASS, Outcome.FAIL): "The chart would pass, the image would fail.",
    (Outcome.PASS, Outcome.UNKNOWN): "The chart would pass; of the image nobody can know from here.",
    (Outcome.FAIL, Outcome.PASS): "The chart would fail, though the image could be pushed.",
    (Outcome.FAIL, Outcome.FAIL): "An export would fail.",
    (Outcome.FAIL, Outcome.UNKNOWN): "The chart would fail; of the image nobody can know from here.",
    (Outcome.UNKNOWN, Outcome.PASS): "The image would pass; of the chart nobody can know from here.",
    (Outcome.UNKNOWN, Outcome.FAIL): "The image would fail; of the chart nobody can know from here.",
    (Outcome.UNKNOWN, Outcome.UNKNOWN): "Not everything could be proven: nobody can know from here.",
}
