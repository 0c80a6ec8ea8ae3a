"""Tests in a real headless Chromium. They are collected where the package playwright and a Chromium are installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which

sys.path.append(str(Path(__file__).parent.parent / "web"))

collect_ignore_glob = [] if find_spec("playwright") and which("chromium") else ["test_*.py"]
