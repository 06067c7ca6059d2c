"""The file server's disk: an object store, in which a file is there whole or not at all."""

from __future__ import annotations

import contextlib
import itertools
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

from connect_pandas.rules import DIRECTORY_BYTES_MAX, DIRECTORY_FILES_MAX

if TYPE_CHECKING:
    from pathlib import Path

    from connect_pandas._sandbox.bell import Bell

Key = tuple[str, ...]
"""The segments of a path from the logon root: ``("sub_1X", "RS", "orders.csv")``; ``()`` is the root."""


class RefusedError(Exception):
    """The store does not do this; the message is for the client."""


class MissingError(RefusedError):
    """Nothing is there."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was closed by its writer."""

    content: Path
    size: int
    modified: datetime


@dataclass(slots=True, eq=False)
class Upload:
    """A file in the making: bytes on disk, a name nowhere."""

    key: Key
    file: IO[bytes]
    content: Path
    end: int = 0
    """Where the next write has to begin."""
    writes: int = 0
    broken: bool = False


class Store:
    """One subscription's directory under the logon root.

    Names are keys of a dictionary and contents are numbered files in the private folder: no name that a
    client thinks of can touch this machine's file system, and replacing a file is one assignment.

    Parameters
    ----------
    folder : Path
        Where contents go; it exists and belongs to the sandbox alone.
    subscription : str
        The name of the one directory under the root.
    bell : Bell
        Rings when a file has come or gone.
    """

    def __init__(self, folder: Path, subscription: str, bell: Bell) -> None:
        self.subscription = subscription
        self._bell = bell
        self._folder = folder
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._files: dict[Key, StoredFile] = {}
        self._folders: set[Key] = {(), (subscription,)}
        self._uploads: set[Upload] = set()

    def files(self) -> dict[Key, StoredFile]:
        """Return what is there now."""
        with self._lock:
            return dict(self._files)

    def find(self, key: Key) -> StoredFile | None:
        """Return the file of this name; ``None`` stands for a folder.

        Raises
        ------
        MissingError
            When there is neither.
        """
        with self._lock:
            return self._find(key)

    def list(self, key: Key) -> dict[str, StoredFile | None]:
        """Return what lies in a folder by name; ``None`` stands for a folder."""
        with self._lock:
            if self._find(key) is not None:
                raise RefusedError(f"{_show(key)} is a file, not a directory.")
            entries: dict[str, StoredFile | None] = {
                k[-1]: None for k in self._folders if k and k[:-1] == key
            }
            return entries | {k[-1]: file for k, file in self._files.items() if k[:-1] == key}

    def make_folder(self, key: Key) -> None:
        with self._lock:
            self._check_new(key)
            self._folders.add(key)

    def remove_folder(self, key: Key) -> None:
        with self._lock:
            if self._find(key) is not None:
                raise RefusedError(f"{_show(key)} is a file, not a directory.")
            if len(key) < 2:
                raise RefusedError(f"{_show(key)} cannot be removed.")
            if any(k[:-1] == key for k in (*self._folders, *self._files)):
                raise RefusedError(f"{_show(key)} is not empty.")
            self._folders.remove(key)

    def remove(self, key: Key) -> None:
        """Remove a file."""
        with self._lock:
            if self._find(key) is None:
                raise RefusedError(f"{_show(key)} is a directory.")
            _discard(self._files.pop(key).content)
        self._bell.ring()

    def discard(self, key: Key) -> None:
        """Remove a file if it is there."""
        with self._lock:
            found = self._files.pop(key, None)
        if found is not None:
            _discard(found.content)
            self._bell.ring()

    def rename(self, old: Key, new: Key) -> None:
        """Rename a file to a name that is free."""
        with self._lock:
            if self._find(old) is None:
                raise RefusedError(f"{_show(old)} is a directory; directories are not renamed.")
            self._check_new(new)
            self._files[new] = self._files.pop(old)
        self._bell.ring()

    def begin(self, key: Key) -> Upload:
        """Begin a file. Nothing is there before :meth:`finish`."""
        with self._lock:
            self._check_parent(key)
            if key in self._folders:
                raise RefusedError(f"{_show(key)} is a directory.")
            if key not in self._files:
                self._check_count()
            content = self._folder / f"{next(self._numbers)}.bin"
            upload = Upload(key, content.open("xb"), content)
            self._uploads.add(upload)
            return upload

    def write(self, upload: Upload, offset: int, data: bytes) -> None:
        """Add the next bytes; any other place than the end breaks the upload for good."""
        if upload.broken:
            raise RefusedError("An earlier write of this file was refused.")
        if offset != upload.end:
            upload.broken = True
            raise RefusedError(f"Files are written in sequence: expected offset {upload.end}, got {offset}.")
        if not self._has_room(len(data)):
            upload.broken = True
            raise RefusedError(f"The directory holds at most {DIRECTORY_BYTES_MAX:,} bytes.")
        upload.file.seek(offset)
        upload.file.write(data)
        upload.end += len(data)

    def skip(self, upload: Upload, data: bytes) -> None:
        """Go on as if these bytes had been written."""
        upload.end += len(data)

    def finish(self, upload: Upload) -> None:
        """Make the file appear, in place of an earlier one of this name."""
        upload.file.close()
        with self._lock:
            self._uploads.discard(upload)
            try:
                if upload.broken:
                    raise RefusedError("A write of this file was refused; nothing was stored.")
                self._check_parent(upload.key)
                if upload.key not in self._files:
                    self._check_count()
            except RefusedError:
                _discard(upload.content)
                raise
            replaced = self._files.get(upload.key)
            size = upload.content.stat().st_size
            self._files[upload.key] = StoredFile(upload.content, size, datetime.now(UTC))
            if replaced is not None:
                _discard(replaced.content)
        self._bell.ring()

    def abandon(self, upload: Upload) -> None:
        """Forget a file that nobody finished."""
        upload.file.close()
        with self._lock:
            self._uploads.discard(upload)
        _discard(upload.content)

    def close(self) -> None:
        for upload in tuple(self._uploads):
            self.abandon(upload)

    def _find(self, key: Key) -> StoredFile | None:
        if key in self._folders:
            return None
        if key not in self._files:
            raise MissingError(f"{_show(key)} is not there.")
        return self._files[key]

    def _check_new(self, key: Key) -> None:
        self._check_parent(key)
        if key in self._folders or key in self._files:
            raise RefusedError(f"{_show(key)} is there already.")

    def _check_parent(self, key: Key) -> None:
        if len(key) < 2:
            raise RefusedError(
                f"Only the directory of the subscription, /{self.subscription}, can be written to."
            )
        if key[:-1] not in self._folders:
            raise MissingError(f"The directory {_show(key[:-1])} is not there.")

    def _check_count(self) -> None:
        if len(self._files) >= DIRECTORY_FILES_MAX:
            raise RefusedError(f"The directory is full: it holds at most {DIRECTORY_FILES_MAX} files.")

    def _has_room(self, more: int) -> bool:
        with self._lock:
            stored = sum(file.size for file in self._files.values())
            return stored + sum(upload.end for upload in self._uploads) + more <= DIRECTORY_BYTES_MAX


def _show(key: Key) -> str:
    return "/" + "/".join(key)


def _discard(content: Path) -> None:
    # Windows keeps a file that somebody still reads; stopping the sandbox takes it away.
    with contextlib.suppress(PermissionError):
        content.unlink(missing_ok=True)
