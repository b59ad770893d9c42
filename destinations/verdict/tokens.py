"""Credentials that end by themselves, and robot accounts whose name lost its sign. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from destinations import names
from destinations.golang.gobase64 import decode_leniently
from destinations.model import Caution, Secret
from destinations.verdict.presets import ACR, ECR, HARBOR, QUAY

SOON = timedelta(days=14)
_MILLISECONDS = 10**11
"""A number of seconds above this would be after the year 5000."""
_DAY = len("20261101")
"""Eight digits are a day: as seconds they would be long before any of these tokens."""
_JWT = re.compile(r"(eyJ[A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*")
_ECR = re.compile(r"eyJ[A-Za-z0-9+/_-]{20,}={0,2}")
_Lifetime = tuple[str, timedelta | None]
"""A sentence, and how long after it was made such a token has certainly expired."""
_NO_USER = "00000000-0000-0000-0000-000000000000"
_HOUR = timedelta(hours=1)
_GITLAB_JOB = ("This is a token of a GitLab job, which expires when the job ends", None)
_GOOGLE = ("This is an access token of Google, which expires after an hour", _HOUR)
_LIVES: Mapping[str, _Lifetime] = {
    "gitlab-ci-token": _GITLAB_JOB,
    "oauth2accesstoken": _GOOGLE,
    "_dcgcloud_token": _GOOGLE,
}
_LIVES_AT = (
    (_NO_USER, ACR, ("This is a token of an Azure sign-in, which expires after three hours", 3 * _HOUR)),
    ("AWS", ECR, ("This is a token of Amazon ECR, which expires after 12 hours", 12 * _HOUR)),
)
_PREFIXES = (
    (
        re.compile(r"ghs_[A-Za-z0-9_.-]{16,}"),
        ("This is a token of a GitHub job, which expires with the job or after an hour", _HOUR),
    ),
    (re.compile(r"ya29\.[A-Za-z0-9_.-]+"), _GOOGLE),
    (re.compile(r"glcbt-[A-Za-z0-9_.-]{8,}"), _GITLAB_JOB),
)
LIFETIMES = (_HOUR, 3 * _HOUR, 12 * _HOUR)
"""How long a token of a known kind may live at most."""
_LASTING = "Use a robot account or a long-lived token, or rotate this one with a CronJob."
_NEW = "Rotate the credentials, preferably to a robot account or a long-lived token."
_PORT = re.compile(r":(?!443\Z)[0-9]+\Z")
_EATEN = re.compile(r"\$\$|\\\$|%24|&#0*36;", re.IGNORECASE)
_PLUS_LOST = re.compile(r"%2B|\\\+|&#0*43;| ", re.IGNORECASE)


def about_lifetime(  # noqa: PLR0913 - all that is known of a token
    username: str, password: str, *, host: str, now: datetime, stated: bool, rotated_at: str = ""
) -> Iterator[Caution]:
    """Yield that a token has expired or expires soon; `stated` says that someone stated its expiry, `now` is aware.

    `rotated_at` is when it was stored by the portal's own record, RFC 3339 or empty. A token that was stored longer ago
    than it lives has expired, whatever was stated.
    """
    end = stated_end(password)
    if end is not None:
        left = end - now
        if left <= timedelta():
            yield Caution("token-expired", f"The token itself states that it expired on {end:%Y-%m-%d}.", _NEW)
        elif left <= SOON:
            yield Caution("token-expires-soon", f"The token itself states that it expires on {end:%Y-%m-%d}.", _LASTING)
        return
    lives, longest = _lives(username, password, host)
    age = now - stored if (stored := moment(rotated_at)) else None
    if longest and age and age > longest:
        said = f"{lives}, and the credentials were last rotated on {stored:%Y-%m-%d at %H:%M} UTC."
        yield Caution("token-expired", said, _NEW)
    elif lives and not stated:
        yield Caution("token-short-lived", f"{lives}.", _LASTING)


def stated_day(secret: Secret) -> date | None:
    """Return the last day on which the credentials are valid, as someone stated it in any ISO 8601 spelling.

    It is None where nothing is stated, and where that is not a date.
    """
    try:
        return date.fromisoformat(secret.annotations.get(names.EXPIRY_ANNOTATION, "").strip())
    except ValueError:
        return None


def stated_text(secret: Secret) -> str:
    """Return the stated day as forms write it; what is no date as it is, empty where nothing is stated."""
    day = stated_day(secret)
    return day.isoformat() if day else secret.annotations.get(names.EXPIRY_ANNOTATION, "")


def stated_end(password: str) -> datetime | None:
    """Return when a token of Amazon ECR or a JSON Web Token says that it ends; None where it says nothing."""
    if match := _JWT.fullmatch(password):
        return moment(_object(match[2]).get("exp")) if _object(match[1]) else None
    return moment(_object(password).get("expiration")) if _ECR.fullmatch(password) else None


def moment(end: object) -> datetime | None:
    """Return a time given in seconds or milliseconds since 1970 or as ISO 8601; None for none (Harbor: -1 for never)."""
    try:
        text = end.strip().upper() if isinstance(end, str) else ""
        if text and (len(text) == _DAY or not text.lstrip("-").isdigit()):
            stated = datetime.fromisoformat(text)
            return stated.astimezone(UTC) if stated.tzinfo else stated.replace(tzinfo=UTC)
        if isinstance(end, bool) or not isinstance(end, int | float | str):
            return None
        number = float(end)
        return datetime.fromtimestamp(number / (1000 if number > _MILLISECONDS else 1), UTC) if number > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def _object(encoded: str) -> dict[str, Any]:
    try:
        document = json.loads(decode_leniently(encoded) or b"")
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _lives(username: str, password: str, host: str) -> _Lifetime:
    """Return how long such a token lives, an empty text where nothing tells."""
    known = next((words for pattern, words in _PREFIXES if pattern.fullmatch(password)), None)
    there = next((words for user, kind, words in _LIVES_AT if username == user and kind.knows(host)), None)
    return known or there or _LIVES.get(username, ("", None))


def may_be_robot(username: str) -> bool:
    """Return whether the host decides if a user name is that of a robot account with a sign lost or gained."""
    return username[:5].lower() == "robot" or any(sign in username for sign in "$%&\\ ")


def about_robot(username: str, host: str) -> Iterator[Caution]:
    """Yield that the name of a robot account lost or gained a sign on its way, on a registry known for its robots."""
    fix = "Write the user name as {} shows it: {}. A shell expands $ in double quotes; use single quotes."
    if not may_be_robot(username) or "." not in host:
        return
    begins = username.lower().startswith("robot")
    if HARBOR.knows(host):
        bare = username == "robot" and _PORT.search(host)  # a port other than HTTPS's speaks against Harbor
        if _EATEN.search(username) or (begins and not username.lower().startswith("robot$") and not bare):
            what = "The user name looks like a Harbor robot account whose $ is missing, doubled, or escaped."
            yield Caution("robot-name", what, fix.format("Harbor", "robot$PROJECT+NAME"))
    elif (_PLUS_LOST.search(username) or ("$" in username and not username.startswith("$"))) and QUAY.knows(host):
        what = "The user name looks like a Quay robot account whose + is missing or escaped."
        yield Caution("robot-name", what, fix.format("Quay", "ORGANIZATION+NAME"))


def repair_robot_name(username: str, host: str) -> str:
    """Return the robot's name with its sign repaired where that is certain; else the name as it is."""
    if _EATEN.search(username) and HARBOR.knows(host):
        return _EATEN.sub("$", username)
    if re.search(r"%2B|\\\+|&#0*43;", username, re.IGNORECASE) and QUAY.knows(host):
        return re.sub(r"%2B|\\\+|&#0*43;", "+", username, flags=re.IGNORECASE)
    return username
