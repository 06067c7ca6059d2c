"""What a notebook keeps of a form.

JupyterLab shows a widget where it has none any more as an error, and not the HTML beside it. So a form puts out two
things: what there is to see without a kernel, kept up to date, and below it the widget, whose style hides the first
as long as the widget is there.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

from connect_pandas.notebook import draw
from connect_pandas.notebook.live import put_out

if TYPE_CHECKING:
    from collections.abc import Mapping

_GONE: Final = "The form itself needs its kernel: run this cell again."


class Kept:
    """The output above a form that is seen when the form is not."""

    def __init__(self) -> None:
        self._name = f"connect-pandas-kept-{uuid.uuid4().hex}"
        self._seen = draw.View()
        self._out: dict[str, str] = {}

    @property
    def style(self) -> str:
        """What hides it, as a part of the form."""
        return f"<style>.{self._name} {{ display: none; }}</style>"

    def show(self, form: Mapping[str, Any]) -> None:
        """Put out what is kept, and the form below it."""
        self._out = self._made()
        put_out(self._out, display_id=self._name)
        put_out({**form, "text/plain": "(form)"})

    def keep(self, seen: draw.View) -> None:
        """Keep this from now on."""
        self._seen = seen
        if self._out and (made := self._made()) != self._out:
            self._out = made
            put_out(made, display_id=self._name, update=True)

    def _made(self) -> dict[str, str]:
        made = draw.bundle(self._seen)
        return {
            "text/plain": f"{made['text/plain']}\n\n{_GONE}",
            "text/html": f'<div class="{self._name}">{made["text/html"]}<p>{_GONE}</p></div>',
        }
