"""Forms of allauth's sign-in, in our words."""

from __future__ import annotations

from typing import Any, Final

from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django.core.validators import MaxLengthValidator

NAME_LENGTH: Final = 80


class PasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """A new passkey. Unless told otherwise it opens the door without a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name, passwordless = self.fields["name"], self.fields["passwordless"]
        name.widget.attrs |= {"maxlength": NAME_LENGTH, "autocomplete": "off"}
        name.help_text = "Which device holds it, so that you know it again."
        passwordless.initial = True
        passwordless.label = "Sign in with it alone"
        passwordless.help_text = (
            "It then asks for your fingerprint, face or PIN. Otherwise it is asked for after the"
            " password."
        )

    def clean_name(self) -> str:
        """Cut a long name instead of refusing it, because the device holds the key already."""
        return str(super().clean_name())[:NAME_LENGTH]


class PasskeyNameForm(EditWebAuthnForm):  # type: ignore[misc]
    """Another name for a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].validators.append(MaxLengthValidator(NAME_LENGTH))
        self.fields["name"].widget.attrs |= {"maxlength": NAME_LENGTH, "autocomplete": "off"}


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    """The code after the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {"autofocus": True, "spellcheck": "false"}
