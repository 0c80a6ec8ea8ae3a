"""Reads mutated files of every kind: each gives a result or faults in words, in less than a second of processor time and 200 MB."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import random
import resource
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from made import CREATED, make
from mutations import mutated
from notebook_runs import Run
from other_files import OTHER_KINDS, Kind, Reader
from review_chains import make_chain
from speaking import InMemory, connected, follows, measured, spoken
from tally import Tally

import iicl_tui
from iicl_tui.agents.base import UnreadableReply
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import LabError
from iicl_tui.filters.base import HypothesisShown, PhaseContext
from iicl_tui.present.preview import read_preview
from iicl_tui.present.sources import read_decisions, read_source
from iicl_tui.review.chain_subject import HypothesisSubject
from iicl_tui.review.drafts import Draft, DraftFile, Round
from iicl_tui.review.reply_drafts import ReplyDrafts
from iicl_tui.review.state import ReviewState
from iicl_tui.store import config_draft, settings, toml_lines
from iicl_tui.store.check import check
from iicl_tui.store.library import summary
from iicl_tui.store.notebook_import import read_logs
from iicl_tui.store.paths import shipped
from iicl_tui.store.session import SessionFile
from iicl_tui.tui import themes
from iicl_tui.tui.keymap import resolve

FILES = 10_000
"""Mutated files of each kind."""

MOST_SECONDS = 1.0
MOST_BYTES = 200_000_000
MOST_EDITED = 30_000
"""Bytes of a configuration that the form edits within the same second: tomlkit takes about 50 µs a byte."""

_BATCH = 500


@dataclass
class Result:
    """The result of a batch."""

    tried: int
    rejected: int
    failures: list[str]
    slowest: float
    memory: int


def attack(tally: Tally, folder: Path) -> None:
    """Reads mutated files of each kind, in processes of their own."""
    batches = []
    for kind in KINDS:
        count = tally.part(FILES)
        batches += [(kind, min(_BATCH, count - start), tally.seed * 1000 + start) for start in range(0, count, _BATCH)]
    if len(batches) == len(KINDS):  # a small share
        results = [_read(*batch) for batch in batches]
    else:
        with multiprocessing.get_context("spawn").Pool(2, maxtasksperchild=1) as pool:
            results = pool.starmap(_read, batches, chunksize=1)
    for kind in KINDS:
        found = [result for (each, *_), result in zip(batches, results, strict=True) if each == kind]
        tally.tried[f"mutated {kind}"] = sum(result.tried for result in found)
        slowest, memory = max(result.slowest for result in found), max(result.memory for result in found) / 1e6
        rejected = sum(result.rejected for result in found)
        tally.notes.append(f"{kind}: {rejected:,} with faults; at most {slowest:.2f} s and {memory:.0f} MB")
        for result in found:
            tally.failures += result.failures


def _read(kind: str, count: int, seed: int) -> Result:
    """Reads so many mutated files of a kind."""
    rng = random.Random(crc32(kind.encode()) + seed)
    result = Result(0, 0, [], 0.0, 0)
    folder = Path(tempfile.mkdtemp(prefix=f"{kind}-"))
    try:
        seeds, read = KINDS[kind]()
        for data in seeds:  # what is read once and kept does not count
            _judge(read, folder, data)
        before = _memory()
        for _ in range(count):
            data = mutated(rng.choice(seeds), rng)
            begun = time.process_time()
            try:
                result.rejected += _judge(read, folder, data)
            except Exception as error:
                place = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{Path(place.filename).name}:{place.lineno}, {_kept(kind, seed, result.tried, data)}"
                result.failures.append(f"{kind}: {type(error).__name__}: {str(error)[:200]} in {where}")
            seconds = time.process_time() - begun
            result.slowest = max(result.slowest, seconds)
            result.tried += 1
            if seconds > MOST_SECONDS:
                result.failures.append(f"{kind}: {seconds:.1f} s for {_kept(kind, seed, result.tried, data)}")
        result.memory = _memory() - before
        if result.memory > MOST_BYTES:
            result.failures.append(f"{kind}: {result.memory / 1e6:.0f} MB more in a batch with seed {seed}")
    finally:
        shutil.rmtree(folder)
    return result


def _judge(read: Reader, folder: Path, data: bytes) -> bool:
    """Whether the file was rejected. Raises whatever is not meant for a person."""
    try:
        return read(folder, data)
    except LabError:
        return True


def _kept(kind: str, seed: int, number: int, data: bytes) -> Path:
    """Keeps a file that failed, to look at."""
    path = Path(tempfile.gettempdir()) / f"failed-{kind.replace(' ', '-')}-{seed}-{number}"
    path.write_bytes(data)
    return path


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


# -- the kinds of files ---------------------------------------------------------------------------------------------------


def _sessions() -> tuple[list[bytes], Reader]:
    folder = Path(tempfile.mkdtemp())
    seeds = [make(folder / "a.toml", generations=2).read_bytes(), make(folder / "b.toml", human=True, generations=2).read_bytes()]
    for number, preset in enumerate(("e0-interaction-systematic", "e4-easy", "e3-hypothesis-search")):
        document = toml_lines.parse(read_source(preset)[0])
        document["chain"]["generations"] = 2
        with SessionFile.create(read_config(document), folder / f"p{number}.toml", created=CREATED) as session:
            asyncio.run(Chain(session.config, (), session).run())
            seeds.append(session.path.read_bytes())
    models: dict[str, Callable[[ChainConfig], Any]] = {"c": follows, "d": measured}
    for name, answers in models.items():
        config, _ = spoken(agent={"belief": "logprobs"} if name == "d" else None, chain={"generations": 2})
        with SessionFile.create(config, folder / f"{name}.toml", created=CREATED) as session:
            asyncio.run(Chain(connected(config, InMemory(answers(config))), (), session).run())
            seeds.append(session.path.read_bytes())
    shutil.rmtree(folder)

    def read(folder: Path, data: bytes) -> bool:
        path = folder / "session.toml"
        path.write_bytes(data)
        faults = check(path)
        row = summary(path, 0.0)
        if not faults:
            read_preview(path)
        return bool(faults) or row.fault is not None

    return seeds, read


def _configs() -> tuple[list[bytes], Reader]:
    seeds = [path.read_bytes() for path in sorted((Path(iicl_tui.__file__).parent / "presets").glob("*.toml"))]

    def read(folder: Path, data: bytes) -> bool:
        path = folder / "config.toml"
        path.write_bytes(data)
        faults = check(path)
        draft = config_draft.Draft.of(read_source(str(path))[0])
        config, found = config_draft.examine(draft, folder)
        if len(data) > MOST_EDITED:
            return bool(faults or found)
        draft.set(("chain", "seed"), 7).add("filter", "consistent").redrawn()
        if config is not None:
            draft.head(config, CREATED)
        return bool(faults or found)

    return seeds, read


SETTINGS = b"""# mine
theme = "iicl-light"
sessions = "~/sessions"
hosts = ["localhost:8080", "KEY@example.org"]

[keys]
"lab.step" = "space,n"
"app.quit" = "ctrl+q"
"home.new" = "n"

[lab]
form = "mosaic"
scale = "log"
by = "screen"
"""


def _settings() -> tuple[list[bytes], Reader]:
    def read(folder: Path, data: bytes) -> bool:
        path = folder / "settings.toml"
        path.write_bytes(data)
        found, faults = settings.load(path)
        keys = resolve(found.keys)
        settings.save(path, {"theme": "iicl-dark", "lab": {"form": "strips"}})
        return bool(faults or keys.faults)

    return [SETTINGS], read


def _themes() -> tuple[list[bytes], Reader]:
    seeds = [path.read_bytes() for path in shipped("themes").glob("*.toml")]

    def read(folder: Path, data: bytes) -> bool:
        path = folder / "mine.toml"
        path.write_bytes(data)
        theme, faults = themes.load(path)
        if theme is not None:
            theme.to_color_system().generate()
        return bool(faults)

    return seeds, read


def _prompts() -> tuple[list[bytes], Reader]:
    texts = Path(iicl_tui.__file__).parent / "tasks" / "prompts"
    seeds = {task: (texts / f"{task}.toml").read_bytes() for task in ("acre", "acronym")}

    def read(folder: Path, data: bytes) -> bool:
        (folder / "prompts.toml").write_bytes(data)
        wrong = 0
        for task in seeds:
            try:
                read_config(
                    {"chain": {"task": task}, "agent": [{"kind": "openai", "model": "m", "prompts": "prompts.toml"}]}, folder
                )
            except LabError:
                wrong += 1
        return wrong == len(seeds)

    return [*seeds.values()], read


DECISIONS = b"""default = "approve"

[[generation]]
index = 2
[[generation.interaction.decision]]
verdict = "edit"
hypothesis = {A = "on", B = "off", C = "und", D = "off", screen = "off"}
[[generation.transmission.sample]]
verdict = "rejected"
reason = "too easy"
[[generation.transmission.sample]]
number = 3
verdict = "edited"
input = ["A"]
output = "on"
[[generation.call]]
phase = "imitation"
verdict = "edit"
reply = "Rule: A on"
"""


def _decisions() -> tuple[list[bytes], Reader]:
    chain = make_chain()

    def read(folder: Path, data: bytes) -> bool:
        path = folder / "decisions.toml"
        path.write_bytes(data)
        decider = read_decisions(path, chain.task)
        asyncio.run(Chain(chain.config, decider=decider).run(2))
        return False

    return [DECISIONS], read


def _drafts() -> tuple[list[bytes], Reader]:
    chain = make_chain()
    subject = HypothesisSubject(chain, HypothesisShown(PhaseContext(chain.task, 1, chain.start), 5, 0, 20, False))
    shown = UnreadableReply(1, "imitation", "imitate", "a prompt", "a reply", "it states no rule", "", lambda text: "")
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        state = ReviewState.from_values(subject.values).reason("too bright").edit(33)
        DraftFile(folder, Path("/s.toml")).save(Draft(1, "hypothesis", (Round(0, state), Round(1, state))), subject)
        ReplyDrafts(folder, Path("/s.toml")).keep(shown, "a text")
        seeds = [path.read_bytes() for path in (folder / "drafts").iterdir()]

    def read(folder: Path, data: bytes) -> bool:
        (folder / "drafts").mkdir(exist_ok=True)
        draft = DraftFile(folder, Path("/s.toml"))
        draft.path.write_bytes(data)
        draft.path.with_suffix(".reply.toml").write_bytes(data)
        return draft.load(subject) is None and ReplyDrafts(folder, Path("/s.toml")).get(shown) is None

    return seeds, read


def _logs() -> tuple[list[bytes], Reader]:
    with tempfile.TemporaryDirectory() as where:
        runs = [Run(Path(where), interaction=interaction).write().folder for interaction in (None, "none", "self", "hypothesis")]
        files = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in runs]
    names = [folder.name for folder in runs]
    seeds = [data for each in files for data in each.values()]

    def read(folder: Path, data: bytes) -> bool:
        run = crc32(data) % len(files)
        likely = (
            "chat_log.txt"
            if b"## TO GPT" in data
            else "prob_list_all.json"
            if b"top_logprobs" in data
            else "other_results_all.json"
        )
        where = folder / "exp_logs_gpt-3.5-turbo-0125" / names[run]
        where.mkdir(parents=True, exist_ok=True)
        for name, content in {**files[run], likely: data}.items():
            (where / name).write_bytes(content)
        found = read_logs(where)
        with contextlib.suppress(LabError):
            read_config(found.document)
        return False

    return seeds, read


KINDS: dict[str, Kind] = {
    "sessions": _sessions,
    "configurations": _configs,
    "settings": _settings,
    "themes": _themes,
    "prompts": _prompts,
    "decisions": _decisions,
    "drafts": _drafts,
    "notebook logs": _logs,
    **OTHER_KINDS,
}
