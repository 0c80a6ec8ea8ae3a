"""A web server that gives every visitor a process of their own, by textual-serve and aiohttp."""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web
from aiohttp.http_exceptions import HttpProcessingError
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from iicl_tui.lessons import library
from iicl_tui.web.visitor import PID_FILE

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LARGEST = 500
"""A terminal has at most this many columns and rows, whatever a browser asks for."""
LARGEST_MESSAGE = 1 << 20
PATIENCE = 10.0
"""Seconds that a visitor's process has to end by itself."""

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; worker-src 'self' blob:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Offer:
    """What is served.

    Attributes:
        host, port: Where the server listens; port 0 takes a free one.
        public_url: The address that browsers use, if another server stands before this one; None: the server's own.
        arguments: The arguments of the program that opens for "/", as after `iicl-tui`.
        visitors: The most visitors at a time.
        keys: Whether visitors' processes have this process's environment, with its provider keys.
    """

    host: str
    port: int
    public_url: str | None = None
    arguments: tuple[str, ...] = ()
    visitors: int = 20
    keys: bool = False


class VisitorServer:
    """Serves the program to browsers, one process a visitor, each in a folder that is deleted afterwards."""

    def __init__(self, offer: Offer, root: Path) -> None:
        """Takes what is served, and a folder for the visitors' folders."""
        self.offer = offer
        self.visitors = 0
        self._root = root
        self._downloads = DownloadManager()

    def application(self) -> web.Application:
        """The routes."""
        static = Path(str(find_spec("textual_serve").origin)).parent / "static"  # type: ignore[union-attr]
        app = web.Application()
        app.router.add_get("/", self._page)
        app.router.add_get("/learn/{lesson}", self._page)
        app.router.add_get("/page.js", self._script)
        app.router.add_get("/ws", self._socket)
        app.router.add_get("/ws/learn/{lesson}", self._socket)
        app.router.add_static("/static", static)
        app.on_response_prepare.append(_add_headers)
        return app

    async def _page(self, request: web.Request) -> web.Response:
        self._refuse_strangers(request)
        if self.visitors >= self.offer.visitors:
            return web.Response(text=f"All {self.offer.visitors} places are taken. Try again later.", status=503)
        lesson = _lesson(request)
        path = "/ws" if lesson is None else f"/ws/learn/{lesson}"
        own = urlsplit(self.offer.public_url or f"{request.scheme}://{request.host}")
        address = f"{'wss' if own.scheme == 'https' else 'ws'}://{own.netloc}{own.path.rstrip('/')}{path}"
        page = Template(files("iicl_tui.web").joinpath("page.html").read_text("utf-8"))
        return web.Response(text=page.substitute(socket=escape(address)), content_type="text/html")

    async def _script(self, request: web.Request) -> web.Response:
        script = files("iicl_tui.web").joinpath("page.js").read_text("utf-8")
        return web.Response(text=script, content_type="text/javascript")

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self._refuse_strangers(request)
        if self.visitors >= self.offer.visitors:
            raise web.HTTPServiceUnavailable(text=f"All {self.offer.visitors} places are taken. Try again later.")
        lesson = _lesson(request)
        arguments = self.offer.arguments if lesson is None else ("learn", lesson)
        self.visitors += 1
        folder = Path(tempfile.mkdtemp(dir=self._root))
        try:
            return await self._serve(request, folder, arguments)
        finally:
            self.visitors -= 1
            shutil.rmtree(folder, ignore_errors=True)

    async def _serve(self, request: web.Request, folder: Path, arguments: tuple[str, ...]) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=15, max_msg_size=LARGEST_MESSAGE)
        await socket.prepare(request)

        async def close() -> None:
            await socket.close()

        keys = "keys" if self.offer.keys else "none"
        service = AppService(
            shlex.join([sys.executable, "-m", "iicl_tui.web.visitor", str(folder), keys, *arguments]),
            write_bytes=socket.send_bytes, write_str=socket.send_str, close=close, download_manager=self._downloads,
        )  # fmt: skip
        await service.start(_bounded(request.query.get("width"), 80), _bounded(request.query.get("height"), 24))
        try:
            await _relay(socket, service)
        finally:
            try:
                with suppress(Exception):
                    await asyncio.wait_for(service.stop(), PATIENCE)
            finally:
                _kill(folder)
        return socket

    def _refuse_strangers(self, request: web.Request) -> None:
        """Refuses pages of other sites, which a visitor's browser could be made to open this server from.

        Raises:
            HTTPForbidden: The request is for another host's name, or comes from another site's page.
        """
        own = urlsplit(self.offer.public_url).netloc if self.offer.public_url else request.host
        if self.offer.public_url is None and self.offer.host in LOOPBACK and urlsplit(f"//{request.host}").hostname not in LOOPBACK:
            raise web.HTTPForbidden(text=f"This server answers at {self.offer.host} only.")
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != own:
            raise web.HTTPForbidden(text="This server does not answer pages of other sites.")


def _lesson(request: web.Request) -> str | None:
    """The lesson that a link names. A visitor opens shipped lessons only, and no files of this machine."""
    lesson = request.match_info.get("lesson")
    if lesson is not None and lesson not in library.ORDER:
        raise web.HTTPNotFound(text="There is no lesson of this name.")
    return lesson


async def serve(offer: Offer, ready: Callable[[str], None]) -> None:
    """Serves until it is cancelled, or SIGINT or SIGTERM arrives.

    Args:
        offer: What is served.
        ready: Called once with the address.

    Raises:
        OSError: The server cannot listen there.
    """
    root = Path(tempfile.mkdtemp(prefix="iicl-tui-visitors-"))
    runner = web.AppRunner(
        VisitorServer(offer, root).application(), access_log=None, handle_signals=False, shutdown_timeout=PATIENCE
    )
    logging.getLogger("aiohttp.server").addFilter(_is_our_fault)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(sign, stopped.set)
    try:
        await runner.setup()
        await web.TCPSite(runner, offer.host, offer.port).start()
        port = runner.addresses[0][1]
        shown = f"[{offer.host}]" if ":" in offer.host else offer.host
        ready(offer.public_url or f"http://{shown}:{port}")
        await stopped.wait()
    finally:
        await runner.cleanup()
        shutil.rmtree(root, ignore_errors=True)


async def _relay(socket: web.WebSocketResponse, service: AppService) -> None:
    """Hands a browser's messages to the visitor's process. A message of another form ends the visit."""
    async for message in socket:
        if message.type != WSMsgType.TEXT:
            continue
        try:
            kind, value = _read(message.json())
        except (ValueError, TypeError, KeyError):
            return
        if kind == "stdin":
            await service.send_bytes(value)
        elif kind == "resize":
            await service.set_terminal_size(*value)
        elif kind == "ping":
            await socket.send_json(["pong", value])
        elif kind == "blur":
            await service.blur()
        elif kind == "focus":
            await service.focus()


def _read(envelope: Any) -> tuple[str, Any]:
    """A browser's message: its kind, and its value with bounds.

    Raises:
        ValueError, TypeError, KeyError: It has another form.
    """
    if not isinstance(envelope, list) or not envelope or not isinstance(envelope[0], str):
        raise ValueError("not a message")
    kind: str = envelope[0]
    value: Any = envelope[1] if len(envelope) > 1 else None
    if kind == "stdin":
        return kind, str(value).encode("utf-8", "replace")
    if kind == "resize":
        return kind, (_bounded(value["width"], 80), _bounded(value["height"], 24))
    return kind, value


def _is_our_fault(record: logging.LogRecord) -> bool:
    """Whether a log record is about more than a malformed request, which is answered with 400."""
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


def _bounded(value: Any, default: int) -> int:
    try:
        return max(1, min(int(value), LARGEST))
    except (TypeError, ValueError, OverflowError):
        return default


def _kill(folder: Path) -> None:
    """Ends a visitor's process that has not ended by itself."""
    with suppress(OSError, ValueError):
        os.kill(int((folder / PID_FILE).read_text()), getattr(signal, "SIGKILL", signal.SIGTERM))


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
