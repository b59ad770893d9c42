"""What to tell a person of an error: message, what to do, HTTP status. The one table of statuses for errors."""

from __future__ import annotations

from destinations.access import Denied
from destinations.actions.writes import NotWritten, Unknown
from destinations.cluster.port import (
    NO_CONFIGURATION,
    NO_CREDENTIAL,
    AlreadyExists,
    Ambiguous,
    ClusterError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Unreachable,
)
from destinations.model import UserError

OVERTAKEN = "This form was sent and saved before, and {} has changed since. The page shows the current state."
TOO_MANY_REQUESTS = 429
_UNAUTHORIZED = 401
_FORBIDDEN = 403


_UNKNOWN = UserError(
    "The cluster returned no usable answer, so it is not known whether the change was written.",
    "Review the destination and its history before you try again. It has the old state or the new one, never a "
    "mixture.",
    503,
)
_WORDS: dict[type[ClusterError], UserError] = {
    Unreachable: UserError(
        "The cluster does not answer. Nothing was changed.",
        "Try again in a moment. If it persists, check the API server.",
        503,
    ),
    Ambiguous: _UNKNOWN,
    Unknown: _UNKNOWN,
    NotWritten: UserError(
        "The cluster returned no usable answer. The portal has made sure that nothing was changed, now or later.",
        "Send it again.",
        503,
    ),
    Forbidden: UserError(
        "The portal has no permission to do this in Kubernetes. Nothing was changed.",
        "Grant its service account get, list, watch, create, update, and delete on Secrets in Epinio's "
        "namespace, and check the admission policies.",
        502,
    ),
    Conflict: UserError(
        "Someone changed this destination in the meantime. Your change was not made.",
        "Review the current state, and try again.",
        409,
    ),
    NotFound: UserError("This destination does not exist.", "It may have been deleted. Go to the overview.", 404),
    AlreadyExists: UserError("The name is taken. Nothing was changed.", "Choose another name.", 409),
    Invalid: UserError(
        "Kubernetes rejected the Secret, and nothing was changed: it is too large or immutable, or Kubernetes or "
        "an admission policy does not allow a value in it.",
        "Shorten the CA bundle or the description, check the name, and ask the cluster's operator about "
        "admission policies.",
        422,
    ),
}
_REFUSED_TOKEN = UserError(
    "Kubernetes rejected the portal's token: it has expired or was revoked. Nothing was changed.",
    "In a pod, restart it and check that its service account exists. With a kubeconfig, sign in to the cluster again.",
    502,
)
_OTHER = UserError("The cluster rejected the request. Nothing was changed.", "Check the API server's log.", 502)


def changed_meanwhile(*, by_oneself: bool, typed_password: bool, status: int) -> UserError:
    """Return what to say of a form that is older than the destination."""
    where = (
        " yourself after you opened this page, perhaps in another tab" if by_oneself else " after you opened the page"
    )
    who, what = ("You", "What this page sent was") if by_oneself else ("Someone", "Your changes were")
    fix = "Review the current state, type the password again, and save again." if typed_password else _REVIEW
    return UserError(f"{who} changed this destination{where}. {what} not saved.", fix, status)


_REVIEW = "Review what differs, and save again."


def for_error(error: ClusterError | UserError | Denied) -> UserError:
    if isinstance(error, UserError):
        return error
    if isinstance(error, Denied):
        return UserError(str(error), "Ask a portal administrator.", _FORBIDDEN)
    known = next((_WORDS[kind] for kind in type(error).__mro__ if kind in _WORDS), _OTHER)
    message, fix = known.message, known.fix
    if error.status == _UNAUTHORIZED:
        return _REFUSED_TOKEN
    if isinstance(error, Forbidden) and error.verb:
        message = f"The portal has no permission to {error.verb} {error.resource}. Nothing was changed."
        fix = fix.replace("Secrets", "Secrets and ConfigMaps")
    elif error.reason == NO_CONFIGURATION:
        message = "The portal has no cluster: no usable kubeconfig was found. Nothing was changed."
        fix = "Set KUBECONFIG, and EDRPORTAL_KUBE_CONTEXT to use another context."
    elif error.reason == NO_CREDENTIAL:
        message = (
            "The credential plugin of the kubeconfig (exec) returned no token and no certificate. Nothing was changed."
        )
        fix = (
            "Run kubectl get secrets with the same kubeconfig to see the reason. The plugin must also be in the "
            "PATH of the portal."
        )
    elif isinstance(error, Unreachable) and error.status == TOO_MANY_REQUESTS:
        message = "The cluster is overloaded and rejected the request. Nothing was changed."
    return UserError(message, fix, known.status)
