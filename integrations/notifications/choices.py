"""How a user wants to be told: per kind, and when mail and Slack wait."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, time
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.models import User
from integrations.events import kinds
from integrations.models import NotificationChoice, QuietHours


@dataclass(frozen=True, slots=True)
class Choice:
    in_inbox: bool
    by_mail: bool
    by_slack: bool = False  # in the channel that he has connected, if any


@dataclass(frozen=True, slots=True)
class Quiet:
    begins: time
    ends: time
    timezone: str  # IANA name


INBOX: Final = Choice(in_inbox=True, by_mail=False)
BOTH: Final = Choice(in_inbox=True, by_mail=True)
NEITHER: Final = Choice(in_inbox=False, by_mail=False)
# What one does oneself need not be told; what happens while one is away should be.
DEFAULTS: Final[Mapping[str, Choice]] = {
    kinds.OrderFilled.kind: INBOX,
    kinds.OrderPartiallyFilled.kind: NEITHER,
    kinds.OrderCanceled.kind: NEITHER,
    kinds.OrderExpired.kind: INBOX,
    kinds.OrderRejected.kind: INBOX,
    kinds.OrderReplaced.kind: NEITHER,
    kinds.OrderSuspended.kind: INBOX,
    kinds.OrderRestated.kind: INBOX,
    kinds.PositionNotClosed.kind: BOTH,
    kinds.AlertTriggered.kind: BOTH,
    kinds.CashDeposited.kind: NEITHER,
    kinds.CashWithdrawn.kind: NEITHER,
    kinds.IncomeReceived.kind: INBOX,
    kinds.SettlementCompleted.kind: NEITHER,
    kinds.ApiKeyCreated.kind: BOTH,
    kinds.ApiKeyRevoked.kind: INBOX,
    kinds.WebhookDisabled.kind: BOTH,
    kinds.SlackDisconnected.kind: BOTH,
    kinds.ExportReady.kind: INBOX,
    kinds.ExportFailed.kind: INBOX,
    kinds.SignInNeeded.kind: BOTH,
    kinds.ConnectionArmed.kind: BOTH,
    kinds.ConnectionDisarmed.kind: INBOX,
    kinds.LiveOrderAccepted.kind: NEITHER,
    kinds.LiveOrderPartiallyFilled.kind: NEITHER,
    kinds.LiveOrderFilled.kind: INBOX,
    kinds.LiveOrderCanceled.kind: NEITHER,
    kinds.LiveOrderReplaced.kind: NEITHER,
    kinds.LiveOrderExpired.kind: INBOX,
    kinds.LiveOrderRejected.kind: INBOX,
    kinds.LiveOrderUnknown.kind: BOTH,
    kinds.LiveOrderNotReceived.kind: BOTH,
}


def choices_of(owner_ids: Collection[UUID]) -> dict[tuple[UUID, str], Choice]:
    """What these users chose otherwise than by default, by user and kind; one query."""
    rows = NotificationChoice.objects.filter(owner_id__in=owner_ids)
    return {
        (row.owner_id, row.kind): Choice(row.in_inbox, row.by_mail, row.by_slack) for row in rows
    }


def choices_for(user: User) -> dict[str, Choice]:
    """Of each kind, how the user is told."""
    chosen = choices_of([user.id])
    return {kind: chosen.get((user.id, kind), default) for kind, default in DEFAULTS.items()}


def quiet_of(user: User) -> Quiet | None:
    row = QuietHours.objects.filter(owner=user).first()
    return None if row is None else Quiet(row.begins, row.ends, row.timezone)


@transaction.atomic
def choose(
    *, owner: User, choices: Mapping[str, Choice], quiet: Quiet | None, chosen_at: datetime
) -> None:
    """Be told so from now on; kinds left out stay as they are. Repeating it is harmless."""
    User.objects.select_for_update(no_key=True).get(id=owner.id)
    before = choices_for(owner)
    changed = {kind: it for kind, it in choices.items() if before[kind] != it}
    former = quiet_of(owner)
    if not changed and former == quiet:
        return
    _save(owner, changed)
    if quiet is None:
        QuietHours.objects.filter(owner=owner).delete()
    else:
        facts = {"begins": quiet.begins, "ends": quiet.ends, "timezone": quiet.timezone}
        QuietHours.objects.update_or_create(owner=owner, defaults=facts)
    audit.record(
        action="notifications.chosen",
        owner_id=owner.id,
        target="user",
        target_id=str(owner.id),
        before={kind: _words(before[kind]) for kind in changed} | {"quiet": _hours(former)},
        after={kind: _words(it) for kind, it in changed.items()} | {"quiet": _hours(quiet)},
        occurred_at=chosen_at,
    )


def _save(owner: User, changed: Mapping[str, Choice]) -> None:
    rows: Iterable[NotificationChoice] = (
        NotificationChoice(owner=owner, kind=kind, **asdict(it)) for kind, it in changed.items()
    )
    NotificationChoice.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["owner", "kind"],
        update_fields=[field.name for field in fields(Choice)],
    )


def _words(choice: Choice) -> str:
    ways = [("inbox", choice.in_inbox), ("mail", choice.by_mail), ("Slack", choice.by_slack)]
    return ", ".join(name for name, is_chosen in ways if is_chosen) or "not at all"


def _hours(quiet: Quiet | None) -> str | None:
    if quiet is None:
        return None
    return f"{quiet.begins:%H:%M} to {quiet.ends:%H:%M} {quiet.timezone}"
