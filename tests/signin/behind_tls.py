"""Signs in behind a TLS proxy and prints what the browser got: settings are read once a process, so this is one."""

from __future__ import annotations

import json
import sys

import django
from django.test import Client


def main() -> None:
    """Ask as the proxy does: over http, with what it forwards."""
    from destinations.cluster.memory import InMemoryCluster  # noqa: PLC0415
    from tests.services import composition  # noqa: PLC0415 - needs the settings
    from tests.signin import world  # noqa: PLC0415

    cluster = InMemoryCluster()
    cluster.namespaces = {"team-b": "uid-b"}
    world.fill(cluster, world.secrets(), world.config_maps())
    client = Client(
        enforce_csrf_checks=True,
        HTTP_HOST="portal.example.com",
        HTTP_X_FORWARDED_PROTO="https",
        REMOTE_ADDR="192.0.2.1",
    )
    with composition.use(cluster):
        page = client.get("/signin")
        form = {"username": "administrator", "password": world.PASSWORD}
        form["csrfmiddlewaretoken"] = client.cookies["__Host-edrportal-csrf"].value
        origins = ("https://evil.example", "http://portal.example.com", "null", None, "https://portal.example.com")
        statuses = [
            client.post("/signin", form, headers={"origin": one} if one else None).status_code for one in origins
        ]
        team = {"team": "team-b", "to": "on", "csrfmiddlewaretoken": client.cookies["__Host-edrportal-csrf"].value}
        changed = client.post("/teams", team, HTTP_ORIGIN=origins[-1]).status_code
        other = client.get("/signin", HTTP_HOST="portal.example.com.evil.example").status_code
    cookies = {
        name: [bool(one["secure"]), one["httponly"], one["path"], one["domain"], one["samesite"]]
        for name, one in client.cookies.items()
    }
    hsts = page.headers.get("Strict-Transport-Security")
    json.dump({"hsts": hsts, "statuses": statuses, "changed": changed, "other": other, "cookies": cookies}, sys.stdout)


if __name__ == "__main__":
    django.setup()
    main()
