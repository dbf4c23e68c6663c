"""Everything in one ASGI application: pages and API on threads, sockets on the event loop.

Embedded, Daphne serves it whole. On servers, granian serves config.wsgi and uvicorn serves this
one for the sockets.
"""

from importlib import import_module

from channels.routing import ProtocolTypeRouter
from django.conf import settings

from config.daphne_forms import leave_forms_to_django
from config.middleware.socket_origin import ExactOrigin
from config.middleware.socket_session import SocketSession
from config.request_pool import WsgiRequests

# Sets Django up, which what follows needs.
from config.wsgi import application as wsgi_application

from config.access import checks  # isort: skip
from config.daphne_refusals import speak_for_daphne  # isort: skip
from config.middleware.audit_origin import SocketAuditOrigin  # isort: skip
from config.middleware.socket_log import SocketLog  # isort: skip
from config.routing import websocket_application  # isort: skip

checks.refuse_undeclared([checks.find_undeclared_sockets])
leave_forms_to_django()
speak_for_daphne()

# Else the first visitor would wait for every page's code, and see its mistakes.
import_module(settings.ROOT_URLCONF)

application = ProtocolTypeRouter(
    {
        "http": WsgiRequests(
            wsgi_application,
            threads=settings.LIMITS.request_threads,
            waiting=settings.LIMITS.request_queue,
        ),
        "websocket": SocketLog(
            ExactOrigin(SocketSession(SocketAuditOrigin(websocket_application)))
        ),
    }
)
