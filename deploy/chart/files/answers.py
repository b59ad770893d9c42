"""`helm test`: ask the portal through its Service, again for half a minute, and say what is wrong where it never answers."""
# ruff: noqa: INP001 (the chart hands this text to the pod of `helm test`)

import os
import socket
import sys
import time
from http import HTTPStatus
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

PATHS = (("/healthz", "ok"), ("/readyz", "ok"), ("/signin", "Sign in"))
"""What is asked, in this order, and a word of the right answer."""
REFUSED = {*range(400, 500)} - {408, 429}
"""Statuses that do not change when the same is asked again."""


def ask(path: str) -> tuple[str, int]:
    """Return the body and the status of an answer, whatever it is. Raises OSError or HTTPException if none came."""
    request = Request(os.environ["PORTAL"] + path, headers={"Host": os.environ["PORTAL_HOST"]})  # noqa: S310
    try:
        with urlopen(request, timeout=5) as answer:  # noqa: S310
            return answer.read().decode(errors="replace"), answer.status
    except HTTPError as error:
        return error.read().decode(errors="replace"), error.code


def reason(error: OSError | HTTPException) -> tuple[str, str]:
    """Return what went wrong on the way to the portal, and what to look at."""
    cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, OSError) else error
    if isinstance(cause, socket.gaierror):
        return str(cause), "The name of the Service does not resolve: look at the cluster's DNS."
    return str(cause) or type(cause).__name__, os.environ["ADVICE"]


def problem(path: str, word: str) -> tuple[str, str, bool]:
    """Return what is wrong with the answer, what to do, and whether asking again may help; empty texts for a good one."""
    try:
        text, status = ask(path)
    except (OSError, HTTPException) as error:
        return *reason(error), True
    if status == HTTPStatus.OK and word in text:
        return "", "", False
    if status == HTTPStatus.OK:
        return "an answer that is not the portal's", "Look at what else has the labels that the Service selects.", True
    if path == "/signin" and status == HTTPStatus.FORBIDDEN:
        return "403", "The portal refuses to sign anyone in over plain HTTP: " + os.environ["TLS_ADVICE"], False
    return f"{status} {' '.join(text.split())[:200]}", os.environ["ADVICE"], status not in REFUSED


def main() -> None:
    """Ask for each path in turn. Ends with 1 and the reason on standard error for the first that has no good answer."""
    end = time.monotonic() + float(os.environ["SECONDS_TO_WAIT"])
    for path, word in PATHS:
        said, advice, again = problem(path, word)
        while said and again and time.monotonic() < end:
            time.sleep(1)
            said, advice, again = problem(path, word)
        if said:
            sys.exit(f"{path}: {said}\n{advice}")
        sys.stdout.write(f"{path} ok\n")
        sys.stdout.flush()


main()
