from __future__ import annotations

import numpy as np

from iicl_tui.bayes.space import Factor, Partition, ProductSpace
from iicl_tui.charts import belief
from iicl_tui.charts.view import BeliefView, Direction, Mark

ACRE = ProductSpace(tuple(Factor(name, ("on", "off", "und")) for name in ("A", "B", "C", "D", "screen")))


def test_without_colour_a_tile_still_tells_how_much_of_the_first_data_it_explains() -> None:
    explained = np.arange(243) % 9
    view = BeliefView(ACRE, np.full(243, -np.log(243)), explained=explained, explained_of=8, form="mosaic", by=None)
    picture = belief.draw(view, 120, 20)
    for hypothesis in (0, 5, 121, 242):
        cells = [(x, y) for y in range(20) for x in range(120) if belief.hypothesis_at(view, 120, 20, x, y) == hypothesis]
        x, y = max(x for x, _ in cells), min(y for _, y in cells)
        assert chr(picture.chars[y, x]) == str(explained[hypothesis])


def test_more_values_than_lines_go_across() -> None:
    """19 shares × 7 lengths in 11 lines: the lengths go down, and every hypothesis has its tile, its mark and its neighbours."""
    shares, lengths = Factor("share", tuple(f"{5 * k}%" for k in range(1, 20))), Factor("length", tuple("4567890"))
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 2, 133).astype(np.int8)
    space = ProductSpace((shares, lengths), (Partition("words", ("rare", "common"), codes),))
    log_p = np.log(rng.dirichlet(np.ones(133)))
    h = space.index((16, 2))
    view = BeliefView(space, log_p, marks=(Mark("★", "h*", h),), by=2, form="mosaic", scale="linear")
    picture = belief.draw(view, 99, 11)
    lines = picture.plain()
    assert "share 5%" in lines[1]
    assert [line.split()[0] for line in lines[2:9]] == list(lengths.values)
    seen = set()
    for hypothesis in range(133):
        place = belief.position(view, 99, 11, hypothesis)
        assert place is not None
        seen.add(place)
        assert belief.hypothesis_at(view, 99, 11, *place) == hypothesis
    assert len(seen) == 133
    x, y = belief.position(view, 99, 11, h) or (0, 0)
    assert "★" in lines[y][x : x + 4]
    places: tuple[tuple[Direction, tuple[int, int]], ...] = (
        ("up", (16, 1)),
        ("down", (16, 3)),
        ("left", (15, 2)),
        ("right", (17, 2)),
    )
    for direction, other in places:
        assert belief.neighbour(view, 99, 11, h, direction) == space.index(other)
    top = int(log_p.argmax())
    x, y = belief.position(view, 99, 11, top) or (0, 0)
    brightest = belief.draw(view, 99, 11).inks
    assert brightest[y, x + 3] >> 10 & 15 == (brightest >> 10 & 15).max()
    assert brightest[y, x + 3] >> 4 & 63 == 1 + codes[top]
