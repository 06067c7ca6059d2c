"""``ImportPlan``, the joint: everything that will happen, as one immutable value.

Left of it nothing knows the network, right of it nothing knows pandas.
"""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from connect_pandas import rules
from connect_pandas._look import Look, first_look, look, require_ok
from connect_pandas._options import Options, choices, options
from connect_pandas.data.columns import is_missing
from connect_pandas.data.encode import encode, free_delimiter, rows
from connect_pandas.data.problems import (
    NAME,
    Problem,
    Problems,
    argument,
    either,
    errors,
    line,
    ordered,
    show,
)
from connect_pandas.errors import PlanError, nothing_sent

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from connect_pandas.data.infer import Attributes
    from connect_pandas.data.profile import Profile
    from connect_pandas.rules import AttributeType, DateFormat
    from connect_pandas.service.connection import Connection
    from connect_pandas.service.job import ImportJob
    from connect_pandas.service.progress import Progress


_DATE_KINDS: Final = frozenset({"date", "naive", "aware"})
_FIRST_ROWS: Final = 50
"""So many rows are looked at for examples."""
_COUNTED_BYTES: Final = 500_000
"""So much is encoded to say how large a file will be; that takes some milliseconds."""


@dataclass(frozen=True)
class ImportPlan:
    """Everything that an import will do: attributes, key, file, destination, notifications, problems.

    Made by :func:`connect_pandas.plan`. It shows itself; it changes only into another plan (:meth:`replace`), so a copy
    is the plan itself. A pickle of it holds the whole frame, and no secret.

    Attributes
    ----------
    name : str
        The data set: at most 25 Latin letters, digits, ``-`` and ``_``.
    attributes : Attributes
        One a column, with type, reason and key.
    delimiter : str
        ``","``, a tab or ``"|"``.
    header : bool
        Whether the file begins with the attributes' names.
    job_name, folder, filename : str
        The import job's name; where the file goes below the subscription's directory, and its name there.
    notify : tuple of str
        Who gets an e-mail.
    problems : Problems
        Everything that is wrong or worth knowing, errors first. A plan with an error is not submitted.
    """

    name: str
    attributes: Attributes
    delimiter: str
    header: bool
    job_name: str
    folder: str
    filename: str
    notify: tuple[str, ...]
    problems: Problems
    options: Options = field(repr=False)
    _seen: Look = field(repr=False, compare=False)
    _made: _MadeUp = field(repr=False, compare=False)

    @property
    def key(self) -> Hashable | None:
        """The label of the column that identifies rows; ``None`` when that is unclear."""
        return self.attributes.key

    @property
    def types(self) -> dict[Hashable, AttributeType]:
        """Column label → ``"TEXT"``, ``"NUMBER"``, ``"BOOLEAN"`` or ``"DATE"``."""
        return self.attributes.types

    @property
    def date_format(self) -> str | None:
        """The service's name of the one format of all dates in the file; ``None`` when it has none."""
        return self.attributes.date_format

    @property
    def frame(self) -> pd.DataFrame:
        """The frame as it was when it was planned."""
        return self._seen.frame

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The labels of all columns of the frame, imported or not; those of a named index come first."""
        return tuple(c.label for c in self._seen.plain[0].items)

    @property
    def rows(self) -> int:
        """The number of records in the file; the header is none."""
        return self._seen.columns.rows

    @property
    def ok(self) -> bool:
        """Whether nothing stands in the way of submitting it."""
        return not errors(self.problems)

    @property
    def payload(self) -> dict[str, Any]:
        """The JSON object of ``createImportJob``: ``{"importInput": {…}}``. Source: guide."""
        given: dict[str, Any] = {
            "dataSetName": self.name,
            "dataSetType": rules.DATA_SET_TYPE,
            "importType": rules.IMPORT_TYPE,
            "jobName": self.job_name,
            "attributes": {"create": [_attribute(a.name, a.type, key=a.key) for a in self.attributes]},
            "mappings": [
                {"attributeName": a.name, "columnIndex": i} for i, a in enumerate(self.attributes, start=1)
            ],
            "fileLocation": {"type": rules.LOCATION_TYPE, "filename": self.filename, "folder": self.folder},
            "fileFormat": rules.FILE_FORMAT,
            "delimiter": self.delimiter,
            "skipFirstRow": self.header,
        }
        if self.date_format:
            given["dateFormat"] = self.date_format
        if self.notify:
            given["notifications"] = [{"channel": rules.CHANNEL, "destination": to} for to in self.notify]
        return {"importInput": given}

    def replace(self, **changes: Any) -> ImportPlan:
        """Return another plan with these options changed; the frame is not read again.

        Parameters
        ----------
        **changes
            The keywords of :func:`connect_pandas.plan`, and ``name``.

        Raises
        ------
        PlanError
            When a keyword is not known, or a value cannot be.
        """
        seen = self._seen
        columns, profiles = seen.plain
        given = options({**_given(self.options), **changes}, columns)
        # Only what the attributes rest on is decided anew; what was made up stays, with the file's name in it.
        if not changes.keys() <= _APART:
            seen = look(seen.frame, columns, profiles, choices(given, columns), given.schema)
        plan = _decide(given, self._made, seen)
        if changes.keys() <= _BESIDE and "file_size" in self.__dict__:
            plan.__dict__["file_size"] = (
                self.file_size
            )  # too dear to be found anew for every letter of a name
        return plan

    def for_frame(self, frame: pd.DataFrame) -> ImportPlan:
        """Return a plan of another frame with the same options: next month's, or one that was repaired.

        Raises
        ------
        PlanError
            When the options cannot be for this frame: all of them at once.
        """
        return make(frame, _given(self.options))

    def renamed(self) -> ImportPlan:
        """Return the plan with another made-up name for its file; a name that was given stays."""
        return _decide(self.options, _MadeUp.now(), self._seen)

    @property
    def filename_given(self) -> bool:
        """Whether the file's name was given, not made up."""
        return self.options.filename is not None

    def pieces(self) -> Iterator[tuple[bytes, int]]:
        """Yield the file in pieces of a few megabytes, each with the number of records in it."""
        return encode(self._seen.columns, self.attributes, delimiter=self.delimiter, header=self.header)

    def sample(self, size: int) -> tuple[dict[str, str | None], ...]:
        """Return up to ``size`` records, evenly spread over the file: attribute name → text as written."""
        last, count = self.rows - 1, min(size, self.rows)
        positions = sorted({round(i * last / max(1, count - 1)) for i in range(count)})
        return tuple(rows(self._seen.columns, self.attributes, positions))

    def examples(self, position: int, size: int = 3) -> tuple[str, ...]:
        """Return up to ``size`` different values of a column's first rows, as they are in the frame.

        ``position`` is the column's place in :attr:`columns`; the key that is put together of several comes after.
        """
        item = self._seen.columns.items[position]
        values = item.values(range(min(_FIRST_ROWS, self.rows)))
        told = dict.fromkeys(show(value) for value in values if not is_missing(value))
        return tuple(told)[:size]

    def dates_as(self, form: DateFormat) -> str | None:
        """Return the first date of the frame as it would stand in the file in another format; ``None`` without one."""
        dates = tuple(
            a for a in self.attributes if a.type == "DATE" and (a.written_as or a.kind in _DATE_KINDS)
        )
        attributes = replace(self.attributes, items=dates, form=form)
        first = rows(self._seen.columns, attributes, range(min(_FIRST_ROWS, self.rows))) if dates else []
        return next((text for row in first for text in row.values() if text), None)

    @cached_property
    def file_size(self) -> tuple[int, bool] | None:
        """The bytes of the file, and whether that is exact; ``None`` when it cannot be encoded.

        A small file is encoded and counted. Of a large one some rows are, evenly spread, which takes as long for a
        million rows as for ten thousand.
        """
        seen = self._seen
        text_bytes = sum(seen.profiles[a.position].text_bytes for a in self.attributes)
        # A field that is no text takes about as many bytes as a word.
        likely = text_bytes + 8 * self.rows * len(self.attributes)
        try:
            if likely <= _COUNTED_BYTES:
                return sum(len(piece) for piece, _ in self.pieces()), True
            taken = max(1, min(self.rows, _COUNTED_BYTES * self.rows // likely))
            positions = sorted({i * self.rows // taken for i in range(taken)})
            part = encode(
                seen.columns.take(positions), self.attributes, delimiter=self.delimiter, header=False
            )
            return sum(len(piece) for piece, _ in part) * self.rows // len(positions), False
        except PlanError:
            return None

    def head(self, size: int = 5) -> str:
        """Return the first lines of the file exactly as they will be written."""
        first = self._seen.columns.take(range(min(size, self.rows)))
        return b"".join(
            piece for piece, _ in encode(first, self.attributes, delimiter=self.delimiter, header=self.header)
        ).decode()

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the file to this machine; no connection is needed.

        The file appears whole or not at all; one that is already there is replaced.

        Raises
        ------
        ValidationError
            When the plan has errors.
        PlanError
            When there is no place to write to.
        """
        self.require_ok()
        return _write(path, (piece for piece, _ in self.pieces()))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write :attr:`payload` as JSON, ready to post; it holds no data of the frame and no secret."""
        text = json.dumps(self.payload, ensure_ascii=False, indent=2) + "\n"
        return _write(path, [text.encode()])

    def submit(self, connection: Connection | None = None, *, progress: bool | Progress = True) -> ImportJob:
        """Upload the file and start the import, once.

        Parameters
        ----------
        connection : Connection, optional
            By default the session's current one.
        progress : bool or Progress
            Whether to show progress, or who shows it.

        Raises
        ------
        ValidationError
            When the plan has errors. Nothing was sent.
        ConfigurationError
            When there is no connection. Nothing was sent.
        PlanError
            When the name of the data set or of the file is taken. Nothing was sent.
        ConnectionFailed, AuthenticationFailed, HostKeyError
            When one side could not be entered.
        UploadFailed
            When the file did not arrive whole; no import was started.
        ImportRejected
            When the service refused.
        ImportUnconfirmed
            When nobody answered for the import; the message says how to find out.
        """
        try:
            from connect_pandas.notebook.progress import shown
            from connect_pandas.service.connection import current, require_connection
            from connect_pandas.service.submit import submit

            require_connection(connection)
            self.require_ok()
            to = connection or current()
        except KeyboardInterrupt as stop:
            raise nothing_sent(stop, "The import had not begun") from None
        show, wait = (
            (shown(on=progress), shown(on=True)) if isinstance(progress, bool) else (progress, progress)
        )
        try:
            return submit(self, to, progress=show, wait_progress=wait)
        except KeyboardInterrupt as stop:
            # Its note says what became of the import; in which of our lines it was says nothing to who pressed Ctrl-C.
            raise stop.with_traceback(None) from None

    def require_ok(self) -> None:
        """Raise when the plan has errors; warn, once, of what the file holds otherwise than the frame.

        Raises
        ------
        ValidationError
            With all problems at once.
        """
        require_ok(self._seen, self.problems)

    def __copy__(self) -> ImportPlan:
        return self  # it never changes

    def __deepcopy__(self, memo: dict[int, Any]) -> ImportPlan:
        return self

    def __reduce__(self) -> Any:
        # What travels is the frame and what was given; where it arrives, the frame is looked at anew.
        return _decided_anew, (self.frame, _given(self.options), self._made)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from connect_pandas.notebook.display import bundle

        return bundle(self)

    def __repr__(self) -> str:
        from connect_pandas.notebook.display import text

        return text(self)


def _attribute(name: str, type_: AttributeType, *, key: bool) -> dict[str, Any]:
    return {"name": name, "type": type_, **({"identifyAs": {"key": True}} if key else {})}


# ── making a plan ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _MadeUp:
    """What makes a file's and a job's name unlike any other."""

    at: datetime
    short: str

    @classmethod
    def now(cls) -> _MadeUp:
        return cls(datetime.now(UTC), uuid.uuid4().hex[:6])

    def job_name(self, name: str) -> str:
        return f"Create {name} {self.at:%Y-%m-%d %H:%M:%S}Z"

    def filename(self, name: str, delimiter: str) -> str:
        return f"{name.lower()}-{self.at:%Y%m%dT%H%M%SZ}-{self.short}.{rules.EXTENSIONS[delimiter]}"


_APART: Final = frozenset({"name", "job_name", "notify", "folder", "filename", "delimiter", "header"})
"""The options that the attributes do not rest on."""
_BESIDE: Final = _APART - {"delimiter", "header"}
"""The options that the file's bytes do not rest on."""


def make(
    frame: pd.DataFrame, given: Mapping[str, Any], told: Callable[[int], None] | None = None
) -> ImportPlan:
    """Read the frame and decide everything; tell how many values have been looked at.

    Raises
    ------
    PlanError
        When options cannot be: all of them at once.
    """
    settled, seen = first_look(frame, given, told)
    return _decide(settled, _MadeUp.now(), seen)


def _decided_anew(frame: pd.DataFrame, given: Mapping[str, Any], made: _MadeUp) -> ImportPlan:
    settled, seen = first_look(frame, given)
    return _decide(settled, made, seen)


def _given(settled: Options) -> dict[str, Any]:
    return {f.name: getattr(settled, f.name) for f in fields(settled)}


def _decide(given: Options, made: _MadeUp, seen: Look) -> ImportPlan:
    attributes = seen.attributes
    delimiter = given.delimiter or free_delimiter(attributes, seen.profiles, header=given.header)
    plan = ImportPlan(
        name=given.name,
        attributes=attributes,
        delimiter=delimiter,
        header=given.header,
        job_name=given.job_name or made.job_name(given.name),
        folder=given.folder.rstrip("/"),
        filename=given.filename or made.filename(given.name, delimiter),
        notify=given.notify,
        problems=attributes.problems,
        options=given,
        _seen=seen,
        _made=made,
    )
    found = [*plan.problems, *_file_problems(plan, seen.profiles)]
    return replace(plan, problems=ordered(_of_plan(problem, plan.name) for problem in found))


def _of_plan(problem: Problem, name: str) -> Problem:
    """Return a problem whose fix names the data set."""
    return replace(problem, fix=problem.fix.replace(f"plan({NAME}", f'plan("{name}"'))


_FIELD_BYTES: Final = {
    "integer": 20,
    "float": 24,
    "decimal": 40,
    "boolean": 5,
    "date": 20,
    "naive": 20,
    "aware": 20,
}


def _file_problems(plan: ImportPlan, profiles: Sequence[Profile]) -> Iterator[Problem]:
    used = [profiles[a.position] for a in plan.attributes]
    if quoted := sum(p.count("quote") + p.count(plan.delimiter) for p in used):
        yield Problem.of(
            "quoted-values",
            "Values hold quotes or the delimiter; they are quoted, and quotes in them doubled.",
            count=quoted,
        )
    likely = sum(p.text_bytes + p.rows * (1 + _FIELD_BYTES.get(p.kind, 0)) for p in used)
    # Only a file that may be too large is counted to the byte: that takes as long as writing it.
    if likely > rules.FILE_BYTES_MAX // 2 and not errors(plan.problems):
        size = sum(len(piece) for piece, _ in plan.pieces())
        if size > rules.FILE_BYTES_MAX:
            fits = plan.rows * rules.FILE_BYTES_MAX // size * 9 // 10
            yield Problem.of(
                "file-too-large",
                f"The file would have {size:,} bytes, {size - rules.FILE_BYTES_MAX:,} too many.",
                fix=either(
                    argument("columns=[…]", "leaves out what is not needed"),
                    line(f"df = df.iloc[:{fits}]", "imports a part; the other rows make a set of their own"),
                ),
            )


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────


def _write(where: str | os.PathLike[str], pieces: Iterable[bytes]) -> Path:
    """Write a file that appears whole or not at all."""
    if "\0" in str(where):
        raise PlanError(f"{str(where)!r} is no name of a file: there is a NUL in it.")
    path = Path(where).expanduser()
    try:
        if path.is_dir() or not path.name:
            raise PlanError(f"{str(where)!r} is a folder; give the name of a file in it.")
        if not path.parent.is_dir():
            raise PlanError(f"The file {path} cannot be written: there is no folder {path.parent}.")
        _write_whole(path, pieces)
    except OSError as error:
        raise PlanError(f"The file {path} cannot be written: {error.strerror or error}.") from error
    return path


def _write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    unfinished = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
    try:
        with unfinished.open("xb") as out:
            out.writelines(pieces)
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise
