"""Posting notifications to the channels of users, at least once."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from integrations import errands, http
from integrations.models import SlackChannel, SlackMessage
from integrations.notifications.slack_channels import address_of, note_broken
from integrations.notifications.trying_again import LEASE, note_done, put_off

SECONDS: Final = 10.0
ANSWER_BYTES: Final = 64 * 1024
OK, REFUSED, SERVER_FAILS = 200, 300, 500
TIMED_OUT, TOO_MANY = 408, 429
# What Slack answers where the channel or the whole address is no more:
# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
GONE: Final = frozenset({403, 404, 410})


def take_due(*, at: datetime, limit: int) -> list[SlackMessage]:
    return errands.take(SlackMessage.objects.all(), at=at, lease=LEASE, limit=limit)


def deliver(message: SlackMessage, *, at: datetime) -> None:
    """Post one that was taken, and note what came of it."""
    channel = SlackChannel.objects.filter(owner_id=message.owner_id).first()
    if channel is None or not channel.is_working:
        put_off(message, error="No channel takes it.", at=at, is_final=True)
        return
    try:
        answer = http.send(
            "POST",
            address_of(channel),
            headers={"Content-Type": "application/json"},
            content=json.dumps({"text": text_of(message)}).encode(),
            seconds=SECONDS,
            size=ANSWER_BYTES,
        )
    except http.RequestFailed as failure:
        put_off(message, error=str(failure), at=at)
        return
    _note(message, channel, answer, at=at)


def _note(
    message: SlackMessage, channel: SlackChannel, answer: http.Answer, *, at: datetime
) -> None:
    if OK <= answer.status < REFUSED:
        note_done(message, at=at)
        return
    error = f"It answered {answer.status}."
    asked = answer.retry_after_seconds(now=at.timestamp()) if "Retry-After" in answer.headers else 0
    may_pass = answer.status >= SERVER_FAILS or answer.status in {TIMED_OUT, TOO_MANY}
    put_off(message, error=error, at=at, asked_seconds=asked, is_final=not may_pass)
    if answer.status in GONE:
        because = f"It answered {answer.status}: the channel or its address is no more."
        note_broken(channel, because=because, at=at)


def text_of(message: SlackMessage) -> str:
    """What Slack shows: the subject in bold, the text below; nothing in it is a command."""
    lines = [f"*{plain(message.subject)}*", *([plain(message.text)] if message.text else [])]
    return "\n".join(lines)


def plain(text: str) -> str:
    """The three characters that Slack would read as markup, written as it wants them."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
