"""The form of the sign-in. What it brings is read raw: an account is compared by its bytes."""

from __future__ import annotations

from django import forms


class SignInForm(forms.Form):
    """User name and password, as browsers and their password managers know them."""

    username = forms.CharField(
        label="User name",
        widget=forms.TextInput({"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(label="Password", widget=forms.PasswordInput({"autocomplete": "current-password"}))

    def __init__(self, *, auto_focus: bool) -> None:
        """Begin empty; the first field has the focus where nothing else is to be read before."""
        super().__init__()
        if auto_focus:
            self.fields["username"].widget.attrs["autofocus"] = True
