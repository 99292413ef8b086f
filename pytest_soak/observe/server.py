"""The dashboard of a run: pages and events, to be read only, for browsers on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import select
import socket
import threading
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pytest_soak.config.limits import DASHBOARD_PORT
from pytest_soak.domain.errors import SoakConfigError, SoakError
from pytest_soak.observe.html import EXTRA, asset, environment, plotly_file, style_marks
from pytest_soak.observe.watching import Watch

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

HOST = "127.0.0.1"
LOOK_SECONDS = 0.5
"""How often the journals are looked at while a page is open."""
MOST_LOOK_SECONDS = 1.5
"""How often where that takes long: a page is not to take what the soak needs."""
MOST_READ_SECONDS = 1.0
"""After that a look is shown, also where not all canaries were read: a page of many fills up bit by bit."""
PAUSE = 39.0
"""Pause after a look, as a multiple of the processor time that it took."""
LEAST_SHARE = 0.01
REST = 49.0
"""What a page waits after it has asked for a whole canary, as a multiple of what that took."""
_MOST_PORTS = 50
_WAIT_SECONDS = 0.5
_NEEDED = ("jinja2", "plotly", "starlette", "uvicorn")
_BEAT_SECONDS = 15.0
_SCRIPTS = {
    "soak.js": "text/javascript",
    "path.js": "text/javascript",
    "dashboard.js": "text/javascript",
    "soak.css": "text/css",
}
# What the charts' script sets as style attributes: nothing, and that of a heat map with many cells.
_CRISP = (
    *("optimizeSpeed", "-moz-crisp-edges", "-o-crisp-edges", "-webkit-optimize-contrast"),
    *("optimize-contrast", "crisp-edges", "pixelated"),
)
_STYLES = ("", "".join(f"image-rendering: {value}; " for value in _CRISP))
_HASHES = " ".join(
    f"'sha256-{b64encode(sha256(style.encode('ascii')).digest()).decode('ascii')}'" for style in _STYLES
)
_HEADERS = {
    # Styles and scripts come from here alone: soak.css has the rules that the charts' script would write.
    "Content-Security-Policy": (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-hashes' {_HASHES}; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Next = Callable[["Request"], Awaitable["Response"]]


class _Pages:
    """What answers a request: pages, the files that they are made of, canaries and records."""

    def __init__(self, watch: Watch, port: int) -> None:
        self._watch = watch
        self._script = plotly_file()
        page = environment().get_template("dashboard.html.jinja")
        self._page = page.render(styled=style_marks(self._script), rest=REST)
        self._hosts = {f"{name}:{port}" for name in (HOST, "localhost", "[::1]")}

    async def guarded(self, request: Request, call: Next) -> Response:
        """Refuse what a page of another site asks for by a name that leads here (DNS rebinding)."""
        from starlette.responses import PlainTextResponse

        if request.headers.get("host") not in self._hosts:
            return PlainTextResponse("this dashboard answers to this machine only", status_code=400)
        response = await call(request)
        response.headers.update(_HEADERS)
        return response

    def index(self, _: Request) -> Response:
        from starlette.responses import HTMLResponse

        return HTMLResponse(self._page)

    def static(self, request: Request) -> Response:
        from starlette.responses import PlainTextResponse, Response

        name = request.path_params["name"]
        if name == "plotly.min.js":
            # At once: in pieces, each of which goes through a thread, it takes many times as long.
            return Response(self._script.read_bytes(), media_type="text/javascript")
        if name not in _SCRIPTS:
            return PlainTextResponse("not found", status_code=404)
        return Response(asset(name), media_type=_SCRIPTS[name])

    def canary(self, request: Request) -> Response:
        return _json(lambda: self._watch.canary(request.path_params["name"]))

    def record(self, request: Request) -> Response:
        path = request.path_params
        return _json(lambda: json.loads(self._watch.record(path["name"], path["iteration"])))

    def path(self, request: Request) -> Response:
        path = request.path_params
        return _json(lambda: self._watch.path(path["name"], path["iteration"]))

    async def events(self, request: Request) -> Response:
        from starlette.responses import StreamingResponse

        news = _events(self._watch, request.is_disconnected)
        return StreamingResponse(news, media_type="text/event-stream")


def _json(get: Callable[[], Any]) -> Response:
    from starlette.responses import Response

    try:
        return Response(json.dumps(get(), allow_nan=False), media_type="application/json")
    except SoakError as error:
        text = json.dumps({"problem": str(error)})
        return Response(text, status_code=404, media_type="application/json")


def app(watch: Watch, port: int) -> Starlette:
    """The application; requests for another host than this machine are refused."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.base import BaseHTTPMiddleware
    from starlette.routing import Route

    pages = _Pages(watch, port)
    routes = [
        Route("/", pages.index),
        Route("/static/{name}", pages.static),
        Route("/events", pages.events),
        Route("/canary/{name}", pages.canary),
        Route("/canary/{name}/{iteration:int}", pages.record),
        Route("/canary/{name}/{iteration:int}/path", pages.path),
    ]
    return Starlette(routes=routes, middleware=[Middleware(BaseHTTPMiddleware, dispatch=pages.guarded)])


async def _events(watch: Watch, is_gone: Callable[[], Awaitable[bool]]) -> AsyncIterator[str]:
    """All rows at once, then those that changed; a client that reconnects gets all of them again."""
    sent: dict[str, Any] = {}
    header: Any = None
    quiet = 0.0
    began, used = time.monotonic(), time.process_time()
    yield "retry: 1000\n\n"
    while not await is_gone():
        rows, now, spent = await asyncio.to_thread(_look, watch)
        changed = [row for name, row in rows.items() if sent.get(name) is not row]
        if changed or now != header:
            sent, header, quiet = rows, now, 0.0
            yield f"data: {json.dumps({'header': header, 'rows': changed}, allow_nan=False)}\n\n"
        elif quiet >= _BEAT_SECONDS:
            quiet = 0.0
            yield ": still there\n\n"
        now_at, now_used = time.monotonic(), time.process_time()
        pause = pause_after(spent, (now_used - used) / max(now_at - began, 1e-3))
        if now.get("unread"):
            # What is read once only may take more: a page of many canaries is whole within seconds.
            pause = LOOK_SECONDS
        began, used = now_at, now_used
        await asyncio.sleep(pause)
        quiet += pause


def pause_after(spent: float, share: float = 1.0) -> float:
    """Seconds until the next look after one that took so many of processor time.

    ``share`` is how much of a processor the process gets: on a busy machine a soak takes longer, and is not
    to be looked at more often for that.
    """
    return min(MOST_LOOK_SECONDS, max(LOOK_SECONDS, PAUSE * spent / max(share, LEAST_SHARE)))


def _look(watch: Watch) -> tuple[dict[str, Any], Any, float]:
    """Rows and header, and the processor time that it took to read them."""
    began = time.thread_time()
    try:
        found: tuple[dict[str, Any], Any] = watch.look(MOST_READ_SECONDS)
    except (SoakError, OSError) as error:
        # The run is being written, or was removed: the next look may succeed.
        found = {}, {"run": None, "problem": str(error)}
    return *found, time.thread_time() - began


def free_socket(port: int | None) -> socket.socket:
    """A socket of this machine on a port, or where none was asked for on the first free one from the default.

    Raises:
        SoakConfigError: the port is taken.
    """
    wanted = range(DASHBOARD_PORT, DASHBOARD_PORT + _MOST_PORTS) if port is None else (port,)
    for number in wanted:
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name == "posix":
            # A port whose last user has just ended is free; on Windows the option would share one in use.
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((HOST, number))
        except OSError:
            found.close()
        else:
            return found
    said = (
        f"port {port}"
        if port is not None
        else f"ports {DASHBOARD_PORT} to {DASHBOARD_PORT + _MOST_PORTS - 1}"
    )
    raise SoakConfigError(f"dashboard: {said} of {HOST}: taken; name another one")


class Dashboard:
    """A dashboard that is served until it is stopped.

    What serves it is loaded when the first browser comes: one that nobody looks at costs next to nothing.
    """

    def __init__(self, watch: Watch, port: int | None) -> None:
        _refuse_unless_installed()
        self._watch = watch
        self._socket = free_socket(port)
        # From here on requests wait in line until they are served.
        self._socket.listen()
        self.port: int = self._socket.getsockname()[1]
        self._server: Any = None
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{HOST}:{self.port}/"

    @property
    def is_serving(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def _serve(self) -> None:
        while not select.select([self._socket], [], [], _WAIT_SECONDS)[0]:
            if self._is_over.is_set():
                return
        import uvicorn

        config = uvicorn.Config(
            app(self._watch, self.port),
            log_level="critical",
            lifespan="off",
            timeout_graceful_shutdown=1,
            access_log=False,
        )
        self._server = uvicorn.Server(config)
        if not self._is_over.is_set():
            self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self._serve, name="soak-dashboard", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._is_over.set()
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=5.0)
        self._socket.close()


def _refuse_unless_installed() -> None:
    """Refuse to serve what could not be shown.

    Raises:
        SoakConfigError: what it needs is not installed.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise SoakConfigError(f'the dashboard needs {", ".join(missing)}; pip install "{EXTRA}"')
