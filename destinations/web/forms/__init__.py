"""The forms: what was typed, checked by the traps; a password never goes back to the page."""

from __future__ import annotations

from destinations.web.forms.change import EditForm, RotateForm
from destinations.web.forms.external import ExternalForm
from destinations.web.forms.leak import LeakForm, NewAccountForm, ResponseForm
from destinations.web.forms.new import NewForm
from destinations.web.forms.repair import RepairForm
from destinations.web.forms.seal import SealForm
from destinations.web.forms.teams import AppForm, AssignForm, DeleteForm, SwitchForm, TeamForm

__all__ = [
    "AppForm",
    "AssignForm",
    "DeleteForm",
    "EditForm",
    "ExternalForm",
    "LeakForm",
    "NewAccountForm",
    "NewForm",
    "RepairForm",
    "ResponseForm",
    "RotateForm",
    "SealForm",
    "SwitchForm",
    "TeamForm",
]
