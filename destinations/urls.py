"""The addresses of the pages."""

from __future__ import annotations

from django.urls import path

from destinations.views import api, delete, destination, health, new, overview, preview, rotate

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("preview", preview.preview, name="preview"),
    path("destinations/new", new.new, name="new"),
    path("destinations/<str:name>", destination.destination, name="destination"),
    path("destinations/<str:name>/", destination.destination, name="destination-any-name"),
    path("destinations/<str:name>/rotate", rotate.rotate, name="rotate"),
    path("destinations/<str:name>/delete", delete.delete, name="delete"),
    path("api/destinations", api.destinations, name="api"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
