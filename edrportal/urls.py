"""The site's addresses: all of them are the subject's."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("", include("destinations.urls"))]
handler400 = "destinations.views.errors.bad_request"
handler403 = "destinations.views.errors.forbidden"
handler404 = "destinations.views.errors.not_found"
handler500 = "destinations.views.errors.server_error"
