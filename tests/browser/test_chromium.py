"""The program in a real browser: it draws, takes keys, asks nobody else for anything, and forgets its visitors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from shutil import which

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Request, sync_playwright
from serving import Served, served
from waiting import LONGEST, process_until

VISITORS = 40


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("web")) as running:
        yield running


class Visit:
    """A visitor's page.

    Attributes:
        drawn: The bytes that its terminal was sent.
        faults: What the browser complained of, or asked another server for.
    """

    def __init__(self, browser: Browser, server: Served, path: str = "") -> None:
        self.page = browser.new_page(viewport={"width": 1200, "height": 700})
        self.drawn = b""
        self.faults: list[str] = []
        self._address = server.address
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("requestfailed", lambda request: self.faults.append(request.url))
        self.page.on("request", self._asked)
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._received))
        self.page.goto(server.address + path)
        self.wait("body.-first-byte")

    def wait(self, selector: str) -> None:
        self.page.wait_for_selector(selector, timeout=LONGEST * 1000, state="attached")

    def press(self, key: str, then: str) -> None:
        """Presses a key and waits until this text is drawn."""
        self.drawn = b""
        self.page.keyboard.press(key)
        end = time.monotonic() + LONGEST
        while then.encode() not in self.drawn:
            assert time.monotonic() < end, f"{key}: {then} was not drawn"
            self.page.wait_for_timeout(5)

    def _received(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            self.drawn += frame

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self._address):
            self.faults.append(request.url)


def test_a_chain_is_set_up_and_stepped(browser: Browser, server: Served) -> None:
    visit = Visit(browser, server)
    visit.press("n", "ready")
    visit.press("F5", "generations")
    visit.press("Space", "learned")
    assert any(folder.rglob("*.toml") for folder in server.visitors)
    while not visit.page.query_selector("body.-closed"):  # a key that arrives during a phase is not one to quit by
        visit.page.keyboard.press("q")
        visit.page.wait_for_timeout(200)
    process_until(lambda: not server.visitors)
    assert not visit.faults
    visit.page.close()


def test_a_link_opens_a_lesson_which_predicts(browser: Browser, server: Served) -> None:
    visit = Visit(browser, server, "/learn/passing-on")
    visit.press("n", "step 2 of 3")
    visit.press("Enter", "go on")  # the guess is committed, and the answer is shown
    assert not visit.faults
    visit.page.close()


def test_forty_visitors_in_turn(browser: Browser, server: Served) -> None:
    for _ in range(VISITORS):
        visit = Visit(browser, server)
        assert not visit.faults
        visit.page.close()
    process_until(lambda: not server.visitors)
