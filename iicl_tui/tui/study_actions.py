"""The actions of the screens of many chains; a part of the registry."""

from __future__ import annotations

from iicl_tui.tui.action import Action

WORDS = "Explain what is under the mouse or has the focus: its numbers, and every word of the screen."

STUDY = (
    Action("study.open", ("enter",), "open", "Open the chain under the cursor in the laboratory. Esc comes back here.", footer=1),
    Action("study.start", ("s",), "start", "Run the chains that are not done, each into a file of its own.", footer=2),
    Action("study.pause", ("p",), "pause", "Stop after the chains that run now. Start goes on.", footer=3),
    Action("study.retry", ("R",), "retry failed", "Run the chains that failed once more.", footer=4),
    Action("study.metric", ("m",), "next metric", "Draw the next metric, and show its last value of each chain.", footer=5),
    Action("study.metric-before", ("M",), "metric before", "Draw the metric before."),
    Action("study.together", ("v",), "one chart", "Draw the conditions in one chart, or each in a chart of its own.", footer=6),
    Action("study.base", ("b",), "compare with", "Compare the other conditions with that of the chain under the cursor.", footer=7),
    Action("study.interval", ("t",), "t or bootstrap", "Make the intervals by Student's t, or by the bootstrap of chains."),
    Action("study.more", ("n",), "more charts", "Show the charts that had no room."),
    Action(
        "study.sort", ("o",), "order", "List the chains in the study's order, or those first that failed or got stuck.", footer=9
    ),
    Action("study.compare", ("c",), "compare", "Compare the chains, grouped by any key, on a screen of its own.", footer=8),
    Action("study.export", ("E",), "export", "Write all chains as one table (CSV or Parquet), or as a report.", footer=10),
    Action("study.explain", ("i",), "explain", WORDS, footer=11),
    Action("study.pane-chains", ("1",), "chains", "In a small window: show the table of chains."),
    Action("study.pane-curves", ("2",), "curves", "In a small window: show the curves and means."),
)

PREDICTION = (
    Action("prediction.earlier", ("[",), "earlier", "Show the generation before.", footer=1),
    Action("prediction.later", ("]",), "later", "Show the next generation, also one that has not happened yet.", footer=2),
    Action("prediction.first", ("{",), "first", "Show the first generation."),
    Action("prediction.last", ("}",), "last", "Show the last generation that is predicted.", footer=3),
    Action("prediction.swap", ("p",), "swap", "Draw the prediction as bars and the belief as lines, or the other way.", footer=6),
    Action("prediction.view", ("v",), "view", "Show the belief as strips, as a mosaic or as a ranked list.", footer=4),
    Action("prediction.scale", ("s",), "scale", "Switch the scale between linear and logarithmic.", footer=5),
    Action("prediction.explain", ("i",), "explain", WORDS, footer=7),
)

COMPARE = (
    Action("compare.metric", ("m",), "next metric", "Compare the next metric.", footer=1),
    Action("compare.metric-before", ("M",), "metric before", "Compare the metric before."),
    Action("compare.group", ("g",), "group by", "Group the chains by other keys.", footer=2),
    Action("compare.base", ("b", "enter"), "compare with", "Compare the others with the condition under the cursor.", footer=3),
    Action(
        "compare.interval", ("t",), "t or bootstrap", "Make the intervals by Student's t, or by the bootstrap of chains.", footer=4
    ),
    Action("compare.at", ("a",), "generation", "Compare at another generation, or the mean of several.", footer=5),
    Action("compare.together", ("v",), "one chart", "Draw the conditions in one chart, or each in a chart of its own.", footer=6),
    Action("compare.branches", ("B",), "branches", "Show which session was branched from which, and what differs.", footer=7),
    Action("compare.more", ("n",), "more charts", "Show the charts that had no room."),
    Action("compare.add", ("+",), "add", "Add sessions, or folders of them.", footer=8),
    Action("compare.export", ("E",), "export", "Write all chains as one table (CSV or Parquet), or as a report.", footer=9),
    Action("compare.explain", ("i",), "explain", WORDS, footer=10),
)
