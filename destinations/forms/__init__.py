"""The forms: what was typed, checked by the traps; a password never goes back to the page."""

from __future__ import annotations

from destinations.forms.chosen import AppForm, DeleteForm, SwitchForm
from destinations.forms.edit import EditForm
from destinations.forms.new import NewForm
from destinations.forms.repair import RepairForm
from destinations.forms.rotate import RotateForm
from destinations.forms.teams import AssignForm, TeamForm

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
