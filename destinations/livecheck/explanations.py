"""What a stage of a live check means and what to do about it: one plain sentence each, for the person at 2 a.m. Pure.

A sentence is filled from what the stage knows; `[…]` in it goes where that is missing, so that it reads well without.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from destinations.livecheck.registry.port import Code, Outcome, Side, StageResult, Step
from destinations.model import Advice
from destinations.secret.mask import masked

STEPS: Mapping[Step, str] = {
    Step.SECRETS: "Secrets",
    Step.RESOLVE: "DNS",
    Step.CONNECT: "Connection",
    Step.TLS: "TLS",
    Step.REGISTRY: "Registry",
    Step.LOGIN: "Login",
    Step.PUSH: "Push",
}
REACH = "Reach the registry"
"""The stages up to the registry as one, for people who do not learn which of them fails."""
NOT_TESTED = (
    "Epinio's own network: its server and the export job have another network, proxy, and set of CAs than the portal.",
    (
        "Immutable tags: every export pushes chart 0.0.0 by default, and a registry with immutable tags rejects the "
        "second one."
    ),
    "Quota: whether the registry has room for the layers.",
    "What Epinio's server remembers: the CA bundle and the login of earlier exports apply until it restarts.",
    (
        "Upload URLs, unless the check opened an upload: behind a proxy that hides https, the registry may "
        "answer with http://, and Helm stops."
    ),
)
UNSEEN = "Other replicas and other people do not see this result: the cluster did not let the portal store it."

_CERTIFICATES = "Edit the destination, and add the CA's certificate to the CA certificates."
_ROTATE = "Create a new password or token at the registry, and rotate the credentials."
_LATER = "Try again in a few minutes. If it persists, ask the registry's operator."
_NETWORK = "Ask the registry's operator whether it is up, and the network's operator whether the portal may reach it."

_SAID: Mapping[Code, Advice] = {
    Code.READY: Advice("The Secrets contain a registry, an account, and a repository for {who}.", ""),
    Code.NO_TARGET: Advice(
        "The Secrets alone stop it for {who}, before a registry is contacted.",
        "See the export status for the stage and the fix.",
    ),
    Code.RESOLVED: Advice("The host[ {host}] resolves[ to {address}].", ""),
    Code.NO_SUCH_NAME: Advice(
        "The host[ {host}] has no address in the portal's DNS.",
        "Check the host for a typing error, then ask the operator of the cluster's DNS.",
    ),
    Code.BAD_HOST: Advice("The host[ {host}] cannot be looked up.", "Edit the host: write only HOST or HOST:PORT."),
    Code.ADDRESS_REFUSED: Advice(
        "The portal's settings do not allow connections to this address[, {address}].",
        "If it is the registry's, an administrator adds its network to EDRPORTAL_REGISTRY_NETWORKS and removes "
        "it from EDRPORTAL_CLUSTER_NETWORKS. If it is near the API server's address, set "
        "EDRPORTAL_CLUSTER_NETWORKS to the range of the Services.",
    ),
    Code.MIXED_ADDRESSES: Advice(
        "The host[ {host}] has private and public addresses, and the portal does not connect to such a host.",
        "Edit the host: use a name with only one kind of address, or the address itself.",
    ),
    Code.PORT_REFUSED: Advice(
        "The portal's settings do not allow connections to this port.",
        "If the registry listens on it, an administrator adds the port to EDRPORTAL_REGISTRY_PORTS.",
    ),
    Code.CONNECTED: Advice("The connection was accepted[ at {address}].", ""),
    Code.NO_CONNECTION: Advice("No connection was accepted[ at {address}].", _NETWORK),
    Code.TRUSTED: Advice("{who} {trust} the certificate[; {tls}].", ""),
    Code.UNKNOWN_AUTHORITY: Advice(
        "{who} {trust} no CA that signed the certificate of[ {host}]{the registry}[; the missing CA is {missing}].",
        _CERTIFICATES,
    ),
    Code.NAME_MISMATCH: Advice(
        "The certificate[ of {subject}] is not valid for[ {host}]{the host}.",
        "Use a host that is in the certificate, or have the certificate issued for this host.",
    ),
    Code.COMMON_NAME_ONLY: Advice(
        "The certificate has the host in its common name only, which Go ignores.",
        "Have it reissued with the host as a subject alternative name.",
    ),
    Code.EXPIRED: Advice(
        "A certificate has expired[: {subject}].",
        "Have it renewed. If it is in the CA bundle, replace it there, too.",
    ),
    Code.NOT_YET_VALID: Advice(
        "A certificate is not valid yet[: {subject}].",
        "Check the clocks. If they are right, have the certificate reissued with an earlier start date.",
    ),
    Code.BAD_CERTIFICATE: Advice(
        "The registry presents a certificate that Go rejects[: {subject}].",
        "Have it reissued with a key of at least 2048 bits and SHA-256, for use by a server.",
    ),
    Code.OLD_TLS: Advice(
        "The registry offers no TLS that Helm and skopeo accept[: {tls}]; both require TLS 1.2 or newer.",
        "Have TLS 1.2 or newer enabled on the registry.",
    ),
    Code.PLAIN_HTTP: Advice(
        "The port uses plain HTTP, and {who} {push} over TLS only. No password was sent.",
        "Use the registry's TLS port, or have TLS enabled.",
    ),
    Code.NO_TLS: Advice(
        "The server closes the connection before TLS is established.", "Check that the port is the registry's."
    ),
    Code.WANTS_BASIC: Advice("It is a registry, and it accepts user name and password directly (Basic).", ""),
    Code.WANTS_TOKEN: Advice("It is a registry, and it accepts tokens[ of {realm}].", ""),
    Code.WANTS_NOTHING: Advice("It is a registry, and it did not require authentication at first.", ""),
    Code.WANTS_OTHER: Advice(
        "It is a registry, and it requires an authentication scheme that {who} {do} not support.",
        "Have Basic or token authentication enabled for the account.",
    ),
    Code.NOT_A_REGISTRY: Advice(
        "The server is not a registry[ (status {status} for /v2/)].",
        "Check host and port: a registry's web page often has another address than the registry itself.",
    ),
    Code.REDIRECTS: Advice(
        "The registry redirects to another address[ (status {status})], which the check does not follow.",
        "Use the address that it redirects to as the host.",
    ),
    Code.TOO_MANY_REQUESTS: Advice(
        "The registry's rate limiter rejected the check[ (status {status})], so nothing else is known.",
        "Wait a few minutes before the next check or export.",
    ),
    Code.SERVER_ERROR: Advice("The registry returned an internal error[ (status {status})].", _LATER),
    Code.BAD_ANSWER: Advice(
        "The answer[, status {status},] is not one that a registry gives.",
        "Check host and port, and whether a proxy answers instead of the registry.",
    ),
    Code.REALM_REFUSED: Advice(
        "The registry refers to a token service[, {realm},] to which {who} {send} no password: it has no https, "
        "or it is another site.",
        "Have the address of the token service corrected in the registry's configuration.",
    ),
    Code.LOGGED_IN: Advice("The registry accepts the credentials of {who}.", ""),
    Code.NOT_CHECKED: Advice(
        "The registry is reachable, but it did not require credentials at this point, so they were not checked.",
        "Nothing to do if push permission is confirmed below. Otherwise review the account at the registry.",
    ),
    Code.NO_CREDENTIALS: Advice(
        "The registry requires credentials, and {who} {find} none.",
        "Rotate the credentials. This writes every field that Helm and skopeo read.",
    ),
    Code.HALF_CREDENTIALS: Advice(
        "{who} {find} only a user name or only a password.", "Rotate the credentials, and type both."
    ),
    Code.WRONG_CREDENTIALS: Advice(
        "The registry rejected the user name or password that {who} {find}.",
        f"Check the account for a typing error, an expiry date, or a lock. {_ROTATE}",
    ),
    Code.TOKEN_SERVICE_FAILS: Advice("The registry's token service returned no token[ (status {status})].", _LATER),
    Code.MAY_PUSH: Advice("{who} may push to[ {repository}]{the repository}.", ""),
    Code.MAY_PUSH_ANONYMOUSLY: Advice(
        "Anyone may push to[ {repository}]{the repository} without credentials.",
        "Ask the registry's operator whether this is intended.",
    ),
    Code.MAY_NOT_PUSH: Advice(
        "The account may not push to[ {repository}]{the repository}.",
        "Give the account permission to push and pull there, and check the organization for a typing error.",
    ),
    Code.NO_REPOSITORY: Advice(
        "The registry does not have[ {repository}]{the repository} yet, and this kind (such as Amazon ECR) requires that "
        "before the push.",
        "Create it at the registry, for every application that you export.",
    ),
    Code.WOULD_CREATE: Advice(
        "The registry does not have[ {repository}]{the repository} yet. Asking for push permission could create that, as "
        "in Quay, so the check did not ask.",
        "Check with an application that was exported before, or create the repository first.",
    ),
    Code.CREATOR_FAILS: Advice(
        "The registry does not have[ {repository}]{the repository} yet, and {who} cannot create that with this account: it "
        "rejected the token for pull that is used first (Quay does this for a Creator).",
        "Create both repositories first, for every application that you export, or make the robot's team an admin.",
    ),
    Code.UPLOAD_ELSEWHERE: Advice(
        "The registry started an upload to[ {repository}]{the repository} at another site, where the check does not follow.",
        "An export does follow. If it fails there, have the registry's external address corrected.",
    ),
    Code.UPLOAD_LEFT: Advice(
        "{who} may push to[ {repository}]{the repository}. The empty upload that confirmed it could not be canceled and remains.",
        "Nothing to do: the registry deletes it itself after some days.",
    ),
    Code.OUT_OF_TIME: Advice("The check timed out after ten seconds. An export waits longer.", _LATER),
    Code.NOT_REACHED: Advice("Not reached, because an earlier stage failed.", ""),
    Code.NO_REGISTRY: Advice(
        "The check could not reach a registry at this host within ten seconds.",
        "Check host, port, and CA certificates. An administrator sees the details on this page.",
    ),
}
_UNSURE: Mapping[Code, Advice] = {
    Code.TOKEN_SERVICE_FAILS: Advice(
        "The registry's token service returned no token, or the check may not contact it, so nothing more is known.",
        "Ask an administrator to run the check: they see the details, and their check may contact more token services.",
    ),
    Code.NO_CONNECTION: Advice(
        "No connection was accepted at the first address of the host[, {address}]. An export also tries its "
        "other addresses; this check tries only one.",
        _NETWORK,
    ),
    Code.PLAIN_HTTP: Advice(
        "The port uses plain HTTP. Helm before Epinio 1.14.1 falls back to it; the check sends no password that "
        "way, so nothing more is known.",
        "Use the registry's TLS port, or have TLS enabled.",
    ),
    Code.REALM_REFUSED: Advice(
        "The registry refers to a token service[, {realm},] to which the portal sends no password, so nothing "
        "more is known.",
        "If the service is correct, an administrator runs the check. If it stops there, too, they allow the "
        "service's network and port in the portal's settings.",
    ),
}
_ONE = {"who": "Helm", "trust": "trusts", "push": "pushes", "do": "does", "find": "finds", "send": "sends"}
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


def by_fix(stages: Iterable[StageResult]) -> dict[str, list[StageResult]]:
    """Return what to do, each once, with the stages that it is for; what both tools find in the same words is one of both."""
    found: dict[str, list[StageResult]] = {}
    for stage in stages:
        advice = said(stage)
        if not advice.fix:
            continue
        group = found.setdefault(advice.fix, [])
        twin = next((one for one in group if one.step is stage.step and said(one).message == advice.message), None)
        if twin is None:
            group.append(stage)
        elif twin.side is not stage.side:
            group[group.index(twin)] = replace(twin, side=Side.BOTH)
    return found


def _filled(text: str, stage: StageResult) -> str:
    """Fill in a sentence; a part in brackets whose key is not known goes, or becomes what is in braces after it."""
    known = dict(_WHO[stage.side])
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
    (Outcome.PASS, Outcome.PASS): "An export would pass: chart and image can be pushed.",
    (Outcome.PASS, Outcome.FAIL): "The chart would pass, but the image would fail.",
    (Outcome.PASS, Outcome.UNKNOWN): "The chart would pass; the check of the image is inconclusive.",
    (Outcome.FAIL, Outcome.PASS): "The chart would fail, although the image could be pushed.",
    (Outcome.FAIL, Outcome.FAIL): "An export would fail.",
    (Outcome.FAIL, Outcome.UNKNOWN): "The chart would fail; the check of the image is inconclusive.",
    (Outcome.UNKNOWN, Outcome.PASS): "The image would pass; the check of the chart is inconclusive.",
    (Outcome.UNKNOWN, Outcome.FAIL): "The image would fail; the check of the chart is inconclusive.",
    (Outcome.UNKNOWN, Outcome.UNKNOWN): "The check is inconclusive for chart and image.",
}
