"""The Connect service in miniature, on real sockets of this machine: nothing leaves it, nothing stays.

::

    with Sandbox() as box:
        job = df.connect.create_reference_set("Orders", connection=box.connection)
        job.wait()
        box.sets        # what there is now

It accepts what the service's documentation allows and refuses the rest, with the documented messages where
there are any. It needs the extra: ``pip install "connect-pandas[sandbox]"``.
"""

from __future__ import annotations

import atexit
import secrets
import shutil
from typing import TYPE_CHECKING, Any, Final, Self

from connect_pandas._sandbox import folder
from connect_pandas.errors import ConfigurationError
from connect_pandas.service.connection import Connection, Secret, enter, leave

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from connect_pandas._sandbox.server import Server
    from connect_pandas._sandbox.sftp import Faults
    from connect_pandas.notebook.draw import View
    from connect_pandas.notebook.live import Live

__all__ = ["Sandbox"]

USER: Final = "workshop@sandbox.example"
_EXTRA: Final = frozenset({"ariadne", "asyncssh", "graphql", "uvicorn"})


class Sandbox:
    """A Connect service of one's own, started when it is made: ``Sandbox()``.

    Parameters
    ----------
    import_delay : float
        For tests: the seconds that an import job waits before it starts.
    faults : Faults or None
        For tests: what the file server does wrong on purpose.

    Attributes
    ----------
    connection : Connection
        The way in, ready to use. Its key opens the door whatever other key is registered, and its journal
        lies in the sandbox, not with the user's own imports.

    Raises
    ------
    ConfigurationError
        When the extra ``[sandbox]`` is not installed.

    Notes
    -----
    As a ``Connection`` does, it leaves the session's current connection as it is: give ``connection=box.connection``
    along. :func:`connect_pandas.sandbox` starts one and makes its connection the current one.

    In a notebook it shows its files, sets, jobs and mailbox, and goes on showing them as they change.

    It listens on loopback only, on ports of the system's choice. It stops with :meth:`stop`, at the end of a
    ``with`` block, or when Python ends; with it go its keys, its files and its records. What a sandbox leaves
    behind that is killed, the next one removes.
    """

    def __init__(self, *, import_delay: float = 0.2, faults: Faults | None = None) -> None:
        server = _server_class()
        folder.remove_leftovers()
        self._folder, self._held = folder.make()
        api_key = secrets.token_urlsafe(24)
        try:
            self._server = server(self._folder, USER, api_key, import_delay, faults)
        except BaseException:
            self._remove_folder()
            raise
        self.connection = Connection(
            user=USER,
            host="127.0.0.1",
            port=self._server.sftp_port,
            endpoint=f"http://127.0.0.1:{self._server.http_port}/",
            api_key=Secret(api_key),
            key_file=self._server.key_file,
            host_key=self._server.host_key,
            state=self._folder / "state",
            kind="sandbox",
        )
        enter(self.connection)
        self._running = True
        self._live: Live | None = None
        atexit.register(self.stop)

    @property
    def explorer(self) -> str:
        """Where a browser on this machine sees the API's explorer; it asks there for the key.

        ``box.connection.api_key.reveal()`` shows the key. Who does not want to type it opens
        ``f"{box.explorer}#key={box.connection.api_key.reveal()}"``: that part of an address goes to no server.
        """
        return self.connection.endpoint

    @property
    def files(self) -> pd.DataFrame:
        """What lies in the subscription's directory now: ``folder, file, bytes, modified``.

        ``folder`` counts from that directory and is empty for the directory itself. A file that is still
        being written is not there yet, one whose import is completed is not there any more.
        """
        rows = (
            ("/".join(key[1:-1]), key[-1], file.size, file.modified)
            for key, file in self._running_server().files.files().items()
        )
        return _table({"folder": "str", "file": "str", "bytes": "int64", "modified": _TIME}, rows)

    @property
    def jobs(self) -> pd.DataFrame:
        """The import jobs, oldest first: ``id, name, data_set, status, rows_read, …, finished``.

        ``status`` is waiting, running, completed or failed, and ``message`` says why it failed.
        """
        columns = {
            "id": "str",
            "name": "str",
            "data_set": "str",
            "status": "str",
            "rows_read": "int64",
            "rows_imported": "int64",
            "message": "str",
            "created": _TIME,
            "finished": _TIME,
        }
        jobs = self._running_server().importer.jobs()
        return _table(columns, (tuple(getattr(job, c) for c in columns) for job in jobs))

    @property
    def mailbox(self) -> pd.DataFrame:
        """What the service would have sent by e-mail, oldest first: ``to, subject, text, sent``."""
        columns = {"to": "str", "subject": "str", "text": "str", "sent": _TIME}
        mails = self._running_server().importer.mails()
        return _table(columns, (tuple(getattr(mail, c) for c in columns) for mail in mails))

    @property
    def sets(self) -> pd.DataFrame:
        """The reference sets, oldest first: ``name, id, records, attributes, created``.

        ``attributes`` holds a dictionary of types by name.
        """
        columns = {"name": "str", "id": "str", "records": "int64", "attributes": "object", "created": _TIME}
        rows = (
            (s.name, s.id, records, {a.name: a.type for a in s.attributes}, s.created)
            for s, records in self._running_server().library.counted_sets()
        )
        return _table(columns, rows)

    def records(self, name: str) -> pd.DataFrame:
        """Return the records of a reference set as the service holds them, in the order of arrival.

        One column an attribute; a NUMBER is a ``Decimal``, a DATE text, a missing value ``None``.

        Raises
        ------
        ConfigurationError
            When there is no set of that name.
        """
        import pandas as pd

        library = self._running_server().library
        found = {s.name: s for s in library.sets()}
        if name not in found:
            raise ConfigurationError(
                f"There is no reference set {name!r}; there are: {', '.join(found) or 'none'}."
            )
        names = [a.name for a in found[name].attributes]
        return pd.DataFrame(library.records(found[name]), columns=names, dtype=object)

    def stop(self) -> None:
        """Stop it and remove all that it made. Stopping twice does no harm."""
        if not self._running:
            return
        if self._live is not None:  # what it held stays on the page
            self._live.end(self._view(last=True))
        self._running, self._live = False, None
        atexit.unregister(self.stop)
        leave(self.connection)
        self._server.stop()
        self._remove_folder()

    def _remove_folder(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._held is not None:
            self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        from connect_pandas.notebook.draw import as_text

        return as_text(self._view())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from connect_pandas.notebook.draw import bundle

        return bundle(self._view())

    def _ipython_display_(self) -> None:
        """Show itself in a notebook and keep that up to date until it stops; elsewhere let IPython take the repr."""
        from connect_pandas.notebook.live import Live
        from connect_pandas.notebook.progress import in_notebook

        if not (self._running and in_notebook()):
            raise NotImplementedError
        if self._live is None:
            self._live = Live(self._view, self._server.bell)
        self._live.show()

    def _view(self, *, last: bool = False) -> View:
        from connect_pandas.notebook.view_sandbox import sandbox, stopped

        return sandbox(self, last=last) if self._running else stopped()

    def _running_server(self) -> Server:
        if not self._running:
            raise ConfigurationError(
                "This sandbox has stopped and what was in it is gone. Start another: connect_pandas.sandbox()"
            )
        return self._server


_TIME: Final = "datetime64[us, UTC]"


def _table(columns: Mapping[str, str], rows: Iterable[tuple[Any, ...]]) -> pd.DataFrame:
    import pandas as pd

    # The types are named, so that an empty table has them too.
    return pd.DataFrame(list(rows), columns=list(columns)).astype(dict(columns))


def _server_class() -> type[Server]:
    try:
        from connect_pandas._sandbox.server import Server
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        raise ConfigurationError(
            f"The sandbox needs {error.name}, which is not installed. "
            'Install the extra: pip install "connect-pandas[sandbox]"'
        ) from None
    return Server
