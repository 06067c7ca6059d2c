"""A sandbox's own folder, and those that killed sandboxes left behind.

Who is killed removes nothing, and the folder holds keys. So a living sandbox holds a lock in its folder, which the
system lets go whatever ends the process; the next sandbox removes the folders of this user that nobody holds.
A process id alone would not do: it may belong to another process by now, or to another container.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import IO, Final

PREFIX: Final = "connect-sandbox-"
_HELD: Final = "pid"


def make() -> tuple[Path, IO[str] | None]:
    """Make a folder for this user's eyes only, and hold it.

    Returns
    -------
    folder : Path
    held : file or None
        Closing it lets the folder go; ``None`` where the system has no such locks (Windows).
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    # Locked before it has its name: nobody ever sees it unlocked.
    held = _lock(folder / f"{_HELD}.new", "x")
    if held is not None:
        held.write(str(os.getpid()))
        held.flush()
        (folder / f"{_HELD}.new").rename(folder / _HELD)
    return folder, held


def remove_leftovers() -> None:
    """Remove the folders of this user's sandboxes that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        held = _lock(folder / _HELD, "r") if _is_own(folder) else None
        if held is not None:
            with held:
                shutil.rmtree(folder, ignore_errors=True)


if sys.platform == "win32":

    def _lock(path: Path, mode: str) -> IO[str] | None:
        return None

    def _is_own(folder: Path) -> bool:
        return False

else:
    import fcntl

    def _lock(path: Path, mode: str) -> IO[str] | None:
        """Open and lock a file; ``None`` when it is not there or somebody holds it."""
        try:
            file: IO[str] = path.open(mode, encoding="ascii")
        except OSError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
        return file

    def _is_own(folder: Path) -> bool:
        try:
            return not folder.is_symlink() and folder.stat().st_uid == os.getuid()
        except OSError:  # it is being removed
            return False
