"""The forms: what was typed, checked by the traps; a password never goes back to the page."""

from __future__ import annotations

from destinations.web.forms.edit import EditForm
from destinations.web.forms.new import NewForm
from destinations.web.forms.repair import RepairForm
from destinations.web.forms.rotate import RotateForm
from destinations.web.forms.selection import AppForm, DeleteForm, SwitchForm
from destinations.web.forms.teams import AssignForm, TeamForm

__all__ = [
    "AppForm",
    "AssignForm",
    "DeleteForm",
    "EditForm",
    "NewForm",
    "RepairForm",
    "RotateForm",
    "SwitchForm",
    "TeamForm",
]
