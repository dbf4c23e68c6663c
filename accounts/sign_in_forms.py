"""Forms of allauth's sign-in, in our words."""

from __future__ import annotations

from typing import Any, Final

from allauth.core import context
from allauth.mfa import signals
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from allauth.mfa.webauthn.internal.auth import extract_user_from_response
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator

from accounts.sign_in_events import note_refused_passkey

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

    def clean(self) -> dict[str, Any]:
        try:
            return dict(super().clean())
        except ValueError as error:  # the library looks for less than can be wrong
            raise get_adapter().validation_error("incorrect_code") from error

    def clean_name(self) -> str:
        """Cut a long name instead of refusing it, because the device holds the key already."""
        return str(super().clean_name())[:NAME_LENGTH]


class PasskeyNameForm(EditWebAuthnForm):  # type: ignore[misc]
    """Another name for a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].validators.append(MaxLengthValidator(NAME_LENGTH))
        self.fields["name"].widget.attrs |= {"maxlength": NAME_LENGTH, "autocomplete": "off"}


class SecondPasskeyForm(AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey after the password. The library tells of wrong codes, but not of these."""

    def clean_credential(self) -> Authenticator:
        shown = self.cleaned_data["credential"]
        try:
            return super().clean_credential()
        except ValidationError:
            self.tell_of_refusal(shown)
            raise

    def tell_of_refusal(self, shown: Any) -> None:
        signals.authentication_failed.send(
            sender=Authenticator,
            request=context.request,
            user=self.user,
            authenticator=None,
            reauthentication=self.reauthenticated,
        )


class ConfirmingPasskeyForm(SecondPasskeyForm, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey where one confirms who one is."""


class OnlyPasskeyForm(SecondPasskeyForm, LoginWebAuthnForm):  # type: ignore[misc]
    """A passkey without a password."""

    def tell_of_refusal(self, shown: Any) -> None:
        try:
            user = extract_user_from_response(shown)
        except (ValidationError, AttributeError):  # what was sent is anything at all
            user = None
        note_refused_passkey(user)


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    """The code after the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {"autofocus": True, "spellcheck": "false"}
