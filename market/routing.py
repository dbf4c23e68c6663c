"""Socket addresses of the market."""

from django.urls import path

from accounts.api_keys import Scope
from accounts.policies import socket_for
from market.live.consumers import QuoteConsumer

websocket_urlpatterns = [path("ws/v1/quotes", socket_for(Scope.READ, QuoteConsumer.as_asgi()))]
