"""Pages and API for a WSGI server (granian on servers), and inside config.asgi."""

import os

from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# These have models or read settings, so Django must be set up.
from config.access import checks  # noqa: E402
from config.postgres.base import WebProcess  # noqa: E402
from market.live import live_quotes  # noqa: E402

checks.refuse_undeclared([checks.find_undeclared_pages, checks.find_undeclared_operations])
WebProcess.is_this = True


def begin_listening(**_signal: object) -> None:
    """Hear prices from the first request on: a process of sockets alone would read each twice."""
    if request_started.disconnect(begin_listening):  # true for one of several that come at once
        live_quotes.keep_listening()


request_started.connect(begin_listening)
