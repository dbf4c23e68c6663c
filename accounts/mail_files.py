"""Mail of a desk without a mail server: each message a file that its owner can open."""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

logger = logging.getLogger(__name__)

BACKEND: Final = "accounts.mail_files.MailFiles"
SUFFIX: Final = ".eml"
DAY_SECONDS: Final = 24 * 3600


class MailFiles(BaseEmailBackend):
    """Django's way out for mail, into ``MAIL_FOLDER``.

    The files hold links that open accounts, so nobody else may read them, and they go after
    ``LIMITS.mail_file_days``.
    """

    def __init__(self, fail_silently: bool = False, **_: Any) -> None:
        super().__init__(fail_silently=fail_silently)
        self.folder = Path(settings.MAIL_FOLDER)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the messages; return how many.

        Raises:
            OSError: the folder cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Also where somebody made it before, or the mask of the process took nothing away.
        self.folder.chmod(0o700)
        forget_old_files(self.folder, now=time.time())
        for message in email_messages:
            path = write_message(self.folder, message.message().as_bytes())
            logger.info("There is no mail server; the message %r lies in %s", message.subject, path)
        return len(email_messages)


def write_message(folder: Path, text: bytes) -> Path:
    """Keep one message under a name that sorts by time, readable by its owner alone."""
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    path = folder / f"{moment}-{secrets.token_hex(4)}{SUFFIX}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
    return path


def forget_old_files(folder: Path, *, now: float) -> None:
    """Remove messages older than the limit; ``now`` is in seconds since 1970."""
    oldest = now - settings.LIMITS.mail_file_days * DAY_SECONDS
    for path in folder.glob(f"*{SUFFIX}"):
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:
            continue  # another process was quicker


def shown_folder() -> str | None:
    """Where to tell people that their mail lies; ``None`` where it is really sent."""
    return str(settings.MAIL_FOLDER) if settings.EMAIL_BACKEND == BACKEND else None
