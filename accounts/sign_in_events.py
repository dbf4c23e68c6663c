"""What the sign-in library tells us of its own changes, as events of the audit trail.

It saves first and tells right after; ``whole_requests`` puts a transaction around both. That of
its own here is for what comes by other ways, such as a refused sign-in of a program.
"""

from __future__ import annotations

from typing import Any, Final

from allauth.account import signals as account_signals
from allauth.account.models import EmailAddress
from allauth.account.utils import user_email
from allauth.mfa import signals as mfa_signals
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as social_signals
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.auth import signals as auth_signals
from django.db import transaction
from django.db.models.signals import post_save
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User

METHODS_KEY: Final = "account_authentication_methods"  # where allauth keeps how somebody came in


@transaction.atomic
def note_sign_up(*, user: User, **_: Any) -> None:
    audit.record(
        action="user.created",
        owner_id=user.id,
        target="user",
        target_id=str(user.id),
        after={"email": user.email, "tier": user.tier},
        occurred_at=timezone.now(),
        actor_id=user.id,
    )


@transaction.atomic
def note_sign_in(*, user: User, request: HttpRequest | None = None, **_: Any) -> None:
    session = getattr(request, "session", {})
    methods = [str(one.get("method", "")) for one in session.get(METHODS_KEY, ())]
    audit.record(
        action="session.started",
        owner_id=user.id,
        target="user",
        target_id=str(user.id),
        after={"methods": methods},
        occurred_at=timezone.now(),
        actor_id=user.id,
    )


@transaction.atomic
def note_sign_out(*, user: User | None, **_: Any) -> None:
    if user is None or not user.is_authenticated:
        return
    audit.record(
        action="session.ended",
        owner_id=user.id,
        target="user",
        target_id=str(user.id),
        occurred_at=timezone.now(),
        actor_id=user.id,
    )


@transaction.atomic
def note_refused_sign_in(*, credentials: dict[str, Any], **_: Any) -> None:
    """Kept for addresses without a user too, else the time it takes would tell them apart.

    The address itself is kept only where it is a user's: people type passwords there.
    """
    address = str(credentials.get("email") or credentials.get("username") or "")
    user = User.objects.filter(email__iexact=address).first()
    audit.record(
        action="session.refused",
        owner_id=user.id if user else None,
        target="user",
        target_id=str(user.id) if user else "",
        occurred_at=timezone.now(),
    )


@transaction.atomic
def note_new_password(*, user: User, signal: Any, **_: Any) -> None:
    audit.record(
        action="password.reset" if signal is account_signals.password_reset else "password.changed",
        owner_id=user.id,
        target="user",
        target_id=str(user.id),
        occurred_at=timezone.now(),
        # Whoever resets it holds the mail's link and has not signed in yet.
        actor_id=user.id,
    )


@transaction.atomic
def note_confirmed_address(*, email_address: EmailAddress, **_: Any) -> None:
    audit.record(
        action="email.confirmed",
        owner_id=email_address.user_id,
        target="user",
        target_id=str(email_address.user_id),
        after={"email": email_address.email},
        occurred_at=timezone.now(),
        actor_id=email_address.user_id,
    )


@transaction.atomic
def note_changed_address(*, user: User, from_email_address: EmailAddress | None, **_: Any) -> None:
    audit.record(
        action="email.changed",
        owner_id=user.id,
        target="user",
        target_id=str(user.id),
        before={"email": from_email_address.email if from_email_address else None},
        after={"email": user_email(user)},
        occurred_at=timezone.now(),
    )


@transaction.atomic
def note_new_factor(*, instance: Authenticator, created: bool, **_: Any) -> None:
    """Told by the row itself, because the library tells after the commit."""
    if created:
        note_factor(instance, is_removed=False)


@transaction.atomic
def note_removed_factor(*, authenticator: Authenticator, **_: Any) -> None:
    note_factor(authenticator, is_removed=True)


def note_factor(authenticator: Authenticator, *, is_removed: bool) -> None:
    kind = str(authenticator.type)
    if kind == Authenticator.Type.RECOVERY_CODES:
        audit.record(
            action="recovery_codes.removed" if is_removed else "recovery_codes.made",
            owner_id=authenticator.user_id,
            target="second_factor",
            target_id=str(authenticator.pk or ""),
            occurred_at=timezone.now(),
        )
        return
    audit.record(
        action="second_factor.removed" if is_removed else "second_factor.added",
        owner_id=authenticator.user_id,
        target="second_factor",
        target_id=str(authenticator.pk or ""),
        before={"kind": kind} if is_removed else None,
        after=None if is_removed else {"kind": kind},
        occurred_at=timezone.now(),
    )


@transaction.atomic
def note_connected_provider(*, sociallogin: SocialLogin, **_: Any) -> None:
    note_provider(sociallogin.account, is_removed=False)


@transaction.atomic
def note_removed_provider(*, socialaccount: SocialAccount, **_: Any) -> None:
    note_provider(socialaccount, is_removed=True)


def note_provider(account: SocialAccount, *, is_removed: bool) -> None:
    """By which other door its owner may come in from now on, or may not."""
    facts = {"provider": account.provider}
    audit.record(
        action="provider.disconnected" if is_removed else "provider.connected",
        owner_id=account.user_id,
        target="user",
        target_id=str(account.user_id),
        before=facts if is_removed else None,
        after=None if is_removed else facts,
        occurred_at=timezone.now(),
    )


@transaction.atomic
def note_refused_code(*, user: User, **_: Any) -> None:
    """A wrong code or passkey after the password, or where one confirms who one is."""
    audit.record(
        action="second_factor.refused",
        owner_id=user.id,
        target="user",
        target_id=str(user.id),
        occurred_at=timezone.now(),
    )


@transaction.atomic
def note_refused_passkey(user: User | None) -> None:
    """A passkey that opened nothing; ``user`` is whom it said it is of, if there is such a one."""
    audit.record(
        action="session.refused",
        owner_id=user.id if user else None,
        target="user",
        target_id=str(user.id) if user else "",
        after={"methods": ["passkey"]},
        occurred_at=timezone.now(),
    )


def listen() -> None:
    """Connect all of it, once."""
    receivers = (
        (note_sign_up, account_signals.user_signed_up),
        (note_sign_in, auth_signals.user_logged_in),
        (note_sign_out, auth_signals.user_logged_out),
        (note_refused_sign_in, auth_signals.user_login_failed),
        (note_new_password, account_signals.password_changed),
        (note_new_password, account_signals.password_set),
        (note_new_password, account_signals.password_reset),
        (note_confirmed_address, account_signals.email_confirmed),
        (note_changed_address, account_signals.email_changed),
        (note_removed_factor, mfa_signals.authenticator_removed),
        (note_refused_code, mfa_signals.authentication_failed),
        (note_connected_provider, social_signals.social_account_added),
        (note_removed_provider, social_signals.social_account_removed),
    )
    for receiver, signal in receivers:
        signal.connect(receiver, dispatch_uid=receiver.__name__)
    post_save.connect(note_new_factor, Authenticator, dispatch_uid=note_new_factor.__name__)
