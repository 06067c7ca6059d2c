"""The package as a whole: its names, what it loads, and which room may know which."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest

import connect_pandas
from connect_pandas import api, errors
from connect_pandas._options import Options
from connect_pandas.accessor import ConnectAccessor

ROOT = Path(connect_pandas.__file__).parent
HEAVY = (
    "polars",
    "pandera",
    "paramiko",
    "gql",
    "ipywidgets",
    "keyring",
    "tqdm",
    "asyncssh",
    "ariadne",
    "uvicorn",
)


def test_the_export_list_is_what_there_is() -> None:
    for name in connect_pandas.__all__:
        assert getattr(connect_pandas, name) is not None, name
    assert dir(connect_pandas) == sorted(connect_pandas.__all__)
    with pytest.raises(AttributeError, match="no attribute 'plans'"):
        connect_pandas.plans  # noqa: B018


def test_every_error_is_exported_and_one_of_ours() -> None:
    assert set(errors.__all__) <= set(connect_pandas.__all__)
    for name in errors.__all__:
        error = getattr(errors, name)
        assert issubclass(error, errors.ConnectError | UserWarning)
        if error is not errors.ConnectWarning:
            assert f" {name} " in f"{errors.__doc__} ".replace("\n", " ")


def test_import_loads_nothing_heavy() -> None:
    code = f"import sys, connect_pandas; print([m for m in {HEAVY!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_showing_the_service_loads_nothing_heavy() -> None:
    code = (
        "import sys, connect_pandas.notebook.view_service, connect_pandas.notebook.view_sandbox;"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_functions_stay_functions_whatever_has_been_loaded() -> None:
    code = (
        "import pandas, connect_pandas; df = pandas.DataFrame({'Order ID': ['a', 'b']});"
        "df.connect.plan('Orders'); connect_pandas.Sandbox;"
        "print(all(callable(getattr(connect_pandas, n)) for n in connect_pandas.__all__))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "True"


@pytest.mark.parametrize(
    "name", ["infer", "schema", "validate", "repair", "plan", "create_reference_set", "form"]
)
def test_a_method_is_its_twin(name: str) -> None:
    twin, method = getattr(api, name), getattr(ConnectAccessor, name)
    theirs, ours = list(inspect.signature(twin).parameters), list(inspect.signature(method).parameters)
    assert (theirs[0], ours[0]) == ("df", "self")
    assert theirs[1:] == ours[1:]
    words = inspect.getdoc(method)
    assert words is not None
    assert "Raises" in words
    assert "df :" not in words


def test_the_keywords_are_the_options_of_a_plan() -> None:
    known = [f.name for f in fields(Options)]
    spelled = [p for p in inspect.signature(api.plan).parameters if p != "df"]
    assert spelled == known
    assert list(api.PlanOptions.__annotations__) == known[1:]
    defaults = {
        f.name: f.default or None for f in fields(Options) if f.name not in ("name", "folder", "header")
    }
    defaults |= {"folder": "", "header": True}
    parameters = inspect.signature(api.create_reference_set).parameters
    assert {n: parameters[n].default for n in defaults} == defaults


def test_the_accessor_is_registered() -> None:
    assert isinstance(pd.DataFrame({"a": [1]}).connect, ConnectAccessor)


# ── the direction of the arrows ──────────────────────────────────────────────────────────────────────

_ALLOWED = {
    "errors": {"data.problems", "service.job"},  # types only
    "rules": set[str](),
    "data": {"errors", "rules", "data", "notebook.display"},  # a value shows itself when asked
    "service": {"errors", "rules", "service", "notebook.draw", "notebook.view_service"},
    "_sandbox": {
        *("errors", "rules", "_sandbox", "service.connection"),
        *("notebook.draw", "notebook.live", "notebook.progress", "notebook.view_sandbox"),
    },
}


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("connect_pandas"):
            room = node.module.removeprefix("connect_pandas").lstrip(".")
            found |= {room} if room else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            names = (a.name for a in node.names)
            found |= {n.removeprefix("connect_pandas.") for n in names if n.startswith("connect_pandas.")}
    return found


def _modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py")) if (ROOT / room).is_dir() else [ROOT / f"{room}.py"]


@pytest.mark.parametrize("room", _ALLOWED)
def test_a_room_knows_only_its_neighbours(room: str) -> None:
    for module in _modules(room):
        for name in _imports(module):
            assert any(name == a or name.startswith(f"{a}.") for a in _ALLOWED[room]), (
                f"{module.name}: {name}"
            )


@pytest.mark.parametrize("room", ["data", "service", "_sandbox"])
def test_how_a_value_is_shown_is_loaded_when_it_is_shown(room: str) -> None:
    for module in _modules(room):
        loaded = [
            node.module or ""
            for node in ast.parse(module.read_text("utf-8")).body
            if isinstance(node, ast.ImportFrom)
        ]
        assert not [name for name in loaded if name.startswith("connect_pandas.notebook")], module.name


def test_the_service_side_knows_no_frame() -> None:
    for module in _modules("service"):
        loaded = {n.split(".")[0] for n in _top_level_imports(module)}
        assert not loaded & {"pandas", "polars", "pyarrow", "pandera", "numpy"}, module.name


def test_the_data_side_knows_no_network() -> None:
    for module in _modules("data"):
        loaded = {n.split(".")[0] for n in _top_level_imports(module)}
        assert not loaded & {"paramiko", "gql", "httpx", "socket", "ssl", "keyring"}, module.name


def _top_level_imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found
