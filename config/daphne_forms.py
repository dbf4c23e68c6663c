"""Forms are read by Django alone, also where Daphne serves.

Twisted, which Daphne stands on, reads each posted form whole before it hands the request on,
uploads too, and answers a form that it cannot read with a bare 400 that says nothing.
"""

from __future__ import annotations

import sys
from typing import Any


def leave_forms_to_django() -> None:
    """Have Daphne, if this process runs it, take requests as they come."""
    protocol: Any = sys.modules.get("daphne.http_protocol")
    if protocol is None or getattr(protocol.WebRequest, "leaves_forms", False):
        return

    class WebRequest(protocol.WebRequest):  # type: ignore[misc]
        leaves_forms = True

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs, parsePOSTFormSubmission=False)

    protocol.WebRequest = WebRequest
