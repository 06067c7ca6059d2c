"""What a person reads when something is refused, or broken off, in a cell and in a program."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Final

import pytest

BEGIN: Final = """
import _thread, sys, traceback
import connect_pandas, pandas as pd
from connect_pandas import samples
df = samples.orders()
"""
AS_CELLS: Final = """
import sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance(colors="nocolor")
for number, cell in enumerate(eval(sys.argv[1])):
    print(f"<cell {number}>")
    shell.run_cell(cell, store_history=True)
"""
REFUSED: Final = (
    "df.connect.create_reference_set('Orders', key='Ordr')",
    "pd.concat([df, df]).connect.validate()",
    "df.connect.plan('Orders').submit()",
    "connect_pandas.connect(port=0)",
)
OURS: Final = re.compile(r"connect_pandas[/\\]\w+\.py")


def outputs_of(*cells: str) -> list[str]:
    """Run cells one after the other in an IPython of their own, and return what each puts out."""
    done = run("-c", AS_CELLS, repr(cells))
    return re.split(r"<cell \d+>\n", done.stdout)[1:]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=120)


def test_in_a_cell_a_refusal_begins_at_the_users_own_line() -> None:
    first, *refusals, in_function, kept, unexpected, verbose = outputs_of(
        BEGIN,
        *REFUSED,
        "def mine():\n    return df.connect.plan('a b')\n\nmine()",
        "traceback.print_tb(sys.last_traceback, file=sys.stdout)",
        "class Wrong(dict):\n    def items(self):\n        return 1 / 0\n\ndf.connect.plan('Orders', types=Wrong())",
        f"%xmode Verbose\n{REFUSED[0]}",
    )
    assert first == ""
    for cell, refusal in zip(REFUSED, refusals, strict=True):
        assert f"----> 1 {cell}" in refusal
        assert not OURS.search(refusal), refusal
        above = refusal.splitlines()[:6]
        assert any(re.match(r"(Plan|Validation|Configuration)Error: ", line) for line in above), refusal
    assert "----> 4 mine()" in in_function
    assert "----> 2     return df.connect.plan('a b')" in in_function
    assert not OURS.search(in_function)
    for whole in (
        kept,
        unexpected,
        verbose,
    ):  # what %debug looks at, an error that is not ours, and on request
        assert OURS.search(whole), whole
    assert "ZeroDivisionError" in unexpected


def test_a_program_shows_all_of_it() -> None:
    assert OURS.search(run("-c", BEGIN + REFUSED[0]).stderr)


INTERRUPTED: Final = """
module, call = sys.argv[1:]

class Loading:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            sys.meta_path.remove(self)
            _thread.interrupt_main()

def try_it():
    try:
        print("done", type(eval(call)).__name__)
    except KeyboardInterrupt as stop:
        print(len(traceback.extract_tb(stop.__traceback__)), stop.__notes__)

with connect_pandas.sandbox() as box:
    if "ready" in call:
        ready = df.connect.plan("Orders")
    sys.meta_path.insert(0, Loading())
    try_it()
    print(len(box.files), len(box.jobs))
    try_it()
"""


@pytest.mark.parametrize(
    ("module", "call", "note", "made"),
    [
        (
            "polars",
            "df.connect.create_reference_set('Orders')",
            "The frame was still being looked at",
            "ImportJob",
        ),
        ("pandera.pandas", "df.connect.plan('Orders')", "The frame was still being looked at", "ImportPlan"),
        ("gql", "ready.submit()", "The import had not begun", "ImportJob"),
    ],
    ids=["create", "plan", "submit"],
)
def test_an_interrupt_while_a_library_is_loaded_says_that_nothing_was_sent(
    module: str, call: str, note: str, made: str
) -> None:
    stopped, held, *_, again = run("-c", BEGIN + INTERRUPTED, module, call).stdout.splitlines()
    assert stopped.endswith(f"['{note}: nothing was sent.']")
    assert int(stopped.split()[0]) <= 5
    assert (held, again) == ("0 0", f"done {made}")
