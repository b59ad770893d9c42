"""The WSGI application, for whatever server; like `serve` it does not start with settings that are missing or unsafe."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from edrportal.configuration.variables import ConfigurationError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edrportal.settings")
try:
    settings.ENVIRONMENT.check()
except ConfigurationError as error:
    raise ImproperlyConfigured(str(error)) from None
application = get_wsgi_application()
