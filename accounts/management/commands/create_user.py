"""``manage.py create_user EMAIL --password … --tier …``: make somebody who may sign in."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import users
from accounts.models import User
from accounts.tiers import Tier


class Command(BaseCommand):
    help = "Make a user who signs in with an e-mail address and a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--password", required=True)
        parser.add_argument("--tier", choices=Tier.values, default=Tier.STANDARD.value)
        parser.add_argument(
            "--staff", action="store_true", help="may see the admin and operational details"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        email, password = options["email"], options["password"]
        if not password:
            raise CommandError("The password is empty.")
        try:
            validate_password(password, User(email=email))
        except ValidationError as error:
            # Whoever may run this command may also decide that; sign-up would refuse it.
            self.stderr.write(f"Weak password: {' '.join(error.messages)}")
        try:
            user = users.create_user(
                email=email,
                password=password,
                tier=options["tier"],
                is_staff=True if options["staff"] else None,
                by=None,
                created_at=timezone.now(),
                has_weak_password=True,
            )
        except users.UserRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Made user {user.email}, tier {user.tier}.")
        self.stdout.write(str(user.id))
