"""Takes secrets out of what is written down for others: logs, error reports, chat messages.

Two ways lead to one: a secret has a shape (our keys and tokens, a JWT, a URL with a password), or
it stands behind a name that says so (``password=…``, ``Authorization: …``). What stays tells which
one it was, such as a key's public part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

HIDDEN: Final = "[hidden]"
WORDS: Final = (
    r"passw(?:or)?d|passwd|passphrase|secret|token|otp|totp|api[_-]?key|credential|csrf\w*"
    r"|session(?:_?id|_?key)?|cookie|authorization|seed|private[_-]?key|dsn"
)
SECRET_NAME: Final = re.compile(rf"(?:^|[_\W])(?:\w*(?:{WORDS})s?)(?:$|[_\W])", re.IGNORECASE)
# A header's value is hidden to the end of its line or its quotes, for cookies hold spaces.
HEADER: Final = re.compile(
    r"(?P<name>\b(?:proxy-)?(?:authorization|cookie|set-cookie|x-api-key|http_cookie"
    r"|http_authorization|http_x_api_key)['\"]?\s*[:=]\s*+)"
    r"(?!\[hidden\])(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\n,}\]]+)",
    re.IGNORECASE,
)
NAMED: Final = re.compile(
    rf"(?P<name>[\w.-]*(?:{WORDS})[\w-]*['\"]?\s*(?:=>|[:=])\s*+)"
    r"(?!\[hidden\])(?P<value>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[^\s,;&)}\]'\"]+)",
    re.IGNORECASE,
)
SHAPES: Final = (
    (re.compile(r"(hf_live_[A-Za-z0-9]{1,12})[A-Za-z0-9_]*"), rf"\1_{HIDDEN}"),
    (re.compile(r"(hf_[a-z]+_)(?!\[)(?<!hf_live_)[A-Za-z0-9_-]{8,}"), rf"\1{HIDDEN}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,4}"), HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {HIDDEN}"),
    # Up to the last @ before the host: a password may itself hold one.
    (re.compile(r"([A-Za-z][\w+.-]*://[^\s:/@'\"]*):[^\s'\"]*@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"(hooks\.slack\.com/\w+/)[^\s'\"]+"), rf"\1{HIDDEN}"),
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|$)", re.DOTALL),
        HIDDEN,
    ),
)
# Nearly every text has nothing that any of these could begin with, and one look says so.
TRIGGER: Final = re.compile(
    rf"{WORDS}|hf_|eyJ|bearer|basic|://|hooks\.slack|-----BEGIN", re.IGNORECASE
)
DEPTH: Final = 6


def redact(text: str) -> str:
    """The text without what looks like, or is called, a secret."""
    if TRIGGER.search(text) is None:
        return text
    text = HEADER.sub(_hide, text)
    for shape, replacement in SHAPES:
        text = shape.sub(replacement, text)
    return NAMED.sub(_hide, text)


def _hide(found: re.Match[str]) -> str:
    value = found["value"]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{found['name']}{quote}{HIDDEN}{quote}"


@lru_cache(maxsize=1_000)
def is_secret_name(name: str) -> bool:
    return SECRET_NAME.search(name) is not None


def redact_value(value: Any, *, name: str = "", depth: int = DEPTH) -> Any:
    """The same for a structure: whole values behind secret names, texts wherever they stand."""
    if is_secret_name(name) and value not in (None, "", True, False):
        return HIDDEN
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes):
        return redact(value.decode(errors="replace"))
    if depth and isinstance(value, Mapping):
        return {
            redact(str(key)): redact_value(item, name=str(key), depth=depth - 1)
            for key, item in value.items()
        }
    if depth and isinstance(value, (list, tuple, set, frozenset)):
        return [redact_value(item, depth=depth - 1) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return redact(str(value))
