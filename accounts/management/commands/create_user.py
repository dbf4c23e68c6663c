"""``manage.py create_user EMAIL --password … --tier …``: make somebody who may sign in."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import IntegrityError

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
        user = User(email=email, tier=options["tier"])
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email!r} is not an e-mail address.") from error
        if not password:
            raise CommandError("The password is empty.")
        try:
            validate_password(password, user)
        except ValidationError as error:
            # Whoever may run this command may also decide that; sign-up would refuse it.
            self.stderr.write(f"Weak password: {' '.join(error.messages)}")
        if User.objects.filter(email__iexact=email).exists():
            raise CommandError(f"There is already a user {email}.")
        is_staff = options["staff"] or options["tier"] == Tier.ADMIN
        try:
            user = User.objects.create_user(
                email, password, tier=options["tier"], is_staff=is_staff
            )
        except IntegrityError as error:  # somebody was faster
            raise CommandError(f"There is already a user {email}.") from error
        self.stdout.write(f"Made user {user.email}, tier {user.tier}.")
        self.stdout.write(str(user.id))
