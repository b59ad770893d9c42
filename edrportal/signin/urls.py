"""The addresses of the sign-in."""

from __future__ import annotations

from django.urls import path

from edrportal.signin import cookies, views

urlpatterns = [
    path("signin", views.signin, name="signin"),
    path("signout", views.signout, name="signout"),
    path("session", cookies.stay, name="session"),
    path("oidc/start", views.oidc_start, name="oidc-start"),
    path("oidc/callback", views.oidc_callback, name="oidc-callback"),
    path("demo/signin", views.demo_signin, name="demo-signin"),
]
