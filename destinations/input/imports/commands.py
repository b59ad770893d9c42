"""The account in a command that signs in, as Quay gives one for a robot: `docker login -u=… -p=… quay.io`. Pure."""

from __future__ import annotations

import re
import shlex

_LOGIN = re.compile(r"\b(?:docker|podman|nerdctl|buildah|skopeo|oras|crane auth|helm registry)\s+login\s")
_USER = {"-u", "--username"}
_PASSWORD = {"-p", "--password"}
_OTHERS = {"--authfile", "--cert-dir", "--config", "--registry-config", "--ca-file", "--cert-file", "--key-file"}
_MOST = 64 * 1024


def read(text: str) -> dict[str, str]:
    """Return user name, password and host of the only command of a text that signs in with a password, or nothing.

    Nothing is filled in as a shell would do it: `$` stays as it is written.
    """
    lines = [line for line in text[:_MOST].replace("\\\n", " ").splitlines() if line.strip()]
    if len(lines) != 1 or len(text) > _MOST or not (login := _LOGIN.search(lines[0])):
        return {}
    try:
        words, before = shlex.split(lines[0][login.end() :]), shlex.split(lines[0][: login.start()])
    except ValueError:  # a quotation mark is open
        return {}
    held, hosts = _options(words)
    if "--password-stdin" in words and before[:1] in (["echo"], ["printf"]) and before[-1:] == ["|"]:
        held["password"] = before[-2]
    if not (held.get("username") and held.get("password")) or len(hosts) > 1:
        return {}
    return {"username": held["username"], "password": held["password"], "host": hosts[0] if hosts else "docker.io"}


def _options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return user name and password, and what is no option."""
    held: dict[str, str] = {}
    rest: list[str] = []
    left = iter(words)
    for word in left:
        option, equals, value = word.partition("=")
        if option in _USER | _PASSWORD | _OTHERS:
            value = value if equals else next(left, "")
            held["username" if option in _USER else "password" if option in _PASSWORD else option] = value
        elif word[:2] in _USER | _PASSWORD and not word.startswith("--"):  # -uNAME
            held["username" if word[:2] in _USER else "password"] = word[2:]
        elif not word.startswith("-"):
            rest.append(word)
    return held, rest
