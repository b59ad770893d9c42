"""The site's addresses: those of the subject, and of the sign-in."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("", include("destinations.urls")), path("", include("edrportal.signin.urls"))]
handler400 = "destinations.views.errors.bad_request"
handler403 = "destinations.views.errors.forbidden"
handler404 = "destinations.views.errors.not_found"
handler500 = "destinations.views.errors.server_error"
