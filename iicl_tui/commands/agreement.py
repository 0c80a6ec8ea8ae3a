"""iicl-tui agreement FILES: how far reviewers agree, and how far each is right where the truth is known."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from iicl_tui.data_files.faults import named_lines
from iicl_tui.errors import LabError
from iicl_tui.review import agreement
from iicl_tui.review.agreement import CATEGORIES, Estimate, Rate
from iicl_tui.review.reviewers import Reviewer, read_reviewers
from iicl_tui.review.row_export import open_decided
from iicl_tui.text import outwards, printable


def main(arguments: argparse.Namespace) -> int:
    """Prints the figures. Raises LabError."""
    paths = [Path(name) for name in arguments.files]
    if len(set(paths)) < len(paths):
        raise LabError("A file is named twice", "", "Name each reviewer's file once.")
    reviewers = read_reviewers(paths)
    truth, about = _truth(arguments, reviewers)
    if len(reviewers) == 1 and truth is None:
        what = "One reviewer can only be compared with a known truth."
        raise LabError("Name two files of decisions, or more", what, "Or name the field with the truth by --truth FIELD.")
    for line in (*_agreement(reviewers), *about, *(_detection(reviewers, truth) if truth is not None else ())):
        print(printable(line))
    return 0


def _agreement(reviewers: Sequence[Reviewer]) -> Iterator[str]:
    for each in reviewers:
        yield f"{each.name}: {len(each.verdicts):,} rows decided in {each.path.name}"
    if len(reviewers) < 2:
        return
    verdicts = [each.verdicts for each in reviewers]
    yield ""
    yield "Agreement on whether a row passes (approved or edited) or is rejected; other rows are left out"
    yield f"intervals: {agreement.LEVEL:.0%}, {agreement.DRAWS:,} bootstrap samples of rows, seed {agreement.SEED}"
    yield f"  Krippendorff's α  {_estimate(agreement.alpha(verdicts))}"
    pairs = list(combinations(reviewers, 2))
    for a, b in pairs:
        yield f"  Cohen's κ, {a.name} and {b.name}  {_estimate(agreement.kappa(a.verdicts, b.verdicts))}"
    for a, b in pairs:
        yield ""
        yield f"Verdicts: {a.name} in rows, {b.name} in columns"
        yield from _table(a, b)
    yield ""
    apart = agreement.disagreeing(verdicts)
    rows, were = ("row", "was") if len(apart) == 1 else ("rows", "were")
    yield f"{len(apart):,} {rows} passed for one reviewer and {were} rejected by another"
    if apart:
        yield "decide on them with `iicl-tui review DATA --order disagreement --others FILE FILE`"


def _table(a: Reviewer, b: Reviewer) -> Iterator[str]:
    """The confusions, without verdicts that nobody gave."""
    table = agreement.confusions(a.verdicts, b.verdicts)
    used = [at for at in range(len(CATEGORIES)) if table[at].any() or table[:, at].any()]
    yield "  " + " " * 8 + "".join(f"{CATEGORIES[at]:>9}" for at in used)
    for at in used:
        yield f"  {CATEGORIES[at]:<8}" + "".join(f"{table[at, other]:>9,}" for other in used)


def _truth(arguments: argparse.Namespace, reviewers: Sequence[Reviewer]) -> tuple[dict[str, bool] | None, list[str]]:
    """For each row whether it should pass, and sentences on it; None if no field has the truth."""
    about, field = next(((each.path, each.truth) for each in reviewers if each.truth), (reviewers[0].path, None))
    if not (arguments.truth or field):
        return None, []
    try:
        decided = open_decided(about, Path(arguments.data) if arguments.data else None, arguments.encoding)
        with decided.table as table:
            field = replace(decided.mapping, truth=arguments.truth or field).checked(table).truth
            found = [(row.key, row.line, agreement.read_truth(row.text(str(field)))) for row in table]
    except LabError as error:
        if arguments.truth or arguments.data:
            raise
        return None, ["", f"The truth was not read: {error.title}. {error.what}"]
    odd = [line for _, line, said in found if said is None]
    lines = [""]
    if odd:
        lines.append(f"the truth is neither a yes nor a no in {len(odd):,} rows, which are left out: {named_lines(odd, len(odd))}")
    return {key: said for key, _, said in found if said is not None}, lines


def _detection(reviewers: Sequence[Reviewer], truth: dict[str, bool]) -> Iterator[str]:
    good = sum(truth.values())
    yield f"Against the truth: {good:,} rows should pass, {len(truth) - good:,} should not"
    yield "a hit: a row that should pass did; a false alarm: a row that should not pass did; Clopper–Pearson intervals"
    yield "d′ and criterion c from rates of (count + ½) / (n + 1), the log-linear correction"
    for each in reviewers:
        found = agreement.detection(each.verdicts, truth)
        yield f"  {each.name}: hits {_rate(found.hits)}, false alarms {_rate(found.false_alarms)}"
        if found.d_prime is not None and found.criterion is not None:
            d_prime, criterion = (round(each, 2) + 0.0 for each in (found.d_prime, found.criterion))  # no −0.00
            yield f"    d′ {d_prime:.2f}, c {criterion:+.2f}"
        else:
            yield "    d′ unknown: decide on rows of both kinds"


def _estimate(found: Estimate) -> str:
    if found.value is None:
        return "unknown: no row in common" if not found.units else f"undefined: all verdicts on {found.units:,} rows are the same"
    interval = ""
    if found.low is not None and found.high is not None:
        interval = f" ({' to '.join(outwards(found.low, found.high, 2))})"
    return f"{found.value:.3f}{interval}, {found.units:,} rows"


def _rate(rate: Rate) -> str:
    share = f"{rate.count / rate.of:.2f}" if rate.of else "unknown"
    return f"{share} ({' to '.join(outwards(rate.low, rate.high, 2))}; {rate.count:,} of {rate.of:,})"
