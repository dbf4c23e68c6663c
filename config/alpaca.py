"""Alpaca's API at ``/alpaca``: the frame of our own around it, and failures in its words."""

from __future__ import annotations

import json
from functools import wraps
from importlib import import_module
from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router

from config.api import HoldfastAPI, View, build_api
from config.problems import CONTENT_TYPE
from integrations.alpaca_api.answers import answer
from integrations.alpaca_api.credentials import translate_credentials
from integrations.alpaca_api.refusals import refusal

ROUTERS: Final = (
    "account_api",
    "activities_api",
    "announcements_api",
    "assets_api",
    "orders_api",
    "positions_api",
    "watchlists_api",
    "data_api",
)


class AlpacaAPI(HoldfastAPI):
    """As ours, with what its callers send and get translated around the frame."""

    refuses_unknown_parameters = False  # Alpaca leaves out what it does not know

    def spoken(self, view: View) -> View:
        @wraps(view)
        def speak(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            translate_credentials(request)
            return translated(view(request, *args, **kwargs))

        return speak


def translated(response: HttpResponseBase) -> HttpResponseBase:
    """A failure in Alpaca's words, with the headers that it had; anything else as it is."""
    if response.headers.get("Content-Type") != CONTENT_TYPE:
        return response
    status, body = refusal(response.status_code, json.loads(content_of(response)))
    told = answer(body, status=status)
    for name, value in response.headers.items():
        told.headers.setdefault(name, value)
    return told


def content_of(response: HttpResponseBase) -> bytes:
    return bytes(getattr(response, "content", b"{}"))


def routers() -> list[Router]:
    return [import_module(f"integrations.alpaca_api.{name}").router for name in ROUTERS]


api: Final = build_api(routers(), namespace="alpaca", of=AlpacaAPI, has_docs=False)
