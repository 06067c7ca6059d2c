"""What is wrong with a form's plan, and its fixes as buttons: a repair shows what it changes before it is made."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from connect_pandas import api
from connect_pandas.data.asked import ROW_RULES
from connect_pandas.data.repair import done, title
from connect_pandas.notebook.display import bundle
from connect_pandas.notebook.draw import Table, View, as_html
from connect_pandas.notebook.form_code import fixes
from connect_pandas.notebook.form_parts import alert, close_all, guarded, heading, in_words, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connect_pandas._plan import ImportPlan
    from connect_pandas.data.problems import Problem
    from connect_pandas.data.repair import Repair
    from connect_pandas.notebook.form_code import Fix
    from connect_pandas.notebook.form_parts import Desk

SHOWN: Final = 20
"""Problems on screen; those of a row stand in the row as well."""


class Troubles(widgets.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """The problems of the plan on screen, their fixes, and the repair that waits to be made."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._made = desk, 0
        self._shown: tuple[Problem, ...] | None = None
        self._waiting: tuple[Fix, Repair] | None = None
        self._focus: Any = None
        self.is_busy = False
        self._head = heading("Problems")
        self.said, self._list = widgets.HTML(), widgets.VBox()
        self.said.add_class("connect-pandas-said")
        self.apply = self._button("Make this repair", "apply", self._apply, style="primary")
        self.leave = self._button("Leave it", "leave", self._leave)
        self.undo = self._button("Undo the last repair", "undo", self._undo)
        self.again = self._button("Look again", "again", self._look_again)
        self._asked = widgets.HBox([self.apply, self.leave])
        super().__init__(
            [self._head, self._list, self.said, self._asked, widgets.HBox([self.undo, self.again])]
        )
        self._show_buttons(self._asked, self.undo, self.again, to=False)

    def show(self, plan: ImportPlan, made: int) -> None:
        """Draw the plan's problems, and that so many repairs were made before."""
        self._made = made
        if plan.problems != self._shown:
            self._shown = plan.problems
            self._put_away()  # a repair that waits may be of what is there no more
            before = self._list.children
            self._list.children = [self._item(p) for p in plan.problems[:SHOWN]]
            for item in before:
                close_all(item)
        more = len(plan.problems) - SHOWN
        none = "Nothing is wrong." if not plan.problems else f"… and {more:,} more" if more > 0 else ""
        self._head.value = f"<h3>Problems</h3>{words(none)}"
        self._show_buttons(self.undo, to=made > 0)

    def lock(self, locked: bool) -> None:
        """Let nothing be changed for a while."""
        for button in (self.leave, self.undo, self.again, *self._buttons()):
            button.disabled = locked
        self.apply.disabled = locked or self._waiting is None or self._waiting[1].changes.empty

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
            return self._button(f"Use {fix.code}{what}", "use", lambda: self._use(fix.given))
        return self._button(
            f"Repair{what or f' {fix.code}'} …", "repair", lambda: self._try(fix), hint=fix.code
        )

    def _button(
        self, label: str, name: str, clicked: Callable[[], None], *, style: str = "", hint: str = ""
    ) -> Any:
        button = widgets.Button(description=label, button_style=style, tooltip=hint, layout={"width": "auto"})
        button.add_class(f"connect-pandas-{name}")
        button.on_click(guarded(clicked, self.said))
        return button

    # ── what a person asks for ───────────────────────────────────────────────────────────────────────────

    def _use(self, options: Mapping[str, Any]) -> None:
        now = self._desk.plan().options
        wrong = self._desk.change(
            **{
                # Mappings are added to those that are there.
                name: {**(getattr(now, name) or {}), **value} if isinstance(value, dict) else value
                for name, value in options.items()
            }
        )
        self.said.value = alert(wrong) if wrong else ""
        self._focus_on_next()

    def _try(self, fix: Fix) -> None:
        """Find what a repair would change, and show it."""

        def work() -> None:
            repair = api.repair(self._desk.plan().frame, **fix.given)
            self._waiting = (fix, repair)
            self.said.value = _preview(fix, repair)
            self._show_buttons(self._asked, to=True)
            self._focus = self.leave if repair.changes.empty else self.apply

        self._at_work(f"Looking what repair({fix.code}) would change …", work)

    def _apply(self) -> None:
        if self._waiting is None:
            return
        fix, repair = self._waiting

        def work() -> None:
            self._desk.repaired(fix, repair.frame)
            self._put_away()
            self.said.value = words(f"Done: df.connect.repair({fix.code})")
            self._focus = self.undo

        self._at_work("Repairing …", work)

    def _leave(self) -> None:
        self._put_away()
        self._focus_on_next()

    def _put_away(self) -> None:
        self._waiting, self.said.value = None, ""
        self._show_buttons(self._asked, to=False)

    def _undo(self) -> None:
        def work() -> None:
            self._desk.undo()
            self._put_away()
            self.said.value = words("The last repair is undone.")

        if self._made:
            self._at_work("Undoing …", work)

    def _look_again(self) -> None:
        def work() -> None:
            made = self._made
            self._desk.look_again()
            self._put_away()
            self._show_buttons(self.again, to=False)
            without = " The repairs were of the frame as it was: make them anew." if made else ""
            self.said.value = words(f"This is the frame as it is now.{without}")

        self._at_work("Looking …", work)

    def _focus_on_next(self) -> None:
        """Keep the keyboard where it is at work: the button that was pressed may be gone."""
        shown = [*self._buttons(), *([self.undo] if self._made else [])]
        if shown:
            shown[0].focus()

    def _at_work(self, said: str, work: Callable[[], None]) -> None:
        """Work in a thread: a long look at a large frame would freeze the notebook."""
        if self.is_busy:
            return
        self.is_busy, self.said.value, self._focus = True, words(said), None
        self._desk.settle()
        threading.Thread(target=self._worked, args=(work,), name="connect-pandas-repair", daemon=True).start()

    def _worked(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the page shows no exception of a thread
            self.said.value = alert(in_words(error))
        finally:
            self.is_busy = False
            self._desk.settle()
            if self._focus is not None:
                self._focus.focus()
            else:
                self._focus_on_next()

    @staticmethod
    def _show_buttons(*buttons: Any, to: bool) -> None:
        for button in buttons:
            button.layout.display = "" if to else "none"


def _preview(fix: Fix, repair: Repair) -> str:
    """Return what a repair would change: how many values of which column by which rule, and the first of each."""
    changes = Table(
        ("column", "rule", "values", "as"),
        tuple(
            (column, rule, count, f"{example}: the row goes" if rule in ROW_RULES else example)
            for column, rule, count, example in done(repair.changes)
        ),
    )
    doubts = "".join(words(str(doubt)) for doubt in repair.doubts)
    return (
        as_html(View(title=f"repair({fix.code}) would do this. {title(repair)}", tables=(changes,))) + doubts
    )
