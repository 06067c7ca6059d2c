"""The pieces that the forms are made of: fields that say what is wrong, words, and the look of it all."""

from __future__ import annotations

from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from connect_pandas.errors import ConnectError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STYLE: Final = f"<style>\n{Path(__file__).with_name('forms.css').read_text(encoding='utf-8')}</style>"
"""Colours are Jupyter's, with the system's behind them."""


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


def in_words(error: BaseException) -> str:
    """Return an error as a person reads it; one that is not ours, with its kind."""
    notes = getattr(error, "__notes__", [])
    said = str(error) if isinstance(error, ConnectError) else f"{type(error).__name__}: {error}"
    return "\n".join([said, *notes])


def alert(wrong: str) -> str:
    return f'<div role="alert">{escape(wrong)}</div>'


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


__all__ = ["STYLE", "Field", "alert", "code", "copyable", "heading", "in_words", "tried", "words"]
