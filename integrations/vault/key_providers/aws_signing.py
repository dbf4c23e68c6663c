"""Signatures of requests to Amazon Web Services, version 4. Pure.

Source: AWS General Reference, "Create a signed AWS API request".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlsplit

ALGORITHM: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who asks which service where."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str
    service: str

    def authorization(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes, at: datetime
    ) -> str:
        """The ``Authorization`` of a request; it covers all headers given, of which one is
        ``X-Amz-Date`` and one ``Host``.
        """
        names = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
        signed = ";".join(sorted(names))
        parts = urlsplit(url)
        query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
        canonical = "\n".join(
            [
                method,
                quote(parts.path or "/", safe="/-_.~"),
                query,
                *(f"{name}:{names[name]}" for name in sorted(names)),
                "",
                signed,
                hashlib.sha256(body).hexdigest(),
            ]
        )
        day, moment = at.strftime("%Y%m%d"), moment_text(at)
        scope = f"{day}/{self.region}/{self.service}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"{ALGORITHM}\n{moment}\n{scope}\n{digest}"
        key = f"AWS4{self.secret_key}".encode()
        for word in (day, self.region, self.service, "aws4_request"):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        credential = f"{self.access_key}/{scope}"
        return f"{ALGORITHM} Credential={credential}, SignedHeaders={signed}, Signature={signature}"


def moment_text(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M%SZ")
