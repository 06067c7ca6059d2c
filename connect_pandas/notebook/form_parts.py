"""The pieces that the forms are made of: fields that say what is wrong, words, and the look of it all."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from connect_pandas.errors import ConnectError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from connect_pandas._plan import ImportPlan
    from connect_pandas.notebook.form_fixes import Fix

STYLE: Final = f"<style>\n{Path(__file__).with_name('forms.css').read_text(encoding='utf-8')}</style>"
"""Colours are Jupyter's, with the system's behind them."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the parts of a form may ask of it."""

    plan: Callable[[], ImportPlan]
    """Return the plan on screen."""
    change: Callable[..., str]
    """Make a plan with these options; return what is wrong, and then the plan stays as it is."""
    repaired: Callable[[Fix, pd.DataFrame], None]
    """Go on with the frame that a fix made, and with the options that it gives."""
    undo: Callable[[], None]
    """Go back to the frame before the last fix of it; what was chosen since stays."""
    look_again: Callable[[], None]
    """Take the frame as it is by now, without the repairs of what it was."""
    settle: Callable[[], None]
    """Lock and free what can be changed, as what is under way asks for, and say why the set cannot be created."""


class Field(widgets.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """A control, and below it what is wrong with what it holds.

    Parameters
    ----------
    control : widget
    changed : callable
        Takes the control's new value and returns what is wrong with it, or nothing.
    """

    def __init__(self, control: Any, changed: Callable[[Any], str]) -> None:
        self.control, self._changed, self._drawing = control, changed, False
        self.said = widgets.HTML()
        control.observe(self._observed, "value")
        super().__init__([control, self.said], layout=widgets.Layout(overflow="visible"))

    @property
    def is_wrong(self) -> bool:
        return bool(self.said.value)

    def say(self, wrong: str) -> None:
        """Say what is wrong with what the control holds; with nothing, that nothing is."""
        self.said.value = alert(wrong) if wrong else ""

    @contextmanager
    def drawing(self) -> Iterator[Any]:
        """Set the control without being told that it has changed."""
        self._drawing = True
        try:
            yield self.control
        finally:
            self._drawing = False

    def _observed(self, event: Any) -> None:
        if not self._drawing:
            self.say(tried(lambda: self._changed(event["new"])))


def tried(work: Callable[[], str]) -> str:
    """Return what a callback says is wrong, or what went wrong with it: JupyterLab shows no exception of one."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - nobody else tells it
        return in_words(error)


def guarded(callback: Callable[[], None], said: Any) -> Callable[[Any], None]:
    """Return a callback whose exception stands on the page."""

    def called(_event: Any) -> None:
        try:
            callback()
        except Exception as error:  # noqa: BLE001 - nobody else tells it
            said.value = alert(in_words(error))

    return called


def close_all(item: Any) -> None:
    """Take a widget and all within it off the page and out of the kernel."""
    for child in getattr(item, "children", ()):
        close_all(child)
    for part in (item.layout, getattr(item, "style", None)):
        if part is not None:
            part.close()
    widgets.Widget.close(item)


def in_words(error: BaseException) -> str:
    """Return an error as a person reads it; one that is not ours, with its kind."""
    notes = getattr(error, "__notes__", [])
    said = str(error) if isinstance(error, ConnectError) else f"{type(error).__name__}: {error}"
    return "\n".join([said, *notes])


def alert(wrong: str) -> str:
    return f'<div role="alert">{escape(wrong)}</div>'


def status(said: str) -> str:
    """Return words that are read out when they change."""
    return f'<div role="status">{escape(said)}</div>'


def words(said: str) -> str:
    return f'<div class="connect-pandas-words">{escape(said)}</div>'


def code(text: str, label: str) -> str:
    """Return a block of text as it is, reached by the keyboard where it is wider than the page."""
    return f'<pre tabindex="0" role="region" aria-label="{escape(label)}"><code>{escape(text)}</code></pre>'


def copyable(text: str, label: str) -> str:
    """Return a block of text with a button that copies it; where the page may not, it is selected for Ctrl-C."""
    copy = (
        "const text = this.nextElementSibling; getSelection().selectAllChildren(text); "
        "navigator.clipboard?.writeText(text.textContent)"
    )
    button = f'<button class="jupyter-button connect-pandas-copy" onclick="{copy}">Copy</button>'
    return f"{button}{code(text, label)}"


def heading(text: str) -> Any:
    return widgets.HTML(f"<h3>{escape(text)}</h3>")
