"""`show` and `doctor`: what they say of chains of language models, in words."""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speaking import RULE, SHARES, follows, rule, samples, spoken, with_logprobs

from iicl_tui import registry
from iicl_tui.agents.calls import Reply, Request
from iicl_tui.agents.money import spent_text
from iicl_tui.bayes import dirichlet
from iicl_tui.chain.engine import Chain
from iicl_tui.commands import doctor, show
from iicl_tui.present.costs import cost_text
from iicl_tui.store.session import SessionFile


def session(folder: Path, steps: int, answers: Callable[[Any], Callable[[Request], Any]], **agent: Any) -> tuple[Path, Chain]:
    config, model = spoken(agent=agent)
    model.answers = answers(config)
    path = folder / "s.toml"
    with SessionFile.create(config, path) as file:
        chain = Chain(config, sink=file)

        async def go() -> None:
            for _ in range(steps):
                await chain.step()

        asyncio.run(go())
    return path, chain


def measured(config: Any) -> Callable[[Request], Reply | str]:
    learned = rule(config, config.task.read_hypothesis(RULE))
    made = samples(config, 1, 2, 3, 4)
    return lambda request: made if "Write examples" in request.prompt else with_logprobs(learned, SHARES)


def shown(path: Path, capsys: pytest.CaptureFixture[str], charts: bool, generation: int | None = None) -> str:
    assert show.main(argparse.Namespace(file=str(path), generation=generation, no_charts=not charts, bayes=False)) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("charts", [True, False])
def test_show_says_how_a_belief_is_known_and_how_well(tmp_path: Path, capsys: pytest.CaptureFixture[str], charts: bool) -> None:
    path, chain = session(tmp_path, 4, measured, belief="logprobs")
    page = shown(path, capsys, charts)
    belief = chain.belief(2)
    assert belief is not None
    assert belief.low is not None
    assert spent_text(chain.spent) in page
    assert f"generation 2 has cost {cost_text(chain.spent_in(2))}" in page
    assert "factorised, along one reply; ≤ 21% unobserved" in page
    low = f"{np.exp(belief.low.max()):.3f}".removeprefix("0")
    assert re.search(rf"P 0\.239 \({low}–\.\d+\)", page)
    if charts:
        assert "╱ is unobserved" in page
        assert "und .70–.90" in page
    else:
        assert "C: on 0.125 (.10–.30), off 0 (0–.20), und 0.875 (.70–.90); unobserved 0.200" in page
        assert "D: on 0 (0), off 1.000 (1), und 0 (0); unobserved 0" in page
        assert not set("▁▂▃▄▅▆▇█▔★▲┊⠒✓╱") & set(page)


@pytest.mark.parametrize("charts", [True, False])
def test_show_says_why_no_belief_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str], charts: bool) -> None:
    path, _ = session(tmp_path, 3, follows, belief="none")
    assert shown(path, capsys, charts, 1).count('belief = "none"') == 2
    path, _ = session(tmp_path / "other", 3, follows, belief="samples", draws=3)
    page = shown(path, capsys, charts)
    assert page.count("no belief yet: it is known after generation 2 has learned its hypothesis") == 2
    page = shown(path, capsys, charts, 1)
    assert "estimated from 3 draws, 95% intervals" in page
    assert dirichlet.entropy_range(3, 243) == pytest.approx((1.9278, 2.7395), abs=1e-4)
    assert "nats; so few draws can show only 1.92 to 2.74, whatever the belief (uniform: 5.49)" in page
    assert "~ from draws, which can show an entropy of 1.92 to 2.74 nats only" in page
    assert re.search(r">1 +~\d\.\d{3}", page)


def test_doctor_names_libraries_agreed_hosts_and_what_others_add_in_vain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text('hosts = ["one.example:8080", "two\\u001b.example"]\n')
    broken = EntryPoint("odd", "no_such_module_anywhere:KIND", "iicl_tui.agents")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: EntryPoints([broken] if group == broken.group else []))
    registry._others.cache_clear()
    try:
        arguments = argparse.Namespace(
            sessions=str(tmp_path / "sessions"), config=str(tmp_path / "settings.toml"), base_url=None, model=None, json=False
        )
        doctor.main(arguments)
    finally:
        registry._others.cache_clear()
    page = capsys.readouterr().out
    for name in ("openai", "anthropic", "mistralai"):
        assert re.search(rf"ok  {name}\s+\d", page)
    assert "odd of an unknown package cannot be used: ModuleNotFoundError" in page
    assert "one.example:8080, two␛.example" in page
