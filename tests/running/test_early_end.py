"""A server that is told to end before it serves ends, whatever it does at that moment."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import gc, os, signal, django
django.setup()
from edrportal.management.server import leave
signal.signal(signal.SIGTERM, leave)
gc.callbacks.append(lambda *_: os.kill(os.getpid(), signal.SIGTERM))
gc.collect()
print("it goes on")
"""


def test_a_signal_during_a_collection_of_garbage_is_not_lost() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "")
