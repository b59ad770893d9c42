"""Django's settings, all from the environment; importing them needs none (a server checks when it starts)."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from csp.constants import NONE, SELF

from edrportal import __version__
from edrportal.configuration.environment import NO_KEY, Environment

_HERE = Path(__file__).resolve().parent
BASE_DIR = _HERE if (_HERE / "templates").is_dir() else _HERE.parent  # installed by pip, or the project itself
ENVIRONMENT = Environment.read(os.environ)

# Without collectstatic the files are found where they lie, which is all that `make demo` needs.
warnings.filterwarnings("ignore", message="No directory at")

SECRET_KEY = ENVIRONMENT.secret_key or NO_KEY
SECRET_KEY_FALLBACKS = list(ENVIRONMENT.secret_key_fallbacks)
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *filter(None, [ENVIRONMENT.public_host])]
CSRF_TRUSTED_ORIGINS = list(filter(None, [ENVIRONMENT.public_url]))

INSTALLED_APPS = [
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "destinations",
    "edrportal",
]
MIDDLEWARE = [
    "edrportal.composition.PortalMiddleware",
    "edrportal.telemetry.logs.RequestId",
    "edrportal.telemetry.requests.Requests",
    "edrportal.middleware.BodyLimitMiddleware",
    "edrportal.middleware.SecurityHeadersMiddleware",
    "edrportal.middleware.InPlaceMiddleware",
    "edrportal.middleware.ConcurrencyLimitMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "edrportal.middleware.KnownHostMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # no page shows a password, and it hides lengths (BREACH)
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "edrportal.signin.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "edrportal.urls"
WSGI_APPLICATION = "edrportal.wsgi.application"
DATABASES: dict[str, dict[str, str]] = {}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "libraries": {
                "masks": "destinations.templatetags.masks",
                "moments": "destinations.templatetags.moments",
                "notices": "destinations.templatetags.notices",
                "references": "destinations.templatetags.references",
                "undo": "destinations.templatetags.undo",
                "django_htmx": "django_htmx.templatetags.django_htmx",
            },
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "destinations.web.installation.context",
                "edrportal.signin.cookies.context",
            ],
        },
    }
]
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
SESSION_COOKIE_SECURE = ENVIRONMENT.is_https  # there is no such session; the cookie of the messages goes by these
SESSION_COOKIE_SAMESITE = "Strict"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"}}
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not STATIC_ROOT.is_dir()  # the collected ones are compressed already
WHITENOISE_AUTOREFRESH = False

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200  # a box for each of 50 rows, and then some
DATA_UPLOAD_MAX_NUMBER_FILES = 3  # a bundle, a key of several lines, and an account to import
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if ENVIRONMENT.is_https else 0
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.is_https and ENVIRONMENT.proxy_hops else None
)
X_FRAME_OPTIONS = "DENY"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_SECURE = ENVIRONMENT.is_https
CSRF_COOKIE_NAME = "__Host-edrportal-csrf" if ENVIRONMENT.is_https else "edrportal-csrf"
CSRF_FAILURE_VIEW = "destinations.web.errors.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "edrportal.telemetry.logs.JsonFormatter"}, "bare": {"format": "%(message)s"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
        "audit": {"class": "logging.StreamHandler", "formatter": "bare"},  # the line is the JSON, nothing around it
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    # What these say at DEBUG is not ours to answer for.
    "loggers": {
        **{name: {"level": "INFO"} for name in ("kubernetes", "urllib3", "asyncio", "requests", "requests_oauthlib")},
        "edrportal.telemetry.logs": {"handlers": ["audit"], "level": "INFO", "propagate": False},
    },
}
PORTAL_VERSION = __version__
DEMO = False
DEMO_REGISTRY = None
