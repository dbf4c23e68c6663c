"""Mail of a desk without a mail server."""

from __future__ import annotations

import email
import os
import stat
import time
from pathlib import Path

import pytest
from django.core.mail import EmailMessage, get_connection
from pytest_django import Settings

from accounts import mail_files
from config.limits import LIMITS

DAY = 24 * 3600


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.MAIL_FOLDER = tmp_path / "mail"
    settings.EMAIL_BACKEND = mail_files.BACKEND
    return tmp_path / "mail"


def send(subject: str = "Grüße") -> int:
    message = EmailMessage(subject, "Körper", "desk@example.com", ["alice@example.com"])
    return get_connection().send_messages([message])


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_message_becomes_a_file_for_its_owner_alone(folder: Path) -> None:
    assert send() == 1
    (path,) = folder.iterdir()
    message = email.message_from_bytes(path.read_bytes())
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode() == "Körper"
    assert message["To"] == "alice@example.com"
    assert (path.suffix, mode_of(path), mode_of(folder)) == (".eml", 0o600, 0o700)


def test_a_folder_that_was_open_is_closed(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    send()
    assert mode_of(folder) == 0o700


def test_two_messages_of_one_second_are_two_files(folder: Path) -> None:
    send()
    send()
    assert len(list(folder.iterdir())) == 2


def test_old_messages_go_and_others_stay(folder: Path) -> None:
    folder.mkdir()
    now = time.time()
    ages = {
        "at-limit.eml": LIMITS.mail_file_days * DAY - 60,
        "beyond.eml": LIMITS.mail_file_days * DAY + 60,
        "beyond.txt": LIMITS.mail_file_days * DAY + 60,
    }
    for name, age in ages.items():
        (folder / name).touch()
        os.utime(folder / name, (now - age, now - age))
    mail_files.forget_old_files(folder, now=now)
    assert {path.name for path in folder.iterdir()} == {"at-limit.eml", "beyond.txt"}


def test_a_folder_that_cannot_be_written_is_told(settings: Settings, folder: Path) -> None:
    folder.touch()
    with pytest.raises(FileExistsError):
        send()


def test_the_folder_is_named_only_where_mail_lies_in_it(settings: Settings, folder: Path) -> None:
    assert mail_files.shown_folder() == str(folder)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert mail_files.shown_folder() is None
