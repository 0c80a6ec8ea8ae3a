"""The entry point: parses the command line, then imports only what the command needs."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from iicl_tui import __version__
from iicl_tui.commands import ascii_fallback
from iicl_tui.errors import LabError
from iicl_tui.text import printable

INTERRUPTED = 130

EPILOG = """exit codes:
  0 done · 1 a check failed · 2 wrong use or a faulty file · 3 stopped before the end, saved and resumable · 130 interrupted"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {printable(message)}\nTry `{self.prog} --help`.\n")


def _everywhere() -> _Parser:
    """The options that every command has."""
    everywhere = _Parser(prog="iicl-tui", add_help=False, allow_abbrev=False)
    group = everywhere.add_argument_group("everywhere")
    group.add_argument("--sessions", metavar="DIR", default=argparse.SUPPRESS, help="where sessions are kept")
    group.add_argument("--theme", metavar="NAME", default=argparse.SUPPRESS, help="use this theme now")
    group.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help="use this settings file")
    return everywhere


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Reads a command line. Without a command it needs no parser of the commands, which takes a while to make."""
    if len(argv) % 2 == 0 and all(option in ("--sessions", "--theme", "--config") for option in argv[::2]):
        return _everywhere().parse_args(argv, argparse.Namespace(command=None))
    return parser().parse_args(argv)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    everywhere = _everywhere()
    top = _Parser(
        prog="iicl-tui",
        description="A laboratory for iterated learning. Without a command it opens the home screen.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[everywhere],
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"iicl-tui {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", dest="command", parser_class=_Parser)

    def command(name: str, help: str) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = commands.add_parser(
            name, help=help, description=help[0].upper() + help[1:] + ".", parents=[everywhere], allow_abbrev=False
        )
        return added

    def models(command: argparse.ArgumentParser) -> None:
        command.add_argument(
            "--budget", metavar="USD", type=float, help="stop before model calls cost more than this many US dollars"
        )
        command.add_argument("--token-budget", metavar="N", type=int, help="stop before model calls use more than this many tokens")
        command.add_argument(
            "--trust",
            metavar="HOST",
            action="append",
            default=[],
            help="send the key to this server, too; VARIABLE@HOST sends the key in that variable",
        )
        command.add_argument(
            "--strict", action="store_true", help="stop (exit 3) after a phase in which something was not read or measured as asked"
        )

    def outside(command: argparse.ArgumentParser) -> None:
        text = "read files outside the folder of the configuration that names them"
        command.add_argument("--outside", action="store_true", help=text)

    def assigned(command: argparse.ArgumentParser, text: str) -> None:
        command.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], dest="assignments", help=text)

    def presented(command: argparse.ArgumentParser) -> None:
        command.add_argument("--present", action="store_true", help="begin in presenter mode: larger, with fewer elements")

    in_all = "change a value in all chains; a range varies it, as chain.seed=1..20"
    one = command("open", "open a session in the lab, or two side by side")
    one.add_argument("file", metavar="FILE")
    one.add_argument("beside", metavar="FILE", nargs="?", help="a second session, which is shown beside the first")
    presented(one)
    one = command("new", "set up a new chain on the configure screen")
    one.add_argument("--preset", metavar="NAME", help="start from this preset")
    command("presets", "list the presets")
    one = command("run", "run a chain without a screen, from a config file or a preset")
    one.add_argument("source", metavar="CONFIG|PRESET")
    one.add_argument("-o", "--output", metavar="FILE", help="the session file to write (default: in the sessions folder)")
    assigned(one, "change a value, for example chain.seed=7 or agent[1].noise=0.05")
    one.add_argument("--decisions", metavar="FILE", help="a human filter's decisions, in the form of a session file")
    one.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")
    outside(one)
    models(one)
    one = command("resume", "continue a session where it stopped, without a screen")
    one.add_argument("file", metavar="FILE")
    one.add_argument("--decisions", metavar="FILE", help="a human filter's decisions, in the form of a session file")
    one.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")
    models(one)
    one = command("sweep", "run all chains of a study, or a configuration with many seeds, each into a session file of its own")
    one.add_argument("source", metavar="STUDY|CONFIG|PRESET")
    one.add_argument("-o", "--output", metavar="DIR", help="the folder for the session files; run again, it goes on")
    one.add_argument("--estimate", action="store_true", help="say how many chains it makes and what they will cost; run nothing")
    assigned(one, in_all)
    one.add_argument(
        "--vary",
        metavar="KEY=VALUES",
        action="append",
        default=[],
        dest="varied",
        help='vary a value through a list or range, as \'task.bias=["none", "high"]\'',
    )
    one.add_argument(
        "--jobs", metavar="N", type=int, help="processes (default: one a core), or chains of models at the same time (8)"
    )
    one.add_argument("--shard", metavar="I/N", help="only every Nth chain from the Ith on, for job arrays")
    one.add_argument("--dask", metavar="ADDRESS", help="run the chains on this Dask cluster, whose workers see the folder")
    one.add_argument("--retry-failed", action="store_true", help="run chains that failed before once more")
    one.add_argument("--requests-per-minute", metavar="N", type=float, help="the most requests to each provider")
    one.add_argument("--tokens-per-minute", metavar="N", type=float, help="the most tokens to each provider, sent and received")
    one.add_argument("--yes", action="store_true", help="do not ask before more than 10,000 chains or 1,000 paid calls")
    one.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")
    outside(one)
    models(one)
    one = command("study", "follow a study on the screen: its chains, and the means of its conditions; or run it there")
    one.add_argument("source", metavar="DIR|STUDY|CONFIG|PRESET")
    one.add_argument("-o", "--output", metavar="DIR", help="the folder of a new study (default: in the sessions folder)")
    assigned(one, in_all)
    outside(one)
    one = command("review", "decide on the rows of your own file: JSON lines, CSV or Parquet")
    one.add_argument("file", metavar="FILE")
    one.add_argument("-o", "--output", metavar="DECISIONS", help="the file of decisions, to continue or write (default: beside it)")
    one.add_argument("--text", metavar="FIELD", help="the field that is judged")
    one.add_argument("--show", metavar="FIELD,…", help="fields to show beside it")
    one.add_argument("--prompt", metavar="FIELD", help="the field that the text answers")
    one.add_argument("--group", metavar="FIELD", help="the field that rates are counted by")
    one.add_argument("--truth", metavar="FIELD", help="the field with the known right verdict")
    one.add_argument("--order", metavar="ORDER", help="file (the default), length, seed:N or disagreement")
    one.add_argument(
        "--blind",
        action=argparse.BooleanOptionalAction,
        help="hide the truth, the group and the decisions of others (default: as in the last sitting)",
    )
    one.add_argument("--reviewer", metavar="NAME", help="who decides (default: your login)")
    one.add_argument("--reasons", metavar="FILE", help="a list of reasons, one a line; the first nine have a digit")
    one.add_argument("--others", metavar="DECISIONS", nargs="+", default=[], help="show the decisions of others beside the rows")
    one.add_argument("--encoding", metavar="NAME", help="the encoding of FILE, if it is not UTF-8")
    one.add_argument("--reader", metavar="READER", help="a file that names a model, which reads each row, too")
    one.add_argument("--suggest", choices=("after", "before"), help="show its verdicts after yours or before (default: its file's)")
    one.add_argument("--key-variable", metavar="NAME", help="send the key in this environment variable to the model's server")
    for name, text in (
        ("compare", "compare sessions or studies as plain text: means over chains with intervals, and differences"),
        ("report", "write a report of sessions or studies: a page with figures, tables, and all data"),
    ):
        one = command(name, text)
        one.add_argument("files", metavar="FILE|DIR", nargs="+")
        one.add_argument(
            "--by", metavar="KEY,KEY", help="group the chains by these keys (default: all but seeds); '' for one group"
        )
        one.add_argument(
            "--metric", metavar="NAME", action="append", default=[], dest="metrics", help="show this metric; may be repeated"
        )
        one.add_argument("--generation", metavar="T", type=int, help="compare at this generation (default: the last)")
        one.add_argument("--last", metavar="N", type=int, default=1, help="average each chain's N generations up to there first")
        one.add_argument(
            "--interval", choices=("t", "bootstrap"), default="t", help="how intervals are made (default: Student's t)"
        )
        one.add_argument("--level", metavar="P", type=float, default=0.95, help="the probability of the intervals (default: 0.95)")
        if name == "compare":
            one.add_argument("--screen", action="store_true", help="on a screen, with keys for all of this")
            one.add_argument("--no-charts", action="store_true", help="words and numbers only, for example for a screen reader")
        else:
            one.add_argument("-o", "--output", metavar="DIR", required=True, help="the folder of the report")
            one.add_argument(
                "--figures", choices=("svg", "png", "pdf"), default="svg", help="the format of figure files (default: svg)"
            )
    one = command("show", "print what the lab shows, as plain text")
    one.add_argument("file", metavar="FILE")
    one.add_argument("--generation", metavar="T", type=int, help="the generation to look at (default: the last)")
    one.add_argument("--bayes", action="store_true", help="put every agent's beliefs beside Bayes' rule with its own prior")
    one.add_argument("--no-charts", action="store_true", help="words and numbers only, for example for a screen reader")
    one = command("predict", "print what theory predicts of a chain of Bayesian agents, or a folder of chains of itself")
    one.add_argument("source", metavar="CONFIG|PRESET|FILE|DIR")
    assigned(one, "change a value, for example task.samples=2")
    one.add_argument("--generations", metavar="T", type=int, help="how many generations to predict (default: the chain's)")
    one.add_argument("--chains", metavar="N", type=int, default=10_000, help="how many to simulate if there is no exact result")
    one.add_argument("--simulate", action="store_true", help="simulate even if there is an exact result")
    one.add_argument("-q", "--quiet", action="store_true", help="no progress")
    outside(one)
    one = command("twin", "fit the Bayesian agent that is most like an agent of a session")
    one.add_argument("file", metavar="FILE")
    one.add_argument("--generations", metavar="T", type=int, help="how many generations to forecast (default: the chain's)")
    one = command("check", "list every fault of session and config files, with its line")
    one.add_argument("files", metavar="FILE", nargs="+")
    outside(one)
    one.add_argument("--deep", action="store_true", help="also recompute the records that follow from the rest of the file")
    one = command("import", "make a session from the logs of the paper's notebooks")
    one.add_argument("folder", metavar="DIR")
    one.add_argument("-o", "--output", metavar="FILE", help="the session file to write (default: in the sessions folder)")
    one.add_argument(
        "--reading",
        choices=("spans", "notebook"),
        help="how beliefs are read from log-probabilities; notebook: with its own numbers",
    )
    one = command("export", "write the data and measures of sessions, or the rows that were decided, for other programs")
    one.add_argument("files", metavar="FILE|DIR", nargs="+", help="sessions or folders of them, or a file of decisions on rows")
    one.add_argument(
        "--to",
        choices=("csv", "json", "notebook", "jsonl", "parquet", "chat", "preference"),
        required=True,
        help="of a session: csv, json, notebook; of many, one tidy table: csv, parquet; "
        "of decisions: jsonl, csv, parquet, chat, preference",
    )
    one.add_argument("-o", "--output", metavar="OUT", required=True, help="of sessions: a folder; of decisions: a file")
    rows = one.add_argument_group("of decisions")
    rows.add_argument("--rejected", action="store_true", help="the rejected rows with their reasons, in place of the accepted ones")
    rows.add_argument("--prompt", metavar="FIELD", help="the field with the prompt, for chat and preference")
    rows.add_argument("--data", metavar="FILE", help="the data file (default: the one that the decisions name)")
    rows.add_argument("--encoding", metavar="NAME", help="the data file's encoding, if it is not UTF-8")
    rows.add_argument("--force", action="store_true", help="overwrite the file")
    rows.add_argument("--exact", action="store_true", help="in csv, leave texts as they are that a spreadsheet would run")
    one = command("agreement", "say how far reviewers agree, and how far each is right where the truth is known")
    one.add_argument("files", metavar="DECISIONS", nargs="+", help="a file of decisions of each reviewer")
    one.add_argument("--truth", metavar="FIELD", help="the field that says whether a row should pass")
    one.add_argument("--data", metavar="FILE", help="the data file (default: the one that the decisions name)")
    one.add_argument("--encoding", metavar="NAME", help="the data file's encoding, if it is not UTF-8")
    one = command("serve", "open the program in browsers: one process and one throw-away folder for each visitor")
    one.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: this machine alone)")
    one.add_argument("--port", type=int, default=8000, help="default: 8000; 0 takes a free one")
    one.add_argument("--public-url", metavar="URL", help="the address that browsers use, if another server stands before this one")
    one.add_argument("--lesson", metavar="NAME", help="open this lesson; every lesson also has the link /learn/NAME")
    one.add_argument("--visitors", metavar="N", type=int, default=20, help="the most at a time (default: 20)")
    one.add_argument("--allow-keys", action="store_true", help="let visitors use the provider keys of your environment")
    one = command("learn", "open a lesson: short texts beside a chain, with questions")
    one.add_argument("lesson", metavar="LESSON", nargs="?", help="its name, its number or its file (default: the first not done)")
    presented(one)
    one.add_argument("--no-charts", action="store_true", help="read it as plain text; questions are asked in the terminal")
    one.add_argument("--list", action="store_true", help="list the lessons, one a line, with your progress")
    one.add_argument("--check", action="store_true", help="list every fault of a lesson file, with its line")
    outside(one)
    one.add_argument("--from", metavar="SESSION", dest="source", help="make a lesson from the notes on a session")
    one.add_argument("-o", "--output", metavar="FILE", help="the lesson file to write, with --from")
    one = command("notes", "show the speaker's notes and what comes next, following the terminal in presenter mode")
    one.add_argument("name", metavar="SESSION|LESSON", nargs="?", help="follow this one only (default: whatever is presented)")
    one = command("doctor", "show what this terminal, installation and environment, or a model's server, can do")
    one.add_argument("--base-url", metavar="URL", help="ask this server what it can do; without --model: list its models")
    one.add_argument("--model", metavar="MODEL", help="the model to ask, on the kind's own server or at --base-url")
    one.add_argument("--kind", choices=("openai", "anthropic", "mistral"), default="openai", help="the protocol (default: openai)")
    one.add_argument("--key-variable", metavar="NAME", help="send the key in this environment variable there")
    one.add_argument("--timeout", metavar="SECONDS", type=float, default=60.0, help="of each call (default: 60)")
    one.add_argument("--json", action="store_true", help="print the findings about a server as JSON")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code. Errors are reported in words, never as a traceback."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller, as with `>&-`
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (open to the end)
    if hasattr(sys.stdout, "reconfigure"):  # an encoding that lacks a character shows one that looks like it, and nothing fails
        sys.stdout.reconfigure(errors=ascii_fallback.NAME)
        sys.stderr.reconfigure(errors=ascii_fallback.NAME)  # type: ignore[union-attr]
    # The matrices are small: a second thread costs more than it computes, and much more while other programs are busy.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = parse(sys.argv[1:] if argv is None else argv)
    name = arguments.command or "home"
    module = "iicl_tui.commands." + {"home": "screen", "open": "screen", "new": "screen", "import": "import_"}.get(name, name)
    try:
        code: int = importlib.import_module(module).main(arguments)
        sys.stdout.flush()
        return code
    except LabError as error:
        print(printable(str(error), newlines=True), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader has closed the pipe, as in `| head`
        _silence()
        return 0
    except OSError as error:  # files raise LabErrors, so this is standard output, as in `> /dev/full`
        print(printable(f"Could not write to {error.filename or 'the standard output'}: {error.strerror}."), file=sys.stderr)
        _silence()
        return 2
    except Exception as error:
        from iicl_tui.store import crash_reports
        from iicl_tui.store.paths import user_paths

        print(crash_reports.sentence(crash_reports.write(error, user_paths().state)), file=sys.stderr)
        return 1


def _silence() -> None:
    """Discards what standard output still holds, so that exiting does not fail on it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
