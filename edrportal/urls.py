"""The site's addresses: those of the subject, and of the sign-in."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("", include("destinations.web.urls")), path("", include("edrportal.signin.urls"))]
handler400 = "destinations.web.errors.bad_request"
handler403 = "destinations.web.errors.forbidden"
handler404 = "destinations.web.errors.not_found"
handler500 = "destinations.web.errors.server_error"
