"""What an administrator should look at although Epinio may accept it: each with a code, a reason and a fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from destinations import names
from destinations.golang import gostrings
from destinations.golang.gox509 import GoCertificate
from destinations.model import Caution, Secret, Target
from destinations.verdict import certificates, export, pem, presets, references, suspects, tokens
from destinations.verdict.certificates import Health
from destinations.verdict.explanations import EpinioError
from destinations.verdict.parsing import Reading, field_name, members

_HUB_DEPTH = 2
_HUB_NAMES = references.HUB | {"registry.hub.docker.com"}
"""skopeo does not take the last one for Docker Hub, and it is all the same."""
_SAYS_CA = 3
"""The version of certificates from which one says whether it is a CA's."""


def cautions(  # noqa: PLR0913 - everything that is known of a destination
    secret: Secret,
    secrets: Mapping[str, Secret],
    reading: Reading,
    trusted: Sequence[GoCertificate],
    *,
    login: Target | None,
    image: Target | None,
    now: datetime,
) -> tuple[Caution, ...]:
    return (
        *_about_credentials(reading, login, image),
        *_about_texts(secret, [target for target in (login, image) if target], now),
        *_about_path(reading, image),
        *_about_certificates(secret, secrets, trusted, now),
        *_about_trust(trusted, login),
        *_about_annotations(secret, now),
    )


def _about_credentials(reading: Reading, login: Target | None, image: Target | None) -> Iterator[Caution]:
    token = _has_identity_token(reading)
    if token and login is None:
        yield Caution(
            "identity-token",
            "The entry has an identitytoken but no password, and Helm cannot log in with an identitytoken.",
            "Create an access token at the registry and rotate. If the token comes from az acr login, repair "
            "writes it as the password.",
        )
    elif token:
        yield Caution(
            "identity-token",
            "The entry has an identitytoken, which skopeo uses instead of the user name and password that Helm uses.",
            "Remove identitytoken from the entry in .dockerconfigjson.",
        )
    anonymous = image and not (image.username or image.password)  # which fails, and is the fault to name
    differ = login and image and (login.username, login.password) != (image.username, image.password)
    if differ and not token and not anonymous:
        yield Caution(
            "credentials-disagree",
            "The chart is pushed with username and password, the image with auth, and they differ.",
            "Rotate the credentials, so that auth, username, and password agree.",
        )


def _about_texts(secret: Secret, targets: Sequence[Target], now: datetime) -> Iterator[Caution]:
    """Yield what is odd about the texts that chart and image are pushed with, each kind once."""
    pairs = {
        (target.username, target.password): target.host for target in targets if target.username or target.password
    }
    if not pairs:
        return
    stated = tokens.stated_day(secret) is not None
    rotated = secret.annotations.get(names.ROTATED_AT_ANNOTATION, "")
    told = set()
    for (username, password), host in pairs.items():
        found = [
            *_about_text("user name", username),
            *_about_text("password", password),
            *tokens.about_robot(username, host),
            *tokens.about_lifetime(username, password, host=host, now=now, stated=stated, rotated_at=rotated),
        ]
        for caution in found:
            if caution.message not in told:
                told.add(caution.message)
                yield caution


def _about_text(name: str, text: str) -> Iterator[Caution]:
    if text.isalnum() and text.isascii() and not suspects.is_word(text):
        return
    for one in suspects.suspects(text):
        yield Caution(one.code, f"The {name} {one.clause}.", suspects.FIXES[one.code])


def _has_identity_token(reading: Reading) -> bool:
    try:
        document = reading.config.document
    except EpinioError:
        return False
    auths = document.get("auths") if isinstance(document, dict) else None
    entries = [value for _, value in members(auths)]
    return any(field_name(key) == "identitytoken" and value for entry in entries for key, value in members(entry))


def _about_path(reading: Reading, image: Target | None) -> Iterator[Caution]:
    try:
        config = reading.config
        host_key = reading.url.removesuffix(f"/{config.organization}")
    except EpinioError:
        return
    plain = export.trim_schemes(host_key)
    path = plain.partition("/")[2].strip("/")
    organization = config.organization.strip("/")
    if path and organization and (f"/{path}".endswith(f"/{organization}") or f"{organization}/".startswith(f"{path}/")):
        yield Caution(
            "organization-doubled",
            "The host already ends with the organization, so the organization appears twice in the addresses of "
            "chart and image.",
            "Write the host without a path, and the whole path as the organization.",
        )
    if "@" in plain.partition("/")[0]:
        yield Caution(
            "userinfo-in-host",
            "The host contains a user name or password before an @, and Epinio shows it to everyone who lists "
            "registries.",
            "Write the host as HOST or HOST:PORT, and replace that password.",
        )
    at_hub = (
        plain.partition("/")[0] in _HUB_NAMES
    )  # where skopeo alone takes it for Docker Hub, that is the fault to name
    if at_hub and image and image.host in _HUB_NAMES and image.repository.count("/") >= _HUB_DEPTH:
        yield Caution(
            "hub-two-levels",
            "Docker Hub accepts only ORGANIZATION/REPOSITORY, and this organization has more than one level.",
            "Use an organization without a slash.",
        )


def _about_certificates(
    secret: Secret, secrets: Mapping[str, Secret], trusted: Sequence[GoCertificate], now: datetime
) -> Iterator[Caution]:
    name = secret.data.get(names.CERTS_KEY, b"").decode("utf-8", "surrogateescape")
    if not name or name not in secrets:
        return
    data = secrets[name].data
    if certificates.has_key_beside(data):
        yield Caution(
            "private-key",
            f"The certificate Secret {name} contains a private key, and Epinio mounts it into the export job.",
            "Create a certificate Secret that has only the CA certificates, under tls.crt.",
        )
    yield from _about_unread(name, data.get(names.BUNDLE_KEY, b""), len(trusted))
    health = [certificates.health(one.not_before, one.not_after, now) for one in trusted]
    if trusted and all(one is Health.EXPIRED for one in health):
        yield Caution(
            "certificates-expired",
            "Every certificate in the CA bundle has expired, so the export will fail at the login.",
            "Replace the CA bundle with the registry's current CA certificate.",
        )
        return
    for certificate, state in zip(trusted, health, strict=True):
        if state is not Health.VALID:
            yield _about_certificate(certificates.describe(certificate), state)


def _about_trust(trusted: Sequence[GoCertificate], login: Target | None) -> Iterator[Caution]:
    """Yield a bundle that is probably not what the registry needs, though Helm takes it."""
    if not trusted:
        return
    if login and presets.is_public(login.host):
        yield Caution(
            "bundle-at-public-registry",
            "The registry is a public service with a certificate of a public CA, and Helm trusts only the CA bundle.",
            "Remove the CA bundle, unless a proxy presents a certificate of its own for this host.",
        )
    if not any(_may_sign(one) for one in trusted):
        subject = gostrings.quote(certificates.describe(trusted[0]).subject)
        yield Caution(
            "bundle-without-ca",
            f"The CA bundle has no CA certificate, only a server's own, {subject}: exports fail once the server gets "
            "another certificate.",
            "Put the certificate of the CA that signed it into the CA bundle.",
        )


def _may_sign(certificate: GoCertificate) -> bool:
    """Return whether Go lets it sign others: certificates before version 3 do not say."""
    return bool(certificate.is_ca) or certificate.version < _SAYS_CA


def _about_unread(name: str, bundle: bytes, count: int) -> Iterator[Caution]:
    """Find blocks that Go skips; where it reads none the login fails, which says more."""
    begun = pem.begun(bundle) if count else 0
    if begun > count:
        yield Caution(
            "bundle-partly-read",
            f"Helm and skopeo read {count} of {begun} certificate blocks in the certificate Secret {name}. The "
            "others are damaged, joined, indented, commented out, or not certificates.",
            "Repair the destination, which keeps every certificate that can be read, or replace the CA bundle.",
        )


def _about_certificate(certificate: certificates.CertificateSummary, state: Health) -> Caution:
    subject = gostrings.quote(certificate.subject)
    start, end = (f"{moment:%Y-%m-%d}" for moment in (certificate.not_before, certificate.not_after))
    code, what = {
        Health.EXPIRED: ("certificate-expired", f"expired on {end}"),
        Health.NOT_YET: ("certificate-not-yet-valid", f"is not valid before {start}"),
    }.get(state, ("certificate-expires-soon", f"expires on {end}"))
    return Caution(
        code, f"The certificate {subject} {what}.", "Put the registry's current CA certificate into the CA bundle."
    )


def _about_annotations(secret: Secret, now: datetime) -> Iterator[Caution]:
    if names.CONFIG_KEY in secret.annotations.get(names.LAST_APPLIED_ANNOTATION, ""):
        yield Caution(
            "password-in-annotation",
            "The annotation of kubectl apply contains a copy of the credentials, which anyone who can read "
            "annotations can see.",
            "Rotate the credentials, and apply the Secret with --server-side, or create it.",
        )
    stated = secret.annotations.get(names.EXPIRY_ANNOTATION, "")
    if not stated:
        return
    fix = "Rotate the credentials, and state the new date."
    day = tokens.stated_day(secret)
    if day is None:
        yield Caution(
            "expiry-unreadable", "The stated expiry date of the credentials is not a date.", "Write it as YYYY-MM-DD."
        )
        return
    left = day - now.date()
    if left < timedelta():
        yield Caution("credentials-expired", f"The credentials expired on {day} (entered by hand).", fix)
    elif left <= tokens.SOON:
        yield Caution("credentials-expire-soon", f"The credentials expire on {day} (entered by hand).", fix)
