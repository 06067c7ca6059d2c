"""Which process goes on with an import: this one, another of this machine, or one that cannot be seen from here."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any


def this_process() -> dict[str, Any]:
    """Return what tells this process from every other, for a step that says who goes on with an import."""
    now = {"process": os.getpid(), "machine": platform.node(), "since": _since(os.getpid())}
    return now | ({"space": space} if (space := _space()) else {})


def is_seen(by: dict[str, Any]) -> bool:
    """Whether a process would be seen from here: a container may have the name of another, not its processes."""
    return has_our_name(by) and by.get("space", _space()) == _space()


def has_our_name(by: dict[str, Any]) -> bool:
    """Whether its machine has the name of this one."""
    return by.get("machine") == platform.node()


def runs(by: dict[str, Any]) -> bool:
    """Whether another process of this number, which is still the same, runs here."""
    process = by.get("process")
    if not isinstance(process, int) or process == os.getpid() or not 0 < process < 2**31:
        return False
    if by.get("since") and by["since"] != _since(process):
        return False
    if sys.platform == "win32":
        return _runs_on_windows(process)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True


def _space() -> str:
    """Return what tells from where processes are seen, as in a container; empty where nothing says."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _since(process: int) -> str:
    """Return since when a process runs, which tells it from a later one of its number; empty where nothing says."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *others = stat.rpartition(")")[2].split()
    return "" if state == "Z" else f"{boot} {others[18]}"  # one that has ended, and waits to be noticed


def _runs_on_windows(process: int) -> bool:
    # os.kill(…, 0) would end it there. 0x1000 asks for no more than to query it; 259 is its exit code while it runs.
    import ctypes

    kernel, code = ctypes.WinDLL("kernel32"), ctypes.c_ulong()  # type: ignore[attr-defined,unused-ignore]
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(kernel.OpenProcess(0x1000, False, process))
    try:
        return bool(kernel.GetExitCodeProcess(handle, ctypes.byref(code))) and code.value == 259
    finally:
        kernel.CloseHandle(handle)
