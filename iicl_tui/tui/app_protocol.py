"""The app's interface for screens and widgets, so that none of them imports the app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from textual.await_complete import AwaitComplete
from textual.dom import DOMNode
from textual.widget import AwaitMount

from iicl_tui.errors import LabError
from iicl_tui.store.paths import Paths
from iicl_tui.store.settings import Settings

if TYPE_CHECKING:
    from iicl_tui.tui.keymap import Keymap
    from iicl_tui.tui.presenter import Presenter


@runtime_checkable
class AppProtocol(Protocol):
    """The app's services.

    Attributes:
        paths: The folders of sessions, settings and reports.
        settings: The person's settings, as last saved.
        keymap: Which keys run which action now.
        theme: The name of the theme shown.
        presenter: The presenter mode.
    """

    paths: Paths
    settings: Settings
    keymap: Keymap
    theme: str
    presenter: Presenter

    def open(self, screen: str, /, *args: Any, **values: Any) -> AwaitMount:
        """Show a new screen, given by name, above this one. Raises LabError if it cannot be made."""
        ...

    def switch_to(self, screen: str, /, *args: Any, **values: Any) -> AwaitComplete:
        """Show a new screen, given by name, in place of this one. Raises LabError if it cannot be made."""
        ...

    def leave(self) -> None:
        """Return to the screen below."""
        ...

    def show_error(self, error: LabError) -> None:
        """Show an error to the person."""
        ...

    def copy(self, text: str, message: str = ...) -> None:
        """Put text on the terminal's clipboard and say so."""
        ...

    def save_theme(self, name: str) -> None:
        """Show a theme and save it as the setting."""
        ...

    def save_trusted_host(self, host: str) -> None:
        """Trust a host with keys and save it in the settings."""
        ...

    def notify(
        self, message: str, *, title: str = ..., severity: Any = ..., timeout: float | None = ..., markup: bool = ...
    ) -> None:
        """Show a toast."""
        ...


def lab_app(node: DOMNode) -> AppProtocol:
    """The app of a screen or widget, by its own type."""
    return cast("AppProtocol", node.app)
