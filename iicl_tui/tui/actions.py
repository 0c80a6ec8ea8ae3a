"""The registry of all actions: id, keys, label, help.

Footer, help page, keys page, command palette and the person's own keymap are made from it. A class takes its part with
`GROUP = "lab"` and `BINDINGS = bindings("lab")`, and has one method for each action: `lab.next-phase` runs
`action_next_phase`.

Plain letters and function keys come first. A ctrl chord is never the only key, because terminals and multiplexers use them.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from textual.binding import Binding

from iicl_tui.tui.action import Action as Action
from iicl_tui.tui.chain_actions import GUESS, LESSON, PAIR
from iicl_tui.tui.study_actions import COMPARE, PREDICTION, STUDY, WORDS

APP = (
    Action("app.help", ("?", "f1"), "help", "What this screen is for, and every key that works on it now.", footer=99),
    Action(
        "app.command-palette",
        ("ctrl+p", "f2"),
        "commands",
        "List everything that you can do here. Type a few letters to find it.",
        priority=True,
    ),
    Action("app.theme", ("f3",), "theme", "Choose the colours. Each theme is shown as you move through the list."),
    Action("app.keys", ("f4",), "keys", "List every action of the program with its id and its keys, your own keys included."),
    Action(
        "app.present",
        ("z",),
        "presenter mode",
        "Show everything larger, with fewer elements and without money, paths and keys; or as before. `iicl-tui notes` in a second "
        "terminal has the speaker's notes.",
    ),
    Action("app.copy", ("y",), "copy", "Copy what is under the cursor to the clipboard of the terminal (OSC 52)."),
    Action("app.screenshot", ("f12",), "screenshot", "Save the screen as an SVG picture in your sessions folder."),
    Action(
        "app.suspend-process",
        ("ctrl+z", "f10"),
        "suspend",
        "Pause the program and return to the shell. The command fg brings it back.",
    ),
    Action("app.quit", ("q",), "quit", "Leave the program. Everything that was done is already in the session's file.", footer=97),
    Action("app.back", ("escape",), "back", "Go back to the screen before.", footer=98),
)

HOME = (
    Action("home.open", ("enter",), "open", "Open the session, example or preset under the cursor.", footer=1),
    Action("home.tour", ("t",), "tour", "Start the lessons, or go on with the first one that is not done.", footer=10),
    Action("home.new", ("n",), "new", "Set up a new chain.", footer=2),
    Action("home.branch", ("b",), "branch", "Start a new session from a generation of this one.", footer=4),
    Action("home.rename", ("r",), "rename", "Give the session another title.", footer=5),
    Action(
        "home.mark",
        ("space",),
        "mark",
        "Mark the session, or take its mark away: to compare several, or put two side by side.",
    ),
    Action(
        "home.pair", ("c",), "side by side", "Show the two marked sessions, or the marked one and this one, side by side.", footer=9
    ),
    Action("home.delete", ("d", "delete"), "delete", "Move the session to the trash. Undo brings it back.", footer=6),
    Action(
        "home.edit", ("e",), "edit as new", "Set up a new chain like this one: opens the form, filled from this session.", footer=8
    ),
    Action("home.undo", ("u",), "undo", "Undo the last deletion or renaming.", footer=7),
    Action("home.search", ("/",), "search", "Show only the sessions that contain these words.", footer=3),
    Action("home.yours", ("1",), "your sessions", "Show your own sessions, newest first."),
    Action("home.examples", ("2",), "examples", "Show the sessions that come with the program, to look at and to branch from."),
    Action("home.presets", ("3",), "presets", "Show ready-made experiments to start from."),
    Action("home.lessons", ("4",), "lessons", "Show the lessons, and how far you are in each."),
    Action("home.review", ("v",), "review rows", "Review a file of your own: rows of JSON lines, CSV or Parquet.", footer=13),
    Action("home.sort", ("o",), "order", "List the sessions by age, title, task or state.", footer=9),
    Action("home.compare", ("C",), "compare", "Compare the marked sessions, or others that you name.", footer=11),
    Action(
        "home.study", ("s",), "study", "Open a study of many chains: one of yours, or one that comes with the program.", footer=12
    ),
    Action("home.export", ("E",), "export", "Write the marked sessions, or the one under the cursor, for other programs."),
    Action("home.explain", ("i",), "explain", WORDS),
    Action("home.refresh", ("f5",), "refresh", "Read the sessions folder again."),
)

CONFIGURE = (
    Action("configure.create", ("f5",), "create", "Write the session's file and open it in the laboratory.", footer=1),
    Action(
        "configure.redraw", ("f6",), "redraw d⁰", "Draw the first data, and h* if it is random, again with another seed.", footer=2
    ),
    Action("configure.preset", ("f7",), "preset", "Fill the form from a preset, a ready-made experiment.", footer=3),
    Action("configure.pane", ("f8",), "form or file", "In a narrow window: switch between the form and the file.", footer=4),
    Action(
        "configure.many",
        ("f11", "ctrl+r"),
        "run many times",
        "Run this configuration many times with other seeds, and follow it as a study.",
        footer=6,
    ),
    Action("configure.messages", ("f9",), "messages", "Show the exact messages of the first call to a model.", footer=5),
    Action("configure.explain", ("i",), "explain", WORDS),
    Action("configure.undo", ("u", "ctrl+underscore"), "undo", "Take back the last change of the form or the file.", footer=6),
)

# A weight of a prior, while it has the focus.
PRIOR = (
    Action("prior.less", ("left", "-"), "less", "Make this weight smaller; 0 rules the state out."),
    Action("prior.more", ("right", "+"), "more", "Make this weight larger."),
    Action("prior.equal", ("backspace", "delete"), "equal", "Set this weight to 1, as all are that the file does not name."),
)

LAB = (
    Action(
        "lab.next-phase",
        ("space",),
        "next phase",
        "Do the next phase: imitation, interaction or transmission. In a chain that is over, look at the next generation.",
        footer=1,
    ),
    Action("lab.start-session", ("N",), "start a session", "Start a session from this configuration, and run it.", footer=2),
    Action("lab.end-generation", ("g",), "end generation", "Run to the end of this generation.", footer=2),
    Action("lab.run-to", ("r",), "run to…", "Run to the end of a generation that you choose.", footer=3),
    Action("lab.run-to-end", ("R",), "run to end", "Run to the end of the last generation.", footer=7),
    Action("lab.pause", ("p",), "pause", "Stop after the current phase.", footer=4),
    Action("lab.review", ("w",), "review", "Review what waits for your decision in the interaction phase.", footer=5),
    Action("lab.earlier", ("[",), "earlier", "Show the generation before the one shown.", footer=8),
    Action("lab.later", ("]",), "later", "Show the generation after the one shown.", footer=9),
    Action("lab.first", ("{",), "first", "Show the first data, d⁰."),
    Action("lab.latest", ("}",), "back to now", "Show the newest generation again.", footer=6),
    Action(
        "lab.branch", ("b",), "branch", "Start a new session from the generation shown. This session stays as it is.", footer=10
    ),
    Action("lab.view", ("v",), "view", "Show the belief as strips, as a mosaic or as a ranked list.", footer=11),
    Action("lab.scale", ("s",), "scale", "Switch the belief's scale between linear and logarithmic.", footer=13),
    Action(
        "lab.colour-by",
        ("c",),
        "group by",
        "Group and colour the hypotheses: by the states of an object, or by how many d⁰ examples they explain.",
        footer=12,
    ),
    Action("lab.ghost", ("G",), "previous belief", "Show or hide the belief of the generation before, drawn behind this one."),
    Action(
        "lab.bayes",
        ("P",),
        "Bayes' rule",
        "Draw what Bayes' rule makes of the model's own prior (ask-prior = true) behind its belief, or the previous belief again.",
    ),
    Action("lab.curves", ("T",), "next curve", "Show the next curve, where there is no room for all."),
    Action("lab.messages", ("M",), "messages", "Show the exact messages of the next call to a model."),
    Action("lab.budget", ("$",), "budget", "Set what calls to language models may cost while this lab is open."),
    Action("lab.transcript", ("t",), "transcript", "Read everything that happened as a text, to search and to copy.", footer=14),
    Action("lab.note", ("#",), "note", "Write a note to this moment of the chain. A lesson can be made from a session's notes."),
    Action(
        "lab.explain",
        ("i",),
        "explain",
        "Explain what has the focus or is under the mouse, then the rest: this chain's numbers put into Bayes' rule.",
        footer=6,
    ),
    Action("lab.save-copy", ("S",), "save a copy", "Save everything that happened in another file.", footer=15),
    Action(
        "lab.export", ("E",), "export", "Write tables (CSV), one JSON file, or the notebooks' logs, for other programs.", footer=16
    ),
    Action("lab.prediction", ("F",), "prediction", "What theory predicts of this chain, over what happens, and beside it."),
    Action("lab.compare", ("C",), "compare", "Compare this session with others."),
    Action(
        "lab.study",
        ("*",),
        "run many times",
        "Run this chain many times with other seeds, all from its d⁰, and follow it as a study.",
    ),
    Action("lab.pane-belief", ("1",), "belief", "In a small window: show the belief."),
    Action("lab.pane-curves", ("2",), "curves", "In a small window: show the curves over generations."),
    Action("lab.pane-objects", ("3",), "objects", "In a small window: show the belief about each object."),
    Action("lab.pane-data", ("4",), "data", "In a small window: show the data passed on."),
    Action("lab.pane-generations", ("5",), "generations", "In a small window: show the list of generations."),
)

# The belief chart's cursor. Only the focused chart has these keys, so that a text field or a list keeps its arrows.
CHART = (
    Action("chart.left", ("left", "h"), "left", "Move the cursor one hypothesis to the left."),
    Action("chart.right", ("right", "l"), "right", "Move the cursor one hypothesis to the right."),
    Action("chart.up", ("up", "k"), "up", "Move the cursor up, to the strip, row or rank above."),
    Action("chart.down", ("down", "j"), "down", "Move the cursor down, to the strip, row or rank below."),
    Action("chart.start", ("home",), "start", "Move the cursor to the first hypothesis."),
    Action("chart.end", ("end",), "end", "Move the cursor to the last hypothesis."),
    Action("chart.likeliest", ("m",), "most likely", "Move the cursor to the most likely hypothesis."),
)

# The review pane has its own bar for these, so that the footer stays free for the screen around it.
REVIEW = (
    Action("review.approve", ("a",), "approve", "Let this one pass on."),
    Action("review.reject", ("x",), "reject", "Do not let this one pass on. A rejected hypothesis is redrawn."),
    Action("review.edit", ("e",), "edit", "Change this one and let it pass on."),
    Action("review.reason", ("n",), "reason", "Write a reason for the decision."),
    Action("review.approve-rest", ("A",), "approve rest", "Approve everything that is undecided."),
    Action("review.reject-rest", ("X",), "reject rest", "Reject everything that is undecided."),
    Action("review.undo", ("u",), "undo", "Take back the last decision, also one before a redraw, until the phase ends."),
    Action("review.redo", ("U",), "redo", "Repeat the decision that was taken back."),
    Action("review.commit", ("enter",), "commit", "Record the decisions and continue."),
    Action(
        "review.pass-nothing",
        ("0",),
        "pass nothing",
        "If all samples are rejected, pass on none of them. If the next agent could learn nothing, commit all the same.",
    ),
    Action("review.blind", ("B",), "blind", "Hide or show h* and all marks of what is right."),
    Action("review.full-screen", ("f",), "full screen", "Show the review on the whole screen, or beside the charts again."),
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

# An unreadable reply of a model. The keys mean the same as in a review, and are not used by the laboratory's screen.
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

# The editor of the text that replaces an unreadable reply.
TEXT = (
    Action("text.keep", ("f5",), "keep", "Use the text instead of the reply, if it can be read."),
    Action("text.start-over", ("f8",), "start over", "Restore the reply as received. Undo restores your text."),
    Action("text.undo", ("f9",), "undo", "Take back what was changed last."),
)

# The review of one's own rows. What a review of a chain has, has the same key here.
ROWS = (
    Action("rows.approve", ("a",), "approve", "Let this row pass, as edited if it was edited, and go to the next one.", footer=1),
    Action("rows.reject", ("x",), "reject", "Do not let this row pass. Drops an edit of it.", footer=2),
    Action("rows.edit", ("e",), "edit", "Change the text, in several lines, and let it pass.", footer=3),
    Action("rows.flag", ("f",), "flag", "Put this row aside for a second look.", footer=4),
    Action("rows.skip", ("s",), "skip", "Give no verdict on this row and go to the next one.", footer=5),
    Action("rows.reason", ("n",), "other reason", "Write a reason for the decision.", footer=6),
    *(
        Action(f"rows.reason-{at}", (str(at),), f"reason {at}", f"Reject this row for reason {at} of your list.")
        for at in range(1, 10)
    ),
    Action("rows.undo", ("u",), "undo", "Take back the last decision, also one of an earlier day.", footer=7),
    Action("rows.redo", ("U",), "redo", "Repeat the decision that was taken back."),
    Action("rows.next-undecided", ("enter", "]"), "next", "Go to the next row that is undecided.", footer=8),
    Action("rows.previous-undecided", ("[",), "previous", "Go to the undecided row before."),
    Action("rows.search", ("/",), "search", "Find a text. Enter goes to the next row that contains it.", footer=9),
    Action("rows.next-match", (">",), "next match", "Go to the next row that contains the text searched for."),
    Action("rows.previous-match", ("<",), "match before", "Go to the row before that contains the text searched for."),
    Action("rows.filter", ("v",), "filter", "Show only rows of one verdict, or those that are undecided; or all.",
           footer=10),
    Action("rows.jump", ("g",), "go to", "Go to a row by its number.", footer=11),
    Action("rows.editor", ("E",), "edit in $EDITOR", "Change the text in the editor that the variable EDITOR names."),
    Action("rows.reasons", ("R",), "reasons", "Write the list of reasons, one a line. The first nine have the digits."),
    Action("rows.fields", ("F",), "fields", "Choose again which field is judged and what is shown beside it."),
    Action("rows.plain", ("m",), "plain", "Show the text as it is, or Markdown and code drawn."),
    Action("rows.near", ("D",), "near copies", "Look for rows that are nearly equal to an earlier one, and mark them."),
    Action("rows.blind", ("B",), "blind", "Hide or show the known truth, the group and what others decided."),
    Action("rows.model", ("M",), "model", "Stop asking the model, or ask it again. A reply under way is given up."),
    Action("rows.explain", ("i",), "explain", WORDS),
    Action("rows.up", ("up", "k"), "up", "Go to the row above."),
    Action("rows.down", ("down", "j"), "down", "Go to the row below."),
    Action("rows.page-up", ("pageup",), "page up", "Scroll the text up by a page."),
    Action("rows.page-down", ("pagedown", "space"), "page down", "Scroll the text down by a page."),
    Action("rows.first", ("home",), "first", "Go to the first row."),
    Action("rows.last", ("end",), "last", "Go to the last row."),
)  # fmt: skip

# The question which field plays which part.
FIELDS = (
    Action("fields.keep", ("enter",), "start", "Review the rows with these fields.", footer=1),
    Action("fields.change", ("space", "right"), "change", "Give the field another part.", footer=2),
    Action("fields.change-back", ("left",), "back", "Give the field the part before."),
    Action("fields.up", ("up", "k"), "up", "Go to the field above."),
    Action("fields.down", ("down", "j"), "down", "Go to the field below."),
)

TRANSCRIPT = (
    Action("transcript.search", ("/",), "search", "Find text. Enter goes to the next match.", footer=1),
    Action("transcript.next", ("n",), "next", "Go to the next match.", footer=2),
    Action("transcript.previous", ("N",), "previous", "Go to the match before.", footer=3),
    Action("transcript.next-generation", ("]",), "next generation", "Go to the next generation.", footer=4),
    Action("transcript.previous-generation", ("[",), "generation before", "Go to the generation before.", footer=5),
    Action("transcript.explain", ("i",), "explain", WORDS, footer=6),
)

EXPLAIN = (Action("explain.depth", ("d", "i"), "more exactly", "Explain in plain words, or exactly, for a researcher.", footer=1),)

HELP = (Action("help.all-keys", ("k",), "all keys", "List every action of the program with its id.", footer=1),)

KEYS = (Action("keys.search", ("/",), "search", "Show only the actions that contain these words.", footer=1),)

# Modal screens. The app's keys do not reach them, so they have their own key to close.
ERROR = (
    Action("error.close", ("escape", "enter", "space"), "close", "Close this message.", footer=1),
    Action("error.copy", ("y",), "copy", "Copy this message to the clipboard of the terminal (OSC 52).", footer=2),
)
THEME = (
    Action("theme.keep", ("enter",), "keep", "Use the theme under the cursor from now on.", footer=1),
    Action("theme.cancel", ("escape",), "cancel", "Return to the theme from before.", footer=2),
)

GROUPS: dict[str, tuple[Action, ...]] = {
    "app": APP,
    "home": HOME,
    "configure": CONFIGURE,
    "prior": PRIOR,
    "lab": LAB,
    "chart": CHART,
    "review": REVIEW,
    "edit": EDIT,
    "field": FIELD,
    "reply": REPLY,
    "text": TEXT,
    "rows": ROWS,
    "fields": FIELDS,
    "transcript": TRANSCRIPT,
    "lesson": LESSON,
    "pair": PAIR,
    "guess": GUESS,
    "study": STUDY,
    "compare": COMPARE,
    "prediction": PREDICTION,
    "explain": EXPLAIN,
    "help": HELP,
    "keys": KEYS,
    "error": ERROR,
    "theme": THEME,
}

# The groups that can be active together; within each of these sets a key means one thing.
TOGETHER: tuple[tuple[str, ...], ...] = (
    ("app", "home"),
    ("app", "configure", "prior"),
    ("app", "lab", "chart"),
    ("app", "lab", "review"),
    ("app", "lab", "reply"),
    ("app", "text"),
    ("edit",),
    ("field",),
    ("app", "rows"),
    ("app", "fields"),
    ("app", "transcript"),
    ("app", "lesson", "guess"),
    ("app", "lesson", "chart"),
    ("app", "pair", "chart"),
    ("app", "study"),
    ("app", "compare"),
    ("app", "prediction", "chart"),
    ("app", "explain"),
    ("app", "help"),
    ("app", "keys"),
    ("error",),
    ("theme",),
)

TITLES: dict[str, str] = {
    "app": "everywhere",
    "home": "home",
    "configure": "set up",
    "prior": "prior weight",
    "lab": "laboratory",
    "chart": "belief chart",
    "review": "review",
    "edit": "row editor",
    "field": "line of text",
    "reply": "unreadable reply",
    "text": "text editor",
    "rows": "own rows",
    "fields": "fields of own rows",
    "transcript": "transcript",
    "lesson": "lesson",
    "pair": "side by side",
    "guess": "guess",
    "study": "study",
    "compare": "comparison",
    "prediction": "prediction",
    "explain": "explanation",
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
