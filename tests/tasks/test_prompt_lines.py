"""The lines of faults in prompts files."""

from __future__ import annotations

from pathlib import Path

import pytest

from iicl_tui.chain.config import read_config
from iicl_tui.errors import ConfigError
from iicl_tui.tasks.prompts import line_of_key

TEXT = '''# a comment
system = """
imitate = 1
[bias.high]
"""
imitate = "no slots"
"odd key" = 1

[bias.high]
before = ""
after = 3
[bias.nowhere]
bias.x = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("system",), 2), (("imitate",), 6), (("odd key",), 7), (("bias", "high"), 9), (("bias", "high", "after"), 11),
        (("bias", "high", "missing"), 9), (("bias", "nowhere"), 12), (("bias", "nowhere", "bias", "x"), 13), (("absent",), None),
        ((), None),
    ],
)  # fmt: skip
def test_a_key_is_found_in_its_table_and_not_in_a_text(path: tuple[str, ...], line: int | None) -> None:
    assert line_of_key(TEXT, path) == line


def test_faults_of_a_prompts_file_carry_its_lines(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_bytes(TEXT.replace("\n", "\r\n").encode())
    with pytest.raises(ConfigError) as caught:
        read_config({"agent": [{"kind": "openai", "model": "m", "prompts": "p.toml"}]}, tmp_path)
    said = {fault.key.removeprefix("agent[1].prompts."): fault.message.partition(": ")[0] for fault in caught.value.faults}
    assert said["agent[1].prompts"] == "p.toml, line 7"  # an unknown key is content of the file, which is not quoted
    assert said["imitate"] == "p.toml, line 6"
    assert said["bias.high.after"] == "p.toml, line 11"
    assert said["bias"] == "p.toml, line 12"


def test_links_in_a_circle_are_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.toml").symlink_to("b.toml")
    (tmp_path / "b.toml").symlink_to("a.toml")
    with pytest.raises(ConfigError, match=r"a\.toml"):
        read_config({"agent": [{"kind": "openai", "model": "m", "prompts": "a.toml"}]}, tmp_path)
