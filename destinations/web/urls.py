"""The addresses of the pages."""

from __future__ import annotations

from django.urls import path

from destinations.web.api import check as apicheck
from destinations.web.api import destinations
from destinations.web.changes import assign, check, delete, edit, new, repair, rotate, sweep, switch, teams
from destinations.web.pages import certificates, csvfile, destination, live, overview, preview, row, team
from edrportal.telemetry import health

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("destinations.csv", csvfile.csvfile, name="csv"),
    path("live", live.live, name="live"),
    path("preview", preview.preview, name="preview"),
    path("destinations/new", new.new, name="new"),
    path("destinations/<str:name>", destination.destination, name="destination"),
    path("destinations/<str:name>/", destination.destination, name="destination-any-name"),
    path("destinations/<str:name>/row", row.row, name="row"),
    path("destinations/<str:name>/rotate", rotate.rotate, name="rotate"),
    path("destinations/<str:name>/edit", edit.edit, name="edit"),
    path("destinations/<str:name>/repair", repair.repair, name="repair"),
    path("destinations/<str:name>/delete", delete.delete, name="delete"),
    path("destinations/<str:name>/assign", assign.assign, name="assign"),
    path("destinations/<str:name>/check", check.check_one, name="check"),
    path("check", check.check_several, name="checks"),
    path("team/", team.team, name="team"),
    path("teams", teams.teams, name="teams"),
    path("switch", switch.switch, name="switch"),
    path("certificates/look", certificates.look, name="certificates"),
    path("certificates/remove", sweep.sweep, name="sweep"),
    path("api/destinations", destinations.destinations, name="api"),
    path("api/destinations/<str:name>/rotate", destinations.rotate, name="api-rotate"),
    path("api/destinations/<str:name>/check", apicheck.check, name="api-check"),
    path("api/me", destinations.me, name="api-me"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
