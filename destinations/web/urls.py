"""The addresses of the pages."""

from __future__ import annotations

from django.urls import path

from destinations.web import sealcertificate
from destinations.web.api import check as apicheck
from destinations.web.api import destinations
from destinations.web.changes import check, delete, edit, external, fragments, new, repair, rotate, teams
from destinations.web.leak import find, report, respond
from destinations.web.pages import destination, live, overview, switch, team

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("destinations.csv", overview.csvfile, name="csv"),
    path("live", live.live, name="live"),
    path("preview", fragments.preview, name="preview"),
    path("destinations/new", new.new, name="new"),
    path("gitops/external-secret", external.prepare, name="external-secret"),
    path("destinations/<str:name>", destination.destination, name="destination"),
    path("destinations/<str:name>/", destination.destination, name="destination-any-name"),
    path("destinations/<str:name>/row", overview.row, name="row"),
    path("destinations/<str:name>/rotate", rotate.rotate, name="rotate"),
    path("destinations/<str:name>/edit", edit.edit, name="edit"),
    path("destinations/<str:name>/repair", repair.repair, name="repair"),
    path("destinations/<str:name>/delete", delete.delete, name="delete"),
    path("destinations/<str:name>/assign", teams.assign, name="assign"),
    path("destinations/<str:name>/check", check.check_one, name="check"),
    path("check", switch.check_several, name="checks"),
    path("team/", team.team, name="team"),
    path("teams", teams.teams, name="teams"),
    path("switch", switch.switch, name="switch"),
    path("certificates/look", fragments.look, name="certificates"),
    path("certificates/controller", sealcertificate.look, name="sealing-certificate"),
    path("certificates/remove", delete.sweep, name="sweep"),
    path("leak", find.find, name="leak"),
    path("leak/response", respond.respond, name="leak-response"),
    path("leak/report", report.report, name="leak-report"),
    path("api/destinations", destinations.destinations, name="api"),
    path("api/destinations/<str:name>/rotate", destinations.rotate, name="api-rotate"),
    path("api/destinations/<str:name>/check", apicheck.check, name="api-check"),
    path("api/me", destinations.me, name="api-me"),
]
