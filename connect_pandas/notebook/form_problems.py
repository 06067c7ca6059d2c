"""What is wrong with a form's plan, and its fixes as buttons: what changes the frame is shown before it is made."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from connect_pandas.notebook.display import bundle
from connect_pandas.notebook.draw import as_html
from connect_pandas.notebook.form_fixes import before_and_after, fixes, tried
from connect_pandas.notebook.form_parts import alert, close_all, code, guarded, heading, in_words, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from connect_pandas._plan import ImportPlan
    from connect_pandas.data.problems import Problem
    from connect_pandas.notebook.form_fixes import Fix, Trial
    from connect_pandas.notebook.form_parts import Desk

SHOWN: Final = 20
"""Problems on screen; those of a row stand in the row as well."""


class Troubles(widgets.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """The problems of the plan on screen, their fixes, and the repair that waits, at its problem, to be made."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._made = desk, 0
        self._shown: tuple[Problem, ...] | None = None
        self._waiting: tuple[Fix, Trial] | None = None
        self._fixes: list[Any] = []
        self._focus: Any = None
        self.is_busy = False
        self._head = heading("Problems")
        self.said, self.preview, self._list = widgets.HTML(), widgets.HTML(), widgets.VBox()
        self.said.add_class("connect-pandas-problems-said")
        self.apply = self._button("Make this repair", "apply", self._apply, style="primary")
        self.leave = self._button("Leave it", "leave", self._leave)
        self.undo = self._button("Undo the last repair", "undo", self._undo)
        self.again = self._button("Look again", "again", self._look_again)
        self._asked = widgets.HBox([self.apply, self.leave])
        self.trial = widgets.VBox([self.preview, self._asked])
        self.trial.add_class("connect-pandas-trial")
        self._at: Any = None
        """The problem where the trial stands."""
        super().__init__([self._head, self.said, widgets.HBox([self.undo, self.again]), self._list])
        self._show_buttons(self.undo, self.again, to=False)

    def show(self, plan: ImportPlan, made: int) -> None:
        """Draw the plan's problems, and that so many repairs were made before."""
        self._made = made
        if plan.problems != self._shown:
            self._shown = plan.problems
            self._put_away()  # a repair that waits may be of what is there no more
            before, self._fixes = self._list.children, []
            self._list.children = [self._item(p) for p in plan.problems[:SHOWN]]
            for item in before:
                close_all(item)
        more = len(plan.problems) - SHOWN
        none = "Nothing is wrong." if not plan.problems else f"… and {more:,} more" if more > 0 else ""
        self._head.value = f"<h3>Problems</h3>{words(none)}"
        self._show_buttons(self.undo, to=made > 0)

    def lock(self, locked: bool) -> None:
        """Let nothing be changed for a while."""
        for button in (self.leave, self.undo, self.again, *self._fixes):
            button.disabled = locked
        self.apply.disabled = locked or self._waiting is None or not self._waiting[1].changes

    def offer_to_look_again(self) -> None:
        self._show_buttons(self.again, to=True)

    def _item(self, problem: Problem) -> Any:
        item = widgets.VBox([widgets.HTML(bundle(problem)["text/html"])])
        buttons = [self._fix_button(fix, item) for fix in fixes(problem)]
        if buttons:
            item.children = [*item.children, widgets.HBox(buttons)]
        item.add_class("connect-pandas-problem")
        self._fixes += buttons
        return item

    def _fix_button(self, fix: Fix, item: Any) -> Any:
        if fix.steps:
            return self._button(fix.label, "repair", lambda: self._try(fix, item), hint=fix.code)
        return self._button(fix.label, "use", lambda: self._use(fix))

    def _button(
        self, label: str, name: str, clicked: Callable[[], None], *, style: str = "", hint: str = ""
    ) -> Any:
        button = widgets.Button(description=label, button_style=style, tooltip=hint, layout={"width": "auto"})
        button.add_class(f"connect-pandas-{name}")
        button.on_click(guarded(clicked, self.said))
        return button

    # ── what a person asks for ───────────────────────────────────────────────────────────────────────────

    def _use(self, fix: Fix) -> None:
        wrong = self._desk.change(**fix.over(self._desk.plan().options))
        self.said.value = alert(wrong) if wrong else ""
        self._focus_on_next()

    def _try(self, fix: Fix, item: Any) -> None:
        """Find what a repair would change, and show it at the problem it is of."""

        def work() -> None:
            before = self._desk.plan().frame
            trial = tried(fix, before)
            self._waiting = (fix, trial)
            more = "".join(map(words, (fix.words, *trial.doubts)))
            lines = code(fix.code, "the lines that do it")
            self.preview.value = lines + as_html(before_and_after(before, trial)) + more
            self._show_buttons(self._asked, to=True)
            self._focus = self.apply if trial.changes else self.leave

        if not self.is_busy:
            self._put_away()
            self._at, item.children = item, [*item.children, self.trial]
            self._at_work(f"Looking what {fix.code} would change …", work, self.preview)

    def _apply(self) -> None:
        if self._waiting is None:
            return
        fix, trial = self._waiting

        def work() -> None:
            self._desk.repaired(fix, trial.frame)
            self._put_away()
            self.said.value = words(f"Done: {fix.code}")
            self._focus = self.undo

        self._at_work("Repairing …", work, self.preview)

    def _leave(self) -> None:
        self._put_away()
        self._focus_on_next()

    def _put_away(self) -> None:
        if self._at is not None:
            self._at.children = [part for part in self._at.children if part is not self.trial]
        self._at, self._waiting = None, None
        self.preview.value = self.said.value = ""
        self._show_buttons(self._asked, to=False)

    def _undo(self) -> None:
        def work() -> None:
            self._desk.undo()
            self._put_away()
            self.said.value = words("The last repair is undone.")

        if self._made:
            self._at_work("Undoing …", work, self.said)

    def _look_again(self) -> None:
        def work() -> None:
            made = self._made
            self._desk.look_again()
            self._put_away()
            self._show_buttons(self.again, to=False)
            without = " The repairs were of the frame as it was: make them anew." if made else ""
            self.said.value = words(f"This is the frame as it is now.{without}")

        self._at_work("Looking …", work, self.said)

    def _focus_on_next(self) -> None:
        """Keep the keyboard where it is at work: the button that was pressed may be gone."""
        shown = [*self._fixes, *([self.undo] if self._made else [])]
        if shown:
            shown[0].focus()

    def _at_work(self, said: str, work: Callable[[], None], at: Any) -> None:
        """Work in a thread, and say what becomes of it there: a long look would freeze the notebook."""
        if self.is_busy:
            return
        self.is_busy, at.value, self._focus = True, words(said), None
        self._desk.settle()
        threading.Thread(
            target=self._worked, args=(work, at), name="connect-pandas-repair", daemon=True
        ).start()

    def _worked(self, work: Callable[[], None], at: Any) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the page shows no exception of a thread
            at.value = alert(in_words(error))
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
