"""Settings for the tests: those of the site, with plain static files and a key made for the run."""

import os
import secrets

os.environ.setdefault("EDRPORTAL_SECRET_KEY", secrets.token_urlsafe(48))
os.environ.setdefault("EDRPORTAL_CLUSTER", "memory")

from edrportal.settings import *  # noqa: F403

STATIC_ROOT = None  # type: ignore[assignment]
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
