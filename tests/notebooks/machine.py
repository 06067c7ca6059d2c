"""A machine where nobody has worked before, for kernels and servers that are processes of their own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_THEIRS = ("CONNECT_", "JUPYTER", "IPYTHON", "XDG_")
_SLOW_TO_LOAD = "rfc3987_syntax"
"""Jupyter checks a kind of address with it that no notebook has, and does without it; it takes seconds to load."""


def new_machine(folder: Path) -> dict[str, str]:
    """Return an environment whose home, settings and keyring are ``folder``'s own.

    What is installed beside this Python is found, whatever else this machine has for Jupyter is not.
    """
    home = folder / "home"
    home.mkdir(parents=True)
    first = folder / "python"
    first.mkdir()
    (first / f"{_SLOW_TO_LOAD}.py").write_text("raise ImportError\n")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(_THEIRS)},
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(first), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "IPYTHONDIR": str(home / ".ipython"),
        "JUPYTER_CONFIG_DIR": str(home / ".jupyter"),
        "JUPYTER_DATA_DIR": str(home / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(home / "jupyter/runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
