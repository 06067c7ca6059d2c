"""One sequential writer that believes no upload before it is confirmed.

An upload is told by two threads. The caller's encodes: it takes slices from the encoder and puts them into a
:class:`Feed` of a few places. The other one owns the network from the opening of the remote file to its
confirmation or its removal. So encoding and sending overlap; an error of the encoder surfaces where the encoder was
called; and an interrupt, which Python raises in the main thread only, never cuts a packet in two: the file can always
be removed over the same session.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from paramiko.sftp import (
    SFTP_OK,
    SFTPError,
)

from connect_pandas.errors import (
    UploadFailed,
)
from connect_pandas.service.wire import TROUBLE, Answer, Client, is_refusal, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


OPEN_BYTES: Final = (1 << 20, 8 << 20)
"""The fewest and the most bytes of writes that are not answered yet."""
BYTES_A_SECOND: Final = 50_000_000
"""Bytes a second that shall flow whatever the round trip: it times this is open, as 4 MB at 80 ms. More would only
wait in the server's buffers, which costs it time."""
SLICES_AHEAD: Final = 2
"""Slices that the encoder may be ahead of the network."""
CLEANING_SECONDS: Final = 10.0
"""The longest wait for one answer while a failed upload is tidied up."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What has arrived: the server confirmed every write, the close, and then the size."""

    path: str
    """The full path on the server."""
    size: int
    """Bytes."""
    sha256: str
    """Of the bytes that were sent, in hexadecimal."""


class Cancelled(Exception):
    """The caller's ``cancel`` was set."""


class GivenUp(Exception):
    """The caller's thread broke off."""


class Refused(Exception):
    """The server said no; the text says to what and in which words."""


@dataclass(slots=True)
class Feed:
    """The joint between the two threads: slices go one way, confirmations the other."""

    sent: Callable[[int, int], None] | None
    cancel: threading.Event | None
    confirmed: int = 0
    """Bytes that the server has confirmed."""
    failure: BaseException | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _slices: deque[bytes] = field(default_factory=deque)
    _marks: deque[tuple[int, int]] = field(default_factory=deque)
    """Where each slice ends in the file, and its rows, until that is told."""
    _end: int = 0
    _told: int = 0
    _complete: bool = False
    _given_up: bool = False
    _over: bool = False

    # the caller's side

    def put(self, data: bytes, rows: int) -> None:
        """Hand over a slice as soon as there is room; tell meanwhile what is confirmed."""
        self._end += len(data)
        self._marks.append((self._end, rows))
        self._wait(lambda: len(self._slices) < SLICES_AHEAD)
        with self._changed:
            self._slices.append(data)
            self._changed.notify_all()

    def finish(self) -> None:
        """Say that there is no more, and wait until the file is confirmed."""
        with self._changed:
            self._complete = True
            self._changed.notify_all()
        self._wait(lambda: self._over)

    def give_up(self) -> None:
        with self._changed:
            self._given_up = True
            self._changed.notify_all()

    def _wait(self, ready: Callable[[], bool]) -> None:
        while True:
            if self.cancel is not None and self.cancel.is_set():
                raise Cancelled
            with self._changed:
                # Short waits: confirmations and a cancel wake nobody, and on Windows an interrupt waits for the end.
                self._changed.wait_for(lambda: ready() or self._over, 0.1)
                done, failure = ready(), self.failure
            if failure is not None:
                raise failure
            self._tell()
            if done:
                return

    def _tell(self) -> None:
        confirmed = self.confirmed
        rows = 0
        while self._marks and self._marks[0][0] <= confirmed:
            rows += self._marks.popleft()[1]
        fresh, self._told = confirmed - self._told, confirmed
        if self.sent is not None and (fresh or rows):
            self.sent(fresh, rows)

    # the network's side

    def slices(self, while_waiting: Callable[[], None]) -> Iterator[bytes]:
        """Yield the slices to their end."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._slices or self._complete or self._given_up, 0.02)
                self.check()
                data = self._slices.popleft() if self._slices else None
                self._changed.notify_all()
                if data is None and self._complete:
                    return
            if data is None:
                while_waiting()
            else:
                yield data

    def check(self) -> None:
        if self._given_up:
            raise GivenUp

    def confirm(self, size: int) -> None:
        self.confirmed += size

    def close(self, failure: BaseException | None) -> None:
        with self._changed:
            self.failure = failure
            self._over = True
            self._changed.notify_all()


class Writer(threading.Thread):
    """The thread that owns the network while a file is written: it confirms the file or removes it."""

    def __init__(self, client: Client, path: str, feed: Feed, timeout: float) -> None:
        super().__init__(name=f"upload {path}", daemon=True)
        self._client = client
        self._path = path
        self._feed = feed
        self._timeout = timeout
        self._arrived = False
        self._left = "Nothing was left behind."

    def give_up(self) -> str:
        """Break off, and return the sentence that says whether something was left behind.

        A server that has said nothing for ``CLEANING_SECONDS``, or the shorter time-out, is not waited for any longer.
        """
        self._feed.give_up()
        begin, patience = time.monotonic(), min(self._timeout, CLEANING_SECONDS)
        while self.is_alive():
            self.join(0.1)
            if time.monotonic() - max(begin, self._client.heard) > patience:
                self.cut()
                return self.may_be_left
        if self._arrived:  # it was too late to break off
            self._remove()
        return self._left

    def cut(self) -> None:
        """End the connection, which ends every wait of this thread."""
        self._client.sock.get_transport().sock.close()
        self.join(1.0)

    def run(self) -> None:
        try:
            self._write()
        except BaseException as error:  # noqa: BLE001 - it is raised in the caller's thread
            self._feed.close(error)
        else:
            self._feed.close(None)

    def _write(self) -> None:
        started = time.monotonic()
        try:
            handle = self._client.open_to_write(self._path)
        except TROUBLE as error:
            raise self._not_opened(error) from error
        window = Window(self._client, handle, self._feed, _open_bytes(time.monotonic() - started))
        try:
            self._fill(window)
            window.close()
            self._confirm(window.offset)
            self._arrived = True
        except Refused as refused:
            self._clean(window)
            raise UploadFailed(
                f"The upload of {self._path} failed: {refused}\n{self._left}\n"
                "Upload again; if it fails again, look whether the directory is full (by default 5 GB and 100 files) "
                "and whether this user may write there."
            ) from None
        except GivenUp:
            self._clean(window)
        except TROUBLE as error:
            self._clean(window)
            raise self._lost(error) from error

    def _not_opened(self, error: BaseException) -> UploadFailed:
        if not is_refusal(error, self._client.sock):
            self._left = self.may_be_left
            return self._lost(error)
        return UploadFailed(
            f"The server refused to open {self._path} for writing: {words(error)}. Nothing was sent.\n"
            "Check that the folder exists, that this user may write there, and that the directory is not full (by "
            "default 100 files and 5 GB): connect_pandas.connect(…).check() counts them."
        )

    def _lost(self, error: BaseException) -> UploadFailed:
        return UploadFailed(
            f"The connection was lost while {self._path} was written, after {self._feed.confirmed:,} confirmed "
            f"bytes: {words(error)}.\n{self._left}\nCheck the network and upload again."
        )

    @property
    def may_be_left(self) -> str:
        """The sentence for a file of which nobody knows."""
        return f"A partial file may be left on the server: {self._path}"

    def _fill(self, window: Window) -> None:
        tail = b""
        for data in self._feed.slices(window.collect_ready):
            tail = window.write_whole_pieces(tail, data)
        if tail:
            window.write(memoryview(tail))

    def _confirm(self, size: int) -> None:
        try:
            found = self._client.find(self._path)
        except TROUBLE as error:
            if is_refusal(error, self._client.sock):
                raise Refused(
                    f"the server took all of it and does not say how large it is: {words(error)}."
                ) from None
            raise
        if found is None:
            raise Refused("the server took all of it and then had no such file.")
        if found.st_size != size:
            raise Refused(f"{size:,} bytes were sent and the server has {found.st_size:,}.")

    def _clean(self, window: Window) -> None:
        """Close and remove what was written, and see whether it is gone."""
        self._remove(before=window.abandon)

    def _remove(self, before: Callable[[], None] = lambda: None) -> None:
        self._left = self.may_be_left
        channel = self._client.sock
        channel.settimeout(min(self._timeout, CLEANING_SECONDS))
        try:
            before()
            with suppress(OSError):
                self._client.remove(self._path)
            if self._client.find(self._path) is None:
                self._left = "Nothing was left behind."
        except TROUBLE:
            pass  # the sentence stands as it is
        finally:
            channel.settimeout(self._timeout)


def _open_bytes(round_trip: float) -> int:
    fewest, most = OPEN_BYTES
    return int(min(max(round_trip * BYTES_A_SECOND, fewest), most))


@dataclass(slots=True)
class Window:
    """Writes that go out before their answers come back; every answer is read, that to the close, too."""

    client: Client
    handle: bytes
    feed: Feed
    most: int
    """Bytes that may be open at once."""
    offset: int = 0
    """Where the next write begins."""
    closed: bool = False
    _unanswered: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Offset and size of each open write, by the number of its request."""
    _open_bytes: int = 0

    def write_whole_pieces(self, tail: bytes, data: bytes) -> bytes:
        """Write a slice, with the tail of the one before; return the tail that fills no piece."""
        size = self.client.piece
        view = memoryview(data)
        if tail:
            missing = size - len(tail)
            joined = b"".join((tail, view[:missing]))
            if len(joined) < size:
                return joined
            self.write(memoryview(joined))
            view = view[missing:]
        whole = len(view) - len(view) % size
        for start in range(0, whole, size):
            self.write(view[start : start + size])
        return bytes(view[whole:])

    def write(self, piece: memoryview) -> None:
        self.feed.check()
        while self._unanswered and self._open_bytes + len(piece) > self.most:
            self._collect()
        number = self.client.send_write(self.handle, self.offset, piece)
        self._unanswered[number] = (self.offset, len(piece))
        self._open_bytes += len(piece)
        self.offset += len(piece)
        self.collect_ready()

    def collect_ready(self) -> None:
        """Read the answers that are there, without waiting for more."""
        if self._unanswered and self.client.has_answers():
            self._collect()

    def close(self) -> None:
        """Wait for all answers, then close the file: a server may refuse the whole of it there."""
        while self._unanswered:
            self.feed.check()
            self._collect()
        number = self.client.send_close(self.handle)
        self.closed = True
        answers: list[Answer] = []
        while not answers:
            answers = self.client.read_answers()
        if len(answers) > 1 or answers[0].number != number:
            raise SFTPError("the server answered what was not asked")
        if answers[0].code != SFTP_OK:
            raise Refused(f"the server refused to close the file: {answers[0].words}.")

    def abandon(self) -> None:
        """Read what answers are still to come, whatever they say, and close."""
        while self._unanswered:
            for answer in self.client.read_answers():
                self._unanswered.pop(answer.number, None)
        if not self.closed:
            with suppress(Refused):
                self.close()

    def _collect(self) -> None:
        confirmed = 0
        refused = None
        for answer in self.client.read_answers():
            if answer.number not in self._unanswered:
                raise SFTPError("the server answered what was not asked")
            offset, size = self._unanswered.pop(answer.number)
            self._open_bytes -= size
            if answer.code == SFTP_OK:
                confirmed += size
            elif refused is None:
                refused = Refused(
                    f"the server refused the {size:,} bytes from offset {offset:,} on: {answer.words}."
                )
        if confirmed:
            self.feed.confirm(confirmed)
        if refused is not None:
            raise refused
