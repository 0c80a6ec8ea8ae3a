"""The command line as a person or a script uses it; in a process of its own where pipes, signals or a kill are the point."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from command_line import run_here, run_process
from waiting import LONGEST, process_until

from iicl_tui import cli
from iicl_tui.chain.engine import Chain
from iicl_tui.store.session import SessionFile

HERE = {**os.environ, "TERM": "dumb", "PYTHONUTF8": "1"}


def lab(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The program in its own folder, with settings and sessions of its own."""
    return run_here(folder, *arguments, environment={**HERE, **more})


def lab_process(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    return run_process(folder, *arguments, environment={**HERE, **more})


def without_time(path: Path) -> str:
    """The text without the time of its creation, and without the checksum over it."""
    return re.sub(r"(?m)^created = .*$|(?<=^# end: head) sum .*$", "", path.read_text(encoding="utf-8"))


def test_run_writes_a_session_that_check_accepts_and_show_prints(tmp_path: Path) -> None:
    run = lab_process(tmp_path, "run", "e2-weak-high", "-o", "one.toml")
    assert (run.returncode, run.stderr) == (0, "")
    assert "generation 4/4" in run.stdout
    assert lab_process(tmp_path, "check", "one.toml").returncode == 0
    show = lab_process(tmp_path, "show", "one.toml")
    assert show.returncode == 0
    document = tomllib.loads((tmp_path / "one.toml").read_text(encoding="utf-8"))
    for generation in document["generation"]:
        rule = "  ".join(f"{name} {state}" for name, state in generation["interaction"]["hypothesis"].items())
        assert rule in show.stdout
    assert "★" in show.stdout
    plain = lab(tmp_path, "show", "one.toml", "--no-charts", "--generation", "2").stdout
    assert not set("▁▂▃▄▅▆▇█▔★▲┊⠒✓") & set(plain)
    assert "Belief: How likely is each rule, after seeing d¹ and 1 earlier round?" in plain


def test_the_same_seed_gives_the_same_file_and_another_seed_another(tmp_path: Path) -> None:
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        assert lab(tmp_path, "run", "e3-none", "-o", f"{name}.toml", "--set", f"chain.seed={seed}").returncode == 0
    a, b, c = (without_time(tmp_path / f"{name}.toml") for name in "abc")
    assert a == b != c


def test_wrong_use_names_every_fault_and_exits_2(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[chain]\nsead = 1\n[task]\ninitial = "many"\n[[agent]]\nkind = "bays"\n[[filter]]\nkind = "humen"\n')
    run = lab_process(tmp_path, "run", "config.toml")
    assert run.returncode == 2
    for words in (
        "line 2: chain.sead: unknown key; nearest known: seed",
        "line 4: task.initial",
        "line 6: agent[1].kind",
        "line 8",
    ):
        assert words in run.stderr
    assert lab(tmp_path, "run", "e2-week-high").stderr.count("e2-weak-high") == 1
    assert lab(tmp_path, "run", "no-such.toml").returncode == 2
    assert lab(tmp_path, "frobnicate").returncode == 2
    assert lab(tmp_path, "show", "one.toml").returncode == 2
    assert lab(tmp_path, "run", "e2-weak-high", "--set", "chain.seed").returncode == 2
    for process in (run, lab(tmp_path, "frobnicate"), lab(tmp_path, "show", "one.toml")):
        assert "Traceback" not in process.stderr


def test_check_names_faults_with_lines_and_exits_1(tmp_path: Path) -> None:
    lab(tmp_path, "run", "e2-weak-high", "-o", "good.toml")
    text = (tmp_path / "good.toml").read_text(encoding="utf-8")
    (tmp_path / "bad.toml").write_text(text.replace('verdict = "approved"', 'verdict = "aproved"', 1), encoding="utf-8")
    (tmp_path / "noise.toml").write_bytes(b"\xff\x00 = [")
    check = lab(tmp_path, "check", "good.toml", "bad.toml", "noise.toml", "missing.toml")
    assert check.returncode == 1
    line = text.splitlines().index('verdict = "approved"') + 1
    assert f"bad.toml:{line}: " in check.stdout
    assert "good.toml: no fault" in check.stdout
    assert "missing.toml: " in check.stdout


def test_a_person_is_asked_or_the_decisions_file_answers(tmp_path: Path) -> None:
    alone = lab(tmp_path, "run", "e3-human", "-o", "alone.toml")
    assert alone.returncode == 3
    assert "iicl-tui resume alone.toml" in alone.stderr
    (tmp_path / "yes.toml").write_text('default = "approve"\n')
    resumed = lab(tmp_path, "resume", "alone.toml", "--decisions", "yes.toml")
    assert resumed.returncode == 0
    (tmp_path / "no.toml").write_text(
        'default = "approve"\n[[generation]]\nindex = 1\n'
        '[[generation.transmission.sample]]\nverdict = "rejected"\nreason = "dull"\n'
    )
    assert lab(tmp_path, "run", "e3-human", "-o", "other.toml", "--decisions", "no.toml").returncode == 0
    samples = tomllib.loads((tmp_path / "other.toml").read_text(encoding="utf-8"))["generation"][0]["transmission"]["sample"]
    assert [sample["verdict"] for sample in samples].count("rejected") == 1
    assert samples[0]["reason"] == "dull"
    # a session's own decisions, given to the same chain, make the same session
    assert lab(tmp_path, "run", "e3-human", "-o", "again.toml", "--decisions", "other.toml").returncode == 0
    assert without_time(tmp_path / "again.toml") == without_time(tmp_path / "other.toml")
    (tmp_path / "wrong.toml").write_text('[[generation]]\n[[generation.transmission.sample]]\nverdict = "yes"\n')
    wrong = lab(tmp_path, "run", "e3-human", "-o", "wrong-out.toml", "--decisions", "wrong.toml")
    assert wrong.returncode == 2
    assert "line 3" in wrong.stderr


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("agent[" + "1" * 5000 + "].noise=1", "expected section.key=value"),
        ("chain.seed=" + "[" * 9000, "chain.seed: expected a whole number"),
        ("generation=[]", "generation: cannot be set"),
        ("parent={file = 'a', generation = 1}", "parent: cannot be set"),
    ],
    ids=["a huge place", "deep nesting", "generations", "a parent"],
)
def test_no_assignment_is_a_fault_of_the_program_or_passed_over(tmp_path: Path, assignment: str, words: str) -> None:
    run = lab(tmp_path, "run", "e3-none", "-o", "out.toml", "--set", assignment)
    assert run.returncode == 2
    assert words in run.stderr
    assert not (tmp_path / "out.toml").exists()


def test_a_fault_of_an_assignment_names_no_line_of_the_preset(tmp_path: Path) -> None:
    run = lab(tmp_path, "run", "e2-weak-high", "--set", "agent.noise=7")
    assert "\nagent[1].noise: expected" in run.stderr


def test_run_tells_the_faults_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("sesions = 3\n")
    run = lab(tmp_path, "run", "e3-none", "-q", "-o", "out.toml")
    assert run.returncode == 0
    assert run.stderr == "settings.toml: line 1: sesions: unknown key; nearest known: sessions\n"


def test_a_preset_is_found_beside_a_folder_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "e3-none").mkdir()
    assert lab(tmp_path, "run", "e3-none", "-q", "-o", "out.toml").returncode == 0


def test_faulty_decisions_leave_no_session_behind(tmp_path: Path) -> None:
    (tmp_path / "decisions.toml").write_text('default = "perhaps"\n')
    run = lab(tmp_path, "run", "e3-human", "-o", "out.toml", "--decisions", "decisions.toml")
    assert run.returncode == 2
    assert not (tmp_path / "out.toml").exists()


def test_what_cannot_be_read_or_made_is_wrong_use_and_nothing_to_resume(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    assert lab(tmp_path, "show", "pipe.toml").returncode == 2
    assert lab(tmp_path, "run", str(tmp_path)).returncode == 2
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    loop = lab(tmp_path, "run", "loop.toml")
    assert loop.returncode == 2
    assert loop.stderr.endswith("Check the name and its permissions.\n")
    (tmp_path / "file").touch()
    assert lab(tmp_path, "run", "e3-none", "-o", "file/out.toml").returncode == 2


def test_data_that_nothing_explains_stop_the_run_and_offer_no_resume(tmp_path: Path) -> None:
    config = (
        '[chain]\ngenerations = 40\n[task]\nobjects = ["A", "B"]\nsamples = 9\ninitial = 3\n[[agent]]\nnoise = 0.5\n[[agent]]\n'
    )
    (tmp_path / "config.toml").write_text(config)
    run = lab(tmp_path, "run", "config.toml", "-o", "my session.toml")
    assert run.returncode == 3
    assert "No hypothesis explains" in run.stderr
    assert "iicl-tui resume" not in run.stderr
    assert run.stderr.rstrip().endswith("my session.toml")


@pytest.mark.parametrize("act", ["delete", "replace", "add"])
def test_a_file_taken_away_or_changed_is_rescued_beside_it(tmp_path: Path, act: str) -> None:
    path = tmp_path / "a b.toml"
    process = _start(path, 5000)
    _wait_for_size(path, 20_000)
    for _ in range(5):
        process.send_signal(signal.SIGSTOP)  # so that it cannot come to its end meanwhile
        if act == "delete":
            path.unlink()
        elif act == "replace":
            (tmp_path / "other").write_text("x = 1\n")
            (tmp_path / "other").replace(path)
        else:
            with path.open("a") as file:
                file.write("junk\n")
        process.send_signal(signal.SIGCONT)
        if act != "add" or _ends(process, 1.0):
            break  # else it was stopped between its look at the file and its write, which went over the junk
    _, error = process.communicate(timeout=LONGEST)
    assert process.returncode == 3, error
    copy = tmp_path / "a b-rescued.toml"
    told = re.search(r"Saved: (\d+) of 5000 generations. Continue with: iicl-tui resume (.*)\n", error)
    assert told
    assert shlex.split(told[2]) == [str(copy)]
    assert copy.read_text(encoding="utf-8").count("# end: transmission") == int(told[1])
    with SessionFile.open(copy) as session:  # what was kept is whole, and the chain goes on from it
        chain, again = Chain(session.config, session.generations, session), Chain(session.config)
        for each in (chain, again):
            asyncio.run(each.run(until=int(told[1]) + 2))
        assert chain.generations == again.generations


def test_on_a_full_disk_only_what_is_on_it_counts_as_saved(tmp_path: Path) -> None:
    """A limit on a file's size stands for the disk."""
    size = 30_000
    command = [sys.executable, "-m", "iicl_tui", "run", "theory-1-sampling", "-q", "-o", "out.toml"]
    run = subprocess.run(
        ["bash", "-c", f'ulimit -f {size // 1024}; trap "" XFSZ; exec "$@"', "-", *command],
        capture_output=True, text=True, cwd=tmp_path, env=HERE, timeout=LONGEST,
    )  # fmt: skip
    assert run.returncode == 3, run.stderr
    text = (tmp_path / "out.toml").read_text(encoding="utf-8")
    assert text.splitlines()[-1].startswith("# end: ")
    assert f"Saved: {text.count('# end: transmission')} of 2000 generations" in run.stderr


def test_a_full_or_closed_standard_output_is_no_fault_of_the_program(tmp_path: Path) -> None:
    for redirect, code in ((">/dev/full", 2), (">&-", 0), (">&- 2>&-", 0)):
        command = f'"{sys.executable}" -m iicl_tui presets {redirect}'
        run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, env=HERE, timeout=LONGEST)
        assert (run.returncode, "fault of its own" in run.stderr, "Exception" in run.stderr) == (code, False, False), run.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_saved_and_goes_on_as_if_nothing_had_been(tmp_path: Path, number: int) -> None:
    path = tmp_path / "long.toml"
    process = _start(path, generations=100_000)
    _wait_for_size(path, 60_000)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=LONGEST)
    assert process.returncode == 130
    assert "resume" in stderr
    assert lab(tmp_path, "check", "long.toml").returncode == 0


@pytest.mark.parametrize("size", [3_000, 41_111, 90_002])
def test_a_killed_run_resumes_to_the_very_file_of_the_unkilled_run(tmp_path: Path, size: int) -> None:
    whole, killed = tmp_path / "whole.toml", tmp_path / "killed.toml"
    unkilled = _start(whole, generations=600)
    unkilled.communicate(timeout=LONGEST)
    assert unkilled.returncode == 0
    code = 0
    while code == 0:  # on a busy machine it may come to its end before it is killed
        killed.unlink(missing_ok=True)
        process = _start(killed, generations=600)
        _wait_for_size(killed, size)
        process.kill()
        process.communicate()
        code = process.returncode
    assert killed.stat().st_size < whole.stat().st_size
    assert lab(tmp_path, "resume", "killed.toml", "-q").returncode == 0
    assert without_time(killed) == without_time(whole)


def test_export_gives_the_figures_that_show_prints(tmp_path: Path) -> None:
    lab(tmp_path, "run", "e2-weak-high", "-o", "one.toml")
    for kind in ("csv", "json"):
        export = lab(tmp_path, "export", "one.toml", "--to", kind, "-o", kind)
        assert export.returncode == 0, export.stderr
    files = list((tmp_path / "json").iterdir())
    assert len(files) >= 1
    assert all(json.loads(file.read_text(encoding="utf-8")) for file in files)
    assert len(list((tmp_path / "csv").iterdir())) >= 2
    assert lab(tmp_path, "export", "one.toml", "--to", "yaml", "-o", "x").returncode == 2


def test_screens_need_a_terminal_and_say_what_works_without_one(tmp_path: Path) -> None:
    for arguments in ([], ["open", "one.toml"], ["new"]):
        process = lab(tmp_path, *arguments)
        assert process.returncode == 2
        assert "needs a terminal" in process.stderr


def test_doctor_names_keys_but_never_shows_them(tmp_path: Path) -> None:
    process = lab(tmp_path, "doctor", OPENAI_API_KEY="sk-secret-123456")
    assert process.returncode == 0
    assert re.search(r"OPENAI_API_KEY\s+set", process.stdout)
    assert "sk-secret" not in process.stdout + process.stderr


def test_presets_are_listed_with_their_names(tmp_path: Path) -> None:
    process = lab(tmp_path, "presets")
    assert process.returncode == 0
    assert "theory-1-sampling" in process.stdout


def test_output_into_a_closed_pipe_and_an_old_encoding_is_no_fault(tmp_path: Path) -> None:
    lab(tmp_path, "run", "e2-weak-high", "-o", "one.toml")
    shell = f"{sys.executable} -m iicl_tui show one.toml | head -1"
    piped = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, cwd=tmp_path, env=HERE, timeout=LONGEST)
    assert piped.stderr == ""
    ascii_only = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    process = lab_process(tmp_path, "show", "one.toml", **ascii_only)
    assert process.returncode == 0
    assert "Traceback" not in process.stderr


def test_hostile_texts_reach_the_terminal_only_as_symbols(tmp_path: Path) -> None:
    title = "a\u001b]0;x\u0007 [/b] \u202e漢字"
    (tmp_path / "config.toml").write_text(f"[chain]\ntitle = {json.dumps(title)}\n", encoding="utf-8")
    run = lab(tmp_path, "run", "config.toml", "-o", "out.toml")
    assert run.returncode == 0, run.stderr
    show = lab(tmp_path, "show", "out.toml")
    for process in (run, show):
        assert "[/b]" in process.stdout
        assert not re.search("[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]", process.stdout)
    name = "a\u001b[31m\n\u202e.toml"
    for command in (("run", "config.toml", "-o", name), ("export", name, "--to", "json", "-o", "."), ("resume", name)):
        process = lab(tmp_path, *command)
        assert process.returncode == 0
        assert not re.search("[\u001b\u202e]", process.stdout + process.stderr)
    with (tmp_path / name).open("a") as file:
        file.write("torn")
    for command in (("show", name), ("resume", name)):
        process = lab(tmp_path, *command)
        assert "unfinished" in process.stderr
        assert not re.search("[\u001b\u202e]", process.stderr)
    (tmp_path / "bad.toml").write_text('[chain]\n"\\u001b[31m" = 1\n')
    bad = lab(tmp_path, "run", "bad.toml")
    assert bad.returncode == 2
    assert "\u001b" not in bad.stderr


def _start(path: Path, generations: int) -> subprocess.Popen[str]:
    length = f"chain.generations={generations}"
    return subprocess.Popen(
        [sys.executable, "-m", "iicl_tui", "run", "theory-1-sampling", "-q", "-o", str(path), "--set", length],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=path.parent, env=HERE,
    )  # fmt: skip


def _ends(process: subprocess.Popen[str], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _wait_for_size(path: Path, size: int) -> None:
    process_until(lambda: path.exists() and path.stat().st_size >= size, lambda: "the run wrote nothing")


@pytest.mark.parametrize("argv", [[], ["--theme", "x"], ["--sessions", "a", "--config", "b"]])
def test_a_line_without_a_command_is_read_the_same_without_the_parser_of_commands(argv: list[str]) -> None:
    assert vars(cli.parse(argv)) == vars(cli.parser().parse_args(argv))
