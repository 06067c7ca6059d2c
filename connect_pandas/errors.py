"""Every error that this package raises, in one small tree.

::

    ConnectError
    ├── ValidationError        the data breaks a rule of the service; nothing was sent
    ├── PlanError              a name, a key or an option of the plan cannot be; nothing was sent
    ├── ConfigurationError     a setting of the connection is missing or wrong; nothing was sent
    ├── ConnectionFailed       the service could not be reached, or the way to it broke; no import was begun
    │   ├── AuthenticationFailed   the service answered and does not let this user in
    │   └── HostKeyError           the server does not prove to be the one expected
    ├── UploadFailed           the file did not arrive whole; no import was started
    ├── ImportRejected         the service refused the import, with its own message
    ├── ImportUnconfirmed      the import may or may not have begun; how to find out
    └── ImportTimeout          the wait is over, the import may not be (also a ``TimeoutError``)

A message says what is wrong, where, and what to do; it never holds a secret.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal

from connect_pandas.data.problems import Problems

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    import pandas as pd

    from connect_pandas.data.problems import Problem
    from connect_pandas.service.job import ImportJob

__all__ = [
    "AuthenticationFailed",
    "ConfigurationError",
    "ConnectError",
    "ConnectWarning",
    "ConnectionFailed",
    "HostKeyError",
    "ImportRejected",
    "ImportTimeout",
    "ImportUnconfirmed",
    "PlanError",
    "UploadFailed",
    "ValidationError",
]


_SHORT: Final = 5
"""Names of fewer characters are short."""


def did_you_mean(named: object, known: Collection[object]) -> str:
    """Return ``" Did you mean 'Order ID'?"`` of what is most like what was named; empty where nothing is."""
    from difflib import get_close_matches

    as_given, in_any_case = {str(k): k for k in known}, {str(k).casefold(): k for k in known}
    # A slip is much of a short name, and little of a long one: country_code is no slip for n_code.
    cutoff = 0.6 if len(str(named)) < _SHORT else 0.75
    close = [as_given[c] for c in get_close_matches(str(named), as_given, n=2, cutoff=cutoff)]
    close = close or [
        in_any_case[c] for c in get_close_matches(str(named).casefold(), in_any_case, n=2, cutoff=cutoff)
    ]
    return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""


def warn(words: str) -> None:
    """Warn of something, at the user's own line: that is where it can be put right."""
    warnings.warn(ConnectWarning(words), stacklevel=_level_of_the_user())


_PACKAGE: Final = f"{Path(__file__).parent}{os.sep}"


def _level_of_the_user() -> int:
    """Return how far up the stack the user's own line is, as ``warnings.warn`` counts from its caller."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    return level


def _of_the_user(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback without our first line and all below it; ``None`` where no other is left."""
    theirs: list[TracebackType] = []
    while trace is not None and not trace.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        theirs.append(trace)
        trace = trace.tb_next
    below = None
    for one in reversed(theirs):
        below = TracebackType(below, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return below


def nothing_sent(stop: KeyboardInterrupt, when: str) -> KeyboardInterrupt:
    """Return an interrupt with a note that nothing was sent; in which of our lines it was says nothing to anybody."""
    stop.add_note(f"{when}: nothing was sent.")
    return stop.with_traceback(None)


class ConnectError(Exception):
    """The base of every error that this package raises."""

    def _render_traceback_(self) -> list[str]:
        """Return the traceback that IPython, who asks for it, shows: down to the line that called this package.

        Where more than the usual is asked for, by ``%xmode Verbose``, it is whole. The error itself keeps all of it:
        for ``%debug``, for logs, for plain Python.
        """
        from IPython.core.getipython import get_ipython

        if (shell := get_ipython()) is None:
            return traceback.format_exception(self)
        writer, whole = shell.InteractiveTB, self.__traceback__
        trace = whole if writer.mode == "Verbose" else _of_the_user(whole) or whole
        lines: list[str] = writer.structured_traceback(type(self), self, trace)
        return lines


class ConnectWarning(UserWarning):
    """Something that the user should know and that does not stop the work."""


class ValidationError(ConnectError):
    """The data breaks rules of the service. Nothing was sent.

    Attributes
    ----------
    problems : Problems
        All problems of the frame at once, errors first.
    """

    def __init__(
        self,
        message: str,
        problems: Sequence[Problem] = (),
        *,
        failure_cases: Callable[[], pd.DataFrame] | None = None,
        rows: Callable[[], pd.DataFrame] | None = None,
    ) -> None:
        super().__init__(message)
        self.problems = Problems(problems)
        self._failure_cases = failure_cases
        self._rows = rows

    @property
    def failure_cases(self) -> pd.DataFrame:
        """One row a failing value, in the columns that Pandera users know.

        ``schema_context, column, check, check_number, failure_case, index``.
        """
        return _table(self._failure_cases)

    @property
    def rows(self) -> pd.DataFrame:
        """The offending rows: the columns of the frame as they were, and one more of ``errors``."""
        return _table(self._rows)

    def __reduce__(self) -> tuple[Any, ...]:
        # The tables reach back into the frame: an error that crosses a process carries only its words.
        return type(self), (self.args[0], self.problems)


def _table(make: Callable[[], pd.DataFrame] | None) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame() if make is None else make()


class PlanError(ConnectError):
    """A name, a key or an option of the plan cannot be. Nothing was sent."""


class ConfigurationError(ConnectError):
    """A setting of the connection, or a part of the installation, is missing or wrong. Nothing was sent."""


class ConnectionFailed(ConnectError):
    """The service could not be reached, or the way to it broke, before any import was begun.

    A file may have been uploaded by then: the message says whether it was removed again.
    """


class AuthenticationFailed(ConnectionFailed):
    """The service answered and does not let this user in."""


class HostKeyError(ConnectionFailed):
    """The server does not prove to be the one expected.

    Attributes
    ----------
    fingerprint : str
        What the server showed, as ``SHA256:…``; empty where it was a jump host on the way.
    reason : "unknown", "changed" or "revoked"
        ``"unknown"``: nothing here knows the server yet. ``"changed"``: another key is expected.
        ``"revoked"``: this key is marked as not to be trusted, or is too short to be.
    """

    def __init__(
        self,
        message: str,
        fingerprint: str = "",
        reason: Literal["unknown", "changed", "revoked"] = "unknown",
    ) -> None:
        super().__init__(message)
        self.fingerprint = fingerprint
        self.reason = reason


class UploadFailed(ConnectError):
    """The file did not arrive whole. No import was started."""


class ImportRejected(ConnectError):
    """The service refused the import.

    Attributes
    ----------
    reason : str
        The service's own message.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class ImportUnconfirmed(ConnectError):
    """The import may or may not have begun. The message says how to find out; it is never repeated blindly.

    Attributes
    ----------
    job : ImportJob or None
        The import, without an id: ``error.job.wait()`` follows it by its file and its data set.
    """

    def __init__(self, message: str, job: ImportJob | None = None) -> None:
        super().__init__(message)
        self.job = job

    def __reduce__(self) -> tuple[Any, ...]:
        # The job holds a connection, whose secrets do not travel: what crosses a process carries only its words.
        return type(self), (self.args[0],)


class ImportTimeout(ConnectError, TimeoutError):
    """The wait is over; the import itself may still be running."""
