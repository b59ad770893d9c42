"""Measures verdicts a second, and size and time of the overview. Run by `make benchmark`."""

from __future__ import annotations

import json
import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.test import Client  # noqa: E402 - after the settings

from destinations import current  # noqa: E402
from destinations.acceptance.judge import judge  # noqa: E402
from destinations.demo import demo_cluster  # noqa: E402
from destinations.secrets import read_secret  # noqa: E402

ROUNDS = 20


def main() -> None:
    """Print the numbers, with the machine they were taken on."""
    now = datetime.now(UTC)
    lines = Path("tests/data/acceptance-vectors.jsonl").read_text(encoding="utf-8").splitlines()
    cases = []
    for vector in map(json.loads, lines):
        secrets = {one["metadata"]["name"]: read_secret(one) for one in vector["secrets"]}
        if vector["name"] in secrets:
            cases.append((secrets[vector["name"]], secrets))
    started = time.perf_counter()
    for secret, secrets in cases:
        judge(secret, secrets, now=now)
    rate = len(cases) / (time.perf_counter() - started)
    with current.use(demo_cluster(now)):
        client = Client()
        size = len(client.get("/").content)
        started = time.perf_counter()
        for _ in range(ROUNDS):
            client.get("/")
        each = (time.perf_counter() - started) / ROUNDS
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"verdicts a second: {rate:.0f}")
    print(f"overview of the demo: {size / 1024:.1f} KiB of HTML, {each * 1000:.1f} ms")


if __name__ == "__main__":
    main()
