"""The use cases: add, rotate, edit, repair, disable and enable, assign to a team, delete, sweep. Orchestration and nothing else.

Every write follows one protocol: the bundle first, under a name never used before; then one conflict-checked PUT
that carries a write id (`writes` makes its outcome certain); then, and only of what the portal made itself, the
clean-up.
"""

from destinations.access import Denied
from destinations.actions.additions import add, name_taken
from destinations.actions.common import Change, Done, Seen, refuse_foreign
from destinations.actions.deletions import delete, sweep
from destinations.actions.edits import Edit, edit, needs_password, switch
from destinations.actions.repairs import Split, repair, split
from destinations.actions.rotations import Rotation, rotate
from destinations.actions.teams import Assignment, assign

__all__ = [
    "Assignment",
    "Change",
    "Denied",
    "Done",
    "Edit",
    "Rotation",
    "Seen",
    "Split",
    "add",
    "assign",
    "delete",
    "edit",
    "name_taken",
    "needs_password",
    "refuse_foreign",
    "repair",
    "rotate",
    "split",
    "sweep",
    "switch",
]
