"""The actions of lessons and of two chains side by side."""

from __future__ import annotations

from iicl_tui.tui.action import Action

LESSON = (
    Action("lesson.go-on", ("enter", "space"), "go on", "Commit the guess; without a question, go to the next step.", footer=1),
    Action("lesson.back", ("b",), "step back", "Go to the step before.", footer=2),
    Action("lesson.next", ("n",), "next step", "Go to the next step. An open question stays open.", footer=3),
    Action("lesson.play", ("p",), "play", "Play the chain from the start to the moment of this step, or pause.", footer=4),
    Action("lesson.faster", ("+", "="), "faster", "Play faster."),
    Action("lesson.slower", ("-",), "slower", "Play slower."),
    Action("lesson.earlier", ("[",), "earlier", "Show the chain one phase earlier.", footer=7),
    Action("lesson.later", ("]",), "later", "Show the chain one phase later, up to the moment of this step.", footer=8),
    Action(
        "lesson.explain", ("i",), "explain", "How the belief shown came about: this chain's numbers put into Bayes' rule.", footer=6
    ),
    Action("lesson.jump", ("g",), "jump to…", "Go to a step that you choose.", footer=10),
    Action("lesson.chain", ("c",), "other chain", "Show the other chain, where there is room for one only.", footer=9),
    Action(
        "lesson.try",
        ("o",),
        "try it",
        "Open this chain in the laboratory, as a session of your own with you as a filter. Back returns to the lesson.",
        footer=5,
    ),
)

# Two chains side by side. What the laboratory has, has the same key here.
PAIR = (
    Action("pair.next-phase", ("space",), "next phase", "Go one phase on in both chains; what is not on record is run.", footer=1),
    Action("pair.start-session", ("N",), "start a session", "Start a session from each configuration that is shown.", footer=2),
    Action("pair.end-generation", ("g",), "end generation", "Go to the end of this generation in both chains.", footer=3),
    Action("pair.run-to-end", ("R",), "run to end", "Go to the end of the last generation in both chains.", footer=10),
    Action("pair.play", ("p",), "play", "Go on by itself, a phase at a time, or pause. At the end, begin again.", footer=4),
    Action("pair.faster", ("+", "="), "faster", "Play faster."),
    Action("pair.slower", ("-",), "slower", "Play slower."),
    Action("pair.earlier", ("[",), "earlier", "Show both chains one phase earlier.", footer=5),
    Action("pair.later", ("]",), "later", "Show both chains one phase later, as far as it is on record.", footer=6),
    Action("pair.first", ("{",), "first", "Show both chains at the first data, d⁰."),
    Action("pair.latest", ("}",), "latest", "Show both chains at the last moment on record."),
    Action("pair.jump", ("r",), "go to…", "Go to the end of a generation that you choose, in both chains.", footer=9),
    Action("pair.view", ("v",), "view", "Show other charts: curves, belief, objects, data, entropy, film.", footer=7),
    Action("pair.scale", ("s",), "scale", "Switch the beliefs' scale between linear and logarithmic.", footer=13),
    Action("pair.colour-by", ("c",), "group by", "Group and colour the hypotheses by another object.", footer=12),
    Action("pair.other", ("x",), "other chain", "Put the other chain in front.", footer=8),
    Action("pair.explain", ("i",), "explain", "How the belief of the chain in front came about.", footer=11),
    Action(
        "pair.open-in-lab",
        ("o",),
        "open in lab",
        "Open the chain in front in the laboratory. Back returns to both chains.",
        footer=9,
    ),
    Action(
        "pair.save-copy", ("S",), "save a copy", "Save everything that happened in the chain in front in another file.", footer=14
    ),
)

# The guess of a lesson's question.
GUESS = (
    Action("guess.less", ("left",), "less", "Guess less; in a list of examples, change the verdict."),
    Action("guess.more", ("right",), "more", "Guess more; in a list of examples, change the verdict."),
    Action("guess.up", ("up",), "up", "Go to the bar, answer or example above; guess more if there is one number."),
    Action("guess.down", ("down",), "down", "Go to the bar, answer or example below; guess less if there is one number."),
)
