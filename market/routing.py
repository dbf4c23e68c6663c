"""Socket addresses of the market."""

from django.urls import path

from market.live.consumers import QuoteConsumer

websocket_urlpatterns = [path("ws/v1/quotes", QuoteConsumer.as_asgi())]
