"""iicl-tui run CONFIG|PRESET"""

from __future__ import annotations

import argparse
import copy
import sys
from pathlib import Path

from iicl_tui.chain.config import assign, read_config
from iicl_tui.commands.common import reading_outside, surroundings
from iicl_tui.commands.headless import read_terms, run_to_end
from iicl_tui.errors import ConfigError, Fault
from iicl_tui.present.sources import read_decisions, read_source, with_lines
from iicl_tui.store import toml_lines
from iicl_tui.store.session import SessionFile
from iicl_tui.text import printable


def main(arguments: argparse.Namespace) -> int:
    """Creates a session and runs it to its end. Raises LabError; everything until then is in the file."""
    paths, settings, faults = surroundings(arguments)
    terms = read_terms(arguments, settings.hosts)
    for fault in faults:  # they may explain why the session is in another folder than expected
        print(printable(f"{paths.settings.name}: {fault}"), file=sys.stderr)
    text, name, folder = read_source(arguments.source)
    document = copy.deepcopy(toml_lines.parse(text, name))
    if "generation" in document:
        what = "this is a session with generations, not a configuration; continue it with `iicl-tui resume`"
        raise ConfigError([Fault(("generation",), what)], name)
    for key in ("created", "parent"):
        document.pop(key, None)
    for assignment in arguments.assignments:
        assign(document, assignment)
    for key in ("created", "parent", "generation"):
        if key in document:
            raise ConfigError([Fault((key,), "cannot be set; the program writes it")])
    try:
        config = reading_outside(name, arguments.outside, lambda: read_config(document, folder))
    except ConfigError as error:
        given = [assignment.partition("=")[0].strip() for assignment in arguments.assignments]
        raise with_lines(error, text, name, given) from None
    decider = read_decisions(Path(arguments.decisions), config.task) if arguments.decisions else None
    with SessionFile.create(config, Path(arguments.output) if arguments.output else paths.sessions) as session:
        return run_to_end(session, decider, arguments.quiet, terms, arguments.strict)
