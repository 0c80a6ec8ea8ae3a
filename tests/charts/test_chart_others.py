"""Film strip, marginals and the ranked list."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from chart_cases import acre, product, random_belief
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.charts import film, marginals, ranked
from iicl_tui.charts.film import FilmView, film_totals
from iicl_tui.charts.marginals import MarginalsView, figure_text
from iicl_tui.charts.picture import Role, hue_name, unpack
from iicl_tui.charts.view import NO_BELIEF, BeliefView, groups_of

BLOCKS = "·▁▂▃▄▅▆▇█"


def a_film(space: ProductSpace, generations: int, selected: int = 0, first: int = 0) -> FilmView:
    groups = groups_of(space, len(space.shape) - 1, None, 0)
    rng = np.random.default_rng(1)
    return FilmView(groups, rng.dirichlet(np.ones(len(groups)), generations), selected, first)


@settings(max_examples=100, deadline=None)
@given(
    generations=st.sampled_from([0, 1, 2, 6, 40, 10_000]),
    at=st.floats(0, 1),
    width=st.integers(0, 200),
    height=st.integers(0, 20),
    groups=st.sampled_from([1, 3, 9]),
)
def test_the_film_survives_every_size_and_length(generations: int, at: float, width: int, height: int, groups: int) -> None:
    view = a_film(product(2, groups), generations, int(at * max(generations - 1, 0)), first=1)
    picture = film.draw(view, width, height)
    assert (picture.width, picture.height) == (width, height)
    if not generations:
        return
    for x in range(width):
        found = film.generation_at(view, width, height, x, 0)
        if found is not None:
            start = film.position(view, width, height, found)
            assert start is not None
            assert start <= x
    if width and height:
        assert film.position(view, width, height, view.selected) is not None


def test_every_frame_is_found_where_it_is_drawn(space: ProductSpace) -> None:
    for generations, width in ((6, 60), (40, 60), (10_000, 120)):
        view = a_film(space, generations, generations // 2)
        drawn = {row: x for row in range(generations) if (x := film.position(view, width, 4, row)) is not None}
        assert generations // 2 in drawn
        assert len(drawn) == generations or len(drawn) > width - 10
        assert all(film.generation_at(view, width, 4, x, 1) == row for row, x in drawn.items())


def test_frames_are_as_high_as_the_totals_and_an_unknown_belief_is_a_dash(space: ProductSpace) -> None:
    known = np.full(243, -np.inf)
    known[space.index((0, 0, 0, 0, 1))] = 0.0
    groups = groups_of(space, 4, None, 0)
    totals = film_totals(groups, space, [np.log(np.full(243, 1 / 243)), None, known])
    assert totals[0] == pytest.approx([1 / 3] * 3)
    assert np.isnan(totals[1]).all()
    picture = film.draw(FilmView(groups, totals, 2), 60, 4)
    signs = [
        [picture.plain()[row][film.position(FilmView(groups, totals, 2), 60, 4, t) or 0] for t in range(3)] for row in range(3)
    ]
    assert signs == [["▃", "–", "·"], ["▃", "–", "█"], ["▃", "–", "·"]]
    assert "▴2" in picture.plain()[3]


def test_groups_without_a_row_are_added_up(space: ProductSpace) -> None:
    explained = np.arange(243) % 9
    groups = groups_of(space, None, explained, 8)
    totals = np.array([[0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.0, 0.0, 0.0]])
    lines = film.draw(FilmView(groups, totals, 0), 40, 3).plain()
    assert [line.split()[0] for line in lines] == ["8/8", "7/8", "rest"]
    assert "▄" in lines[0]
    assert "▃" in lines[2]


def test_a_film_of_the_wrong_shape_is_refused(space: ProductSpace) -> None:
    with pytest.raises(ValueError, match="shape"):
        FilmView(groups_of(space, 4, None, 0), np.zeros((2, 5)), 0)


@settings(max_examples=100, deadline=None)
@given(
    width=st.integers(0, 120),
    height=st.integers(0, 20),
    space=st.sampled_from([acre(), acre(9), product(26, 2), product(1)]),
    seed=st.integers(0, 50),
)
def test_marginals_survive_every_size(width: int, height: int, space: ProductSpace, seed: int) -> None:
    picture = marginals.draw(MarginalsView(space, random_belief(space, seed), 0), width, height)
    assert (picture.width, picture.height) == (width, height)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda shares: sum(shares) > 0.01))
def test_segments_are_as_long_as_the_values_are_probable(shares: list[float]) -> None:
    space = product(3)
    p = np.array(shares) / sum(shares)
    with np.errstate(divide="ignore"):
        picture = marginals.draw(MarginalsView(space, np.log(p)), 80, 1)
    roles = [unpack(int(code)) for code in picture.inks[0]]
    bar = [r for r in roles if r.role in (Role.SEGMENT, Role.LABEL, Role.BAR)]
    for value in range(3):
        own = sum(r.role != Role.BAR and hue_name(r.hue) == ("state", value) for r in bar)
        assert abs(own - p[value] * len(bar)) <= 2


def test_marginals_read_without_colour_and_say_the_figures(space: ProductSpace) -> None:
    p = np.zeros(243)
    p[space.index((0, 0, 0, 0, 1))] = 0.72
    p[space.index((0, 0, 0, 0, 0))] = 0.28
    with np.errstate(divide="ignore"):
        view = MarginalsView(space, np.log(p), by=4)
    lines = marginals.draw(view, 60, 5).plain()
    assert lines[4].startswith("▸ screen")
    assert lines[4].endswith(".28 .72   0")
    assert "█on█" in lines[4]
    assert "▒off▒" in lines[4]
    assert lines[0].endswith("1.0   0   0")
    assert NO_BELIEF in "".join(marginals.draw(MarginalsView(space, None), 60, 5).plain())


def test_figures_never_call_the_possible_impossible() -> None:
    assert [figure_text(p) for p in (0.0, 0.004, 0.5, 0.996)] == ["0", "~0", ".50", "1.0"]


def test_ranked_writes_out_the_likeliest_first(space: ProductSpace) -> None:
    log_p = random_belief(space, 2)
    lines = ranked.draw(BeliefView(space, log_p, form="ranked", by=4, title="P"), 120, 11).plain()
    best = np.argsort(-log_p, kind="stable")[:10]
    for line, hypothesis in zip(lines[1:], best.tolist(), strict=True):
        words = line.split()
        rule = space.assignment(hypothesis)
        assert [words[words.index(name) + 1] for name in rule] == list(rule.values())
    assert [line.split()[0] for line in lines[1:]] == [str(n) for n in range(1, 11)]


def test_equals_share_a_rank_whatever_their_last_bits(space: ProductSpace) -> None:
    noise = np.random.default_rng(0).normal(0, 1e-14, 243)
    log_p = -np.log(243) + noise
    lines = ranked.draw(BeliefView(space, log_p, form="ranked"), 120, 5).plain()
    assert {line.split()[0] for line in lines[1:]} == {"1"}
    assert ranked.order(log_p).tolist() == list(range(243))
    assert ranked.rank_of(log_p, 242) == (1, 243)
    impossible = np.full(243, -np.inf)
    impossible[3] = 0.0
    assert ranked.rank_of(impossible, 3) == (1, 1)
    assert ranked.rank_of(impossible, 0) == (2, 242)


@pytest.mark.parametrize("width", [120, 70, 46, 34])
def test_rules_can_be_told_apart_in_every_width(space: ProductSpace, width: int) -> None:
    log_p = random_belief(space, 2)
    view = BeliefView(space, log_p, form="ranked", by=4, explained=np.zeros(243, dtype=int), explained_of=8)
    lines = ranked.draw(view, width, 40).plain()
    top = next(n for n, line in enumerate(lines) if line.split()[:1] == ["1"])
    rules = [line.rstrip("▏▎▍▌▋▊▉█ ").removesuffix("0/8").rsplit(None, 1)[0] for line in lines[top:]]
    assert len({" ".join(rule.split()[1:]) for rule in rules}) == len(rules)


def test_the_list_is_where_the_cursor_is(space: ProductSpace) -> None:
    log_p = random_belief(space, 2)
    ordered = np.argsort(-log_p, kind="stable").tolist()
    view = BeliefView(space, log_p, form="ranked")
    for at in (0, 5, 100, 242):
        chosen = replace(view, cursor=ordered[at])
        place = ranked.position(chosen, 100, 20, ordered[at])
        assert place is not None
        assert ranked.draw(chosen, 100, 20).plain()[place[1]].startswith("▸")
    assert ranked.neighbour(replace(view, cursor=ordered[0]), 100, 20, ordered[0], "right") == ordered[19]
    assert ranked.neighbour(replace(view, cursor=ordered[0]), 100, 20, ordered[0], "up") == ordered[0]


def certain(*parts: tuple[float, ...]) -> MarginalsView:
    """Two-valued or three-valued factors with these low bounds; what they leave is open."""
    view = MarginalsView(product(*(len(part) for part in parts)), None)
    p = np.ones(1)
    bounds = []
    for part in parts:
        low = np.array(part)
        p = np.outer(p, low / low.sum()).ravel()
        bounds.append((low, np.minimum(low + 1 - low.sum(), 1.0)))
    left_open = np.array([1 - sum(part) for part in parts]).clip(0.0)
    with np.errstate(divide="ignore"):
        return replace(view, log_p=np.log(p), bounds=tuple(bounds), unobserved=left_open)


def test_what_is_unobserved_is_a_part_of_the_bar_that_belongs_to_no_value() -> None:
    lines = marginals.draw(certain((0.5, 0.25), (0.0, 1.0)), 80, 2).plain()
    first, second = (line[5:] for line in lines)
    assert first.count("╱") + len("unobserved") == 16  # a quarter of 66
    assert "unobserved" in first
    assert first.index("b") < first.index("╱")
    assert "╱" not in second
    alone = certain((0.5, 0.3))
    assert marginals.draw(alone, 5 + 18, 1).plain()[0].endswith("▍╱╱╱")  # no word where it has no room


@pytest.mark.slow
@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    parts=st.lists(st.lists(st.floats(0, 1), min_size=2, max_size=4).filter(lambda part: sum(part) > 0.01), min_size=1, max_size=4),
    spared=st.floats(0, 1),
    width=st.integers(0, 90),
    height=st.integers(0, 12),
)
def test_open_marginals_survive_every_size_and_fill_their_bars(
    parts: list[list[float]], spared: float, width: int, height: int
) -> None:
    scaled = [tuple(value / sum(part) * (1 - 0.9 * spared) for value in part) for part in parts]
    picture = marginals.draw(certain(*scaled), width, height)
    assert (picture.width, picture.height) == (width, height)
    assert all(len(line) <= width for line in picture.plain())


def test_bounds_stand_under_the_bars_where_there_is_room_the_likeliest_first() -> None:
    view = certain((0.25, 0.5), (1.0, 0.0))
    lines = marginals.draw(view, 40, 4).plain()
    assert lines[1].split() == ["b", ".50–.75", "a", ".25–.50"]
    assert len(lines) == 4
    assert lines[3] == ""  # what is certain needs no bounds
    assert marginals.draw(view, 40, 2).plain()[1].split()[0] == "f1"


def test_an_exact_view_is_drawn_as_ever(space: ProductSpace) -> None:
    view = MarginalsView(space, random_belief(space))
    plain = marginals.draw(view, 60, 9).plain()
    assert not any("╱" in line or "–" in line for line in plain)


def test_why_there_is_no_belief_is_said_in_as_many_rows_as_it_takes(space: ProductSpace) -> None:
    why = "no belief yet: it is known when generation 1 has learned its hypothesis"
    lines = marginals.draw(MarginalsView(space, None, absent=why), 26, 8).plain()
    assert " ".join(" ".join(lines).split()) == why
    for width in range(1, 80):
        for height in range(1, 5):
            drawn = marginals.draw(MarginalsView(space, None, absent=why), width, height)
            assert (drawn.width, drawn.height) == (width, height)
