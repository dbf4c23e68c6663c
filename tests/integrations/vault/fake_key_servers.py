"""AWS KMS and Vault's transit engine on this machine, as far as the desk speaks to them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag

from integrations.vault.envelopes import decrypt, encrypt
from integrations.vault.key_providers.aws_signing import Signer
from tests.support.serving import serving

ACCESS_KEY, SECRET_KEY, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI", "hvs.fake"
Answer = tuple[int, dict[str, Any]]
SIGNED = re.compile(r"SignedHeaders=([a-z0-9;-]+)")


@dataclass
class FakeKeyServer:
    """Both at once; keys by name. ``answers`` are used up first."""

    master: dict[str, bytes] = field(default_factory=lambda: {"arn:one": b"1" * 32})
    versions: list[bytes] = field(default_factory=lambda: [b"v" * 32])
    answers: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        told = json.loads(body) if body else {}
        self.asked.append((headers.get("X-Amz-Target", path), told))
        if self.answers:
            return self.answers.pop(0)
        if "X-Amz-Target" in headers:
            return self.kms(method, path, headers, body, told)
        return self.transit(path, headers, told)

    def kms(
        self, method: str, path: str, headers: dict[str, str], body: bytes, told: dict[str, Any]
    ) -> Answer:
        at = datetime.strptime(headers["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z")
        signed = SIGNED.search(headers["Authorization"])
        assert signed
        covered = {name: headers[name.title()] for name in signed[1].split(";")}
        signer = Signer(ACCESS_KEY, SECRET_KEY, "eu-central-1", "kms")
        expected = signer.authorization(method, self.url + path, headers=covered, body=body, at=at)
        if expected != headers["Authorization"]:
            return 400, {"__type": "IncompleteSignatureException"}
        key = self.master.get(told["KeyId"])
        if key is None:
            return 400, {"__type": "NotFoundException"}
        bound_to = json.dumps(told["EncryptionContext"], sort_keys=True).encode()
        if headers["X-Amz-Target"].endswith(".Encrypt"):
            blob = encrypt(key, base64.b64decode(told["Plaintext"]), bound_to=bound_to)
            return 200, {"CiphertextBlob": text(blob), "KeyId": told["KeyId"]}
        try:
            plain = decrypt(key, base64.b64decode(told["CiphertextBlob"]), bound_to=bound_to)
        except InvalidTag:
            return 400, {"__type": "InvalidCiphertextException"}
        return 200, {"Plaintext": text(plain), "KeyId": told["KeyId"]}

    def transit(self, path: str, headers: dict[str, str], told: dict[str, Any]) -> Answer:
        if headers.get("X-Vault-Token") != TOKEN:
            return 403, {"errors": ["permission denied"]}
        if path == "/v1/transit/keys/holdfast":
            return 200, {"data": {"latest_version": len(self.versions)}}
        bound_to = base64.b64decode(told["associated_data"])
        if path == "/v1/transit/encrypt/holdfast":
            body = encrypt(
                self.versions[-1], base64.b64decode(told["plaintext"]), bound_to=bound_to
            )
            return 200, {"data": {"ciphertext": f"vault:v{len(self.versions)}:{text(body)}"}}
        _, version, body_text = told["ciphertext"].split(":")
        try:
            key = self.versions[int(version[1:]) - 1]
            plain = decrypt(key, base64.b64decode(body_text), bound_to=bound_to)
        except InvalidTag:
            return 400, {"errors": ["cipher: message authentication failed"]}
        return 200, {"data": {"plaintext": text(plain)}}


def text(body: bytes) -> str:
    return base64.b64encode(body).decode()


@contextmanager
def running(fake: FakeKeyServer) -> Iterator[FakeKeyServer]:
    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.title(): value for name, value in self.headers.items()}
            status, answer = fake.answer(self.command, self.path, headers, body)
            written = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_GET = do_POST  # noqa: N815 -- the library's name

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    with serving(server):
        yield fake
