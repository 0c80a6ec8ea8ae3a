"""A configuration from elsewhere: which files it may have read, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from iicl_tui.chain.config import read_config
from iicl_tui.errors import ConfigError
from iicl_tui.store.check import check

SECRET = "OPENAI_API_KEY=sk-SECRET-kJ7wQz93LmX0"


@pytest.mark.parametrize(
    "text",
    [
        '[chain]\ntask = "acronym"\n[task]\nranks = "{}"\n',
        '[chain]\ntask = "acronym"\n[task]\npool = "{}"\n',
        '[[agent]]\nkind = "openai"\nprompts = "{}"\n',
        '[[agent]]\n[agent.prior]\ntable = "{}"\n',
    ],
)
def test_a_named_file_is_read_inside_the_folder_only_and_never_quoted(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "configs"
    folder.mkdir()
    for place in (tmp_path, folder):
        (place / ".env").write_text(SECRET + "\n")
    (folder / "link").symlink_to(tmp_path / ".env")
    for name in (".env", "../.env", "link", "x/../../.env"):
        (folder / "c.toml").write_text(text.format(name))
        said = "\n".join(str(fault) for fault in check(folder / "c.toml"))
        assert said
        assert "SECRET" not in said
        assert ("outside the folder" in said) == (name != ".env")


@pytest.mark.parametrize("noise", [5e-324, 1e-310, 2e-308])
def test_numbers_that_lose_their_precision_are_refused(noise: float) -> None:
    for table in ({"noise": noise}, {"temperature": noise}):
        with pytest.raises(ConfigError, match="expected a number"):
            read_config({"agent": [table]})


def test_a_cache_key_is_no_secret() -> None:
    agent = {"kind": "openai", "model": "m", "extra-body": {"prompt_cache_key": "chain-7"}}
    assert read_config({"agent": [agent]})
    with pytest.raises(ConfigError, match="must not stand in a file"):
        read_config({"agent": [{**agent, "extra-body": {"api_key": "x"}}]})
