"""People of a running desk, each with an API key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from tests.support.desk import LiveDesk

PASSWORD: Final = "correct horse battery staple"
# In one process, because each start of one takes seconds.
MAKE: Final = """
import json
from io import StringIO
from allauth.account.models import EmailAddress
from accounts.models import User
from django.core.management import call_command
keys = {{}}
for email, tier, scopes in {people!r}:
    call_command("create_user", email, password={password!r}, tier=tier, stdout=StringIO())
    EmailAddress.objects.update_or_create(
        user=User.objects.get(email=email), email=email, defaults={{"verified": True}}
    )
    said = StringIO()
    call_command("create_api_key", email, scopes=scopes, stdout=said)
    keys[email] = said.getvalue().strip().splitlines()[-1]
print(json.dumps(keys))
"""


class NewPerson(NamedTuple):
    email: str
    tier: str
    scopes: str  # of the key, between commas


def make_people(desk: LiveDesk, people: Sequence[NewPerson]) -> dict[str, str]:
    """Make them, with ``PASSWORD`` and confirmed; return their keys by address."""
    script = MAKE.format(people=[tuple(person) for person in people], password=PASSWORD)
    made = desk.manage("shell", "-c", script)
    return dict(json.loads(made.stdout.strip().splitlines()[-1]))
