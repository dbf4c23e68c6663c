"""Pages and API for a WSGI server (granian on servers), and inside config.asgi."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from market.live import live_quotes  # noqa: E402 -- has models, so Django must be set up

live_quotes.keep_listening()
