"""Has a server send hostile replies: whatever they hold, no traceback, no long wait, and nothing leaves that a terminal obeys."""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import time
from collections.abc import Callable
from pathlib import Path

from loopback import Answer, Fault, Loopback, Seen, Text, raw, status, tokens_of
from speaking import follows
from tally import Tally

from iicl_tui import cli
from iicl_tui.agents.calls import Message, Request
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.store import toml_lines

REPLIES = 400
MOST_SECONDS = 10.0
"""Of processor time for a chain of one generation, its report and its export: a reply may be read a few times."""

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""Characters that control a terminal, or hide something in one."""

PIECES = (
    "\x1b]52;c;QUFBQQ==\x07", "\x1b]0;PWNED\x1b\\", "\x1b[2J\x1b[31m", "\x1bP+q544e\x1b\\", "\x1b_G\x1b\\", "\x9b31m",
    "\x9d0;x\x9c", "\x05", "\x07", "\u202e", "\u2066", "\u200b", "\ufeff", "\u2028", "\x00", "\x7f", "\r", "\b\b\b", "\x0e",
    "\x1b#8", "\x1b[?1049l", "\x1b[6n", "\x1bc", "[/red]", "[@click=app.quit]x[/]", "漢字", "👩‍👩‍👧‍👦", "a" + "\u0300" * 200,
    "<think>", "</think>", "[THINK]", "<|channel|>final<|message|>", "<|im_end|>", "\n\nHuman: ", "```json\n", "```", "~~",
    "\\boxed{", "$$", "{" * 500, "[" * 5000, '"' * 300, "(" * 2000, "a," * 5000, "9" * 5000, "-> " * 500,
    "Input: A\nOutput: on\n" * 300, "Rule: " * 500, " " * 20_000, "\n" * 5000, "x" * 100_000, "A: on, " * 2000, "\\" * 999,
    "=1+1", "@SUM(A1)", "%s%n", "${HOME}", "`id`", "# end: head\n", "# end: imitation 1\n", "[[generation]]\n", '"""', "'''",
    "ｏｎ", "Ａ：ｏｎ", "é", "e\u0301",
)  # fmt: skip

CONFIGS = {
    "acre": '[task]\nspurious = "screen"\nbias = "high"\ninitial = 4\nsamples = 4\n',
    "acronym": "[task]\ninitial = 4\neasy = 2\nsamples = 3\n",
}
_AGENT = '[[agent]]\nkind = "openai"\nmodel = "m"\nbase-url = "{}/v1"\nattempts = 1\ntimeout = 20\nbelief = "{}"\n'


def attack(tally: Tally, folder: Path) -> None:
    """Runs, shows, checks and exports chains of one generation whose server sends hostile replies."""
    rng = random.Random(tally.seed)
    with Loopback() as server:
        for number in range(tally.part(REPLIES)):
            task = rng.choice((*CONFIGS, "acre"))
            config = folder / f"{number}.toml"
            belief = "logprobs" if task == "acre" and rng.random() < 0.5 else "none"
            text = f'[chain]\ntask = "{task}"\ngenerations = 1\n{CONFIGS[task]}{_AGENT.format(server.url, belief)}'
            config.write_text(text)
            server.replies = _hostile(read_config(toml_lines.parse(text)), rng)
            session = folder / f"{number}-session.toml"
            begun = time.process_time()
            for command in (
                ["run", str(config), "-o", str(session)],
                ["show", str(session)],
                ["show", str(session), "--no-charts"],
                ["check", str(session)],
                ["export", str(session), "--to", "csv", "-o", str(folder / "out")],
                ["export", str(session), "--to", "notebook", "-o", str(folder / "out")],
            ):
                if not session.exists() and command[0] != "run":
                    continue
                wrong = _run(command)
                tally.tried["commands"] += 1
                if wrong:
                    tally.fail(f"reply {number}: {command[0]}: {wrong}")
            seconds = time.process_time() - begun
            if seconds > MOST_SECONDS:
                tally.fail(f"reply {number}: {seconds:.1f} s")
            tally.tried["hostile replies"] += 1
            for path in [*folder.rglob("*.csv"), *folder.rglob("*.txt"), session]:
                if path.exists() and (found := _obeyed(path.read_bytes().decode())):
                    tally.fail(f"reply {number}: {found} in {path.name}")
                path.unlink(missing_ok=True)


def _run(command: list[str]) -> str:
    """What is wrong with a command's output, or ""."""
    output = _Output()
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            code = cli.main(command)
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    text = output.getvalue()
    if code not in (0, 1, 2, 3) or "Traceback" in text or "fault of its own" in text:
        return f"exit code {code}: {text[-300:]}"
    return _obeyed(text)


class _Output(io.StringIO):
    """A stream that takes what the command line sets on the real ones."""

    def reconfigure(self, **_: object) -> None:
        """Leaves it as it is."""


def _obeyed(text: str) -> str:
    found = OBEYED.search(text.replace("\r\n", "\n"))
    return f"{found[0]!a} after {text[max(0, found.start() - 40) : found.start()]!a}" if found else ""


def _hostile(config: ChainConfig, rng: random.Random) -> Callable[[Seen], Answer]:
    """Answers with sound replies that are broken in many ways, and with hostile errors."""
    sound = follows(config)

    def answer(seen: Seen) -> Answer:
        try:
            text = str(sound(Request((Message("user", seen.body["messages"][-1]["content"]),), 1)))
        except TypeError:  # it knows no answer to a request for a repair
            text = "Rule: A on"
        for _ in range(rng.choice((1, 1, 2, 3, 8))):
            at, piece = rng.randrange(len(text) + 1), rng.choice(PIECES)
            text = text[:at] + piece + (text[at:] if rng.random() < 0.8 else text[at + len(piece) :])
        if rng.random() < 0.15:
            return _error(text, rng)
        fields = {"model": text[:200]} if rng.random() < 0.2 else {}
        finish = rng.choice(("stop", "stop", "stop", "length", "\x1b[31mstop", ""))
        tokens = (lambda sent: tokens_of(sent, {"on": {"on": 0.7, "\x1b[31m": 0.1, "off": 0.1}})) if rng.random() < 0.5 else None
        return Text(text, tokens=tokens, wire_finish=finish, fields=fields)

    return answer


def _error(text: str, rng: random.Random) -> Fault:
    short = text[:3000]
    return rng.choice(
        (
            lambda: status(400, {"error": {"message": short, "type": short, "code": [short]}}),
            lambda: status(404, [{"msg": short}]),
            lambda: status(200, {"error": short}),
            lambda: raw(short.encode("utf-8", "replace"), "text/html", 403),
            lambda: raw(json.dumps({"choices": [{"message": {"content": [short]}}]}).encode(), code=200),
            lambda: raw(short.encode("utf-16", "replace"), "application/json", 200),
        )
    )()
