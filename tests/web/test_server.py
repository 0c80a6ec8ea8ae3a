"""The program in a browser, seen from the network: real visitors' processes behind a real server."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp.http_exceptions import BadStatusLine, InvalidHeader
from command_line import run_here
from serving import Served, served
from waiting import LONGEST, process_until, until

from iicl_tui.web.server import _is_our_fault
from iicl_tui.web.visitor import PID_FILE, prepare_environment

SECRET = "sk-of-the-host"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("web"), "--visitors", "1", OPENAI_API_KEY=SECRET) as running:
        yield running


@asynccontextmanager
async def visit(server: Served, path: str = "/ws", **headers: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(server.address + path, headers=headers) as socket:
            yield socket
        await until(lambda: not server.visitors)


async def seen(socket: aiohttp.ClientWebSocketResponse, text: bytes) -> bytes:
    """What arrives until this text does."""
    screen = b""
    async with asyncio.timeout(LONGEST):
        while text not in screen:
            screen += await socket.receive_bytes()
    return screen


def visitors_process(server: Served) -> int:
    process_until(lambda: any((folder / PID_FILE).exists() and (folder / PID_FILE).read_text() for folder in server.visitors))
    return int((server.visitors[0] / PID_FILE).read_text())


async def status(url: str, **headers: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as reply:
        return reply.status


async def test_a_visitor_sees_the_program_and_leaves_no_files(server: Served) -> None:
    async with visit(server) as socket:
        await seen(socket, b"iicl-tui")
        assert len(server.visitors) == 1
        assert _lives(visitors_process(server))
        await socket.send_json(["stdin", "q"])
        async with asyncio.timeout(LONGEST):
            async for _ in socket:
                pass
        assert socket.closed
    assert not server.visitors


def test_only_malformed_requests_are_not_logged() -> None:
    for error, told in ((BadStatusLine("x"), False), (InvalidHeader("x"), False), (ValueError(), True), (None, True)):
        record = logging.makeLogRecord({"msg": "Error", "exc_info": None if error is None else (type(error), error, None)})
        assert _is_our_fault(record) is told


async def test_a_full_house_says_so(server: Served) -> None:
    async with visit(server):
        assert await status(server.address) == 503
        assert await status(server.address + "/ws") == 503
    assert await status(server.address) == 200
    for name in ("no-such-lesson", "..%2F..%2Fother.toml", "--list"):  # a link opens shipped lessons alone
        assert await status(f"{server.address}/learn/{name}") == 404
        assert await status(f"{server.address}/ws/learn/{name}") == 404


@pytest.mark.parametrize("message", ['"text"', "[]", '["resize", 1]', '["resize", {}]', "{", "[1, 2]"])
async def test_a_message_of_another_form_ends_one_visit_only(server: Served, message: str) -> None:
    async with visit(server) as socket:
        await socket.send_str(message)
        async with asyncio.timeout(LONGEST):
            async for _ in socket:
                pass
        assert socket.closed
    assert await status(server.address) == 200


async def test_a_huge_terminal_is_bounded(server: Served) -> None:
    async with visit(server, "/ws?width=99999999&height=-4") as socket:
        await seen(socket, b"iicl")
        await socket.send_json(["resize", {"width": 1e300, "height": 24}])
        await socket.send_json(["resize", {"width": 60, "height": 24}])
        await socket.send_json(["stdin", "?"])
        await seen(socket, b"\x1b[24;")


@pytest.mark.parametrize("path", ["/", "/ws", "/learn/one"])
async def test_pages_of_other_sites_and_names_are_refused(server: Served, path: str) -> None:
    assert await status(server.address + path, Origin="http://elsewhere.example") == 403
    assert await status(server.address + path, Host="elsewhere.example") == 403


async def test_a_killed_server_leaves_no_process(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        async with aiohttp.ClientSession() as session, session.ws_connect(running.address + "/ws") as socket:
            await seen(socket, b"iicl-tui")
            process = visitors_process(running)
            running.process.kill()
            await asyncio.to_thread(process_until, lambda: not _lives(process))


async def test_a_stopped_server_cleans_up(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        async with aiohttp.ClientSession() as session, session.ws_connect(running.address + "/ws") as socket:
            await seen(socket, b"iicl-tui")
            process = visitors_process(running)
            running.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(running.process.wait)
        assert running.process.returncode == 0
        await asyncio.to_thread(process_until, lambda: not _lives(process))
        assert not list(running.temporary.iterdir())


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z" if Path("/proc").exists() else True


def test_a_visitor_has_no_keys_and_a_home_of_their_own(tmp_path: Path) -> None:
    environment = {"PATH": "/bin", "OPENAI_API_KEY": SECRET, "HTTPS_PROXY": "http://u:p@h", "HOME": "/root", "TEXTUAL_FPS": "60"}
    prepare_environment(environment, tmp_path, keys=False)
    assert {"OPENAI_API_KEY", "HTTPS_PROXY"}.isdisjoint(environment)
    assert (environment["PATH"], environment["TEXTUAL_FPS"]) == ("/bin", "60")
    assert environment["HOME"] == environment["XDG_DATA_HOME"] == environment["TMPDIR"] == str(tmp_path)
    allowed = {"OPENAI_API_KEY": SECRET, "HOME": "/root"}
    prepare_environment(allowed, tmp_path, keys=True)
    assert allowed["OPENAI_API_KEY"] == SECRET
    assert allowed["HOME"] == str(tmp_path)


def test_a_port_in_use_and_options_out_of_range(server: Served, tmp_path: Path) -> None:
    port = server.address.rsplit(":", 1)[1].strip("/")
    taken = run_here(tmp_path, "serve", "--port", port, environment={})
    assert taken.returncode == 2
    assert "Cannot serve" in taken.stderr
    for option, value in (("--visitors", "0"), ("--port", "70000"), ("--public-url", "ftp://x")):
        assert run_here(tmp_path, "serve", option, value, environment={}).returncode == 2
