"""Milliseconds of processor time per frame of every chart, from values to a Picture and on to a widget's strips.

python tests/benchmarks/bench_chart.py
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from time import process_time

import numpy as np
from textual.app import App
from textual.color import Color
from textual.strip import Strip

from iicl_tui.bayes.space import Factor, ProductSpace
from iicl_tui.charts import belief, film, marginals, plain_curves
from iicl_tui.charts.canvas import Canvas
from iicl_tui.charts.curves import draw, draw_panels
from iicl_tui.charts.film import FilmView
from iicl_tui.charts.marginals import MarginalsView
from iicl_tui.charts.panel import Layout, Panel, Series, layout_of, visible_segments
from iicl_tui.charts.picture import Picture
from iicl_tui.charts.view import BeliefView, Group, Mark, groups_of
from iicl_tui.tui.widgets.inks import Inks
from iicl_tui.tui.widgets.picture_widget import picture_strip

FRAMES = 60


def a_belief(space: ProductSpace, seed: int) -> np.ndarray:
    scores = np.random.default_rng(seed).normal(0.0, 3.0, space.size)
    return scores - np.log(np.exp(scores).sum())


def milliseconds(frame: Callable[[int], object]) -> float:
    """The median processor time of many frames, after a few to warm up: a busy machine changes it little."""
    times = []
    for number in range(FRAMES + 5):
        start = process_time()
        frame(number)
        times.append(process_time() - start)
    return 1000 * sorted(times[5:])[FRAMES // 2]


def picture_strips(picture: Picture, inks: Inks) -> list[Strip]:
    return [picture_strip(picture, y, inks) for y in range(picture.height)]


def report(name: str, inks: Inks, draw: Callable[[int], Picture]) -> None:
    alone = milliseconds(draw)
    whole = milliseconds(lambda number: picture_strips(draw(number), inks))
    print(f"{name:<44} picture {alone:7.2f} ms   with strips {whole:7.2f} ms")


def a_frame(views: list[BeliefView], width: int, height: int, n: int) -> Picture:
    return belief.draw(views[n % 8], width, height)


def a_film(groups: tuple[Group, ...], totals: np.ndarray, n: int) -> Picture:
    return film.draw(FilmView(groups, totals, n % 6), 120, 5)


def two_panels(generations: int, n: int) -> Picture:
    return draw_panels(walks(generations, n), 80, 12)


def a_panel(draw: Callable[[Panel, int, int], Picture], panels: list[Panel], width: int, height: int, n: int) -> Picture:
    return draw(panels[n % 8], width, height)


def main() -> None:
    app = App[object]()
    app.get_css_variables()
    inks = Inks(app, Color.parse("#121212"))
    for objects in (5, 7):
        names = [*"ABCDEFGH"[: objects - 1], "screen"]
        space = ProductSpace(tuple(Factor(name, ("on", "off", "und")) for name in names))
        views = [
            BeliefView(
                space, a_belief(space, n), previous=a_belief(space, n + 1), by=objects - 1, cursor=40 + n,
                marks=(Mark("★", "h*", 33), Mark("+", "ĥ", 34), Mark("▲", "hᵗ", n)), title="P(h | d²)",
                explained=np.arange(space.size) % 9, explained_of=8,
            )
            for n in range(8)
        ]  # fmt: skip
        for form in belief.FORMS:
            for width, height in ((120, 30), (200, 60)):
                frames = [replace(view, form=form) for view in views]
                report(
                    f"{form}, {space.size} hypotheses, {width}×{height}", inks,
                    partial(a_frame, frames, width, height),
                )  # fmt: skip
    space, groups = views[0].space, groups_of(views[0].space, 4, None, 0)
    report("marginals, 60×12", inks, lambda n: marginals.draw(MarginalsView(space, views[n % 8].log_p), 60, 12))
    for generations in (6, 10_000):
        totals = np.random.default_rng(0).dirichlet(np.ones(3), generations)
        report(
            f"film strip, {generations} generations, 120×5", inks,
            partial(a_film, groups, totals),
        )  # fmt: skip
        report(
            f"curves, 2 panels, {generations} generations, 80×12", inks,
            partial(two_panels, generations),
        )  # fmt: skip
    canvas_figures(inks)


def canvas_figures(inks: Inks) -> None:
    """A panel of 4 × 60 points: the canvas alone, the whole panel, and the same by plotext."""
    for width, height in ((80, 14), (120, 30)):
        panels = [noise(4, 60, seed) for seed in range(8)]
        layout = layout_of(panels[0], width, height)
        lines = [dot_lines(panel, layout) for panel in panels]
        alone = milliseconds(partial(canvas_cells, lines, layout))
        name = f"4 × 60 points, {width}×{height}"
        print(f"{'canvas alone, ' + name:<44} picture {alone:7.2f} ms")
        report(f"curves, {name}", inks, partial(a_panel, draw, panels, width, height))
        report(f"plotext, {name}", inks, partial(a_panel, plain_curves.draw, panels, width, height))


def dot_lines(panel: Panel, layout: Layout) -> list[np.ndarray]:
    """What the canvas is told: the layer of each line and the dots of its ends."""
    parts = visible_segments(panel, layout, 2 * layout.columns)
    across, down = layout.dots_across, layout.dots_down
    return [parts.series, across(parts.x0), down(parts.y0), across(parts.x1), down(parts.y1)]


def canvas_cells(lines: list[list[np.ndarray]], layout: Layout, n: int) -> object:
    canvas = Canvas(4, layout.columns, layout.rows)
    canvas.lines(*lines[n % 8])
    return canvas.cells()


def noise(count: int, generations: int, seed: int) -> Panel:
    """A panel of curves that go up and down all the time."""
    values = np.random.default_rng(seed).uniform(0, 1, (count, generations))
    return Panel("noise", tuple(Series(f"s{k}", values[k], f"state.{k}") for k in range(count)), 0, 1, (("uniform", 0.5),), 2)


@lru_cache
def walks(generations: int, seed: int) -> tuple[Panel, Panel]:
    """Two panels of random walks, other ones for every frame: what is drawn once is not drawn again."""
    steps = np.random.default_rng(seed).normal(0, generations**-0.5 / 4, (3, generations))
    values = np.clip(0.5 + steps.cumsum(axis=1), 0, 1)
    series = tuple(Series(name, values[k], f"state.{k}") for k, name in enumerate(("on", "off", "und")))
    levels = (("uniform", 1.0), ("one-hot", 0.0))
    return Panel("entropy (nats)", series[:1], 0, 1, levels, 2), Panel("P(screen)", series, 0, 1, (), 2)


if __name__ == "__main__":
    main()
