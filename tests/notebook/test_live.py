"""A sandbox on a notebook's page follows what happens in it, quietly, and leaves nothing behind."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient

import connect_pandas
from connect_pandas._sandbox.bell import Bell
from connect_pandas.notebook.draw import View
from connect_pandas.notebook.live import Live

if TYPE_CHECKING:
    from nbformat import NotebookNode

SHOW = """
import connect_pandas, threading, time
from connect_pandas import samples
box = connect_pandas.sandbox()
publisher, sent = get_ipython().display_pub, []
publish = publisher.publish
def count(data, *a, update=False, **k):
    sent.append(update)
    publish(data, *a, update=update, **k)
publisher.publish = count
box
"""
ASK = """
box.connection.check()
time.sleep(0.6)
print(sent)
"""
CHANGE = """
job = samples.orders().connect.create_reference_set("Orders", progress=False)
job.wait(progress=False)
deadline = time.monotonic() + 20
while True not in sent and time.monotonic() < deadline:
    time.sleep(0.05)
print(True in sent)
"""
STOP = """
box.stop()
print([t.name for t in threading.enumerate() if t.name.startswith("connect-sandbox")])
"""
LEAVE_RUNNING = """
left = connect_pandas.sandbox()
left
"""
CELLS = (SHOW, ASK, "box", CHANGE, STOP, "box", LEAVE_RUNNING, "print(left.connection.key_file)")


@pytest.fixture(scope="module")
def notebook() -> NotebookNode:
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    made = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(made, timeout=60, kernel_name="python3").execute()
    return made


def output(notebook: NotebookNode, cell: int) -> NotebookNode:
    (only,) = notebook.cells[cell].outputs
    return only


def test_both_outputs_show_the_last_state(notebook: NotebookNode) -> None:
    first, again = output(notebook, 0), output(notebook, 2)
    assert first.data == again.data
    assert "Orders  8" in first.data["text/plain"]
    assert "Stopped: this is what was in it." in first.data["text/plain"]


def test_what_is_saved_is_static(notebook: NotebookNode) -> None:
    assert set(output(notebook, 0).data) == {"text/plain", "text/html"}
    assert "<table" in output(notebook, 0).data["text/html"]


def test_it_is_quiet_while_nothing_changes(notebook: NotebookNode) -> None:
    assert output(notebook, 1).text.strip() == "[False]"
    assert output(notebook, 3).text.strip() == "True"


def test_stopping_ends_its_thread_and_leaves_a_plain_value(notebook: NotebookNode) -> None:
    assert output(notebook, 4).text.strip() == "[]"
    stopped = output(notebook, 5)
    assert stopped.output_type == "execute_result"
    assert stopped.data["text/plain"] == "Sandbox, stopped. Another: connect_pandas.sandbox()"


def test_a_kernel_that_ends_takes_it_along(notebook: NotebookNode) -> None:
    assert not Path(output(notebook, 7).text.strip()).parent.exists()


def test_in_a_terminal_it_is_its_repr() -> None:
    with connect_pandas.sandbox() as box:
        shown, _ = DisplayFormatter(parent=InteractiveShell()).format(box)
        assert shown == box._repr_mimebundle_()
        assert shown["text/plain"] == repr(box)
        assert not [t for t in threading.enumerate() if t.name == "connect-sandbox-live"]


def test_who_ends_it_waits_for_no_change() -> None:
    live = Live(lambda: View("a"), Bell())
    live.show()  # outside of a notebook it is printed
    following = [t for t in threading.enumerate() if t.name == "connect-sandbox-live"]
    assert len(following) == 1
    live.end(View("b"))
    assert not following[0].is_alive()


def test_a_bell_tells_late_comers_and_wakes_who_waits() -> None:
    bell, heard = Bell(), list[int]()
    bell.ring()
    assert bell.wait(0) == 1
    waiting = threading.Thread(target=lambda: heard.append(bell.wait(1)))
    waiting.start()
    bell.ring()
    waiting.join(10)
    assert heard == [2]
