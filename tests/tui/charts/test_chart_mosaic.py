from __future__ import annotations

import numpy as np

from iicl_tui.bayes.space import Factor, ProductSpace
from iicl_tui.tui.charts import belief
from iicl_tui.tui.charts.view import BeliefView

ACRE = ProductSpace(tuple(Factor(name, ("on", "off", "und")) for name in ("A", "B", "C", "D", "screen")))


def test_without_colour_a_tile_still_tells_how_much_of_the_first_data_it_explains() -> None:
    explained = np.arange(243) % 9
    view = BeliefView(ACRE, np.full(243, -np.log(243)), explained=explained, explained_of=8, form="mosaic", by=None)
    picture = belief.draw(view, 120, 20)
    for hypothesis in (0, 5, 121, 242):
        cells = [(x, y) for y in range(20) for x in range(120) if belief.hypothesis_at(view, 120, 20, x, y) == hypothesis]
        x, y = max(x for x, _ in cells), min(y for _, y in cells)
        assert chr(picture.chars[y, x]) == str(explained[hypothesis])
