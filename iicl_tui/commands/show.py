"""iicl-tui show FILE: what the lab shows, as plain text."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from iicl_tui.bayes.inference import entropy
from iicl_tui.chain.bayes_check import BayesCheck, check_bayes
from iicl_tui.chain.metrics import so_far
from iicl_tui.charts import belief, film, marginals, plain_curves, ranked
from iicl_tui.charts.numbers import bounds_text, hundredths_text, probability_text
from iicl_tui.charts.view import NO_BELIEF, BeliefView
from iicl_tui.errors import LabError
from iicl_tui.present import belief_provenance
from iicl_tui.present.lab_builder import build_lab_state, current_generation
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import ChartSettings, LabState
from iicl_tui.present.person_rates import rates_lines
from iicl_tui.present.remarks import remarks, server_remarks
from iicl_tui.review.decider import hides_truth
from iicl_tui.store.session import SessionFile
from iicl_tui.text import outwards, printable

LIKELIEST = 10
WIDEST, NARROWEST = 140, 60
_MARK_WORDS = {"✓": "approved", "✗": "rejected", "✎": "edited", "○": "in the pool"}


def main(arguments: argparse.Namespace) -> int:
    """Prints the session and one of its generations. Raises LabError."""
    with SessionFile.open(Path(arguments.file), read_only=True) as file:
        for notice in file.notices:
            print(printable(notice), file=sys.stderr)
        session = LabSession.from_file(file)
        selected, now = arguments.generation, current_generation(session.chain)
        if selected is not None and not 0 <= selected <= now:
            raise LabError(f"There is no generation {selected}", f"The session is at {now}.", f"Give a number from 0 to {now}.")
        blind = hides_truth(session.chain)
        state = build_lab_state(session, selected, ChartSettings(by=session.chain.task.focus), blind=blind)
        width = min(max(shutil.get_terminal_size((100, 40)).columns, NARROWEST), WIDEST)
        checks = check_bayes(session.chain) if arguments.bayes else session.checks
        for line in page(session, state, width, not arguments.no_charts, checks if checks or arguments.bayes else None):
            print(printable(line.rstrip()))
    return 0


def page(
    session: LabSession, state: LabState, width: int, charts: bool, checks: Sequence[BayesCheck] | None = None
) -> Iterator[str]:
    """The lines of the page. Whatever a chart shows is also given in numbers. checks: the beliefs beside Bayes' rule, if wanted."""
    yield state.title
    yield " · ".join(filter(None, state.facts))
    yield _status_text(session)
    if session.chain.config.description:
        yield ""
        yield session.chain.config.description
    for each in session.chain.config.notice:
        yield f"  Notice: {each}"
    if state.cost:
        yield f"generation {state.selected} has cost {state.cost}"
    yield ""
    yield "Generations"
    blind = hides_truth(session.chain)
    yield from _generations(session, state, blind)
    if blind:
        yield "  h* and what is right are hidden until the blind review is over"
    yield ""
    yield f"Belief: {state.belief.title}"
    if state.belief.caption:
        yield f"  {state.belief.caption}"
    yield from _belief(state, width, charts)
    yield ""
    yield state.objects.word.capitalize()
    yield from _objects(state, width, charts)
    if checks is not None:
        yield ""
        yield from _bayes(session, checks)
    if about := rates_lines(session.chain):
        yield ""
        yield "A person's decisions (an edit holds the shown one back; Clopper–Pearson intervals; log-linear correction of d′)"
        yield from (f"  {text}" for text in about)
    for block in state.data:
        yield ""
        yield f"{block.name}, {block.caption}"
        if not block.items:
            yield f"  {block.empty}"
        for item in block.items:
            mark = item.mark if charts else _MARK_WORDS.get(item.mark, "")
            yield "  " + "  ".join(part for part in (mark, item.text, item.note) if part)
    if about := server_remarks(session.chain):
        yield ""
        yield "Remarks on the servers"
        yield from (f"  {text}" for text in about)
    if found := remarks(session.chain, state.selected):
        yield ""
        yield f"Remarks on the replies of generation {state.selected}"
        yield from (f"  {remark.phase}: {remark.text}" for remark in found)
    if charts and len(session.chain.generations) > 1:
        for panel in state.curves:
            yield ""
            yield from plain_curves.draw(panel, width, 12).plain()
        yield ""
        yield "All generations"
        yield from film.draw(state.film, width, 6).plain()


def _status_text(session: LabSession) -> str:
    """How far the chain is. Not `lab_status`, which would report that this file is open for reading only."""
    chain = session.chain
    upcoming = chain.next
    if upcoming is None:
        return f"{chain.status} at generation {len(chain.generations)}"
    return f"{chain.status}: next is the {upcoming[1]} of generation {upcoming[0]}"


def _generations(session: LabSession, state: LabState, blind: bool) -> Iterator[str]:
    m, task, start = session.measures, session.chain.task, session.chain.start
    compared = 0 if blind else session.compared_examples
    rival = None if blind else start.rival
    if not len(m):
        yield "  none yet"
        return
    focus = task.focus
    split = task.space.groupings[focus] if focus is not None else None
    names = [f"P({split.name} {value})" for value in split.values] if split is not None else []
    columns = ["  t", "H nats", *([] if blind else ["P(h*)"]), *([] if rival is None else ["P(ĥ)"]), *names]
    pooled, shows_both = so_far(m, task, start), bool(compared) and np.isfinite(m.both).any()
    columns += ["d⁰ right"] if compared else []
    columns += ["BOTH", "= h*", "dᵗ by ĥ"] if shows_both else []
    for figure in task.dataset_metrics:
        columns += [figure.name, *([f"{figure.short or figure.name} so far"] if figure.pooled else [])]
    columns.append("hᵗ")
    widths = [max(len(name), 7) for name in columns]
    widths[0] = 5
    yield "  ".join(name.rjust(size) for name, size in zip(columns[:-1], widths, strict=False)) + f"  {columns[-1]}"
    shown = range(len(m)) if len(m) <= 40 else [*range(10), -1, *range(max(len(m) - 30, 10), len(m))]
    for row in shown:
        if row == -1:
            yield f"    …  {len(m) - 40} generations more; export them with `iicl-tui export`"
            continue
        sign = "~" if np.isfinite(m.entropy_least[row]) else ""
        figures = [sign + _number(m.entropy[row], 3), *([] if blind else [_p(m.p_target[row])])]
        if rival is not None:
            figures.append(_p(m.p_rival[row]))
        if focus is not None:
            figures += [_p(value) for value in m.marginals[focus][row]]
        if compared:
            figures.append(f"{m.explained[row]}/{compared}")
        if shows_both:
            figures += ["yes" if m.both[row] else "no", "yes" if m.is_target[row] else "no"]
            passed = len(session.chain.generations[row].data)
            figures.append(f"{m.fits_rival[row]:.0f}/{passed}" if np.isfinite(m.fits_rival[row]) else "")
        for figure, value, pool in zip(task.dataset_metrics, m.made[row].tolist(), pooled[row].tolist(), strict=True):
            both_ways = (value, pool) if figure.pooled else (value,)
            figures += [f"{each:.{figure.digits}f}" if np.isfinite(each) else "" for each in both_ways]
        mark = ">" if row + 1 == state.selected else " "
        cells = [f"{mark}{row + 1}", *figures]
        words = "  ".join(cell.rjust(size) for cell, size in zip(cells, widths, strict=False))
        yield f"{words}  {task.rule(int(m.hypothesis[row]))}"
    if np.isfinite(m.entropy_least).any():
        least, most = outwards(float(np.nanmin(m.entropy_least)), float(np.nanmax(m.entropy_most)), 2)
        yield f"  ~ from draws, which can show an entropy of {least} to {most} nats only"
    if shows_both and split is not None:
        same = f"{printable(split.name, 24)} as in h*"
        yield f"  BOTH: hᵗ explains all of d⁰ and has {same}. dᵗ by ĥ: how many examples of dᵗ ĥ explains"
    if task.dataset_metrics:
        yield f"  {task.dataset_metrics[0].name} and what follows: measured on what each generation made"


def _belief(state: LabState, width: int, charts: bool) -> Iterator[str]:
    view = state.belief
    if view.log_p is None:
        yield f"  {_absent(view.absent)}"
        return
    size = view.space.size
    h = f"  entropy {float(entropy(view.log_p)):.3f} nats"
    if state.entropy_range is None:
        yield f"{h}; uniform is ln {size} = {np.log(size):.3f}, one-hot 0"
    else:
        least, most = outwards(*state.entropy_range, 2)
        yield f"{h}; so few draws can show only {least} to {most}, whatever the belief (uniform: {np.log(size):.2f})"
    for mark in view.marks:
        rank, _ = ranked.rank_of(view.log_p, mark.hypothesis)
        name = mark.name if not charts else f"{mark.symbol} {mark.name}"
        p = _with_bounds(view, mark.hypothesis)
        yield f"  {name}: P {p}, rank {rank} of {size}, {_rule(state, mark.hypothesis)}"
    yield "  The likeliest:"
    possible = [h for h in np.argsort(-view.log_p, kind="stable")[:LIKELIEST].tolist() if np.isfinite(view.log_p[h])]
    for place, hypothesis in enumerate(possible, 1):
        fits = f"  d⁰ {int(view.explained[hypothesis])}/{view.explained_of}" if view.explained is not None else ""
        room = 8 if view.low is None else 24
        yield f"  {place:>4}  P {_with_bounds(view, hypothesis):<{room}} {_rule(state, hypothesis)}{fits}"
    if charts:
        yield ""
        yield from belief.draw(view, width, 14).plain()


def _objects(state: LabState, width: int, charts: bool) -> Iterator[str]:
    view = state.objects
    if view.log_p is None:
        yield f"  {_absent(view.absent)}"
        return
    if charts:
        yield from marginals.draw(view, width, len(view.space.factors) * (2 if view.bounds else 1)).plain()
        if view.shows_unobserved:
            yield f"  {marginals.UNOBSERVED} is unobserved: it belongs to none of the states for certain"
        return
    p = np.exp(view.log_p)
    for place, factor in enumerate(view.space.factors):
        figures = [_p(share) for share in view.space.marginal(p, place)]
        if view.bounds:
            figures = [f"{figure} ({hundredths_text(*ends)})" for figure, *ends in zip(figures, *view.bounds[place], strict=True)]
        left_open = f"; unobserved {_p(float(view.unobserved[place]))}" if view.unobserved is not None else ""
        yield f"  {factor.name}: " + ", ".join(map(" ".join, zip(factor.values, figures, strict=True))) + left_open


def _bayes(session: LabSession, checks: Sequence[BayesCheck]) -> Iterator[str]:
    yield "Is it Bayesian? Beliefs beside Bayes' rule with the agent's own prior and label noise, in total variation (TV)"
    if not checks:
        unknown = session.chain.prior() is None
        yield "  " + (belief_provenance.absence(session.chain, 0) if unknown else "there is nothing to compare here")
    for check in checks:
        agent = session.chain.config.agents[check.turn]
        yield f"  {agent.describe()}: {belief_provenance.fit_text(check)}"
        yield f"  its prior: {check.prior.caption}"
        if check.prior.draws is not None:
            yield "  (estimates from draws differ from each other by chance, so that some distance is always seen)"
        yield "      t       TV  own noise  TV with it"
        fit = check.fit
        for t, distance, noise, own in zip(check.generations, fit.distances, fit.noises, fit.own_distances, strict=True):
            yield f"  {t:>5}  {distance:7.4f}  {_number(noise, 4):>9}  {own:10.4f}"


def _absent(why: str) -> str:
    return "no belief is known for this generation" if why == NO_BELIEF else why


def _with_bounds(view: BeliefView, hypothesis: int) -> str:
    """The probability, with its bounds if it is not known exactly: "0.031 (.004–.09)"."""
    assert view.log_p is not None
    p = probability_text(float(view.log_p[hypothesis]))
    if view.low is None or view.high is None:
        return p
    return f"{p} ({bounds_text(float(view.low[hypothesis]), float(view.high[hypothesis]))})"


def _rule(state: LabState, hypothesis: int) -> str:
    return "  ".join(f"{name} {value}" for name, value in state.belief.space.assignment(hypothesis).items())


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "unknown"


def _p(value: float) -> str:
    if not np.isfinite(value):
        return "unknown"
    return probability_text(float(np.log(value))) if value > 0 else "0"
