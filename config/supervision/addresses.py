"""The address the pages are served at: whether it is free, whether somebody answers there."""

import errno
import http.client
import socket
from dataclasses import dataclass
from typing import Final

from config.servers.data_folder import EmbeddedServersError

ANSWER_SECONDS: Final = 5
HTTP_OK: Final = 200
HTTP_SERVER_ERROR: Final = 500


class PortTaken(EmbeddedServersError):
    """Another program listens where our pages should be."""

    def __init__(self, address: "Address") -> None:
        super().__init__(
            f"Port {address.port} of {address.host} is taken by another program."
            f" Choose another one: make run PORT={address.port + 1}"
        )


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    @property
    def url(self) -> str:
        host = "localhost" if self.host in {"127.0.0.1", "0.0.0.0"} else self.host  # noqa: S104  # nosec B104
        return f"http://{host}:{self.port}"

    def ensure_free(self) -> None:
        """Raises PortTaken or EmbeddedServersError where nobody can listen here."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As the web server does: connections of the previous run may still linger.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
                probe.listen(1)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise PortTaken(self) from error
                raise EmbeddedServersError(
                    f"Cannot listen on {self.host} port {self.port}: {error.strerror}."
                ) from error

    def is_alive(self) -> bool:
        """Whether the web process answers at all."""
        status = self._status("/api/v1/health/live")
        return status is not None and status < HTTP_SERVER_ERROR

    def is_ready(self) -> bool:
        """Whether every part behind the web process works too."""
        return self._status("/api/v1/health/ready") == HTTP_OK

    def _status(self, path: str) -> int | None:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  # nosec B104
        connection = http.client.HTTPConnection(host, self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", path, headers={"Host": "localhost"})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
