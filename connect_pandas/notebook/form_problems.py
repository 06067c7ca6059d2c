"""What is wrong with a form's plan, and its fixes as buttons: a repair shows what it changes before it is made."""

from __future__ import annotations

import threading
from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from connect_pandas import api
from connect_pandas.data.problems import show
from connect_pandas.notebook.display import bundle
from connect_pandas.notebook.form_code import fixes
from connect_pandas.notebook.form_parts import alert, heading, in_words, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from connect_pandas._plan import ImportPlan
    from connect_pandas.data.problems import Problem
    from connect_pandas.notebook.form import ImportForm
    from connect_pandas.notebook.form_code import Fix

SHOWN: Final = 20
"""Problems on screen; those of a row stand in the row as well."""
_EXAMPLES: Final = 8
"""Changes that a repair shows before it is made."""


class Troubles(widgets.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """The problems of the plan on screen, their fixes, and the repair that waits to be made.

    Parameters
    ----------
    form : ImportForm
        Is told of a repair that was made, and of other options.
    """

    def __init__(self, form: ImportForm) -> None:
        self._form = form
        self._shown: tuple[Problem, ...] | None = None
        self._waiting: tuple[Fix, pd.DataFrame] | None = None
        self.is_busy = False
        self._head = heading("Problems")
        self.said, self._list = widgets.HTML(), widgets.VBox()
        self.said.add_class("connect-pandas-said")
        self.apply = _button("Make this repair", "apply", self._apply, style="primary")
        self.leave = _button("Leave it", "leave", self._leave)
        self.undo = _button("Undo the last repair", "undo", self._undo)
        self.again = _button("Look again", "again", self._look_again)
        self._asked = widgets.HBox([self.apply, self.leave])
        super().__init__(
            [self._head, self._list, self.said, self._asked, widgets.HBox([self.undo, self.again])]
        )
        self._show_buttons(self._asked, self.undo, self.again, to=False)

    def show(self, plan: ImportPlan) -> None:
        """Draw the plan's problems."""
        if plan.problems != self._shown:
            self._shown = plan.problems
            before = self._list.children
            self._list.children = [self._item(p) for p in plan.problems[:SHOWN]]
            for item in before:
                _close(item)
        more = len(plan.problems) - SHOWN
        none = "Nothing is wrong." if not plan.problems else f"… and {more:,} more" if more > 0 else ""
        self._head.value = f"<h3>Problems</h3>{words(none)}"
        self._show_buttons(self.undo, to=self._form.last_repair is not None)

    def lock(self, locked: bool) -> None:
        """Let nothing be changed for a while."""
        for button in (self.apply, self.undo, self.again, *self._buttons()):
            button.disabled = locked

    def offer_to_look_again(self) -> None:
        self._show_buttons(self.again, to=True)

    def _buttons(self) -> list[Any]:
        return [b for item in self._list.children for row in item.children[1:] for b in row.children]

    def _item(self, problem: Problem) -> Any:
        said = widgets.HTML(bundle(problem)["text/html"])
        buttons = [self._fix_button(fix) for fix in fixes(problem)]
        item = widgets.VBox([said, widgets.HBox(buttons)] if buttons else [said])
        item.add_class("connect-pandas-problem")
        return item

    def _fix_button(self, fix: Fix) -> Any:
        what = f": {fix.words}" if fix.words else ""
        if fix.does == "plan":
            return _button(f"Use {fix.code}{what}", "use", lambda: self._use(fix.given))
        return _button(f"Repair{what or f' {fix.code}'} …", "repair", lambda: self._try(fix), hint=fix.code)

    # ── what a person asks for ───────────────────────────────────────────────────────────────────────────

    def _use(self, options: Mapping[str, Any]) -> None:
        wrong = self._form.change(options)
        self.said.value = alert(wrong) if wrong else ""

    def _try(self, fix: Fix) -> None:
        """Find what a repair would change, and show it."""

        def work() -> None:
            repair = api.repair(self._form.plan.frame, **fix.given)
            self._waiting = (fix, repair.frame)
            self.said.value = _preview(fix, repair)
            self._show_buttons(self._asked, to=True)
            self.apply.disabled = not len(repair.changes)

        self._at_work(f"Looking what repair({fix.code}) would change …", work)

    def _apply(self) -> None:
        if self._waiting is None:
            return
        fix, frame = self._waiting

        def work() -> None:
            self._form.repaired(fix, frame)
            self._leave()
            self.said.value = words(f"Done: df.connect.repair({fix.code})")

        self._at_work("Repairing …", work)

    def _leave(self) -> None:
        self._waiting, self.said.value = None, ""
        self._show_buttons(self._asked, to=False)

    def _undo(self) -> None:
        def work() -> None:
            self._form.undo()
            self.said.value = words("The last repair is undone.")

        self._leave()
        self._at_work("Undoing …", work)

    def _look_again(self) -> None:
        def work() -> None:
            self._form.look_again()
            self._show_buttons(self.again, to=False)
            self.said.value = words("This is the frame as it is now.")

        self._leave()
        self._at_work("Looking …", work)

    def _at_work(self, said: str, work: Callable[[], None]) -> None:
        """Work in a thread: a long look at a large frame would freeze the notebook."""
        if self.is_busy:
            return
        self.is_busy, self.said.value = True, words(said)
        self.lock(True)
        threading.Thread(target=self._worked, args=(work,), name="connect-pandas-repair", daemon=True).start()

    def _worked(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the page shows no exception of a thread
            self.said.value = alert(in_words(error))
        finally:
            self.is_busy = False
            self.lock(False)
            self._form.draw_import()

    @staticmethod
    def _show_buttons(*buttons: Any, to: bool) -> None:
        for button in buttons:
            button.layout.display = "" if to else "none"


def _button(label: str, name: str, clicked: Callable[[], None], *, style: str = "", hint: str = "") -> Any:
    button = widgets.Button(description=label, button_style=style, tooltip=hint, layout={"width": "auto"})
    button.add_class(f"connect-pandas-{name}")
    button.on_click(lambda _: clicked())
    return button


def _close(item: Any) -> None:
    """Take a widget and all within it off the page and out of the kernel."""
    for child in getattr(item, "children", ()):
        _close(child)
    for part in (item.layout, getattr(item, "style", None), item):
        if part is not None:
            part.close()


def _preview(fix: Fix, repair: Any) -> str:
    """Return what a repair would change: the first values before and after, and what it would leave alone."""
    first = repair.changes.head(_EXAMPLES)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in (column, *map(show, values)))}</tr>"
        for column, *values in first[["column", "row", "before", "after"]].itertuples(index=False)
    )
    more = len(repair.changes) - len(first)
    table = (
        "<table><thead><tr><th>column</th><th>row</th><th>before</th><th>after</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
    return (
        f"<strong>repair({escape(fix.code)}) would change:</strong>{table if rows else words('nothing')}"
        f"{words(f'… and {more:,} more') if more > 0 else ''}"
        f"{''.join(words(str(doubt)) for doubt in repair.doubts)}"
    )


__all__ = ["SHOWN", "Troubles"]
