"""The options of a model that is asked by plain text, as base models without a chat are, and their faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath

TEXT_CONTINUATIONS = ("text", "echo")
"""How a beginning of an answer is continued, or whole ones scored, without a chat; see `scored_belief.CONTINUATIONS`."""
STOP = ("\n\n",)
"""What ends a reply by default: an empty line, which also separates the prompts in the text that is sent."""
_MOST = 4


def _stop(texts: list[str]) -> list[str]:
    if len(texts) > _MOST or not all(texts):
        raise ValueError(f"expected at most {_MOST} texts, none of them empty")
    return texts


TEXT_FIELDS = (
    Field("endpoint", "choice", "endpoint", "chat: messages, as models that follow instructions take them. completions: one "
          "plain text that the model continues, for base models: the prompts with an empty line between them, and a line break.",
          "chat", choices=("chat", "completions")),
    Field("stop", "strings", "stop", "Texts that end a reply, with endpoint = completions. Absent: an empty line.", None,
          convert=_stop, in_form=False),
)  # fmt: skip


def text_options(values: Mapping[str, Any], path: KeyPath, faults: list[Fault]) -> dict[str, Any]:
    """What the provider is told of these options; empty for a chat. Conflicts with other options are added to faults."""
    if values.get("endpoint", "chat") == "chat":
        if values.get("stop") is not None:
            faults.append(Fault((*path, "stop"), 'only calls with endpoint = "completions" have stop texts of their own'))
        return {}
    if values["json-schema"]:
        faults.append(Fault((*path, "json-schema"), 'the completions endpoint takes no JSON schema: endpoint = "chat" does'))
    if values["reasoning-effort"] is not None:
        what = "a model that continues a plain text does not think before it answers: nothing can stand here"
        faults.append(Fault((*path, "reasoning-effort"), what))
    return {"completions": True, "stop": list(STOP) if values["stop"] is None else values["stop"]}
