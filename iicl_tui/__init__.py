"""iicl-tui: a laboratory for iterated learning in a terminal.

The names in `__all__` are the library's interface; they are loaded when first used, so that `import iicl_tui` stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from iicl_tui.api import ChainConfig as ChainConfig
    from iicl_tui.api import ConfigError as ConfigError
    from iicl_tui.api import LabError as LabError
    from iicl_tui.api import Measures as Measures
    from iicl_tui.api import Outcome as Outcome
    from iicl_tui.api import Preset as Preset
    from iicl_tui.api import Session as Session
    from iicl_tui.api import measure as measure
    from iicl_tui.api import open_session as open_session
    from iicl_tui.api import presets as presets
    from iicl_tui.api import read_config as read_config
    from iicl_tui.api import run as run
    from iicl_tui.api import run_async as run_async

__all__ = [
    "ChainConfig",
    "ConfigError",
    "LabError",
    "Measures",
    "Outcome",
    "Preset",
    "Session",
    "__version__",
    "measure",
    "open_session",
    "presets",
    "read_config",
    "run",
    "run_async",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from iicl_tui import api

    value = globals()[name] = getattr(api, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
