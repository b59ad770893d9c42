"""What went wrong with the cluster, in words for the person at the form: message, what to do, HTTP status."""

from __future__ import annotations

from dataclasses import dataclass

from destinations.cluster.port import (
    AlreadyExists,
    Ambiguous,
    ClusterError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Unreachable,
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failure fit for a page."""

    message: str
    fix: str
    status: int


_WORDS: dict[type[ClusterError], Trouble] = {
    Unreachable: Trouble(
        "The cluster does not answer. Nothing was changed.",
        "Try again in a moment; check the API server if it lasts.",
        503,
    ),
    Ambiguous: Trouble(
        "The cluster took the change and then gave no answer: it may have been written, or not.",
        "Look at the destination before you try again.",
        503,
    ),
    Forbidden: Trouble(
        "Kubernetes does not let the portal do this. Nothing was changed.",
        "Give its service account get, list, create, update and delete on Secrets in Epinio's namespace.",
        502,
    ),
    Conflict: Trouble(
        "Somebody changed this destination since you opened the page. Nothing was changed now.",
        "Look at what is there, type the password again and save once more if it still should be so.",
        409,
    ),
    NotFound: Trouble("There is no such destination.", "It may have been deleted: look at the overview.", 404),
    AlreadyExists: Trouble("The name is taken already. Nothing was changed.", "Choose another name.", 409),
    Invalid: Trouble(
        "Kubernetes refuses the Secret: it is too large, immutable, or a value in it is not allowed.",
        "Shorten the bundle or the description, and check the name.",
        422,
    ),
}
_OTHER = Trouble("The cluster refuses this, and nothing was changed.", "Look at the API server's log.", 502)


def of(error: ClusterError) -> Trouble:
    """Return what to say of an error of the port."""
    return _WORDS.get(type(error), _OTHER)
