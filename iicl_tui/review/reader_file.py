"""The file that names a model as first reader: an agent as in a chain's configuration, a prompt, and limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iicl_tui.agents.base import agent_kinds
from iicl_tui.agents.language import LanguageAgent
from iicl_tui.agents.money import Budget
from iicl_tui.errors import ConfigError, Fault
from iicl_tui.files import named_file, parse_toml, read_bytes
from iicl_tui.schema import Field, describe, nearest, read_table, table_at
from iicl_tui.tasks.base import task_kinds

SHOWN = ("after", "before")
READER_FIELDS = (
    Field("prompt", "str", "prompt", "A text file with what the model is asked. Empty: the program's own words.", None),
    Field("show", "choice", "shown", "When its verdict is shown: after one's own decision, or before.", "after", choices=SHOWN),
    Field("name", "str", "name", "What it is called as a reviewer. Empty: the model's name.", None),
    Field("ahead", "int", "rows ahead", "How many undecided rows after the one shown are read meanwhile.", 1, low=0, high=100),
    Field("budget", "float", "budget, US dollars", "What its calls may cost in all.", 5.0, low=0, high=1_000_000),
    Field("token-budget", "int", "budget, tokens", "The same in tokens, sent and received. Empty: no limit.", None, low=0),
)  # fmt: skip
"""The [reader] table."""

DEFAULT_PROMPT = """\
You check texts before they are used. Approve a text that is good enough as it is, and reject any other.

{asked}

The text:
{text}

{reasons}
Answer with one line of JSON: {"verdict": "approve" or "reject", "reason": "why, in a few words"}
"""
SLOTS = ("text", "asked", "prompt", "reasons")
"""What a prompt may hold beside the fields of the data: the judged text, the prompt that it answers (asked: with a heading), and
the person's list of reasons."""
_MOST_BYTES = 1_000_000
_SLOT = re.compile(r"(?<!\{)\{([A-Za-z][A-Za-z0-9_-]*)\}(?!\})")


@dataclass(frozen=True)
class ReaderFile:
    """A checked file.

    Attributes:
        agent: The model.
        prompt: What it is asked, with slots.
        name: What it is called as a reviewer.
        show: One of SHOWN.
        ahead: How many undecided rows are read ahead.
        budget: What its calls may cost.
    """

    agent: LanguageAgent
    prompt: str
    name: str
    show: str
    ahead: int
    budget: Budget

    @property
    def slots(self) -> list[str]:
        """The names in the prompt's slots."""
        return list(dict.fromkeys(_SLOT.findall(self.prompt)))


def read_reader(path: Path) -> ReaderFile:
    """Reads a file such as `reader.toml`. Raises ConfigError with all faults."""
    try:
        document = parse_toml(read_bytes(path, _MOST_BYTES).decode("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ConfigError([Fault((), f"cannot be read: {getattr(error, 'strerror', None) or error}")], path.name) from error
    faults: list[Fault] = []
    faults += [Fault((key,), "unknown key; known: reader, agent") for key in document if key not in ("reader", "agent")]
    values = read_table(READER_FIELDS, table_at(document, "reader", faults), ("reader",), faults)
    prompt = _prompt(values["prompt"], path.parent, faults)
    agent = _agent(document, path.parent, faults)
    if faults or agent is None:
        raise ConfigError(faults, path.name)
    name = values["name"] or agent.model
    return ReaderFile(agent, prompt, name, values["show"], values["ahead"], Budget(values["budget"], values["token-budget"]))


def _prompt(name: str | None, folder: Path, faults: list[Fault]) -> str:
    if name is None:
        return DEFAULT_PROMPT
    try:
        text = read_bytes(named_file(name, folder), _MOST_BYTES).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        faults.append(Fault(("reader", "prompt"), f"{describe(name)} cannot be read: {getattr(error, 'strerror', None) or error}"))
        return DEFAULT_PROMPT
    if "text" not in _SLOT.findall(text):
        faults.append(Fault(("reader", "prompt"), f"{describe(name)} lacks {{text}}, which stands for the text that is judged"))
    return text


def _agent(document: Mapping[str, Any], folder: Path, faults: list[Fault]) -> LanguageAgent | None:
    """The one [agent], which must be a language model."""
    table = document.get("agent")
    if isinstance(table, list) and len(table) == 1:
        table = table[0]
    kinds = agent_kinds()
    if not isinstance(table, dict):
        faults.append(Fault(("agent",), "expected one [agent] table with the model's kind"))
        return None
    kind = kinds.get(str(table.get("kind")))
    if kind is None:
        near = nearest(str(table.get("kind")), kinds)
        faults.append(Fault(("agent", "kind"), f"nearest: {near}" if near else f"known: {', '.join(kinds)}"))
        return None
    task_kind = task_kinds()["text"]
    task = task_kind.build(read_table(task_kind.fields, {}, ("task",), []), ("task",), [], None)
    before = len(faults)
    values = read_table(kind.fields, table, ("agent",), faults, also=("kind",))
    agent = kind.build(values, task, ("agent",), faults, folder) if len(faults) == before else None
    if agent is not None and not isinstance(agent, LanguageAgent):
        faults.append(Fault(("agent", "kind"), f"{table['kind']} is no language model, and cannot read texts"))
        return None
    return agent if isinstance(agent, LanguageAgent) else None
