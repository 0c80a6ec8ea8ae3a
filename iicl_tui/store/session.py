"""A session: one chain's file, open for reading and, if nobody else has it, for appending."""

from __future__ import annotations

import copy
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from iicl_tui.agents.calls import Call
from iicl_tui.chain.config import ChainConfig, assign, read_config
from iicl_tui.chain.records import Generation, ImitationRecord, Record, in_order
from iicl_tui.errors import LabError, StoreError
from iicl_tui.store import atomic, errors, toml_lines
from iicl_tui.store.block_ends import after_comments, end_of, head_end, marker_line
from iicl_tui.store.decode import Contents, decode
from iicl_tui.store.format import Encoder, Parent, head_text, start_table
from iicl_tui.store.journal import Journal

SUFFIX = ".toml"


class SessionFile:
    """An open session file: its contents, and the sink that keeps a chain's records.

    Close it, or use it as a context manager.
    """

    def __init__(self, journal: Journal, contents: Contents) -> None:
        self.config: ChainConfig = contents.config
        self.created = contents.created
        self.parent = contents.parent
        self._generations = list(contents.generations)
        self._calls = list(contents.calls)
        self._journal = journal
        self._encoder = Encoder(contents.config.task, _last(self._generations, self._calls))
        self._loose = 0  # calls at the end that are not durable yet

    @classmethod
    def create(
        cls,
        config: ChainConfig,
        where: Path,
        *,
        parent: Parent | None = None,
        created: datetime | None = None,
        head: str | None = None,
    ) -> SessionFile:
        """Creates a session. Never overwrites a file.

        Args:
            where: The file, if the name ends in .toml; otherwise a folder, and the title names the file. Folders are created.
            created: Now, unless given.
            head: The configuration as text, with a person's own comments, in place of the program's text.

        Raises:
            StoreError: The file cannot be written.
        """
        contents = Contents(config, created or datetime.now(UTC).replace(microsecond=0), parent, ())
        return cls(_create(contents, where, head=head), contents)

    @classmethod
    def open(cls, path: Path, read_only: bool = False) -> SessionFile:
        """Opens a session, or (read-only) a configuration written by hand.

        Raises:
            StoreError: The file cannot be read.
            ConfigError: It is no valid session. It has every fault.
        """
        journal = Journal.open(path, read_only)
        try:
            return cls(journal, decode(toml_lines.text_of(journal.read(), path.name), path.name, path.parent))
        except BaseException:
            journal.close()
            raise

    def __enter__(self) -> SessionFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """The file."""
        return self._journal.path

    @property
    def read_only(self) -> str | None:
        """Why nothing can be appended, as a sentence; None if it can."""
        return self._journal.read_only

    @property
    def is_configuration(self) -> bool:
        """The file is a configuration that a person wrote, and no session."""
        return not self._journal.is_journal

    @property
    def damage(self) -> str | None:
        """A sentence about blocks that were changed after they were written; None if there are none."""
        return self._journal.damage

    @property
    def notices(self) -> Sequence[str]:
        """What happened on opening that a person should know, such as an unfinished block that was set aside."""
        return self._journal.notices

    @property
    def generations(self) -> Sequence[Generation]:
        """Generations 1, 2, … including those appended since."""
        return self._generations

    @property
    def calls(self) -> Sequence[Call]:
        """All calls to models in order, including those appended since."""
        return self._calls

    def text(self) -> str:
        """The text of the whole blocks. Raises StoreError if another program changed them."""
        return toml_lines.text_of(self._journal.read(), self.path.name)

    def close(self) -> None:
        """Closes the file and releases its lock."""
        self._journal.close()

    def check_space(self, size: int) -> None:
        """Raises StoreError if a record of this many bytes could not be appended now."""
        self._journal.check_space(size)

    def append(self, record: Record) -> None:
        """Keeps a record, which is on the disk when this returns. Raises StoreError; the same append may then be repeated."""
        self._append(record)

    def append_loosely(self, *calls: Call) -> None:
        """Keeps calls, all or none, which survive the end of this process, and a power cut after `sync` or `append`.

        Raises as `append`.
        """
        self._append(*calls, durable=False)
        self._loose += len(calls)

    def sync(self) -> None:
        """Puts on the disk what was appended loosely.

        Raises:
            StoreError: It cannot be, and is no longer in the file. The same calls may then be appended again.
        """
        try:
            self._journal.sync()
        except StoreError:
            del self._calls[len(self._calls) - self._loose :]
            self._loose = 0
            self._encoder = Encoder(self.config.task, _last(self._generations, self._calls))
            raise
        self._loose = 0

    def _append(self, *records: Record, durable: bool = True) -> None:
        encoder, blocks = copy.copy(self._encoder), []
        for record in records:
            blocks.append(encoder.block(record))
            encoder.wrote(record)
        self._journal.append_together(blocks, durable)
        self._encoder = encoder
        if durable:
            self._loose = 0
        for record in records:
            if isinstance(record, Call):
                self._calls.append(record)
            elif isinstance(record, ImitationRecord):
                self._generations.append(Generation(record.generation, record))
            else:
                self._generations[-1] = self._generations[-1].with_record(record)

    def branch(
        self, generation: int, path: Path | None = None, *, seed: int | None = None, changes: Sequence[str] = ()
    ) -> SessionFile:
        """Creates a session that starts with generations 1 … generation of this one, word for word. This file stays as it is.

        Args:
            path: A file or a folder; absent, this file's folder.
            seed: The seed from the next generation on.
            changes: Assignments such as "chain.generations=12". They must fit the generations that are kept.

        Raises:
            LabError: The generation is not complete.
            ConfigError: A change does not fit.
            StoreError: The file cannot be written.
        """
        done = [each for each in self._generations if each.complete]
        if not 0 <= generation <= len(done):
            raise LabError(
                f"There is no generation {generation} to branch from",
                f"{self.path.name} has {len(done)} complete generations.",
                f"Choose one from 0 (the start) to {len(done)}.",
            )
        where = path or self.path.parent
        folder = where.parent if _names_file(where) else where
        is_beside = folder.resolve() == self.path.parent.resolve()
        parent = Parent(self.path.name if is_beside else str(self.path.resolve()), generation)
        config = self._changed(seed, changes)
        kept = self._kept(generation)
        created = datetime.now(UTC).replace(microsecond=0)
        if changes:
            decode(head_text(config, created, parent) + kept.decode(), "The branch")
        calls = tuple(call for call in self._calls if call.generation <= generation)
        contents = Contents(config, created, parent, tuple(done[:generation]), calls)
        journal = _create(contents, where, kept, self._commented_head(contents), self._journal.mode)
        return type(self)(journal, contents)

    def save_copy(self, path: Path, unsaved: Sequence[Record] = ()) -> None:
        """Saves everything in another file, even if this one was deleted or changed meanwhile. Never overwrites a file.

        unsaved: records that could not be appended here. The session still belongs to its own file. Raises StoreError.
        """
        more = encode(unsaved, Encoder(self.config.task, _last(self._generations, self._calls)))
        try:
            self._journal.save_copy(path, more)
        except errors.ChangedFile:
            contents = Contents(self.config, self.created, self.parent, tuple(self._generations), tuple(self._calls))
            _create(contents, path, self._encoded(len(self._generations) + 1) + more, mode=self._journal.mode).close()

    def _commented_head(self, contents: Contents) -> str | None:
        """The head of a branch with the comments of this file's head; None if they cannot be kept."""
        from iicl_tui.store.config_draft import Draft  # slow to import

        assert contents.created is not None
        assert contents.parent is not None
        try:
            text = self.text()
            found = head_end(text.encode())
            text = text.encode()[: found.start()].decode() if found else text
            if "#" not in text:
                return None
            of_branch = head_text(contents.config, contents.created, contents.parent).partition("\n\n")[0]
            written = [_with_origin(text, of_branch)]
            if (drafted := Draft.of(text).head(contents.config, contents.created)) is not None:
                written.append(_with_origin(drafted, of_branch))
            for head in written:
                found_in = decode(head)
                same = found_in.config.document == contents.config.document and found_in.config.start == contents.config.start
                if same and found_in.parent == contents.parent and found_in.created == contents.created:
                    return head
        except LabError:
            pass
        return None

    def _kept(self, generation: int) -> bytes:
        """The blocks of generations 1 … generation: those in the file, if it is unchanged."""
        if self._journal.is_journal:
            try:
                data = self._journal.read()
            except errors.ChangedFile:
                pass
            else:
                head = head_end(data)
                last = end_of(data, f"transmission {generation}", head.end()) if head else 0
                if head and last:
                    return data[head.end() : after_comments(data, last)]
        return self._encoded(generation)

    def _encoded(self, generation: int) -> bytes:
        """The blocks of generations 1 … generation, encoded again."""
        calls = [call for call in self._calls if call.generation <= generation]
        return encode(in_order(self._generations[:generation], calls), Encoder(self.config.task))

    def _changed(self, seed: int | None, changes: Sequence[str]) -> ChainConfig:
        if seed is None and not changes:
            return self.config
        document = copy.deepcopy(dict(self.config.document))
        document["start"] = start_table(self.config.task, self.config.start)
        for change in [*([] if seed is None else [f"chain.seed={seed}"]), *changes]:
            assign(document, change)
        return read_config(document)


def encode(records: Iterable[Record], encoder: Encoder) -> bytes:
    """The records as blocks."""
    parts = []
    for record in records:
        text, marker = encoder.block(record)
        encoder.wrote(record)
        parts += [text, marker_line(marker, text)]
    return "".join(parts).encode()


def _with_origin(head: str, origin: str) -> str:
    """The head with other lines on its format, creation and parent: those at its start are replaced."""
    first, bracket, rest = head.partition("\n[")
    lines = [line for line in first.split("\n") if not re.match(r"(?:format|created|parent) *=", line)]
    return f"{origin}\n{chr(10).join(lines)}{bracket}{rest}"


def _last(generations: Sequence[Generation], calls: Sequence[Call]) -> int:
    """The last generation begun."""
    return max(len(generations), max((call.generation for call in calls), default=0))


def slug(title: str) -> str:
    """A title as a file name: words of letters and digits (d⁰ as d0), joined by hyphens."""
    plain = unicodedata.normalize("NFKC", title.encode(errors="ignore").decode())
    words = re.findall(r"\w+", plain.lower().replace("_", " "))
    short = "-".join(words).encode()[:120].decode(errors="ignore")  # a name has at most 255 bytes
    return short.strip("-") or "session"


def _names_file(where: Path) -> bool:
    return where.suffix == SUFFIX and not os.path.isdir(where)


def _create(contents: Contents, where: Path, blocks: bytes = b"", head: str | None = None, mode: int | None = None) -> Journal:
    head = head or head_text(contents.config, contents.created or datetime.now(UTC).replace(microsecond=0), contents.parent)
    is_file = _names_file(where)
    folder = where.parent if is_file else where
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise errors.from_os_error(error, "create", folder) from error
    atomic.clean(folder)
    if is_file:
        return Journal.create(where, head, blocks, mode=mode)
    stem, number = slug(contents.config.title), 1
    while True:
        try:
            return Journal.create(folder / f"{stem}{f'-{number}' if number > 1 else ''}{SUFFIX}", head, blocks, mode=mode)
        except errors.ExistingFile:
            number += 1
