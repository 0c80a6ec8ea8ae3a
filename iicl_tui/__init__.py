"""iicl-tui: a laboratory for iterated learning in a terminal.

The names in `__all__` are the library's interface; they are loaded when first used, so that `import iicl_tui` stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from iicl_tui.api import (
        ChainConfig,
        ConfigError,
        Ensemble,
        LabError,
        Measures,
        Outcome,
        Prediction,
        Preset,
        Session,
        ensemble,
        measure,
        open_session,
        predict,
        presets,
        read_config,
        run,
        run_async,
    )

__all__ = [
    "ChainConfig",
    "ConfigError",
    "Ensemble",
    "LabError",
    "Measures",
    "Outcome",
    "Prediction",
    "Preset",
    "Session",
    "__version__",
    "ensemble",
    "measure",
    "open_session",
    "predict",
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
