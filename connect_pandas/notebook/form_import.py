"""The end of a form: create the set, see how far it is, and cancel while that is still possible."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import ipywidgets as widgets

from connect_pandas.errors import ConnectError, ImportUnconfirmed
from connect_pandas.notebook import view_service as view
from connect_pandas.notebook.draw import as_html
from connect_pandas.notebook.draw import size as in_bytes
from connect_pandas.notebook.form_parts import alert, guarded, in_words, words
from connect_pandas.service.connection import current, monitoring
from connect_pandas.service.graphql import doubt_of_room
from connect_pandas.service.history import how_to_look_up
from connect_pandas.service.submit import submit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connect_pandas._plan import ImportPlan
    from connect_pandas.notebook.draw import View
    from connect_pandas.service.connection import Connection
    from connect_pandas.service.job import ImportJob
    from connect_pandas.service.progress import Advance

_REDRAW_SECONDS: Final = 0.1


class Import(widgets.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """Create, progress, cancel, and what has become of it.

    Parameters
    ----------
    plan : callable
        Returns the plan to submit, or raises where that must not be.
    connection : Connection, optional
        By default the session's current one when it begins.
    settle : callable
        Is called when it begins and when it may begin anew.
    """

    def __init__(
        self,
        plan: Callable[[], ImportPlan],
        connection: Connection | None,
        settle: Callable[[], None],
        *,
        progress: bool,
    ) -> None:
        self._plan, self._connection, self._settle, self._with_bar = plan, connection, settle, progress
        self.job: ImportJob | None = None
        self._lock, self._cancel = threading.Lock(), threading.Event()
        self.has_begun = False
        self.create = widgets.Button(
            description="Create",
            button_style="primary",
            icon="upload",
            tooltip="Upload the file and start the import",
        )
        self.cancel = widgets.Button(description="Cancel", icon="stop", disabled=True)
        self.bar = widgets.FloatProgress(max=1.0, layout=widgets.Layout(width="100%", display="none"))
        self.to, self.why, self.before = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.far, self.said, self.state = widgets.HTML(), widgets.HTML(), widgets.HTML()
        for control, name in (
            (self.create, "create"),
            (self.cancel, "cancel"),
            (self.to, "to"),
            (self.why, "why"),
            (self.before, "before"),
            (self.far, "far"),
            (self.said, "said"),
            (self.state, "state"),
        ):
            control.add_class(f"connect-pandas-{name}")
        self.create.on_click(guarded(self._begin, self.said))
        self.cancel.on_click(guarded(self._stop, self.said))
        buttons = widgets.HBox([self.create, self.cancel, self.why])
        in_sight = widgets.VBox([buttons, self.bar, self.far, self.said])
        in_sight.add_class("connect-pandas-in-sight")
        super().__init__([self.to, self.before, in_sight, self.state])
        self.add_class("connect-pandas-import")

    def goes_to(self, connection: Connection | None, why_none: str = "", sets: int = 0) -> None:
        """Say where the set will be made, and that there may be no room for it; where nowhere yet, why."""
        if connection is None:
            said = why_none
        else:
            sandbox = ", a sandbox" if connection.kind == "sandbox" else ""
            said = f"The set will be made by {connection.user} at {connection.host}{sandbox}."
            if not self.has_begun and (doubt := doubt_of_room(sets, connection)):
                said += f"\n{doubt}"
        self.to.value = words(said)

    def allow(self, reasons: list[str]) -> None:
        """Let it begin when there is no reason against it; else say the reasons."""
        self.create.disabled = bool(reasons) or self.has_begun
        waits = f"Create waits: {'; '.join(reasons)}" if reasons else ""
        self.why.value = words(waits) if waits and not self.has_begun else ""

    def remember(self, job: ImportJob | None) -> None:
        """Say that an import of this name was begun before, as by a kernel that has ended since."""
        self.before.value = "" if job is None else words(_say_begun(job))

    def _begin(self) -> None:
        with self._lock:  # a second click never starts a second import
            if self.has_begun:
                return
            self.has_begun = True
        self._cancel.clear()
        self.cancel.disabled = False
        self.said.value, self.state.value = words("Looking at the service …"), ""
        self._settle()
        self.cancel.focus()
        # A callback that works in the kernel's own thread would freeze every widget, this one's bar too.
        threading.Thread(target=self._work, name="connect-pandas-import", daemon=True).start()

    def _stop(self) -> None:
        self._cancel.set()
        self.cancel.disabled = True
        self.said.value = words("Cancelling: what has arrived is removed again …")

    def _work(self) -> None:
        try:
            plan, connection = self._plan(), self._connection or current()
        except Exception as error:  # noqa: BLE001 - the page shows no exception of a thread
            self._stopped(error, again=True)
            return
        try:
            self.job = submit(plan, connection, progress=self._progress, cancel=self._cancel, tell=self._tell)
            self._has_left(self.job)
            self.job.wait(progress=self._with_bar)
            checked = self.job.verify()
            self._show(view.job(self.job), view.verification(checked))
            self._settle()
        except BaseException as error:  # noqa: BLE001 - the page shows no exception of a thread
            if isinstance(error, ImportUnconfirmed):
                self.job = error.job
            # Again only where it is certain that no import began.
            ours = isinstance(error, ConnectError) and not isinstance(error, ImportUnconfirmed)
            self._stopped(error, again=ours and self.job is None)

    def _tell(self, said: str) -> None:
        self.before.value = words(said)

    def _has_left(self, job: ImportJob) -> None:
        self._cancel.clear()  # too late
        self.cancel.disabled = True
        self.cancel.tooltip = "The import has begun; the service offers no way to stop it"
        self._show(view.job(job))

    def _show(self, *seen: View) -> None:
        """Show what there is to see of the job, and say it in a line that stays in sight."""
        self.said.value = words("\n".join(one.title for one in seen) + " · more below")
        self.state.value = "".join(map(as_html, seen))

    def _stopped(self, error: BaseException, *, again: bool) -> None:
        self.cancel.disabled = True
        if self.job is not None:
            self._show(view.job(self.job))
        self.said.value = alert(in_words(error))
        self.has_begun = not again
        self._settle()

    @contextmanager
    def _progress(self, label: str, total: int | None, unit: str) -> Iterator[Advance]:
        """Show progress in the form: trait updates reach the page from a thread, printing does not."""
        began, done, sent, drawn, moved = time.monotonic(), 0, 0, 0.0, time.monotonic()
        self.bar.value, self.bar.layout.display = 0.0, "flex" if self._with_bar else "none"

        def advance(count: int, size: int = 0) -> None:
            nonlocal done, sent, drawn, moved
            done, sent, now = done + count, sent + size, time.monotonic()
            moved = now if count else moved
            if now - drawn > _REDRAW_SECONDS or done == total:
                drawn = now
                self.bar.value = done / total if total else 0.0
                if self._with_bar:
                    self.far.value = words(f"{label}: {_far(done, total, unit, sent, now - began)}")
                if self.job is not None:  # what is known of it: a lost connection, too
                    self._show(view.job(self.job))
                    self.said.value += _still(self.job, now - moved)

        try:
            advance(0)
            yield advance
        finally:
            self.bar.layout.display, self.far.value = "none", ""


def _still(job: ImportJob, seconds: float) -> str:
    """Say what it may mean that nothing changes any more."""
    if seconds < job.still_seconds:
        return ""
    return words(
        f"Nothing has changed for {seconds:,.0f} s. It waits or runs, or it has failed: a failed import keeps its "
        f"file. Look in the {monitoring(job.connection)}. To give it up: form.job.discard()"
    )


def _say_begun(job: ImportJob) -> str:
    return (
        f"This machine has begun an import of {job.name!r} at {job.seen.at:%Y-%m-%d %H:%M}, and has not seen its end.\n"
        f"To follow it: {how_to_look_up(job.filename)}; job.wait()"
    )


def _far(done: int, total: int | None, unit: str, sent: int, seconds: float) -> str:
    """Return how far it is: rows, bytes, how fast, and about how long it still takes."""
    said = [f"{done:,} of {total:,} {unit}" if total else f"{done:,} {unit}"]
    if sent and seconds > 0:
        said += [in_bytes(sent), f"{in_bytes(sent / seconds)} a second"]
    if total and 0 < done < total:
        said.append(f"about {_duration(seconds * (total - done) / done)} left")
    return " · ".join(said)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
