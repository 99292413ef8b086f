"""Serving metrics on a port of this machine, until it is stopped."""

from __future__ import annotations

import threading
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.observe.metrics import registry_of
from pytest_soak.observe.watching import Watch

HOST = "127.0.0.1"


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name of the base class)
        """Say nothing of each scrape."""


class _Server(WSGIServer):
    # A port that is taken is refused on every system; on Windows the option would share it.
    allow_reuse_address = False

    def server_bind(self) -> None:
        """Bind without a look at the machine's name, which may take seconds."""
        socket_address = self.server_address
        self.socket.bind(socket_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]
        self.setup_environ()


class Exporter:
    """Answers scrapes under ``/metrics`` from the journals of a run."""

    def __init__(self, watch: Watch, port: int) -> None:
        registry = registry_of(watch)
        from prometheus_client.exposition import make_wsgi_app

        try:
            self._server = _Server((HOST, port), _Quiet)
        except OSError as error:
            raise SoakConfigError(
                f"prometheus: port {port} of {HOST}: {error.strerror or error}; name another one"
            ) from None
        self._server.set_app(make_wsgi_app(registry))
        self.port: int = self._server.server_port
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{HOST}:{self.port}/metrics"

    @property
    def is_serving(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Serve in a thread of its own."""
        words = {"poll_interval": 0.2}
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs=words, name="soak-exporter", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread and free the port."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join(timeout=5.0)
        self._server.server_close()
