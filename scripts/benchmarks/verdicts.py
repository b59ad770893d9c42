"""How fast destinations are judged: in this process, uncached, and by `manage.py verdict` with its start."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from destinations.model import Snapshot
from destinations.secret.codec import read_secret
from destinations.verdict.judge import judge
from scripts.benchmarks.report import Figure, timed
from scripts.benchmarks.scene import manifests

if TYPE_CHECKING:
    from collections.abc import Iterator

_VECTORS = Path("tests/data/acceptance-vectors.jsonl")
_RATE, _JSON_MS, _YAML_MS = 10_000, 1000, 1500
_ROUNDS = 9
_RUNS = 5
_COUNT = 1500


def figures() -> Iterator[Figure]:
    """Measure and yield."""
    rate = statistics.median(_rate() for _ in range(_ROUNDS))
    what = "verdicts a second from parsed Secrets, uncached, one core (the 1,578 reference cases)"
    yield Figure(what, f"{rate:,.0f}", f">= {_RATE:,}", rate >= _RATE)
    items = manifests(_COUNT)
    with tempfile.TemporaryDirectory() as directory:
        as_json, as_yaml = Path(directory, "all.json"), Path(directory, "all.yaml")
        as_json.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}), encoding="utf-8")
        as_yaml.write_text(yaml.dump_all(items), encoding="utf-8")
        yield _command("JSON", as_json, _JSON_MS)
        yield _command("YAML", as_yaml, _YAML_MS)


def _rate() -> float:
    now = datetime.now(UTC)
    cases = []
    for vector in map(json.loads, _VECTORS.read_text(encoding="utf-8").splitlines()):
        secrets = {one["metadata"]["name"]: read_secret(one) for one in vector["secrets"]}
        if vector["name"] in secrets:
            cases.append((secrets[vector["name"]], Snapshot(secrets, now)))
    started = time.perf_counter()
    for secret, snapshot in cases:
        judge(secret, snapshot)
    return len(cases) / (time.perf_counter() - started)


def _command(kind: str, file: Path, goal: int) -> Figure:
    command = [sys.executable, "manage.py", "verdict", "--format", "json", str(file)]

    def run() -> Any:  # noqa: ANN401
        return subprocess.run(command, capture_output=True, check=False)

    took = statistics.median(timed(run) for _ in range(_RUNS))
    what = f"`manage.py verdict` on {_COUNT:,} destinations in {kind}, start and output included"
    return Figure(what, f"{took / 1000:.2f} s", f"<= {goal / 1000:g} s", took <= goal)
