"""The addresses of the pages."""

from __future__ import annotations

from django.urls import path

from destinations.views import (
    api,
    delete,
    destination,
    edit,
    health,
    new,
    overview,
    preview,
    repair,
    rotate,
    sweep,
    switch,
)

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("preview", preview.preview, name="preview"),
    path("destinations/new", new.new, name="new"),
    path("destinations/<str:name>", destination.destination, name="destination"),
    path("destinations/<str:name>/", destination.destination, name="destination-any-name"),
    path("destinations/<str:name>/rotate", rotate.rotate, name="rotate"),
    path("destinations/<str:name>/edit", edit.edit, name="edit"),
    path("destinations/<str:name>/repair", repair.repair, name="repair"),
    path("destinations/<str:name>/delete", delete.delete, name="delete"),
    path("switch", switch.switch, name="switch"),
    path("certificates/remove", sweep.sweep, name="sweep"),
    path("api/destinations", api.destinations, name="api"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
