"""The site's addresses: those of the subject, and of the sign-in."""

from __future__ import annotations

from django.urls import include, path

from edrportal.signin import cookies, views
from edrportal.telemetry import readiness

urlpatterns = [
    path("", include("destinations.web.urls")),
    path("signin", views.signin, name="signin"),
    path("signout", views.signout, name="signout"),
    path("session", cookies.stay, name="session"),
    path("oidc/start", views.oidc_start, name="oidc-start"),
    path("oidc/callback", views.oidc_callback, name="oidc-callback"),
    path("demo/signin", views.demo_signin, name="demo-signin"),
    path("healthz", readiness.healthz, name="healthz"),
    path("readyz", readiness.readyz, name="readyz"),
]
handler400 = "destinations.web.errors.bad_request"
handler403 = "destinations.web.errors.forbidden"
handler404 = "destinations.web.errors.not_found"
handler500 = "destinations.web.errors.server_error"
