"""Systems without fcntl and without reads and writes at an offset, as Windows: sessions are kept all the same, and it is said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from made import make

from iicl_tui.store import atomic

HIDE = """
import os, sys
sys.modules["fcntl"] = None
for name in ("pwrite", "pread", "posix_fallocate", "statvfs", "fchmod"):
    delattr(os, name)
"""


def python(code: str, *arguments: object) -> str:
    done = subprocess.run([sys.executable, "-c", HIDE + code, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


RUN = """
import asyncio
from pathlib import Path
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.store.session import SessionFile
path = Path(sys.argv[1])
document = {"chain": {"title": "x", "generations": 3, "seed": 7}, "agent": [{"noise": 0.1}]}
with SessionFile.create(read_config(document), path) as session:
    asyncio.run(Chain(session.config, session.generations, session).run(2))
with SessionFile.open(path) as session:
    print(*session.notices, session.read_only, len(session.generations), sep="|")
    asyncio.run(Chain(session.config, session.generations, session).run())
"""


def test_a_chain_is_kept_opened_and_gone_on_with(tmp_path: Path) -> None:
    said = python(RUN, tmp_path / "here.toml").strip().split("|")
    assert said[0] == f"{tmp_path} has no file locks: do not open here.toml twice at the same time."
    assert said[1:] == ["None", "2"]
    there = subprocess.run([sys.executable, "-c", "import sys\n" + RUN, str(tmp_path / "there.toml")], check=True)
    assert not there.returncode
    here, elsewhere = ((tmp_path / name).read_text().partition("[[generation]]")[2] for name in ("here.toml", "there.toml"))
    assert here == elsewhere


def test_a_torn_block_is_cut_off(tmp_path: Path) -> None:
    path = make(tmp_path, until=1)
    whole = path.read_bytes()
    path.write_bytes(whole + b"[generation.imit")
    code = "from pathlib import Path\nfrom iicl_tui.store.journal import Journal\nJournal.open(Path(sys.argv[1])).close()"
    python(code, path)
    assert path.read_bytes() == whole
    assert path.with_name(f"{path.name}.torn").read_bytes() == b"[generation.imit"


@pytest.mark.parametrize("has_offsets", [True, False])
def test_reads_and_writes_at_an_offset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_offsets: bool) -> None:
    if not has_offsets:
        for name in ("pwrite", "pread"):
            monkeypatch.delattr(os, name)
    descriptor = atomic.create(tmp_path / "a", b"0123456789")
    atomic.write_all(descriptor, b"abc", 4)
    assert atomic.read_at(descriptor, 100, 3) == b"3abc789"
    os.close(descriptor)
