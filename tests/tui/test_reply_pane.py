"""A reply that cannot be read, asked about in the laboratory: every answer, by keys and by mouse, and nothing typed is lost."""

from __future__ import annotations

import re
import tomllib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from speaking import InMemory, connected, rule, samples, spoken
from textual import events
from textual.pilot import Pilot
from textual.widgets import Static
from waiting import app_until

from iicl_tui.agents.calls import Reply, Request
from iicl_tui.chain.config import ChainConfig
from iicl_tui.present.lab_session import LabSession
from iicl_tui.review.request import ReplyRequest
from iicl_tui.store.paths import Paths
from iicl_tui.store.session import SessionFile
from iicl_tui.tui.actions import GROUPS
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.review import reply_pane
from iicl_tui.tui.review.clickables import ClickableRow
from iicl_tui.tui.review.pane import ReviewPane
from iicl_tui.tui.review.reply_boxes import RawText, ReplyEditor
from iicl_tui.tui.review.reply_pane import ReplyPane
from iicl_tui.tui.screens.lab import LabScreen
from iicl_tui.tui.widgets.footer import KeyBar

SIZES = [(80, 24), (120, 40), (200, 60)]
BAD = "I would rather talk about\tthe weather.\nIt is fine."
SHOWN = BAD.replace("\t", "    ")
FEARED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udfff]")
HOSTILE = {
    "steering": "a\x1b]52;c;QUFBQQ==\x07b\x1b[2J\x1b[31m\x9b31m\x9d0;x\x9c\x00\x7f\r\x0b\x0c\x85\u2028" * 3,
    "hiding": "a\u202egnp.exe\u2066b\u2069\u200f\u061c\u200b\ufeffc 👩‍👩‍👧‍👦",
    "markup": "[/] [/red] [red]x [bold [@click=app.quit]x[/] [link=http://x]y[/link] {x} %s",
    "odd": "a\u0301\u0302\u0303" * 40 + "漢字カタカナ" * 30 + "\ud800",
    "one line": "x" * 100_000,
    "words": "on off und [/ 漢 " * 6_000,
    "lines": "A on\n" * 20_000,
    "blank": " \n\t\n" * 50,
    "empty": "",
}


class Host:
    """A lab in a running app whose model says what it was told to, and short ways to what is in it."""

    def __init__(self, app: LabApp, pilot: Pilot[None], provider: InMemory, config: ChainConfig) -> None:
        self.app, self.pilot, self.provider, self.config = app, pilot, provider, config

    @property
    def screen(self) -> LabScreen:
        return next(screen for screen in reversed(self.app.screen_stack) if isinstance(screen, LabScreen))

    @property
    def session(self) -> LabSession:
        return self.screen.session

    @property
    def pane(self) -> ReplyPane:
        return self.screen.query_one(ReplyPane)

    @property
    def editor(self) -> ReplyEditor:
        return self.pane.query_one(ReplyEditor)

    @property
    def notice(self) -> str:
        return str(self.pane.query_one("#reply-notice", Static).content)

    @property
    def bar(self) -> str:
        return str(self.pane.query_one("#reply-bar", ClickableRow).render())

    @property
    def said(self) -> list[tuple[Any, str]]:
        """The verdicts of a person that are on disk, each with its text."""
        path = self.session.file.path  # type: ignore[union-attr]
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        tables = [call for generation in document.get("generation", ()) for call in generation.get("call", ())]
        return [(call["verdict"], call.get("reply", "")) for call in tables if call["purpose"] == "person"]

    @property
    def drafts(self) -> list[str]:
        """The texts that are kept as drafts on disk."""
        found = (self.app.paths.state / "drafts").glob("*.reply.toml")
        return [entry["text"] for path in found for entry in tomllib.loads(path.read_text(encoding="utf-8"))["draft"]]

    def text(self) -> str:
        """Every cell of the screen, as it goes to the terminal."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async def until(self, true: Callable[[], bool]) -> None:
        """Lets the app work until it is so."""
        await app_until(self.pilot, true, self.text)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def asked(self) -> ReplyPane:
        """A person is asked about a reply, and the pane shows it."""
        await self.until(lambda: bool(self.screen.query(ReplyPane)) and self.pane.live and self.pane.display)
        await self.pilot.pause()
        return self.pane

    async def rest(self) -> None:
        """The chain is at rest."""
        await self.until(lambda: not self.screen.activity.busy)
        await self.pilot.pause()

    async def write(self, text: str) -> None:
        """Pasted into the editor in the place of all that is there."""
        self.editor.select_all()
        self.app.post_message(events.Paste(text))
        await self.until(lambda: self.pane._check_due is None and self.editor.text == text)

    async def click(self, words: str, selector: str = "#reply-bar") -> None:
        """Clicks the words where they stand in a widget of the pane."""
        widget = self.pane.query_one(selector)
        for y, line in enumerate(str(widget.render()).split("\n")):
            if words in line:
                region = widget.content_region
                assert await self.pilot.click(offset=(region.x + line.index(words) + 1, region.y + y))
                await self.pilot.pause()
                return
        pytest.fail(f"{words!r} is not in {selector}")


Opening = Callable[..., Any]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opening:
    """lab(answers, size, steps=…, **document): a lab whose model gives these answers in turn (then the last one for ever), after
    so many phases; with steps=None as it stands on disk since the last time."""
    monkeypatch.setattr(reply_pane, "CHECK_AFTER", 0.001)

    @asynccontextmanager
    async def open_lab(
        answers: Sequence[str | Reply], size: tuple[int, int] = (120, 40), steps: int | None = 0, **document: Any
    ) -> AsyncIterator[Host]:
        def answer(request: Request) -> str | Reply:
            return answers[min(len(provider.requests), len(answers)) - 1]

        provider = InMemory(answer)
        if steps is None:
            path = next(tmp_path.glob("*.toml"))  # noqa: ASYNC240
            file = SessionFile.open(path)
        else:
            file = SessionFile.create(spoken(provider, **document)[0], tmp_path)
        config = connected(file.config, provider)
        session = LabSession.from_file(file)
        for _ in range(steps or 0):
            await session.chain.step()
        session.refresh()
        paths = Paths(tmp_path / "settings" / "settings.toml", tmp_path / "themes", tmp_path, tmp_path / "state")
        app = LabApp(paths, start=Start("lab", {"session": session}))
        async with app.run_test(size=size) as pilot:
            host = Host(app, pilot, provider, config)
            await pilot.pause()
            yield host

    return open_lab


@pytest.fixture
def config() -> ChainConfig:
    return spoken()[0]


def second(config: ChainConfig, *then: str | Reply) -> list[str | Reply]:
    """The first generation is spoken as it should be; then these."""
    return [rule(config, 5), samples(config, 0, 1, 2, 3, hypothesis=5), *then]


def test_each_action_has_its_method() -> None:
    for group, used in (("reply", ReplyPane), ("text", ReplyEditor)):
        assert group == used.GROUP
        for action in GROUPS[group]:
            assert callable(getattr(used, f"action_{action.name}", None)), action.id


# -- the answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_what_was_asked_what_is_wrong_and_the_raw_reply_are_shown(lab: Opening, size: tuple[int, int]) -> None:
    async with lab([BAD], size) as host:
        await host.press("space")
        pane = await host.asked()
        assert pane.has_focus
        text = host.text()
        for words in ("this reply cannot be read", "generation 1 · imitation", "was asked what it learns from d⁰", "✗ ",
                      "untrusted text", *SHOWN.split("\n"), "e edit", "x ask again", "y copy", "Esc later"):  # fmt: skip
            assert words in text
        assert pane.request.shown.prompt.split("\n")[0] in text  # the question stands below the reply
        assert [call.purpose for call in host.session.chain.calls] == ["imitate", "repair"]
        if size == (80, 24):
            assert pane.size.height >= 18


@pytest.mark.parametrize("size", SIZES)
async def test_a_text_of_the_persons_own_takes_the_place_of_the_reply(lab: Opening, size: tuple[int, int]) -> None:
    async with lab([BAD], size) as host:
        await host.press("space")
        pane = await host.asked()
        await host.press("e")
        assert host.editor.has_focus
        assert host.editor.text == SHOWN
        assert host.notice.startswith("✗ ")
        await host.press("f5")
        assert pane.live  # not yet: it cannot be read
        text = rule(host.config, 33)
        await host.write(text)
        assert host.notice == "✓ It can be read: F5 keeps it and continues the chain."
        await host.press("f5")
        await host.rest()
        assert host.said == [("edit", text)]
        assert host.session.chain.generations[0].hypothesis == 33
        assert not pane.display
        assert len(host.provider.requests) == 2
        assert host.drafts == []


async def test_the_text_is_checked_while_it_is_typed(lab: Opening) -> None:
    async with lab(["Rule: "]) as host:
        await host.press("space")
        await host.asked()
        await host.press("e", "end")
        whole = rule(host.config, 6)
        seen = set()
        for character in whole.removeprefix("Rule: "):
            await host.pilot.press(character)
            await host.until(lambda: host.pane._check_due is None)
            seen.add(host.notice[0])
            assert (host.notice[0] == "✓") == (host.pane.request.shown.read(host.editor.text) == "")
            assert host.pane.request.text == host.editor.text
        assert seen == {"✗", "✓"}
        assert host.editor.text == whole
        await host.press("backspace", "backspace", "backspace")
        await host.until(lambda: host.notice.startswith("✗"))
        await host.press("f9")  # undo goes back in steps of its own
        await host.until(lambda: host.notice.startswith("✓"))
        await host.press("f8")
        await host.until(lambda: host.editor.text == "Rule: " and host.notice.startswith("✗"))
        await host.press("f9")
        await host.until(lambda: host.notice.startswith("✓"))


@pytest.mark.parametrize("size", SIZES)
async def test_redraw_asks_the_model_again(lab: Opening, config: ChainConfig, size: tuple[int, int]) -> None:
    async with lab([BAD, BAD, rule(config, 7)], size) as host:
        await host.press("space")
        await host.asked()
        await host.press("x")
        await host.rest()
        assert host.said == [("redraw", "")]
        assert [call.purpose for call in host.session.chain.calls] == ["imitate", "repair", "person", "imitate"]
        assert host.session.chain.generations[0].hypothesis == 7
        assert host.screen.query_one("#chart").has_focus or size == (80, 24)


@pytest.mark.parametrize("size", SIZES)
async def test_skipping_says_what_it_means_and_goes_on_so(lab: Opening, config: ChainConfig, size: tuple[int, int]) -> None:
    async with lab(second(config, BAD), size, steps=3) as host:
        await host.press("space")
        pane = await host.asked()
        assert "0 skips it: the rule of the previous generation is kept." in host.notice
        await host.press("0")
        await host.rest()
        assert host.said == [("skip", "")]
        assert host.session.chain.generations[1].hypothesis == 5
        assert not pane.display


async def test_where_nothing_could_go_on_in_its_place_it_cannot_be_skipped(lab: Opening) -> None:
    async with lab([BAD]) as host:
        await host.press("space")
        pane = await host.asked()
        assert "skip" not in host.bar
        assert "It cannot be skipped" in host.notice
        await host.press("0", "0")
        assert pane.live
        assert host.said == []


async def test_examples_that_cannot_be_read_are_asked_about_and_may_be_none(lab: Opening, config: ChainConfig) -> None:
    async with lab([rule(config, 5), BAD], steps=2) as host:
        await host.press("space")
        await host.asked()
        assert "was asked for samples of its rule" in host.text()
        assert "no example is passed on" in host.notice
        await host.press("e")
        await host.write(samples(host.config, 0, 1))
        await host.press("f5")
        await host.rest()
        assert len(host.session.chain.data(1)) == 2
        assert host.said[0][0] == "edit"


async def test_every_answer_is_asked_for_again_if_the_next_reply_is_no_better(lab: Opening, config: ChainConfig) -> None:
    async with lab([BAD, BAD, "no", "never", "not at all", "nothing", rule(config, 3)]) as host:
        await host.press("space")
        for reply in (BAD, "never", "nothing"):
            pane = await host.asked()
            assert pane.request.shown.reply == reply
            assert pane.has_focus
            await host.press("x")
        await host.rest()
        assert host.said == [("redraw", "")] * 3
        assert host.session.chain.generations[0].hypothesis == 3


async def test_y_copies_the_reply_made_printable(lab: Opening) -> None:
    async with lab(["a\x1b[31m\nb"]) as host:
        await host.press("space")
        await host.asked()
        await host.press("y", "y")
        assert host.app.clipboard == "a␛[31m\nb"
        await host.click("y copy")
        assert host.pane.live


# -- nothing is lost, and nothing happens twice -----------------------------------------------------------------------------


async def test_esc_puts_the_text_away_and_coming_back_loses_nothing(lab: Opening) -> None:
    async with lab([BAD]) as host:
        await host.press("space")
        pane = await host.asked()
        await host.press("e", *"mine ")
        assert host.editor.text == "mine " + SHOWN
        await host.press("escape")
        assert pane.has_focus
        assert not pane.editing
        assert host.notice == "Your text is kept: e continues it."
        assert "continue editing" in host.bar
        await host.press("escape")  # later
        await host.rest()
        assert not pane.display
        assert host.said == []
        await host.press("w", *["space"] * 3)
        again = await host.asked()
        assert "continues the text that you began" in host.notice
        await host.press("e")
        assert again.editing
        assert host.editor.text == "mine " + SHOWN
        assert len(host.provider.requests) == 2  # asked about anew, and paid for once


async def test_later_costs_nothing_and_the_next_step_asks_the_same(lab: Opening) -> None:
    async with lab([BAD]) as host:
        for _ in range(3):
            await host.press("space")
            pane = await host.asked()
            assert pane.request.shown.reply == BAD
            await host.press("escape")
            await host.rest()
        assert len(host.provider.requests) == 2
        assert host.said == []


async def test_what_was_typed_outlives_the_program(lab: Opening) -> None:
    async with lab([BAD]) as host:
        await host.press("space")
        await host.asked()
        await host.press("e", *"mine ")
        await host.until(lambda: host.drafts == ["mine " + SHOWN])  # in mid-edit already, as a kill would find it
        await host.press(*"and ")
        await host.press("ctrl+q")
        assert host.drafts == ["mine and " + SHOWN]
    async with lab([BAD], steps=None) as host:
        await host.press("space")
        await host.asked()
        await host.press("e")
        assert host.editor.text == "mine and " + SHOWN
        assert host.provider.requests == []
        await host.write(rule(host.config, 9))
        await host.press("f5")
        await host.rest()
        assert host.session.chain.generations[0].hypothesis == 9
        assert host.drafts == []


async def test_a_text_changed_back_to_the_reply_is_no_draft(lab: Opening) -> None:
    async with lab([BAD]) as host:
        await host.press("space")
        await host.asked()
        await host.press("e", "a")
        await host.until(lambda: bool(host.drafts))
        await host.press("backspace", "escape")
        assert host.drafts == []
        assert "continue editing" not in host.bar


async def test_a_draft_that_cannot_be_kept_on_disk_is_told_of_as_long_as_it_is_so(lab: Opening, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "drafts").write_text("a file where the folder should be")
    async with lab([BAD]) as host:
        await host.press("space")
        await host.asked()
        await host.press("e", *"ab")
        await host.until(lambda: "Your text is not saved on disk" in host.notice)
        (tmp_path / "state" / "drafts").unlink()
        await host.press("c")
        await host.until(lambda: "not saved" not in host.notice)
        assert host.drafts == ["abc" + SHOWN]


@pytest.mark.parametrize("key", ["e", "x", "0", "y", "down", "end", "w", "space", "enter", "escape", "f5", "r", "s", "R", "b",
                                 "question_mark"])  # fmt: skip
async def test_every_key_twice_answers_at_most_once(lab: Opening, config: ChainConfig, key: str) -> None:
    async with lab(second(config, BAD), steps=3) as host:
        await host.press("space")
        pane = await host.asked()
        host.provider.hold = True  # the next call hangs, so that what follows can be looked at
        request, chain = pane.request, host.session.chain
        await host.pilot.press(key, key)
        await host.pilot.pause()
        verdicts = {"x": ["redraw"], "0": ["skip"]}.get(key, [])
        assert [call.verdict for call in chain.calls if call.purpose == "person"] == verdicts
        assert request.open == (not verdicts and key != "escape")
        host.provider.release.set()


async def test_a_request_takes_one_answer_and_only_one_that_it_can_take(lab: Opening, config: ChainConfig) -> None:
    async with lab([BAD]) as host:
        await host.press("space")
        request = (await host.asked()).request
        assert not request.answer("skip")
        assert not request.answer("edit", BAD)
        assert request.open
        assert request.answer("edit", rule(config, 4))
        assert not request.answer("edit", rule(config, 5))
        assert not request.answer("redraw")
        request.update("too late")
        request.postpone()
        await host.rest()
        assert host.said == [("edit", rule(config, 4))]
        assert host.drafts == []


async def test_while_the_model_is_asked_again_esc_gives_it_up(lab: Opening) -> None:
    async with lab([BAD]) as host:
        await host.press("space")
        pane = await host.asked()
        host.provider.hold = True
        await host.press("x")
        await host.until(lambda: len(host.provider.requests) == 3)
        assert not pane.display
        await host.press("escape")
        await host.rest()
        assert host.said == [("redraw", "")]
        assert host.session.chain.generations == []


# -- beside the review ------------------------------------------------------------------------------------------------------


async def test_a_rejected_rule_whose_redraw_cannot_be_read_is_asked_about_between_two_reviews(
    lab: Opening, config: ChainConfig
) -> None:
    async with lab([rule(config, 5), BAD, BAD], filter=[{"kind": "human", "blind": True}], steps=1) as host:
        await host.press("space")
        await host.until(lambda: bool(host.screen.query(ReviewPane)) and host.screen.query_one(ReviewPane).live)
        review = host.screen.query_one(ReviewPane)
        await host.press("x", "enter")
        pane = await host.asked()
        assert not review.display
        assert pane.has_focus
        assert "h*" not in host.text()
        assert "★" not in host.text()
        await host.press("escape")
        await host.rest()
        await host.press("space")  # what was decided in the review is not asked for again
        await host.asked()
        await host.press("e")
        await host.write(rule(config, 8))
        await host.press("f5")
        await host.until(lambda: review.live and review.display)
        await host.pilot.pause()
        assert not host.pane.display
        assert review.has_focus
        assert review.request.subject.shown.hypothesis == 8
        await host.press("a", "enter")
        await host.rest()
        assert host.session.chain.generations[0].hypothesis == 8


async def test_the_footer_and_the_help_say_what_can_be_done(lab: Opening, config: ChainConfig) -> None:
    async with lab(second(config, BAD), (80, 24), steps=3) as host:
        await host.press("space")
        await host.asked()
        assert "next phase" not in str(host.screen.query_one(KeyBar).render())
        await host.press("question_mark")
        text = str(host.app.screen.copy_text())
        assert "x\task again  Ask the model again" in text
        assert "0\tskip  " in text
        await host.press("escape")
        await host.press("e", "f1")
        assert "F5\tkeep  " in str(host.app.screen.copy_text())
        await host.press("escape")
        assert host.pane.editing


async def test_the_focus_may_go_away_and_w_brings_it_back(lab: Opening) -> None:
    async with lab([BAD]) as host:
        await host.press("space")
        pane = await host.asked()
        await host.press("tab")
        assert not pane.has_focus
        await host.press("x", "e", "0")
        assert pane.live
        await host.press("w")
        assert pane.has_focus
        await host.press("e", "tab")
        assert not host.editor.has_focus
        await host.press("w")
        assert pane.editing
        assert host.editor.has_focus
        await host.press("tab", "escape")
        assert not pane.editing
        assert pane.live


# -- by mouse, at any size, whatever the model says -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_all_of_it_by_mouse_alone(lab: Opening, config: ChainConfig, size: tuple[int, int]) -> None:
    async with lab(second(config, BAD), size, steps=3) as host:
        await host.press("space")
        pane = await host.asked()
        await host.click("edit")
        assert pane.editing
        await host.click("undo")
        await host.click("start over")
        assert host.editor.has_focus  # typing goes on where it was
        await host.click("keep")
        assert pane.live
        await host.click("close")
        assert not pane.editing
        await host.click("later")
        await host.rest()
        assert host.said == []
        await host.press("space")
        pane = await host.asked()
        await host.click("edit")
        await host.write(rule(config, 6))
        await host.click("keep")
        await host.rest()
        assert host.session.chain.generations[1].hypothesis == 6


@pytest.mark.parametrize("verdict", ["redraw", "skip"])
async def test_redraw_and_skip_by_mouse(lab: Opening, config: ChainConfig, verdict: str) -> None:
    async with lab(second(config, BAD, BAD, rule(config, 2)), (80, 24), steps=3) as host:
        await host.press("space")
        await host.asked()
        await host.click("ask again" if verdict == "redraw" else verdict)
        await host.rest()
        assert host.said == [(verdict, "")]
        assert host.session.chain.generations[1].hypothesis == (2 if verdict == "redraw" else 5)


async def test_a_long_reply_is_scrolled_by_keys_and_by_the_wheel(lab: Opening) -> None:
    reply = "\n".join(f"line {number} of it" for number in range(300))
    async with lab([reply], (80, 24)) as host:
        await host.press("space")
        pane = await host.asked()
        raw = pane.query_one(RawText)
        assert "line 0 of it" in host.text()
        await host.press("down", "j", "pagedown")
        assert raw.scroll_offset.y == 2 + raw.size.height
        await host.press("up", "k", "pageup")
        assert raw.scroll_offset.y == 0
        await host.press("end")
        assert pane.request.shown.prompt.strip().split("\n")[-1][:40] in host.text()
        await host.press("home")
        await host.pilot._post_mouse_events([events.MouseScrollDown], raw, offset=(2, 2))
        await host.pilot.pause()
        assert raw.scroll_offset.y > 0


@pytest.mark.parametrize(("size", "count"), [((80, 24), 300), ((120, 40), 60), ((200, 60), 300)])
async def test_no_word_of_the_reply_is_hidden(lab: Opening, size: tuple[int, int], count: int) -> None:
    words = [f"w{number}" for number in range(count)]
    async with lab([" ".join(words)], size) as host:
        await host.press("space")
        await host.asked()
        seen: dict[str, None] = {}
        for _ in range(40):
            seen |= dict.fromkeys(re.findall(r"w\d+", host.text()))
            await host.press("down")
        assert list(seen) == words


async def test_resized_in_mid_edit_the_text_and_the_cursor_stay(lab: Opening) -> None:
    async with lab([BAD], (200, 60)) as host:
        await host.press("space")
        pane = await host.asked()
        await host.press("e", "down", "end", *" So")
        for size in [(80, 24), (60, 16), (40, 10), (12, 4), (1, 1), (120, 40), (99, 30), (100, 30), (200, 60)]:
            await host.pilot.resize_terminal(*size)
            await host.pilot.press("!")
            await host.pilot.pause()
            host.text()
        assert host.editor.text == SHOWN + " So" + "!" * 9
        assert pane.editing
        assert host.editor.has_focus
        await host.press("escape", "escape")
        await host.rest()


async def test_while_a_text_is_written_the_form_that_was_asked_for_is_in_sight(lab: Opening) -> None:
    async with lab(["so it goes\n" * 100], (80, 24)) as host:
        await host.press("space")
        pane = await host.asked()
        form = pane.request.shown.prompt.strip().split("\n")[-1]
        assert form not in host.text()
        await host.press("e")
        assert form in host.text()
        await host.pilot.resize_terminal(120, 40)
        await host.pilot.pause()
        assert "the reply as received" in host.text()
        await host.pilot.resize_terminal(80, 24)
        await host.pilot.pause()
        assert form in host.text()
        await host.press("escape")
        assert form not in host.text()
        assert pane.query_one(RawText).scroll_offset.y == 0


@pytest.mark.parametrize("size", [(60, 16), (40, 10), (20, 5)])
async def test_where_there_is_hardly_any_room_it_can_be_answered_all_the_same(
    lab: Opening, config: ChainConfig, size: tuple[int, int]
) -> None:
    async with lab([BAD, BAD, rule(config, 7)], size) as host:
        await host.press("space")
        await host.asked()
        await host.press("e", "a", "escape", "x")
        await host.rest()
        assert host.said == [("redraw", "")]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
async def test_whatever_the_model_says_steers_nothing(
    lab: Opening, config: ChainConfig, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = (80, 24) if len(text) % 2 else (120, 40)  # one of the two layouts each: a screen takes its time
    async with lab(second(config, text), size, steps=3) as host:
        monkeypatch.setattr(ReplyRequest, "update", lambda *_: None)  # what is written is looked at elsewhere
        await host.press("space")
        pane = await host.asked()

        async def look() -> None:
            await host.pilot.pause()
            found = FEARED.search(host.text())
            assert not found, ascii(found)

        await look()
        await host.press("pagedown", "end")
        await look()
        await host.press("y", "e")
        await look()
        assert not FEARED.search(host.editor.text)
        await host.press("a", "end", "b")
        await look()
        host.app.post_message(events.Paste("x\x1b[31m\u202e\x9b\r\ny\tz"))
        await look()
        assert "x␛[31m⟨U+202E⟩⟨U+009B⟩\ny    z" in host.editor.text
        await host.press("escape")
        assert not pane.editing
        await host.press("0")
        await host.rest()
        assert host.said == [("skip", "")]
