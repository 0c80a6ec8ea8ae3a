from __future__ import annotations

import pytest
from chart_cases import acre

from iicl_tui.bayes.space import ProductSpace


@pytest.fixture
def space() -> ProductSpace:
    """ACRE's 243 hypotheses."""
    return acre()
