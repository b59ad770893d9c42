"""Where somebody goes after the sign-in: only ever a page of this site. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.utils.http import url_has_allowed_host_and_scheme

HOME = "/"
_MAX = 2000
_PLAIN = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f-\xa0\ud800-\udfff]*")
_LOOPS = ("/signin", "/signout", "/oidc/", "/demo/")


def safe_next(target: str, *, host: str, https: bool) -> str:
    """Return the path to go back to, the overview for whatever is no plain path of this site."""
    if len(target) > _MAX or not _PLAIN.fullmatch(target) or target.startswith(_LOOPS):
        return HOME
    return target if url_has_allowed_host_and_scheme(target, allowed_hosts={host}, require_https=https) else HOME


def path_of(url: str) -> str:
    """Return path and query of an address that a browser stated, empty for one that is none; `safe_next` judges it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
