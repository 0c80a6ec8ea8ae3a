"""A choice on one line: by keys, by mouse, by typing, and left without a choice."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Input

from iicl_tui.tui.configure.choice import Choice, ChoiceList


class Form(App[None]):
    CSS = """
    Choice { height: 1; }
    ChoiceList { overlay: screen; constrain: none inside; offset: 0 1; height: auto; max-height: 8; border: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str | None] = []

    def compose(self) -> ComposeResult:
        yield Choice(("map", "sample", "[b]tempered"), prompt="none", allows_blank=True, value="map")
        yield Input()

    def on_choice_changed(self, event: Choice.Changed) -> None:
        self.heard.append(event.value)


async def test_a_choice_is_made_by_keys_by_typing_and_by_mouse() -> None:
    app = Form()
    async with app.run_test(size=(40, 12)) as pilot:
        choice = app.query_one(Choice)
        choice.focus()
        await pilot.press("enter", "down", "enter")
        assert (choice.value, app.focused, app.query(ChoiceList).nodes) == ("sample", choice, [])
        assert str(choice.render()).split() == ["sample", "▼"]
        await pilot.press("space", "t", "e", "m", "enter")  # the second letter goes on from the first
        assert choice.value == "[b]tempered"
        await pilot.press("enter", "q", "home", "enter")
        assert choice.value is None
        assert str(choice.render()).split() == ["none", "▼"]
        await pilot.click(choice)
        await pilot.click(app.query_one(ChoiceList), offset=(1, 2))
        assert choice.value == "sample"
        assert app.heard == ["sample", "[b]tempered", None, "sample"]


async def test_leaving_the_list_chooses_nothing() -> None:
    app = Form()
    async with app.run_test(size=(40, 12)) as pilot:
        choice = app.query_one(Choice)
        choice.focus()
        await pilot.press("enter", "down", "escape")
        assert app.focused is choice
        await pilot.press("enter", "down")
        app.query_one(Input).focus()
        await pilot.pause()
        assert app.focused is app.query_one(Input)
        await pilot.click(choice)
        await pilot.click(choice)
        assert not app.query(ChoiceList)
        for _ in range(3):  # a list may go as it comes
            choice.action_open()
            choice.action_open()
        await pilot.pause()
        assert not app.query(ChoiceList)
        assert (choice.value, app.heard) == ("map", [])
        choice.value = "sample"
        await pilot.pause()
        assert app.heard == ["sample"]
        await choice.remove()
