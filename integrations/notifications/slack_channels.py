"""The channel of Slack in which a user is told: connected, tried, given up.

It is an "incoming webhook" of his own workspace, or of anything that takes the same messages. Its
address is as good as a key, so it is kept sealed and never shown again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import transaction

from accounts import audit
from accounts.errors import NotFound, Problem, ProblemsError
from accounts.identifiers import new_id
from accounts.models import User
from accounts.sealed_answers import seal, unseal
from integrations import http, outbox
from integrations.events.kinds import SlackDisconnected
from integrations.models import SlackChannel, SlackMessage

TEST_SUBJECT: Final = "Holdfast is connected"
TEST_TEXT: Final = "You are told here what you chose under Settings, Notifications."


class ChannelRefused(ProblemsError):
    """The address was not kept; ``problems`` says why."""

    code = "slack_channel_refused"


def channel_of(owner: User) -> SlackChannel | None:
    return SlackChannel.objects.filter(owner=owner).first()


def address_of(channel: SlackChannel) -> str:
    """The address itself, for whoever posts to it."""
    return unseal(bytes(channel.address), bound_to=channel.owner_id.bytes).decode()


@transaction.atomic
def connect_channel(*, owner: User, address: str, connected_at: datetime) -> SlackChannel:
    """Tell him there from now on what he chose for Slack, and begin with a word that it works.

    Another address takes the place of the former; the same again connects it anew.

    Raises:
        ChannelRefused: nothing would ever be sent to such an address.
    """
    try:
        found = http.check_public(address, needs_tls=True)
    except http.AddressRefused as error:
        raise ChannelRefused([Problem("address", "refused_address", str(error))]) from error
    User.objects.select_for_update(no_key=True).get(id=owner.id)
    former = channel_of(owner)
    channel, _ = SlackChannel.objects.update_or_create(
        owner=owner,
        defaults={
            "address": seal(address.encode(), bound_to=owner.id.bytes),
            "host": found.host,
            "connected_at": connected_at,
            "broken_at": None,
            "broken_because": "",
        },
    )
    audit.record(
        action="slack.connected",
        **_target(channel),
        before=_facts(former),
        after=_facts(channel),
        occurred_at=connected_at,
    )
    SlackMessage.objects.create(
        owner=owner,
        event_id=new_id(),
        subject=TEST_SUBJECT,
        text=TEST_TEXT,
        created_at=connected_at,
        due_at=connected_at,
    )
    return channel


@transaction.atomic
def forget_channel(*, owner: User, forgotten_at: datetime) -> None:
    """Tell him nothing more there, not even what waits.

    Raises:
        NotFound: he has connected none.
    """
    channel = SlackChannel.objects.select_for_update().filter(owner=owner).first()
    if channel is None:
        raise NotFound("There is no channel of Slack.")
    SlackMessage.objects.filter(owner=owner, done_at=None).delete()
    audit.record(
        action="slack.forgotten",
        **_target(channel),
        before=_facts(channel),
        after=_facts(None),
        occurred_at=forgotten_at,
    )
    channel.delete()


@transaction.atomic
def note_broken(channel: SlackChannel, *, because: str, at: datetime) -> None:
    """Post nothing more to a channel that takes nothing any more, and tell its owner."""
    found = SlackChannel.objects.select_for_update().filter(
        owner=channel.owner_id, connected_at=channel.connected_at, broken_at=None
    )
    current = found.first()
    if current is None:  # connected anew, or forgotten, or known
        return
    current.broken_at, current.broken_because = at, because
    current.save(update_fields=["broken_at", "broken_because"])
    audit.record(
        action="slack.disconnected",
        **_target(current),
        before=_facts(channel),
        after=_facts(current),
        occurred_at=at,
    )
    outbox.put(
        [SlackDisconnected(owner_id=current.owner_id, occurred_at=at, reason=because)],
        recorded_at=at,
    )


def _target(channel: SlackChannel) -> dict[str, Any]:
    return {
        "owner_id": channel.owner_id,
        "target": "user",
        "target_id": str(channel.owner_id),
    }


def _facts(channel: SlackChannel | None) -> dict[str, Any] | None:
    if channel is None:
        return None
    return {"host": channel.host, "broken_because": channel.broken_because}
