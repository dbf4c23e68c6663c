"""Pages and API for a WSGI server (granian on servers), and inside config.asgi."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# These have models or read settings, so Django must be set up.
from config.access import checks  # noqa: E402
from config.postgres.base import WebProcess  # noqa: E402
from market.live import live_quotes  # noqa: E402

checks.refuse_undeclared([checks.find_undeclared_pages, checks.find_undeclared_operations])
WebProcess.is_this = True
live_quotes.keep_listening()
