"""Sign-in and sign-up for programs, behind the same door as the pages: allauth's adapter."""

from __future__ import annotations

from typing import Any, Final

from allauth.account import app_settings, signals
from allauth.account.adapter import get_adapter
from allauth.account.forms import SignupForm
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.account.models import EmailAddress
from allauth.account.utils import has_verified_email
from allauth.core import ratelimit
from allauth.mfa.base.forms import BaseAuthenticateForm
from allauth.mfa.utils import is_mfa_enabled
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from accounts.errors import AccountsError, Problem, ProblemsError
from accounts.models import User

NO_MATCH: Final = "E-mail and password do not belong together."
FIELDS: Final = {"password1": "password", "password2": "password", "__all__": ""}


class SignInRefused(AccountsError):
    """E-mail and password do not belong together; which of them is wrong is not said."""

    code = "sign_in_refused"


class SecondFactorNeeded(AccountsError):
    """The password was right; a code of the authenticator app or a recovery code is missing."""

    code = "second_factor_needed"


class EmailUnverified(AccountsError):
    """The address must be verified before anything else."""

    code = "email_unverified"


class TooManyAttempts(AccountsError):
    """Too many wrong passwords or sign-ups from there or for that address."""

    code = "too_many_attempts"
    retry_after_seconds = 300

    def __init__(self) -> None:
        super().__init__("Too many attempts; wait a few minutes.")


class SignUpClosed(AccountsError):
    """Nobody new is taken on."""

    code = "sign_up_closed"


class SignUpRefused(ProblemsError):
    """The user was not made; ``problems`` says why."""

    code = "sign_up_refused"


def check_password(request: HttpRequest, *, email: str, password: str) -> User:
    """The user whom e-mail and password belong to, and who may sign in.

    Raises:
        SignInRefused: they do not belong together, or the user is switched off.
        EmailUnverified: where verification is mandatory.
        TooManyAttempts: allauth's limit of failures was reached.
    """
    user = _authenticated(request, email=email, password=password)
    if must_verify() and not has_verified_email(user, user.email):
        raise EmailUnverified("Your address is not verified; sign in on the pages to get the mail.")
    return user


def confirm_identity(request: HttpRequest, user: User, *, password: str, otp: str) -> None:
    """Make sure that it is the user himself who asks, beyond the key that speaks for him.

    Raises:
        SignInRefused: the password or the code is wrong, or he has no password.
        SecondFactorNeeded: a code is missing.
        TooManyAttempts: allauth's limit of failures was reached.
    """
    if _authenticated(request, email=user.email, password=password) != user:
        raise SignInRefused(NO_MATCH)
    check_second_factor(user, otp=otp)


def has_means_to_confirm(user: User) -> bool:
    """Whether he has a password or a second factor; whoever has neither is let pass unasked."""
    return bool(get_reauthentication_flows(user))


def _authenticated(request: HttpRequest, *, email: str, password: str) -> User:
    """Raises:
    SignInRefused: they do not belong together, or the user is switched off.
    TooManyAttempts: allauth's limit of failures was reached.
    """
    try:
        user = get_adapter().authenticate(request, email=email, password=password)
    except ValidationError:  # its only reason is the limit
        raise TooManyAttempts from None
    if not isinstance(user, User) or not user.is_active:
        raise SignInRefused(NO_MATCH)
    return user


def check_second_factor(user: User, *, otp: str) -> None:
    """Ask a user with a second factor for a code, which serves once.

    Args:
        otp: from the authenticator app, or a recovery code; empty where none was sent.

    Raises:
        SecondFactorNeeded: no code was sent.
        SignInRefused: the code is wrong or was used before.
        TooManyAttempts: allauth's limit of failures was reached.
    """
    if not is_mfa_enabled(user):
        return
    if not otp:
        raise SecondFactorNeeded("Send a code of your authenticator app, or a recovery code, too.")
    form = BaseAuthenticateForm({"code": otp}, user=user)
    if form.is_valid():
        form.authenticator.record_usage()
        return
    if form.has_error("code", "too_many_login_attempts"):
        raise TooManyAttempts
    raise SignInRefused("The code is wrong.")


def sign_up(request: HttpRequest, *, email: str, password: str) -> None:
    """Make a user of the standard tier and send the mail that verifies his address.

    Where verification is mandatory, an address that is taken is answered like a free one, and
    its owner is told by mail.

    Raises:
        SignUpClosed: the adapter takes nobody on.
        SignUpRefused: the address or the password will not do.
        TooManyAttempts: allauth's limit of sign-ups was reached.
    """
    if not get_adapter().is_open_for_signup(request):
        raise SignUpClosed("Sign-up is closed here.")
    if not ratelimit.consume(request, action="signup"):
        raise TooManyAttempts
    form = SignupForm({"email": email, "password1": password, "password2": password})
    if not form.is_valid():
        raise SignUpRefused(find_problems(form.errors.get_json_data()))
    # To this address allauth writes that its owner has signed up before.
    address = EmailAddress(email=email)
    if not form.account_already_exists:
        address = save_user(request, form)
    if app_settings.EMAIL_VERIFICATION != app_settings.EmailVerificationMethod.NONE:
        send_verification_email_to_address(request, address, signup=True)


def save_user(request: HttpRequest, form: SignupForm) -> EmailAddress:
    try:
        with transaction.atomic():
            user = form.save(request)
            signals.user_signed_up.send(sender=User, request=request, user=user)
    except IntegrityError:  # the same address came twice at once
        message = "A user with this address exists already."
        raise SignUpRefused([Problem("email", "email_taken", message)]) from None
    return EmailAddress.objects.get(user=user, email=user.email)


def must_verify() -> bool:
    mandatory = app_settings.EmailVerificationMethod.MANDATORY
    return bool(mandatory == app_settings.EMAIL_VERIFICATION)


def find_problems(errors: dict[str, list[dict[str, Any]]]) -> list[Problem]:
    """What allauth's form refused, once each, by the fields of the endpoint."""
    found = {
        (FIELDS.get(field, field), str(error["code"]), str(error["message"])): None
        for field, listed in errors.items()
        for error in listed
    }
    return [Problem(field, code or "invalid", message) for field, code, message in found]
