"""``ImportPlan``, the joint: everything that will happen, as one immutable value.

Left of it nothing knows the network, right of it nothing knows pandas.
"""

from __future__ import annotations

import difflib
import json
import re
import uuid
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from connect_pandas import rules
from connect_pandas.data.check import check
from connect_pandas.data.columns import Columns, read
from connect_pandas.data.encode import encode, free_delimiter, rows
from connect_pandas.data.infer import Attributes, Choices, infer
from connect_pandas.data.problems import Problem, errors, ordered, tell
from connect_pandas.data.profile import Profile, profile
from connect_pandas.errors import ConnectWarning, PlanError, ValidationError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from connect_pandas.rules import AttributeType, DateFormat
    from connect_pandas.service.connection import Connection
    from connect_pandas.service.job import ImportJob


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What ``plan`` takes beside the frame, as it was given; ``None`` leaves it to be inferred."""

    name: str
    key: Hashable | None = None
    types: Mapping[Any, AttributeType] | None = None
    names: Mapping[Any, str] | None = None
    columns: Sequence[Hashable] | None = None
    schema: Any = None
    job_name: str | None = None
    notify: str | Iterable[str] | None = None
    folder: str = ""
    filename: str | None = None
    delimiter: str | None = None
    date_format: str | None = None
    header: bool = True


@dataclass(frozen=True)
class ImportPlan:
    """Everything that an import will do: attributes, key, file, destination, notifications, problems.

    Made by :func:`connect_pandas.plan`. It shows itself; it changes only into another plan (:meth:`replace`).

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
    problems : tuple of Problem
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
    problems: tuple[Problem, ...]
    options: Options = field(repr=False)
    _columns: Columns = field(repr=False, compare=False)
    _profiles: tuple[Profile, ...] = field(repr=False, compare=False)
    _frame: pd.DataFrame = field(repr=False, compare=False)

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
    def rows(self) -> int:
        """The number of records in the file; the header is none."""
        return self._columns.rows

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
        known = [f.name for f in fields(Options)]
        if unknown := [name for name in changes if name not in known]:
            raise PlanError("\n".join(_unknown("option", name, known) for name in unknown))
        options = replace(self.options, **changes)
        # What was made up stays, so that a plan shown and a plan sent have one name for their file.
        made = replace(
            options,
            job_name=options.job_name or (self.job_name if options.name == self.name else None),
            filename=options.filename
            or (
                self.filename
                if options.delimiter == self.options.delimiter and options.name == self.name
                else None
            ),
        )
        return replace(_decide(self._frame, self._columns, self._profiles, made), options=options)

    def pieces(self) -> Iterator[tuple[bytes, int]]:
        """Yield the file in pieces of a few megabytes, each with the number of records in it."""
        return encode(self._columns, self.attributes, delimiter=self.delimiter, header=self.header)

    def sample(self, size: int) -> tuple[dict[str, str | None], ...]:
        """Return up to ``size`` records, evenly spread over the file: attribute name → text as written."""
        last, count = self.rows - 1, min(size, self.rows)
        positions = sorted({round(i * last / max(1, count - 1)) for i in range(count)})
        return tuple(rows(self._columns, self.attributes, positions))

    def head(self, size: int = 5) -> str:
        """Return the first lines of the file exactly as they will be written."""
        first = self._columns.take(range(min(size, self.rows)))
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
        """
        self.require_ok()
        return _write(Path(path).expanduser(), (piece for piece, _ in self.pieces()))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write :attr:`payload` as JSON, ready to post; it holds no data of the frame and no secret."""
        text = json.dumps(self.payload, ensure_ascii=False, indent=2) + "\n"
        return _write(Path(path).expanduser(), [text.encode()])

    def submit(self, connection: Connection | None = None, *, progress: bool = True) -> ImportJob:
        """Upload the file and start the import, once.

        Parameters
        ----------
        connection : Connection, optional
            By default the session's current one.
        progress : bool
            Whether to show progress.

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
        self.require_ok()
        from connect_pandas.notebook.progress import shown
        from connect_pandas.service.connection import current
        from connect_pandas.service.submit import submit

        return submit(self, connection or current(), progress=shown(on=progress))

    def require_ok(self) -> None:
        """Raise when the plan has errors; warn, once, of what the file holds otherwise than the frame.

        Raises
        ------
        ValidationError
            With all problems at once.
        """
        require(self.problems, self._columns, self.attributes, self._frame)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from connect_pandas.notebook.display import bundle

        return bundle(self)

    def __repr__(self) -> str:
        from connect_pandas.notebook.display import text

        return text(self)


def _attribute(name: str, type_: AttributeType, *, key: bool) -> dict[str, Any]:
    return {"name": name, "type": type_, **({"identifyAs": {"key": True}} if key else {})}


# ── making a plan ────────────────────────────────────────────────────────────────────────────────────────────


def make(
    frame: pd.DataFrame, options: Options, step: Callable[[int], None] = lambda rows: None
) -> ImportPlan:
    """Read the frame and decide everything.

    Raises
    ------
    PlanError
        When options cannot be: all of them at once.
    """
    columns = read(frame)
    _require_options(options, columns)  # before the long look at the data
    return _decide(frame.copy(deep=False), columns, profile(columns, step), options)


def _decide(
    frame: pd.DataFrame, columns: Columns, profiles: tuple[Profile, ...], options: Options
) -> ImportPlan:
    _require_options(options, columns)
    attributes, problems = look(frame, columns, profiles, resolve(options, columns), options.schema)
    delimiter = options.delimiter or free_delimiter(attributes, profiles, header=options.header)
    now, short = datetime.now(UTC), uuid.uuid4().hex[:6]
    plan = ImportPlan(
        name=options.name,
        attributes=replace(attributes, problems=problems),
        delimiter=delimiter,
        header=options.header,
        job_name=options.job_name or f"Create {options.name} {now:%Y-%m-%d %H:%M:%S}Z",
        folder=options.folder.strip("/"),
        filename=options.filename
        or f"{options.name.lower()}-{now:%Y%m%dT%H%M%SZ}-{short}.{rules.EXTENSIONS[delimiter]}",
        notify=_addresses(options.notify),
        problems=problems,
        options=options,
        _columns=columns,
        _profiles=profiles,
        _frame=frame,
    )
    return replace(plan, problems=ordered([*problems, *_file_problems(plan, profiles)]))


def look(
    frame: pd.DataFrame, columns: Columns, profiles: tuple[Profile, ...], choices: Choices, schema: Any = None
) -> tuple[Attributes, tuple[Problem, ...]]:
    """Decide the attributes and find every problem: by the column pass, then by Pandera."""
    from connect_pandas.data import schema as pandera

    attributes = infer(profiles, choices, columns.problems)
    problems = list(check(columns, profiles, attributes))
    if schema is not None:
        cases = pandera.failures(pandera.as_schema(schema), frame)
        problems += [] if cases is None else pandera.problems(cases, columns)
    if not errors(problems):
        # The contract has the last word, but does not look again at values that have just been found good.
        cases = pandera.failures(pandera.build(columns, attributes, values=False), frame)
        problems += [] if cases is None else pandera.problems(cases, columns)
    return attributes, ordered(problems)


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
            yield Problem.of(
                "file-too-large",
                f"The file would have {size:,} bytes, {size - rules.FILE_BYTES_MAX:,} too many.",
                fix="columns=[…]   # leave out what is not needed; or import fewer rows",
            )


# ── options ──────────────────────────────────────────────────────────────────────────────────────────────────


def _require_options(options: Options, columns: Columns) -> None:
    wrong = [
        *_wrong_name(options.name),
        *_wrong_columns(options, columns),
        *_wrong_types(options),
        *_wrong_file(options),
        *_wrong_addresses(options.notify),
    ]
    if options.job_name is not None and not options.job_name.strip():
        wrong.append("job_name is empty; leave it away to have one made.")
    if wrong:
        raise PlanError("\n".join(wrong))


def _wrong_name(name: Any) -> Iterator[str]:
    if not isinstance(name, str):
        yield f'The data set\'s name is text, as in "Orders"; this is {name!r}.'
    elif not re.fullmatch(rules.SET_NAME, name):
        yield (
            f"{name!r} cannot name a data set: at most {rules.SET_NAME_MAX} letters A–Z, digits, '-' and '_'"
            f"{f' ({len(name)} characters)' if len(name) > rules.SET_NAME_MAX else ''}. {_better_name(name)}"
        )


def _better_name(name: str) -> str:
    better = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[: rules.SET_NAME_MAX].rstrip("_-")
    return f"Perhaps {better!r}?" if better else ""


def _wrong_columns(options: Options, columns: Columns) -> Iterator[str]:
    labels = [c.label for c in columns.items]
    for what, named in _named_columns(options):
        if columns.find(named) is None:
            yield _unknown(what, named, labels)
    if isinstance(options.columns, str):
        yield f"columns={options.columns!r}: a list of columns is needed, as in [{options.columns!r}]."
    elif options.columns is not None and not list(options.columns):
        yield "columns=[] leaves nothing to import."
    if options.columns and options.key is not None and columns.find(options.key) is not None:
        chosen = {columns.find(label) for label in options.columns}
        if columns.find(options.key) not in chosen:
            yield f"key={options.key!r} is not among columns=…; the key is part of the file."


def _named_columns(options: Options) -> Iterator[tuple[str, Hashable]]:
    if options.key is not None:
        yield "key", options.key
    for what in ("types", "names", "columns"):
        if isinstance(getattr(options, what), str):
            continue
        yield from ((f"column in {what}", label) for label in getattr(options, what) or ())


def _unknown(what: str, named: Any, known: Sequence[Any]) -> str:
    close = difflib.get_close_matches(str(named), [str(k) for k in known], n=3, cutoff=0.5)
    shown = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    few = ", ".join(repr(k) for k in known[:12]) + (" …" if len(known) > 12 else "")
    return f"There is no {what} {named!r}.{shown} Known: {few or 'none'}."


def _wrong_types(options: Options) -> Iterator[str]:
    for label, type_ in (options.types or {}).items():
        if type_ not in rules.ATTRIBUTE_TYPES:
            yield f"types={{{label!r}: {type_!r}}}: a type is one of {', '.join(rules.ATTRIBUTE_TYPES)}."
    for label, name in (options.names or {}).items():
        if not isinstance(name, str):
            yield f"names={{{label!r}: {name!r}}}: a name is text."


_FILENAME: Final = re.compile(r"[^/\\\x00-\x1f\x7f]{1,255}")


def _wrong_file(options: Options) -> Iterator[str]:
    if options.delimiter is not None and options.delimiter not in rules.DELIMITERS:
        yield f"delimiter={options.delimiter!r}: only a comma, a tab ('\\t') and a pipe ('|') are allowed."
    if options.date_format is not None and _form(options.date_format) is None:
        known = ", ".join(f.pattern for f in rules.DATE_FORMATS)
        yield f"date_format={options.date_format!r} is not one that Connect reads. Known: {known}."
    if options.filename is not None and (
        not _FILENAME.fullmatch(options.filename) or options.filename.strip(". ") == ""
    ):
        yield f"filename={options.filename!r} is not a file's name: no '/', '\\' or control characters."
    parts = options.folder.strip("/").split("/")
    if options.folder.strip("/") and any(not _FILENAME.fullmatch(p) or p.strip(". ") == "" for p in parts):
        yield f'folder={options.folder!r} is not a folder below the subscription\'s, as in "RS/Orders".'


def _wrong_addresses(notify: str | Iterable[str] | None) -> Iterator[str]:
    from email_validator import EmailNotValidError, validate_email

    for address in _addresses(notify):
        try:
            validate_email(address, check_deliverability=False)
        except EmailNotValidError as error:
            yield f"notify={address!r} is no e-mail address: {error}"


def _addresses(notify: str | Iterable[str] | None) -> tuple[str, ...]:
    if notify is None:
        return ()
    return tuple(dict.fromkeys([notify] if isinstance(notify, str) else notify))


def _form(name: str) -> DateFormat | None:
    return next((f for f in rules.DATE_FORMATS if name in (f.name, f.pattern)), None)


def resolve(options: Options, columns: Columns) -> Choices:
    """Return the options about columns by position, over what the schema decides."""
    from connect_pandas.data import schema as pandera

    base = (
        pandera.choices(pandera.as_schema(options.schema), columns)
        if options.schema is not None
        else Choices()
    )

    def at(label: Hashable) -> int:
        position = columns.find(label)
        if position is None:
            raise PlanError(_unknown("column", label, [c.label for c in columns.items]))
        return position

    return Choices(
        key=base.key if options.key is None else at(options.key),
        types={**base.types, **{at(label): type_ for label, type_ in (options.types or {}).items()}},
        names={**base.names, **{at(label): name for label, name in (options.names or {}).items()}},
        columns=None if options.columns is None else tuple(dict.fromkeys(map(at, options.columns))),
        form=None if options.date_format is None else _form(options.date_format),
    )


# ── refusing, and writing ────────────────────────────────────────────────────────────────────────────────────


def require(
    problems: Sequence[Problem], columns: Columns, attributes: Attributes, frame: pd.DataFrame
) -> None:
    """Raise with all problems when one of them is an error; warn of those that change what is written."""
    import warnings

    wrong = errors(problems)
    if wrong:
        count = "1 thing stands" if len(wrong) == 1 else f"{len(wrong)} things stand"
        raise ValidationError(
            f"{count} in the way of the import; nothing was sent.\n{tell(wrong)}",
            problems,
            failure_cases=lambda: _failure_cases(columns, attributes, frame),
            rows=lambda: _offending(problems, frame),
        )
    if told := [p for p in problems if p.severity == "warning"]:
        warnings.warn(ConnectWarning("The file differs from the frame:\n" + tell(told)), stacklevel=4)


def _failure_cases(columns: Columns, attributes: Attributes, frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    from connect_pandas.data import schema as pandera

    cases = pandera.failures(pandera.build(columns, attributes), frame)
    return pd.DataFrame() if cases is None else cases


def _offending(problems: Sequence[Problem], frame: pd.DataFrame) -> pd.DataFrame:
    said: dict[int, list[str]] = {}
    for p in errors(problems):
        for row in p.rows:
            said.setdefault(row.position, []).append(f"{p.column}: {p.code}")
    at = sorted(said)
    return frame.iloc[at].assign(errors=["; ".join(said[i]) for i in at])


def _write(path: Path, pieces: Iterable[bytes]) -> Path:
    """Write a file that appears whole or not at all."""
    unfinished = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
    try:
        with unfinished.open("xb") as out:
            out.writelines(pieces)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return path
