"""What administrators do with users: make them, change what they may, sign them out.

Pages, API, Django's admin and the command line call these. Two administrators who take each
other's right at once wait for each other here, so one of them remains.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import audit
from accounts.errors import AccountsError, NotFound, Problem, ProblemsError
from accounts.models import ApiKey, TokenFamily, User
from accounts.tiers import Tier

CHANGEABLE: Final = ("display_name", "tier", "is_active", "is_staff")
NAME_LENGTH: Final = 80
EMAIL_LENGTH: Final = 254


class UserRefused(ProblemsError):
    """The user was not made or changed; ``problems`` says why."""

    code = "user_refused"


class EmailTaken(UserRefused):
    """Somebody has that address already."""

    code = "email_taken"

    def __init__(self, email: str) -> None:
        super().__init__([Problem("email", "email_taken", f"There is already a user {email}.")])


class AdminNeeded(AccountsError):
    """Only an administrator may change users, and the caller is none, or none any more."""

    code = "admin_needed"

    def __init__(self) -> None:
        super().__init__("Only an administrator may change users.")


class OwnRightKept(AccountsError):
    """Administrators do not take away their own right: another one does."""

    code = "own_right_kept"

    def __init__(self) -> None:
        super().__init__("You cannot take away your own right or switch yourself off.")


class LastAdminKept(AccountsError):
    """Somebody must remain who may change users."""

    code = "last_admin_kept"

    def __init__(self) -> None:
        super().__init__("This is the last administrator; make another one first.")


@transaction.atomic
def create_user(
    *,
    email: str,
    password: str | None,
    tier: str = Tier.STANDARD,
    display_name: str = "",
    is_staff: bool | None = None,
    by: User | None,
    created_at: datetime,
    has_weak_password: bool = False,
) -> User:
    """Make somebody who may sign in.

    Args:
        password: None makes one who lets himself in by the mail for a forgotten password.
        is_staff: None follows the tier, as administrators need the pages of operations.
        by: the administrator who does it; None on the command line.
        has_weak_password: leave the rules for passwords aside.

    Raises:
        AdminNeeded: ``by`` is no administrator.
        EmailTaken: somebody has that address.
        UserRefused: the address, tier, name or password will not do.
    """
    if by is not None:
        # As he is now: a key's owner is remembered for a moment.
        refuse_who_is_no_admin(User.objects.select_for_update(no_key=True).get(id=by.id))
    email = email.strip().lower()
    user = User(email=email, tier=tier, display_name=display_name.strip(), joined_at=created_at)
    user.is_staff = tier == Tier.ADMIN if is_staff is None else is_staff
    if problems := find_problems(user, password=None if has_weak_password else password):
        raise UserRefused(problems)
    user.set_password(password)
    save_new(user)
    return user


def save_new(user: User) -> None:
    """Store a user who was just made, with the audit event of it.

    Raises:
        EmailTaken: somebody else has the address, in whatever case.
    """
    if User.objects.filter(email__iexact=user.email).exists():
        raise EmailTaken(user.email)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:  # somebody was faster
        raise EmailTaken(user.email) from error
    audit.record(
        action="user.created",
        owner_id=user.id,
        target="user",
        target_id=str(user.id),
        after={"email": user.email, **facts_of(user)},
        occurred_at=user.joined_at,
    )


@transaction.atomic
def change_user(
    *, user_id: UUID, changes: Mapping[str, Any], by: User | None, changed_at: datetime
) -> User:
    """Change name, tier, ``is_active`` or ``is_staff``; what is not named stays.

    An admin becomes staff, and who is admin no more is staff no more, unless ``is_staff`` is named
    too. Whoever is switched off is signed out everywhere.

    Raises:
        NotFound: there is no such user.
        AdminNeeded: ``by`` is no administrator, or was not one any more when it was his turn.
        OwnRightKept: ``by`` would lose his own right.
        LastAdminKept: no administrator would remain.
        UserRefused: a value will not do, or a fact that cannot change.
    """
    user = lock_with_admins(user_id, by=by)
    before = facts_of(user)
    for name, value in with_staff(user, changes).items():
        setattr(user, name, value.strip() if name == "display_name" else value)
    if problems := [*find_unknown(changes), *find_problems(user)]:
        raise UserRefused(problems)
    former, latter = audit.changes(before, facts_of(user))
    if not latter:
        return user
    refuse_loss_of_admin(user, by=by, before=before)
    user.save(update_fields=list(latter))
    audit.record(
        action="user.changed",
        owner_id=user.id,
        target="user",
        target_id=str(user.id),
        before=former,
        after=latter,
        occurred_at=changed_at,
    )
    if latter.get("is_active") is False:
        close_everything(user, at=changed_at)
    return user


@transaction.atomic
def change_profile(*, user: User, display_name: str, changed_at: datetime) -> User:
    """Let a user call himself differently.

    Raises:
        UserRefused: the name is too long.
    """
    user = User.objects.select_for_update(no_key=True).get(id=user.id)
    before, user.display_name = user.display_name, display_name.strip()
    if problems := find_problems(user):
        raise UserRefused(problems)
    if user.display_name != before:
        user.save(update_fields=["display_name"])
        audit.record(
            action="user.changed",
            owner_id=user.id,
            target="user",
            target_id=str(user.id),
            before={"display_name": before},
            after={"display_name": user.display_name},
            occurred_at=changed_at,
        )
    return user


@transaction.atomic
def sign_out_everywhere(*, user_id: UUID, by: User | None, at: datetime) -> None:
    """End all sessions and sign-ins of a user and revoke his API keys. Harmless when repeated.

    Raises:
        NotFound: there is no such user.
        AdminNeeded: ``by`` is no administrator.
    """
    close_everything(lock_with_admins(user_id, by=by), at=at)


def close_everything(user: User, *, at: datetime) -> None:
    """The user is locked. Sessions and tokens carry a hash that this changes."""
    user.sessions_ended_at = at
    user.save(update_fields=["sessions_ended_at"])
    keys = ApiKey.objects.filter(owner=user, revoked_at=None).update(revoked_at=at)
    sign_ins = TokenFamily.objects.filter(owner=user, revoked_at=None).update(revoked_at=at)
    audit.record(
        action="user.signed_out",
        owner_id=user.id,
        target="user",
        target_id=str(user.id),
        after={"keys_revoked": keys, "sign_ins_ended": sign_ins},
        occurred_at=at,
    )


def lock_with_admins(user_id: UUID, *, by: User | None) -> User:
    """The user, locked together with every administrator, always in the same order."""
    locked = (
        User.objects.select_for_update(no_key=True)
        .filter(Q(id=user_id) | Q(tier=Tier.ADMIN))
        .order_by("id")
    )
    found = {user.id: user for user in locked}
    if by is not None:
        refuse_who_is_no_admin(found.get(by.id))
    if user_id not in found:
        raise NotFound("There is no such user.")
    return found[user_id]


def refuse_who_is_no_admin(by: User | None) -> None:
    """Raises:
    AdminNeeded: there is nobody, or he is no administrator.
    """
    if by is None or not by.is_admin:
        raise AdminNeeded


def refuse_loss_of_admin(user: User, *, by: User | None, before: Mapping[str, Any]) -> None:
    """Keep somebody who may administer; ``before`` is what ``facts_of`` told of the user.

    Raises:
        LastAdminKept: no active administrator would be left.
        OwnRightKept: he would take a right from himself.
    """
    was_admin = before["tier"] == Tier.ADMIN and before["is_active"]
    is_loss = (was_admin and not user.is_admin) or (before["is_staff"] and not user.is_staff)
    if is_loss and by is not None and by.id == user.id:
        raise OwnRightKept
    others = User.objects.filter(tier=Tier.ADMIN, is_active=True).exclude(id=user.id)
    if was_admin and not user.is_admin and not others.exists():
        raise LastAdminKept


def with_staff(user: User, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes we know, and what a change of tier means for the staff right."""
    known = {name: value for name, value in changes.items() if name in CHANGEABLE}
    tier = known.get("tier", user.tier)
    if "is_staff" not in known and (tier == Tier.ADMIN) != (user.tier == Tier.ADMIN):
        known["is_staff"] = tier == Tier.ADMIN
    return known


def facts_of(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in CHANGEABLE}


def find_unknown(changes: Mapping[str, Any]) -> list[Problem]:
    unknown = sorted(set(changes) - set(CHANGEABLE))
    return [Problem(name, "unchangeable", f"{name} cannot change.") for name in unknown]


def find_problems(user: User, *, password: str | None = None) -> list[Problem]:
    """What is wrong with the user as he stands; his password is judged where it is given."""
    problems = []
    try:
        validate_email(user.email)
    except ValidationError:
        message = f"email was {user.email[:80]!r}, must be an address."
        problems.append(Problem("email", "email_invalid", message))
    if len(user.email) > EMAIL_LENGTH:
        message = f"email must have at most {EMAIL_LENGTH} characters."
        problems.append(Problem("email", "too_long", message))
    if user.tier not in Tier.values:
        message = f"tier was {user.tier!r}, must be one of {', '.join(Tier.values)}."
        problems.append(Problem("tier", "unknown_tier", message))
    if len(user.display_name) > NAME_LENGTH or not user.display_name.isprintable():
        message = f"display_name must have at most {NAME_LENGTH} printable characters."
        problems.append(Problem("display_name", "invalid_name", message))
    if password is not None:
        try:
            validate_password(password, user)
        except ValidationError as error:
            problems += [Problem("password", "weak_password", text) for text in error.messages]
    return problems
