"""The programs of the quote case: sixteen connections that ask again once they are answered.

Keys come as a JSON list on standard input; the rate goes out as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import dataclass
from itertools import cycle, islice

from bench.orders_load import CONNECTIONS


@dataclass(slots=True)
class Tally:
    answered: int = 0
    refused: int = 0
    first_refusal: str = ""


async def ask(port: int, path: str, key: str, ends_at: float, tally: Tally) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n\r\n"
    ).encode()
    while time.perf_counter() < ends_at:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        if head.startswith(b"HTTP/1.1 200"):
            tally.answered += 1
        else:
            tally.refused += 1
            tally.first_refusal = tally.first_refusal or body.decode()[:300]
    writer.close()


async def run(port: int, path: str, keys: list[str], seconds: float) -> dict[str, object]:
    tally = Tally()
    began = time.perf_counter()
    ends_at = began + seconds
    users = islice(cycle(keys), CONNECTIONS)
    await asyncio.gather(*(ask(port, path, key, ends_at, tally) for key in users))
    rate = tally.answered / (time.perf_counter() - began)
    return {"rate": rate, "refused": tally.refused, "first_refusal": tally.first_refusal}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    words = parser.parse_args()
    keys = json.load(sys.stdin)
    json.dump(asyncio.run(run(words.port, words.path, keys, words.seconds)), sys.stdout)


if __name__ == "__main__":
    main()
