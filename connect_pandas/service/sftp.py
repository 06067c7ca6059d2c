"""The file server: one verified session, folders, and the upload of a file that is confirmed or gone."""

from __future__ import annotations

import hashlib
import stat
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from posixpath import join, normpath
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from connect_pandas.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectError,
    ConnectionFailed,
    HostKeyError,
    PlanError,
    UploadFailed,
)
from connect_pandas.service import keys, logon
from connect_pandas.service.connection import SUBSCRIPTION_PREFIX, require_running
from connect_pandas.service.upload import Cancelled, Feed, Receipt, Writer
from connect_pandas.service.wire import TROUBLE, Client, is_refusal, say_trouble, words

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator

    import paramiko

    from connect_pandas.service.connection import Connection


SECOND_LOGON: Final = 0.02
"""How long to wait before a logon is tried once more, as a share of the time-out: 0.6 s of 30."""


class RemoteFile(NamedTuple):
    """A file on the server; ``size`` in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Session:
    """A logon to the file server, closed by the end of its ``with`` block. For one thread at a time.

    Attributes
    ----------
    directory : str
        The subscription's directory on the server; every folder is looked up in it.
    """

    directory: str
    _where: str
    _timeout: float
    _transport: paramiko.Transport = field(repr=False)
    _client: Client = field(repr=False)

    @property
    def host_key(self) -> str:
        """The fingerprint of the host key by which the server has proved itself, ``SHA256:…``."""
        return self._transport.get_remote_server_key().fingerprint

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Log off. Closing twice does nothing."""
        logon.close(self._transport)

    def path(self, folder: str, filename: str = "") -> str:
        """Return the full path of a folder of the directory, or of a file in it.

        Raises
        ------
        PlanError
            When the folder leads out of the directory, or the name is none.
        """
        parts = [part for part in folder.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise PlanError(f"folder={folder!r} leads out of the subscription's directory.")
        if "/" in filename or filename in (".", ".."):
            raise PlanError(f"filename={filename!r} is not a plain name; the folder goes into folder=….")
        return "/".join([self.directory.rstrip("/"), *parts, *([filename] if filename else [])]) or "/"

    def size(self, folder: str, filename: str) -> int | None:
        """Return a file's size in bytes, or ``None`` when there is none of that name.

        Raises
        ------
        ConnectionFailed
            When the server does not say.
        """
        path = self.path(folder, filename)
        with self._answers(f"looking for {path}"):
            found = self._client.find(path)
            return None if found is None else found.st_size or 0

    def files(self, folder: str) -> tuple[RemoteFile, ...]:
        """Return the files of a folder by name, none of its sub-folders; nothing when there is no such folder.

        Raises
        ------
        ConnectionFailed
            When the server does not say.
        """
        path = self.path(folder)
        with self._answers(f"listing {path}"):
            try:
                entries = self._client.listdir_attr(path)
            except FileNotFoundError:
                return ()
        return tuple(sorted(RemoteFile(e.filename, e.st_size or 0) for e in entries if not _is_folder(e)))

    def folders(self) -> tuple[str, ...]:
        """Return the names of the folders in the directory itself, in order.

        Raises
        ------
        ConnectionFailed
            When the server does not say.
        """
        with self._answers(f"listing {self.directory}"):
            return tuple(_folders(self._client, self.directory))

    def make_folder(self, folder: str) -> None:
        """Make a folder of the directory, each level that is not there yet; ``""`` is the directory itself.

        Raises
        ------
        UploadFailed
            When the server refuses, or a file is in the way.
        ConnectionFailed
            When the connection breaks.
        """
        parts = [part for part in folder.split("/") if part not in ("", ".")]
        for depth in range(1, len(parts) + 1):
            self._make_level(self.path("/".join(parts[:depth])))

    def _make_level(self, path: str) -> None:
        with self._answers(f"making the folder {path}"):
            found = self._client.find(path)
            if found is None:
                try:
                    self._client.mkdir(path)
                    return
                except OSError as refused:
                    if not is_refusal(refused, self._client.sock):
                        raise
                    found, said = self._client.find(path), words(refused)
            if found is None:
                raise UploadFailed(
                    f"The server refused to make the folder {path}: {said}.\n"
                    'Nothing was sent. Use a folder that exists, or folder="" for the directory itself.'
                )
            if not _is_folder(found):
                raise UploadFailed(f"{path} is a file, so it cannot be a folder. Nothing was sent.")

    def remove(self, folder: str, filename: str) -> None:
        """Remove a file; it is no error when it is gone already.

        Raises
        ------
        ConnectionFailed
            When the server refuses or the connection breaks.
        """
        path = self.path(folder, filename)
        with self._answers(f"removing {path}"), suppress(FileNotFoundError):
            self._client.remove(path)

    def upload(
        self,
        folder: str,
        filename: str,
        pieces: Iterable[tuple[bytes, int]],
        *,
        sent: Callable[[int, int], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Receipt:
        """Write one new file, from its first byte to its last, and confirm it.

        Parameters
        ----------
        folder, filename : str
            Where to; the folder must exist.
        pieces : iterable of (bytes, rows)
            The file in slices of any size, with the rows that end in each. It is consumed in this thread, a few
            slices ahead of the network.
        sent : callable, optional
            Called as ``sent(bytes, rows)``, in this thread, with what the server has confirmed since the last call;
            rows count once all of their slice is confirmed. The sums are the file's.
        cancel : threading.Event, optional
            Set it (from another thread) to give up.

        Returns
        -------
        Receipt
            Only when the server has confirmed every write, the close and the size.

        Raises
        ------
        UploadFailed
            When the name is taken (nothing is sent then), anything is refused, the connection breaks, or ``cancel``
            is set. What had been written is removed, and the message says whether that worked.
        Exception
            What ``pieces`` or ``sent`` raise, and ``KeyboardInterrupt``, come out as they are after the same
            cleaning; a note on them says whether it worked.
        """
        if not filename:
            raise PlanError("The file needs a name.")
        path = self.path(folder, filename)
        if self.size(folder, filename) is not None:
            raise UploadFailed(
                f"{path} exists already and may still wait for its import; nothing was sent.\n"
                "Leave filename=… away for a name that is unique, or give another one."
            )
        feed = Feed(sent=sent, cancel=cancel)
        writer = Writer(self._client, path, feed, self._timeout)
        digest = hashlib.sha256()
        writer.start()
        try:
            for data, rows in pieces:
                digest.update(data)
                feed.put(data, rows)
            feed.finish()
            writer.join()
            return Receipt(path, feed.confirmed, digest.hexdigest())
        except BaseException as error:
            left = _give_up(writer, path)
            if isinstance(error, Cancelled):
                raise UploadFailed(f"The upload of {path} was cancelled. {left}") from None
            if error is not feed.failure:
                error.add_note(f"The upload of {path} was broken off by this. {left}")
            raise

    @contextmanager
    def _answers(self, doing: str) -> Iterator[None]:
        """Turn what goes wrong on the way into this package's words."""
        try:
            yield
        except ConnectError:
            raise
        except TROUBLE as error:
            raise ConnectionFailed(say_trouble(error, self._where, doing, self._client.sock)) from error


def _give_up(writer: Writer, path: str) -> str:
    try:
        return writer.give_up()
    except BaseException as again:  # interrupted once more: whoever presses twice does not wait
        again.add_note(f"The upload of {path} was broken off by this. {writer.may_be_left}")
        writer.cut()
        raise


# ── logging on ───────────────────────────────────────────────────────────────────────────────────────────────────


def open_session(connection: Connection, *, timeout: float | None = None) -> Session:
    """Log on to the file server with the connection's key, and find the subscription's directory.

    A logon that failed at once, as when a connection is reset, is tried once more: nothing can happen twice by it.

    Parameters
    ----------
    connection : Connection
        Who, where, with which key, and what the server must show.
    timeout : float, optional
        Seconds for each step: to reach the server, for each handshake (a second one when the first shows a host key of
        another kind), for the logon, and afterwards for each single answer. By default the connection's.

    Returns
    -------
    Session
        Use it in a ``with`` block.

    Raises
    ------
    ConfigurationError
        When the key cannot be used, the directory is not there, or there are several ``sub_…`` to choose from.
    HostKeyError
        When the server does not prove to be the one expected. The user's name was not sent then.
    AuthenticationFailed
        When the server does not take this user with this key.
    ConnectionFailed
        When the server cannot be reached, is no SFTP server, or says nothing for too long.
    """
    require_running(connection)
    key = keys.load(connection.key_file, connection.passphrase)
    seconds, begin = timeout or connection.timeout, time.monotonic()
    try:
        return _log_on(connection, key, seconds)
    except (AuthenticationFailed, HostKeyError):
        raise
    except ConnectionFailed:
        if time.monotonic() - begin >= seconds:
            raise
        time.sleep(SECOND_LOGON * seconds)
        return _log_on(connection, key, seconds)


def _log_on(connection: Connection, key: paramiko.PKey | None, timeout: float) -> Session:
    where = f"{connection.host}:{connection.port}"
    transport = logon.verified_transport(connection, keys.trust(connection), timeout)
    try:
        with logon.deadline(transport, where, timeout):
            logon.authenticate(transport, connection, key)
            client = logon.open_client(transport, where, timeout)
        return Session(_find_directory(client, connection), where, timeout, transport, client)
    except TROUBLE as error:
        logon.close(transport)
        raise ConnectionFailed(say_trouble(error, where, "logging on", transport)) from error
    except BaseException:
        logon.close(transport)
        raise


def _find_directory(client: Client, connection: Connection) -> str:
    home = client.normalize(".")
    if connection.directory is not None:
        # However it is spelt, it is one directory to the journal.
        path = normpath(join(home, connection.directory))
        found = client.find(path)
        if found is None or not _is_folder(found):
            raise ConfigurationError(_say_no_directory(client, home, path, is_file=found is not None))
        return path
    subscriptions = [name for name in _folders(client, home) if name.startswith(SUBSCRIPTION_PREFIX)]
    if len(subscriptions) > 1:
        raise ConfigurationError(
            f"{connection.user} has several subscriptions: {', '.join(subscriptions)}.\n"
            f'Say which: connect_pandas.connect(…, directory="{subscriptions[0]}")'
        )
    return "/".join([home.rstrip("/"), *subscriptions]) or "/"


def _folders(client: Client, path: str) -> list[str]:
    return sorted(entry.filename for entry in client.listdir_attr(path) if _is_folder(entry))


def _is_folder(attributes: paramiko.SFTPAttributes) -> bool:
    if attributes.st_mode is None:  # optional in SFTP; the long name is what `ls -l` would print
        return getattr(attributes, "longname", "").startswith("d")
    return stat.S_ISDIR(attributes.st_mode)


def _say_no_directory(client: Client, home: str, path: str, *, is_file: bool) -> str:
    what = "is a file, no directory" if is_file else "does not exist on the server"
    there = ", ".join(_folders(client, home)[:20]) or "no directory at all"
    return f"directory: {path} {what}. In {home} there is: {there}.\nLeave directory=… away to take the only sub_… one."
