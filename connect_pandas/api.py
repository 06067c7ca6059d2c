"""The functions behind ``df.connect``, typed: each method of the accessor is one call to its twin here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Never, TypedDict, Unpack

from connect_pandas._signatures import spelled
from connect_pandas.errors import nothing_sent

if TYPE_CHECKING:
    import os
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    import pandas as pd
    import pandera.pandas as pa

    from connect_pandas._plan import ImportPlan
    from connect_pandas._sandbox import Sandbox
    from connect_pandas.data.infer import Attributes
    from connect_pandas.data.repair import Repair
    from connect_pandas.notebook.form import ImportForm
    from connect_pandas.notebook.setup_form import SetupForm
    from connect_pandas.rules import AttributeType
    from connect_pandas.service.connection import Connection
    from connect_pandas.service.job import ImportJob

    Where = Hashable | Sequence[Hashable]
    """True, False, a column's label, or several."""
    Schema = pa.DataFrameSchema | type[pa.DataFrameModel] | str | os.PathLike[str]


_LOOKING: Final = "The frame was still being looked at"


class PlanOptions(TypedDict, total=False):
    """The keywords that ``plan``, ``create_reference_set`` and ``form`` share."""

    key: Hashable | list[Any] | None
    types: Mapping[Any, AttributeType] | None
    names: Mapping[Any, str] | None
    columns: Sequence[Hashable] | None
    schema: Schema | None
    job_name: str | None
    notify: str | Iterable[str] | None
    folder: str
    filename: str | None
    delimiter: str | None
    date_format: str | None
    header: bool


class SubmitOptions(PlanOptions, total=False):
    """The keywords of ``create_reference_set`` and ``form``."""

    connection: Connection | None
    progress: bool


def infer(df: pd.DataFrame) -> Attributes:
    """Infer what every column becomes: type, key, date format, each with its reason.

    The whole column decides, never a sample of it. A named index is a column, an unnamed one is not.

    Parameters
    ----------
    df : pandas.DataFrame
        Any number of rows and columns, of any dtype. It is not changed.

    Returns
    -------
    attributes : Attributes
        A table that shows itself, with ``.types``, ``.key``, ``.key_candidates``, ``.date_format``, ``.reasons``
        and ``.problems``.

    Raises
    ------
    PlanError
        When ``df`` is not a DataFrame.
    """
    from connect_pandas._look import first_look

    return first_look(df, {})[1].attributes


def schema(
    df: pd.DataFrame,
    *,
    key: Hashable | list[Any] | None = None,
    types: Mapping[Any, AttributeType] | None = None,
    names: Mapping[Any, str] | None = None,
    date_format: str | None = None,
) -> pa.DataFrameSchema:
    """Return the Pandera schema that the frame's attributes make: dtypes, checks, the unique and complete key.

    Print it, extend it, save it (``to_yaml``, ``to_json``), and pass it, or the file, back as ``schema=`` with next
    month's frame.

    Parameters
    ----------
    df : pandas.DataFrame
        Any number of rows and columns. It is not changed.
    key, types, names, date_format : optional
        As for :func:`connect_pandas.plan`: what the schema is to hold where the inferred is not meant.

    Returns
    -------
    pandera.DataFrameSchema
        One field a column; ``metadata["connect"]`` holds the attribute's ``type``, ``key`` and ``name``.

    Raises
    ------
    PlanError
        When ``df`` is not a DataFrame, or a choice cannot be.
    """
    from connect_pandas._look import first_look
    from connect_pandas.data.schema import build

    _, seen = first_look(df, {"key": key, "types": types, "names": names, "date_format": date_format})
    return build(seen.columns, seen.profiles, seen.attributes)


def validate(
    df: pd.DataFrame,
    schema: Schema | None = None,
    *,
    key: Hashable | list[Any] | None = None,
    types: Mapping[Any, AttributeType] | None = None,
) -> pd.DataFrame:
    """Return the frame when it can be imported, or raise with everything that is wrong.

    Parameters
    ----------
    df : pandas.DataFrame
        Any number of rows and columns. It is not changed.
    schema : pandera DataFrameSchema, DataFrameModel or path, optional
        Checked as well; it decides types, key and names where it speaks of them.
    key : column label or list of them, optional
        The column that identifies rows, or those that do together.
    types : mapping, optional
        Column label → type, where the inferred one is not meant.

    Returns
    -------
    pandas.DataFrame
        The same frame.

    Raises
    ------
    ValidationError
        With ``.problems``, ``.failure_cases`` and ``.rows``: all problems at once.
    PlanError
        When ``df`` is not a DataFrame, ``schema`` not a schema, or ``key`` or ``types`` cannot be.
    """
    from connect_pandas._look import first_look, require_ok

    _, seen = first_look(df, {"schema": schema, "key": key, "types": types})
    require_ok(seen, seen.attributes.problems)
    return df


def repair(
    df: pd.DataFrame,
    *,
    columns: Where | None = None,
    line_breaks: Where = True,
    control_characters: Where = True,
    dates: Where = True,
    day_first: bool | None = None,
    numbers: Where = True,
    decimal: Literal[".", ","] | None = None,
    phones: Where = True,
    region: str | None = None,
    float_ids: Where = True,
    surrogates: Where = False,
    spaces: Where = False,
    missing: Where = False,
    impossible_dates: Where = False,
    percent: Where = False,
    truths: Where = False,
    infinities: Where = False,
    epochs: Where = False,
    serials: Where = False,
    leading_zeros: Where = False,
    key: Where | None = None,
    drop_without_key: bool = False,
    drop_duplicates: bool = False,
    keep_last: Hashable | None = None,
    **unknown: Never,
) -> Repair:
    """Put right what has only one reading, and what you ask for by name; list what is left alone.

    Each rule is True, False, or the label or list of labels of the columns to which it is limited. The first rules
    are on: they change no value's meaning. The others are decisions of the data's owner. Values whose meaning is in
    doubt stay as they are.

    Parameters
    ----------
    df : pandas.DataFrame
        Any number of rows and columns. It is not changed. A named index is looked at and never changed.
    columns : label or list of labels, optional
        Limits every rule to these columns.
    line_breaks : bool or labels
        Line breaks inside a text become a space.
    control_characters : bool or labels
        Control characters are taken out.
    dates : bool or labels
        Texts that are dates in another notation (``2/10/25``, ``1 Feb 2024``, several in one column) become
        ``YYYY-MM-DD``, or ``YYYY-MM-DDTHH:mm:ssZ`` where some have a time of day. Only where the column proves the
        order of day and month. Years of two digits: 70–99 are 19…, 00–69 are 20…, births never in the future;
        ``1.2.24``, which may be a version, only where the column's name says that it is a date. Columns named here
        may also hold ``20240201``.
    day_first : bool, optional
        The order of day and month where no value of a column proves it.
    numbers : bool or labels
        Amounts (``1,234.50``, ``1.234,50``, ``€ 12``, ``(5.00)``, ``5-``) become plain decimal numbers, digit by digit.
        Only where the column proves the decimal mark and has one currency. Identifiers only where they are named here.
    decimal : ``"."`` or ``","``, optional
        The decimal mark where no value of a column proves it. With ``","``, ``1.234`` of a column named in
        ``numbers`` is a thousand and more.
    phones : bool or labels
        Phone numbers become ISO E.164, ``+4915112345678``, where they have one valid reading (source: guide); those of
        a column that all lack only their plus get it back.
    region : str, optional
        Where phone numbers without a calling code belong: a country's two letters, as in ``"US"``.
    float_ids : bool or labels
        Identifiers that have been decimals, ``123.0``, lose what was never theirs.
    surrogates : bool or labels
        Half a surrogate pair becomes the replacement character, U+FFFD.
    spaces : bool or labels
        Spaces around a text go.
    missing : bool or labels
        ``N/A``, ``NULL``, ``-`` and the like become missing. True: in columns whose other values are all numbers,
        dates or truths.
    impossible_dates : bool or labels
        In columns of dates, days that no calendar has (``31/02/2024``) become missing.
    percent : bool or labels
        ``12 %`` becomes ``12``.
    truths : bool or labels
        ``ja``/``nein``, ``oui``/``non``, ``on``/``off`` become booleans; in columns named here 0/1 and every other
        pair as well.
    infinities : bool or labels
        Infinite numbers become missing.
    epochs : labels
        Numbers that count from 1970 become timestamps, in UTC; the unit is found.
    serials : labels
        A spreadsheet's days, ``45292``, become timestamps.
    leading_zeros : labels
        Digits become as long as the longest of the column: ``501`` → ``00501``.
    key : label or list of labels, optional
        What identifies a row, for the rules about rows and for what is left.
    drop_without_key : bool
        Rows without a key go.
    drop_duplicates : bool
        Of rows that are equal throughout the first stays.
    keep_last : label, optional
        Of rows with one key the one that is last by this column stays.

    Returns
    -------
    Repair
        Shows itself. ``.frame``, a new frame; ``.changes``, a table of column, row, before, after and rule;
        ``.left``, the errors that remain, with this ``key``; ``.doubts``, what the rules left alone and why.

    Raises
    ------
    PlanError
        When ``df`` is not a DataFrame, or a rule, a column or a region is not known: all mistakes at once.
    """
    given = {**locals(), **unknown}
    del given["df"], given["unknown"]
    from connect_pandas._look import first_look
    from connect_pandas.data import repair as room
    from connect_pandas.data.problems import errors

    frame, changes, doubts = room.repair(df, given)
    as_planned = room.key_of(frame, key)
    _, seen = first_look(frame, {"key": as_planned})
    return room.Repair(frame, changes, errors(seen.attributes.problems), doubts, as_planned)


@spelled
def plan(df: pd.DataFrame, name: str, **options: Unpack[PlanOptions]) -> ImportPlan:
    r"""Decide everything that an import of the frame will do, and do nothing yet.

    Parameters
    ----------
    df : pandas.DataFrame
        Any number of rows and columns. It is not changed, and a later change of it does not reach the plan.
    name : str
        The new reference set: at most 25 Latin letters, digits, ``-`` and ``_`` (source: guide, dataSetName).
    key : column label or list of them, optional
        The column that identifies rows; by default the best complete and unique one. Of several,
        ``["Order ID", "SKU"]``, one TEXT attribute is made, which comes first in the file.
    types : mapping, optional
        Column label → ``"TEXT"``, ``"NUMBER"``, ``"BOOLEAN"`` or ``"DATE"``, where the inferred type is not meant.
    names : mapping, optional
        Column label → the attribute's name in the service.
    columns : sequence, optional
        The labels of the columns to import, in the file's order; by default all.
    schema : pandera DataFrameSchema, DataFrameModel or path, optional
        Decides types, key and names where it speaks of them, and is checked as well.
    job_name : str, optional
        The import job's name in Data management > Job monitoring; by default one of its own.
    notify : str or iterable of str, optional
        E-mail addresses that the service tells when the job is done.
    folder : str
        Below the subscription's directory, as in ``"RS/Orders"``; made where it is missing.
    filename : str, optional
        By default a name that no other import has.
    delimiter : str, optional
        ``","``, ``"\t"`` or ``"|"``; by default the first that the data does not contain (source: guide).
    date_format : str, optional
        The one format of all dates in the file, as in ``"DD/MM/YYYY"`` (source: guide); by default chosen from the
        data.
    header : bool
        Whether the file begins with the names.

    Returns
    -------
    ImportPlan
        Shows itself; ``.problems`` says what stands in the way. ``.submit()`` does it, ``.write(path)`` writes the
        file here.

    Raises
    ------
    PlanError
        When a name, key or option cannot be: all of them at once.
    """
    try:
        return _plan_in_sight(df, name, options, progress=False)
    except KeyboardInterrupt as stop:
        raise nothing_sent(stop, _LOOKING) from None


@spelled
def create_reference_set(df: pd.DataFrame, name: str, **options: Unpack[SubmitOptions]) -> ImportJob:
    """Create a reference set from the frame: check everything, upload the file, start the import.

    Parameters
    ----------
    df : pandas.DataFrame
        Any number of rows and columns; the file may have up to 5 GB (source: guide). It is not changed.
    name : str
        The new reference set: at most 25 Latin letters, digits, ``-`` and ``_``.
    connection : Connection, optional
        By default the session's current one: see :func:`connect_pandas.connect`, or
        :func:`connect_pandas.sandbox` to try it without an account.
    progress : bool
        Whether to show progress.
    **options
        ``key``, ``types``, ``names``, ``columns``, ``schema``, ``job_name``, ``notify``, ``folder``, ``filename``,
        ``delimiter``, ``date_format``, ``header``: as for :func:`connect_pandas.plan`.

    Returns
    -------
    ImportJob
        ``.id``, ``.status``; ``.wait()`` follows it to its end, ``.verify()`` compares the set with the frame.

    Raises
    ------
    ValidationError, PlanError
        The data, or an option, cannot be imported. Nothing was sent.
    ConfigurationError, ConnectionFailed, AuthenticationFailed, HostKeyError
        There is no connection, or no way in. Nothing was sent.
    UploadFailed
        The file did not arrive whole; no import was started.
    ImportRejected
        The service refused, with its message.
    ImportUnconfirmed
        It may or may not have begun; the message says how to find out.
    """
    connection, progress = options.pop("connection", None), options.pop("progress", True)
    try:
        made = _plan_in_sight(df, name, options, progress=progress)
    except KeyboardInterrupt as stop:
        # The first time, loading what reads a frame takes a moment, too.
        raise nothing_sent(stop, _LOOKING) from None
    return made.submit(connection, progress=progress)


def _plan_in_sight(df: pd.DataFrame, name: str, options: Any, *, progress: bool) -> ImportPlan:
    """Make a plan and show how far the look at the frame is, where it takes its time."""
    from connect_pandas._plan import make
    from connect_pandas.notebook.progress import looking

    with looking(df, on=progress) as told:
        return make(df, {"name": name, **options}, told)


@spelled
def form(df: pd.DataFrame, name: str, **options: Unpack[SubmitOptions]) -> ImportForm:
    """Show a form over the plan: choose names, types, the key and the notifications, look, repair, and create the set.

    Parameters
    ----------
    df : pandas.DataFrame
        Any number of rows and columns. It is not changed.
    name : str
        The new reference set.
    **options
        As for :func:`connect_pandas.create_reference_set`: where the form begins.

    Returns
    -------
    ImportForm
        ``.plan``, the plan on screen; ``.code``, the line that does the same; ``.job`` once it is created.

    Raises
    ------
    PlanError
        When a name, key or option cannot be.
    """
    from connect_pandas.notebook.form import ImportForm
    from connect_pandas.service.connection import require_connection

    connection, progress = options.pop("connection", None), options.pop("progress", True)
    require_connection(connection)
    schema = options.get("schema")
    made = _plan_in_sight(df, name, options, progress=progress)
    called = repr(str(schema)) if isinstance(schema, str | Path) else getattr(schema, "__name__", "schema")
    return ImportForm(made, connection, frame=df, progress=progress, schema=called)


def connect(
    profile: str | None = None,
    *,
    domain: str | None = None,
    user: str | None = None,
    api_key: str | None = None,
    key_file: str | os.PathLike[str] | None = None,
    passphrase: str | None = None,
    directory: str | None = None,
    host: str | None = None,
    port: int | None = None,
    endpoint: str | None = None,
    known_hosts: str | os.PathLike[str] | None = None,
    host_key: str | None = None,
    timeout: float | None = None,
) -> Connection:
    """Say who connects, where to and with which key; it becomes the session's current connection.

    What is not given comes from ``CONNECT_*`` environment variables (``CONNECT_DOMAIN``, ``CONNECT_USER``,
    ``CONNECT_API_KEY``, ``CONNECT_KEY_FILE``, …), then from the named profile, secrets at last from the system's
    keyring. Nothing is opened yet: ``.check()`` does.

    Parameters
    ----------
    profile : str, optional
        A name in ``profiles.toml`` in the user's configuration folder.
    domain : str, optional
        ``"prod-us-east-1"``, ``"prod-eu-central-1"`` or ``"prod-ap-southeast-2"``: gives ``host`` and ``endpoint``.
    user : str, optional
        The person's Connect e-mail address.
    api_key : str, optional
        Better left to the environment or the keyring.
    key_file : path, optional
        The private key whose public half Connect knows. Without one the keys of ``~/.ssh/config`` for that host are
        taken, else those of the ssh-agent.
    passphrase : str, optional
        Of the private key.
    directory : str, optional
        The subscription's directory on the server, as in ``"sub_0000000001"``; by default found.
    host, port, endpoint : optional
        Override those of the domain. ``endpoint`` is https, except on this machine.
    known_hosts : path, optional
        By default ``~/.ssh/known_hosts``.
    host_key : str, optional
        The server's fingerprint, ``"SHA256:…"``, in place of ``known_hosts``.
    timeout : float, optional
        Seconds that either server may say nothing before a step gives up; by default 30.

    Returns
    -------
    Connection
        Shows no secret.

    Raises
    ------
    ConfigurationError
        When settings are missing or wrong: all of them at once.
    """
    from connect_pandas.service.connection import Secret, resolve, use

    # At once, so that no traceback that shows local variables shows them.
    hidden = {n: Secret(v) for n, v in (("api_key", api_key), ("passphrase", passphrase)) if v is not None}
    del api_key, passphrase
    given = {
        **hidden,
        "domain": domain,
        "user": user,
        "key_file": key_file,
        "directory": directory,
        "host": host,
        "port": port,
        "endpoint": endpoint,
        "known_hosts": known_hosts,
        "host_key": host_key,
        "timeout": timeout,
    }
    connection = resolve(profile, given)
    use(connection)
    return connection


def jobs(connection: Connection | None = None) -> pd.DataFrame:
    """List the imports that this machine has begun, from its journal. No data row is kept there.

    Parameters
    ----------
    connection : Connection, optional
        Whose journal: a sandbox keeps its own. By default the session's current one; without any, the user's journal.

    Returns
    -------
    pandas.DataFrame
        One row an import, the oldest first: ``name`` (the data set), ``step`` (the last that was written down:
        ``planned``, ``uploaded``, ``asked``, ``submitted``, ``completed``, ``partial``, ``rejected``, ``failed``,
        ``unconfirmed``, or ``gone``, its file, while its set does not show), ``at`` (of that step) and ``begun`` (both
        in UTC), ``rows``, ``bytes`` (of the file, once it is uploaded), ``file``, ``job`` (the service's id),
        ``user``, ``host`` (with its port where that is not 22). Its index is the journal's own id.
        :func:`connect_pandas.job` takes that, the service's id, the file's name or the data set's.
    """
    import pandas as pd

    from connect_pandas.service.history import begun

    columns = {
        "id": "str",
        "name": "str",
        "step": "str",
        "at": "datetime64[ms, UTC]",
        "begun": "datetime64[ms, UTC]",
    }
    columns |= {"rows": "int64", "bytes": "Int64", "file": "str", "job": "str", "user": "str", "host": "str"}
    return pd.DataFrame(begun(connection), columns=list(columns)).astype(columns).set_index("id")


def setup(profile: str = "default") -> SetupForm | None:
    """Set up the connection to an account, step by step: in a notebook as a form, in a terminal as questions.

    Who and where; the API key, kept in the system's keyring; a key pair, chosen or made, and registered with Connect;
    the file server's fingerprint, which you confirm; the subscription's directory; a test of both sides. What holds is
    saved as a profile, without any secret in it. While a sandbox runs, it can be chosen as well.

    Parameters
    ----------
    profile : str
        The profile to begin from, and to save to.

    Returns
    -------
    SetupForm or None
        In a notebook the form, which shows itself; ``.connection`` once it is saved. In a terminal nothing:
        ``connect_pandas.connect(profile)`` connects.

    Raises
    ------
    ConfigurationError
        Where nobody can be asked, as in a program without a terminal.
    """
    from connect_pandas._questions import setup_here

    return setup_here(profile)


def sandbox() -> Sandbox:
    """Start the service in miniature on this machine; its connection becomes the session's current one.

    Real sockets, no account, nothing leaves this machine. Needs the extra: ``pip install "connect-pandas[sandbox]"``.

    One that runs already goes on, with all that is in it, until its own ``.stop()`` or the end of Python; an import
    goes there from then on only with ``connection=``.

    Returns
    -------
    Sandbox
        ``.connection``; ``.files``, ``.jobs``, ``.mailbox``, ``.sets`` as tables; ``.stop()``. Also a context
        manager.

    Raises
    ------
    ConfigurationError
        When the extra is not installed.
    """
    from connect_pandas._sandbox import Sandbox
    from connect_pandas.service.connection import use

    box = Sandbox()
    use(box.connection)
    return box
