"""The form of a repair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from destinations.input import validation
from destinations.input.validation import FieldProblem
from destinations.model import Snapshot
from destinations.repairs import Choice, Fix
from destinations.web.forms.fields import KnownChoiceField, RuleSource, nonce_field, text_field


def _organization_trap(organization: str, rules: Snapshot) -> FieldProblem | None:
    """Say what is wrong with an organization, as it would be below a sound host."""
    return (
        validation.check_organization(organization)
        or validation.judge_target("registry.example.com", organization, rules)[0]
    )


class RepairForm(forms.Form):
    """Which of the proposed fixes to apply: a box for each, a choice where there are several ways."""

    nonce = nonce_field()
    uid = forms.CharField(max_length=64, widget=forms.HiddenInput)
    resource_version = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - Django's
        groups: Sequence[tuple[Fix, ...]],
        rules: RuleSource,
        **kwargs: Any,  # noqa: ANN401 - Django's
    ) -> None:
        super().__init__(*args, **kwargs)
        self._rules = rules
        self.groups = groups
        self.fix_names: list[str] = []
        self._codes: dict[str, str] = {}
        for group in groups:
            self._offer(
                f"fix-{group[0].code}", group
            )  # by code: what is proposed may have changed since the page was made

    def _offer(self, name: str, group: tuple[Fix, ...]) -> None:
        first = group[0]
        if first.asks:
            name = first.asks
            self.fields[name] = text_field("Organization", first.title, required=False, limit=255)
        elif len(group) == 1:
            self.fields[name] = forms.BooleanField(label=first.title, required=False, initial=first.certain)
        else:
            choices = [*((fix.code, fix.title) for fix in group), ("", "Do not change it.")]
            self.fields[name] = KnownChoiceField(
                label="Choose one", choices=choices, required=False, initial="", widget=forms.RadioSelect
            )
        self._codes[name] = first.code
        self.fix_names.append(name)

    @property
    def fixes(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fix_names]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        typed = cleaned.get("organization") or ""
        trap = _organization_trap(typed, self._rules.rules) if typed else None
        if trap:
            self.add_error(
                "organization", f"{trap.message} {f'Did you mean {trap.suggestion}?' * bool(trap.suggestion)}"
            )
        return cleaned

    def require_a_fix(self) -> None:
        """Say beside the field that the organization is missing, where no other repair is chosen of a valid form."""
        if self.is_valid() and "organization" in self.fields and not self.choice().codes:
            self.add_error("organization", "Type the organization.")

    def choice(self) -> Choice:
        """Return what was chosen; of a form that is not valid, what it proposes."""
        values = {name: self.fields[name].initial for name in self.fix_names}
        if self.is_bound and self.is_valid():
            values = {name: self.cleaned_data.get(name) for name in self.fix_names}
        codes = {value if isinstance(value, str) and name != "organization" else self._codes[name]
                 for name, value in values.items() if value}  # fmt: skip
        return Choice(frozenset(codes), organization=str(values.get("organization") or ""))
