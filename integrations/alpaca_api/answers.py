"""Answers as Alpaca's client reads them."""

from __future__ import annotations

from typing import Any, Final

import orjson
from django.http import HttpResponse

JSON: Final = "application/json"


def answer(content: Any, *, status: int = 200) -> HttpResponse:
    """JSON; what is empty is an empty object or list, never null."""
    return HttpResponse(orjson.dumps(content), content_type=JSON, status=status)
