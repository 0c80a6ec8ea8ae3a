"""One registry of everything that a person can do: id, keys, label, help.

Footer, help page, keys page, command palette and the person's own keymap are all made from it, so that none of them can
drift from the others. A class takes its part with `GROUP = "lab"` and `BINDINGS = bindings("lab")`, and has one method
for each action: `lab.next-phase` runs `action_next_phase`.

Plain letters and function keys come first. A ctrl chord is never the only way, since terminals and multiplexers eat them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from textual.binding import Binding


@dataclass(frozen=True)
class Action:
    """One thing to do.

    id: "group.what-it-does", what a settings file names. keys: Textual's names, or the character itself; the first one is
    shown. label: two or three words. help: a sentence or two, plain text. footer: place in the footer, 1 first; 0 = not
    there. priority: works even where a text field has the focus.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    footer: int = 0
    priority: bool = False

    @property
    def group(self) -> str:
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """Textual's name of it: `action_` + name is the method that does it."""
        return self.id.partition(".")[2].replace("-", "_")


APP = (
    Action("app.help", ("?", "f1"), "help", "What this screen is for and every key that works on it now.", footer=99),
    Action(
        "app.command-palette",
        ("ctrl+p", "f2"),
        "commands",
        "A list of everything that can be done here; type a few letters to find it.",
        priority=True,
    ),
    Action("app.theme", ("f3",), "theme", "Choose the colours; each theme is shown as you move through the list."),
    Action("app.keys", ("f4",), "keys", "Every action of the program with its id and its keys, also your own ones."),
    Action("app.copy", ("y",), "copy", "Put what is under the cursor on the clipboard of the terminal (OSC 52)."),
    Action("app.screenshot", ("f12",), "picture", "Save the screen as an SVG picture beside your sessions."),
    Action("app.quit", ("q",), "quit", "Leave the program. All that was done is in the session's file already.", footer=97),
    Action("app.back", ("escape",), "back", "Go back to where you came from.", footer=98),
)

HOME = (
    Action("home.open", ("enter",), "open", "Open the session, example or preset under the cursor.", footer=1),
    Action("home.new", ("n",), "new", "Set up a new chain.", footer=2),
    Action("home.branch", ("b",), "branch", "Start a new session from a generation of this one.", footer=4),
    Action("home.rename", ("r",), "rename", "Give the session another title.", footer=5),
    Action("home.delete", ("d", "delete"), "delete", "Move the session to the trash; undo brings it back.", footer=6),
    Action(
        "home.edit", ("e",), "edit as new", "Fill the form from this session or configuration, to make another one of it.", footer=8
    ),
    Action("home.undo", ("u",), "undo", "Take back the last deletion or renaming.", footer=7),
    Action("home.search", ("/",), "search", "Show only the sessions whose text has these words.", footer=3),
    Action("home.yours", ("1",), "yours", "Your own sessions, newest first."),
    Action("home.examples", ("2",), "examples", "Sessions that come with the program, to look at and to branch from."),
    Action("home.presets", ("3",), "presets", "Ready-made experiments to start from."),
    Action("home.refresh", ("f5",), "refresh", "Read the sessions folder again."),
)

CONFIGURE = (
    Action("configure.create", ("f5",), "create", "Write the session's file and open it in the laboratory.", footer=1),
    Action("configure.redraw", ("f6",), "redraw d⁰", "Draw the first data and a random h* anew, with another seed.", footer=2),
    Action("configure.preset", ("f7",), "preset", "Fill the form from a ready-made experiment.", footer=3),
    Action("configure.pane", ("f8",), "form or file", "At small sizes: turn between the form and the TOML.", footer=4),
    Action("configure.messages", ("f9",), "messages", "The exact messages of the first call to a model, filled in.", footer=5),
)

LAB = (
    Action(
        "lab.next-phase", ("space",), "next phase", "Do the phase that is next: imitation, interaction or transmission.", footer=1
    ),
    Action("lab.end-generation", ("g",), "generation", "Run to the end of this generation.", footer=2),
    Action("lab.run-to", ("r",), "run to…", "Run to a generation that you name.", footer=3),
    Action("lab.run-to-end", ("R",), "run all", "Run to the last generation.", footer=7),
    Action("lab.pause", ("p",), "pause", "Stop after the phase under way.", footer=4),
    Action("lab.review", ("w",), "review", "Decide on what waits for you in the interaction phase.", footer=5),
    Action("lab.earlier", ("[",), "earlier", "Look back at the generation before.", footer=8),
    Action("lab.later", ("]",), "later", "Look at the generation after.", footer=9),
    Action("lab.first", ("{",), "first", "Look at the first data, d⁰."),
    Action("lab.latest", ("}",), "back to now", "Return to where the chain is.", footer=6),
    Action(
        "lab.branch", ("b",), "branch", "Start a new session from the generation you look at; this one stays as it is.", footer=10
    ),
    Action("lab.view", ("v",), "form", "Turn the belief's form: strips, mosaic, ranked.", footer=11),
    Action("lab.scale", ("s",), "scale", "Turn the belief's scale: linear or logarithmic.", footer=13),
    Action(
        "lab.colour-by",
        ("c",),
        "by",
        "What makes the strips and the colours: the states of each object, or the d⁰ examples explained.",
        footer=12,
    ),
    Action("lab.ghost", ("G",), "ghost", "Show or hide the belief of the generation before."),
    Action("lab.curves", ("T",), "next curve", "Where not all curves have room: show the next one."),
    Action("lab.messages", ("M",), "messages", "The exact messages of the next call to a model, filled in."),
    Action("lab.budget", ("$",), "budget", "What the calls to language models may cost, for as long as this lab is open."),
    Action("lab.transcript", ("t",), "transcript", "Everything that happened, as a text to search and copy.", footer=14),
    Action("lab.save-copy", ("S",), "save a copy", "Write all that happened into another file.", footer=15),
    Action("lab.pane-belief", ("1",), "belief", "At small sizes: show the belief."),
    Action("lab.pane-curves", ("2",), "curves", "At small sizes: show the curves over generations."),
    Action("lab.pane-objects", ("3",), "objects", "At small sizes: show the belief about each object."),
    Action("lab.pane-data", ("4",), "data", "At small sizes: show the data passed on."),
    Action("lab.pane-generations", ("5",), "generations", "At small sizes: show the list of generations."),
)

# The cursor of the belief chart: for the widget that has it, so that a text field or a list keeps its own arrows.
CHART = (
    Action("chart.left", ("left", "h"), "left", "Move the cursor one hypothesis to the left."),
    Action("chart.right", ("right", "l"), "right", "Move the cursor one hypothesis to the right."),
    Action("chart.up", ("up", "k"), "up", "Move the cursor up: to the strip, row or rank above."),
    Action("chart.down", ("down", "j"), "down", "Move the cursor down: to the strip, row or rank below."),
    Action("chart.start", ("home",), "start", "Move the cursor to the first hypothesis."),
    Action("chart.end", ("end",), "end", "Move the cursor to the last hypothesis."),
    Action("chart.likeliest", ("m",), "likeliest", "Move the cursor to the likeliest hypothesis."),
)

# The pane of the review has a bar of its own for these, so that they leave the footer to the screen around it.
REVIEW = (
    Action("review.approve", ("a",), "approve", "Let this one pass on."),
    Action("review.reject", ("x",), "reject", "Do not let this one pass on. A rejected hypothesis is redrawn."),
    Action("review.edit", ("e",), "edit", "Change this one and let it pass on."),
    Action("review.reason", ("n",), "reason", "Write a reason for the decision."),
    Action("review.approve-rest", ("A",), "approve rest", "Approve everything that is undecided."),
    Action("review.reject-rest", ("X",), "reject rest", "Reject everything that is undecided."),
    Action("review.undo", ("u",), "undo", "Take back the last decision. All decisions can be taken back until you commit."),
    Action("review.redo", ("U",), "redo", "Repeat the decision that was taken back."),
    Action("review.commit", ("enter",), "commit", "Record the decisions and continue."),
    Action("review.pass-nothing", ("0",), "pass nothing", "If all samples are rejected: pass on none of them."),
    Action("review.blind", ("B",), "blind", "Hide or show h* and all marks of what is right."),
    Action("review.up", ("up", "k"), "up", "Go to the sample above."),
    Action("review.down", ("down", "j"), "down", "Go to the sample below."),
    Action("review.first", ("home",), "first", "Go to the first sample."),
    Action("review.last", ("end",), "last", "Go to the last sample."),
)

# The row editor of a review, while it is open.
EDIT = (
    Action("edit.previous", ("left",), "left", "Go to the control on the left."),
    Action("edit.next", ("right",), "right", "Go to the control on the right."),
    Action("edit.change", ("space", "up"), "change", "Give this control its next value, or switch it."),
    Action("edit.change-back", ("down",), "back", "Give this control its previous value, or switch it."),
    Action("edit.keep", ("enter",), "keep", "Keep the edit."),
    Action("edit.cancel", ("escape",), "cancel", "Discard the edit."),
)

# A line of text in a review, while it is open.
FIELD = (
    Action("field.keep", ("enter",), "keep", "Keep the text."),
    Action("field.cancel", ("escape",), "cancel", "Discard the text."),
)

# A reply of a model that cannot be read. The keys mean here what they mean in a review, and nothing on the laboratory's screen.
REPLY = (
    Action("reply.edit", ("e",), "edit", "Write a text to be read instead of the reply, starting from the reply."),
    Action("reply.redraw", ("x",), "ask again", "Ask the model again, in a new call."),
    Action("reply.skip", ("0",), "skip", "Continue without this reply."),
    Action("reply.up", ("up", "k"), "up", "Scroll the reply up by a line."),
    Action("reply.down", ("down", "j"), "down", "Scroll the reply down by a line."),
    Action("reply.page-up", ("pageup",), "page up", "Scroll the reply up by a page."),
    Action("reply.page-down", ("pagedown",), "page down", "Scroll the reply down by a page."),
    Action("reply.first", ("home",), "first", "Go to the reply's first line."),
    Action("reply.last", ("end",), "last", "Go to the last line: the end of the question, below the reply."),
)

# The text in the place of an unreadable reply, while it is written.
TEXT = (
    Action("text.keep", ("f5",), "keep", "Use the text instead of the reply, if it can be read."),
    Action("text.start-over", ("f8",), "start over", "Restore the reply as received. Undo restores your text."),
    Action("text.undo", ("f9",), "undo", "Take back what was changed last."),
)

TRANSCRIPT = (
    Action("transcript.search", ("/",), "search", "Find text; Enter goes to the next place.", footer=1),
    Action("transcript.next", ("n",), "next", "The next place that has the text.", footer=2),
    Action("transcript.previous", ("N",), "previous", "The place before that has the text.", footer=3),
    Action("transcript.next-generation", ("]",), "later", "Go to the next generation.", footer=4),
    Action("transcript.previous-generation", ("[",), "earlier", "Go to the generation before.", footer=5),
)

HELP = (Action("help.all-keys", ("k",), "all keys", "Every action of the program with its id.", footer=1),)

KEYS = (Action("keys.search", ("/",), "search", "Show only the actions whose text has these words.", footer=1),)

# Modal screens: the app's keys do not reach them, so they have a way out of their own.
ERROR = (
    Action("error.close", ("escape", "enter", "space"), "close", "Close this message.", footer=1),
    Action("error.copy", ("y",), "copy", "Put this message on the clipboard of the terminal (OSC 52).", footer=2),
)
THEME = (
    Action("theme.keep", ("enter",), "keep", "Keep the theme under the cursor.", footer=1),
    Action("theme.cancel", ("escape",), "cancel", "Return to the theme that was.", footer=2),
)

GROUPS: dict[str, tuple[Action, ...]] = {
    "app": APP,
    "home": HOME,
    "configure": CONFIGURE,
    "lab": LAB,
    "chart": CHART,
    "review": REVIEW,
    "edit": EDIT,
    "field": FIELD,
    "reply": REPLY,
    "text": TEXT,
    "transcript": TRANSCRIPT,
    "help": HELP,
    "keys": KEYS,
    "error": ERROR,
    "theme": THEME,
}

# The groups that can be active at one time: within each of these a key means one thing.
TOGETHER: tuple[tuple[str, ...], ...] = (
    ("app", "home"),
    ("app", "configure"),
    ("app", "lab", "chart"),
    ("app", "lab", "review"),
    ("app", "lab", "reply"),
    ("app", "text"),
    ("edit",),
    ("field",),
    ("app", "transcript"),
    ("app", "help"),
    ("app", "keys"),
    ("error",),
    ("theme",),
)

TITLES: dict[str, str] = {
    "app": "everywhere",
    "home": "home",
    "configure": "set up",
    "lab": "laboratory",
    "chart": "belief chart",
    "review": "review",
    "edit": "row editor",
    "field": "line of text",
    "reply": "unreadable reply",
    "text": "text editor",
    "transcript": "transcript",
    "help": "help",
    "keys": "keys",
    "error": "message",
    "theme": "theme",
}

ACTIONS: dict[str, Action] = {action.id: action for action in chain.from_iterable(GROUPS.values())}


def bindings(*groups: str) -> list[Binding]:
    """The Textual bindings of these groups, one an action, each with the id that a keymap may name."""
    return [_binding(action) for action in chain.from_iterable(GROUPS[group] for group in groups)]


def actions(groups: Iterable[str]) -> list[Action]:
    """The actions of these groups, in the registry's order."""
    return [action for group in groups for action in GROUPS.get(group, ())]


def _binding(action: Action) -> Binding:
    return Binding(
        ",".join(action.keys),
        action.name,
        action.label,
        show=action.footer > 0,
        tooltip=action.help,
        priority=action.priority,
        id=action.id,
    )
