"""paramiko's SFTP client, with requests whose answers are ours to read, and words for what goes wrong."""

from __future__ import annotations

import struct
import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import paramiko
from paramiko.sftp import (
    CMD_CLOSE,
    CMD_EXTENDED,
    CMD_EXTENDED_REPLY,
    CMD_HANDLE,
    CMD_INIT,
    CMD_OPEN,
    CMD_STATUS,
    CMD_VERSION,
    CMD_WRITE,
    SFTP_DESC,
    SFTP_FLAG_CREATE,
    SFTP_FLAG_TRUNC,
    SFTP_FLAG_WRITE,
    SFTP_OK,
    SFTPError,
)

PIECE: Final = 32_640
"""Bytes of a write that every server takes: with its header it fills one SSH message of 32 KiB, and not two."""
PIECE_MAX: Final = 261_000
"""Bytes of a write when the server says that it takes as much."""

MOMENT: Final = 0.5
"""Seconds for which an answer is looked for that came while this machine slept."""
TROUBLE: Final = (paramiko.SSHException, SFTPError, EOFError, OSError, UnicodeError, struct.error)
"""What paramiko raises when the server refuses, breaks off, keeps silent or talks nonsense."""


class Answer(NamedTuple):
    number: int
    code: int
    words: str


_NOTHING: Final = memoryview(b"")


class Client(paramiko.SFTPClient):
    """paramiko's client, with writes whose answers are ours to read.

    All that leans on paramiko's inner calls stands here, and pyproject.toml bounds its versions. The outer calls do not
    do: ``SFTPFile`` in its pipelined mode reads answers only while more than 100 are open, and its close reads
    none, so that a refused write among the last hundred and a refused close go unnoticed. Sending whole pieces as they
    lie in memory, without its ``Message``, also spares copies.

    Between ``send_…`` and the last answer no other call may be made: both would read the same channel.
    """

    sock: paramiko.Channel
    piece: int
    """Bytes of a write."""
    heard: float
    """When the last answer came, on the monotonic clock."""

    if TYPE_CHECKING:  # the inner calls, which the type stubs leave out

        def _request(self, kind: int, *fields: object) -> tuple[int, paramiko.Message]: ...
        def _send_packet(self, kind: int, message: paramiko.Message) -> None: ...
        def _read_packet(self) -> tuple[int, bytes]: ...
        def _write_all(self, data: bytes) -> None: ...

    def __init__(self, channel: paramiko.Channel) -> None:
        self._extensions: dict[bytes, bytes] = {}
        self._received = bytearray()
        self._came = threading.Event()
        """Set while there is something to read, or the session is over."""
        channel.in_buffer.set_event(self._came)
        self.heard = time.monotonic()
        super().__init__(channel)
        self.piece = self._ask_piece()

    def _send_version(self) -> int:
        # As paramiko's own, which throws away the pairs by which a server says what more it can do.
        message = paramiko.Message()
        message.add_int(3)
        self._send_packet(CMD_INIT, message)
        kind, data = self._read_packet()
        if kind != CMD_VERSION:
            raise SFTPError("it does not speak SFTP")
        answer = paramiko.Message(data)
        version = answer.get_int()
        while answer.get_remainder():
            name = answer.get_binary()
            self._extensions[name] = answer.get_binary()
        return version

    def _ask_piece(self) -> int:
        if b"limits@openssh.com" not in self._extensions:
            return PIECE
        try:
            kind, answer = self._request(CMD_EXTENDED, "limits@openssh.com")
        except OSError:
            return PIECE
        if kind != CMD_EXTENDED_REPLY:
            return PIECE
        _packet, _read, write = answer.get_int64(), answer.get_int64(), answer.get_int64()
        return min(write, PIECE_MAX) if write > 0 else PIECE

    def find(self, path: str) -> paramiko.SFTPAttributes | None:
        """Return what the server knows of a path; ``None`` when there is nothing."""
        try:
            return self.stat(path)
        except FileNotFoundError:
            return None

    def open_to_write(self, path: str) -> bytes:
        """Open a new file and return its handle."""
        # The flags of every ordinary upload. EXCL would be stricter, but an object store need not know it.
        flags = SFTP_FLAG_WRITE | SFTP_FLAG_CREATE | SFTP_FLAG_TRUNC
        kind, answer = self._request(CMD_OPEN, path, flags, paramiko.SFTPAttributes())
        if kind != CMD_HANDLE:
            raise SFTPError("it gave no handle")
        handle: bytes = answer.get_binary()
        return handle

    def send_write(self, handle: bytes, offset: int, data: memoryview) -> int:
        """Send a write and return its number."""
        fields = struct.pack(">QI", offset, len(data))
        return self._post(CMD_WRITE, handle, fields, data)

    def send_close(self, handle: bytes) -> int:
        """Send a close and return its number."""
        return self._post(CMD_CLOSE, handle)

    def _post(self, kind: int, handle: bytes, fields: bytes = b"", data: memoryview = _NOTHING) -> int:
        number = self.request_number
        self.request_number += 1
        head = struct.pack(">BII", kind, number, len(handle)) + handle + fields
        head = struct.pack(">I", len(head) + len(data)) + head
        # One SSH message holds so much; what does not fit goes out in messages that are full.
        room = self.sock.out_max_packet_size - 64
        first = room - len(head)
        self._write_all(b"".join((head, data[:first])))
        for start in range(first, len(data), room):
            self._write_all(bytes(data[start : start + room]))
        return number

    def has_answers(self) -> bool:
        """Say whether an answer can be read without waiting."""
        return self.sock.recv_ready()

    def read_answers(self) -> list[Answer]:
        """Wait until something comes, and return the answers that are whole: none, when it was less than one."""
        data = self._receive(65536)
        if not data:
            raise EOFError("the server closed the session")
        self.heard = time.monotonic()
        received = self._received
        received += data
        answers = []
        while len(received) >= 4 and len(received) >= 4 + (size := int.from_bytes(received[:4], "big")):
            answers.append(_read_status(bytes(received[4 : 4 + size])))
            del received[: 4 + size]
        return answers

    def _read_all(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            if not (more := self._receive(size - len(data))):
                raise EOFError
            data += more
        return data

    def _receive(self, most: int) -> bytes:
        # paramiko's own wait goes by the wall clock, which may be put right meanwhile. Once more for a moment: when
        # this machine slept, what came meanwhile is there in one.
        if not (self._came.wait(self.sock.gettimeout()) or self._came.wait(MOMENT)):
            raise TimeoutError
        return self.sock.recv(most)


def _read_status(packet: bytes) -> Answer:
    kind, number = struct.unpack_from(">BI", packet)
    if kind != CMD_STATUS:
        raise SFTPError("the server answered with something else than a status")
    message = paramiko.Message(packet[5:])
    code = message.get_int()
    if code == SFTP_OK:
        return Answer(number, code, "")
    known = SFTP_DESC[code] if code < len(SFTP_DESC) else f"code {code}"
    said = message.get_binary().decode("utf-8", "replace") if len(packet) > 9 else ""
    return Answer(number, code, said.strip().rstrip(".") or known)


def words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    said = getattr(error, "strerror", None) or str(error)
    return said.strip().rstrip(".") or type(error).__name__


def is_refusal(error: BaseException, line: paramiko.Channel | paramiko.Transport) -> bool:
    """Say whether the server answered no; else there is no answer, or no connection any more."""
    alive = line.is_active() if isinstance(line, paramiko.Transport) else not line.closed
    return alive and isinstance(error, OSError) and not isinstance(error, TimeoutError)


def say_trouble(
    error: BaseException, where: str, doing: str, line: paramiko.Channel | paramiko.Transport
) -> str:
    if isinstance(error, TimeoutError):
        return f"{where} did not answer in time while {doing}. Try again; check the network if it stays so."
    if is_refusal(error, line):
        return f"{where} refused while {doing}: {words(error)}."
    return f"The connection to {where} was lost while {doing}: {words(error)}. Connect again."
