"""The command line: ``connect-pandas demo | sandbox | setup | check``."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from connect_pandas import __version__
from connect_pandas.errors import ConnectError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pandas as pd

    from connect_pandas import ImportJob, Sandbox


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0 done, 1 a ``ConnectError``, 130 interrupted, 141 when nobody reads on, as in ``connect-pandas demo | head``.
    """
    parser = argparse.ArgumentParser(
        prog="connect-pandas", description="A pandas DataFrame becomes an Acoustic Connect reference set."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (run, words) in _COMMANDS.items():
        command = commands.add_parser(name, help=words, description=words)
        command.set_defaults(run=run)
        if name in ("setup", "check"):
            command.add_argument("--profile", help="a name in profiles.toml")
    given = parser.parse_args(arguments)
    try:
        status = int(given.run(given))
        sys.stdout.flush()
        return status
    except ConnectError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        print("\n".join(["Interrupted.", *getattr(stop, "__notes__", [])]), file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Python writes what is left when it ends: to nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


@contextmanager
def _told_to_end() -> Iterator[None]:
    """Take SIGTERM and SIGHUP for Ctrl-C: Python would end without removing the sandbox and its keys."""
    named = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    ends = [s for s in named if signal.getsignal(s) == signal.SIG_DFL]  # nohup has its reasons

    def stop(*_: object) -> None:
        for end in ends:
            signal.signal(end, signal.SIG_IGN)  # a second one would interrupt the cleaning up
        raise KeyboardInterrupt

    for end in ends:
        signal.signal(end, stop)
    try:
        yield
    finally:
        for end in ends:
            signal.signal(end, signal.SIG_DFL)


# ── demo ─────────────────────────────────────────────────────────────────────────────────────────────────

DEMO_ROWS: Final = 200_000


def _demo(_given: argparse.Namespace) -> int:
    import connect_pandas
    from connect_pandas import samples

    print("Starting the sandbox: the Connect service in miniature, on this machine only.")
    with _told_to_end(), connect_pandas.sandbox() as box:
        print(box, end="\n\n")
        _import(box, samples.orders(), "Orders")
        _import(box, samples.many_orders(DEMO_ROWS), "Orders_200k")
        print(
            "The service now holds:", box.sets[["name", "id", "records"]].to_string(index=False), "", sep="\n"
        )
        print("and has sent:", box.mailbox[["to", "subject"]].to_string(index=False), "", sep="\n")
    print("The sandbox is stopped, nothing is left behind.")
    print("Next: import connect_pandas; connect_pandas.sandbox(); df.connect")
    return 0


def _import(box: Sandbox, orders: pd.DataFrame, name: str) -> None:
    import connect_pandas

    print(
        f"── {len(orders):,} orders ──────────────────────────────────────────────",
        orders.head(3).to_string(),
        "",
        sep="\n",
    )
    print(f'>>> job = df.connect.create_reference_set("{name}", notify="ann@shop.example")')
    plan = connect_pandas.plan(orders, name, notify="ann@shop.example", folder="RS/Orders")
    print(plan)
    started = time.perf_counter()
    job = plan.submit(box.connection).wait()
    print(
        f"\n{job!r}\n{job.verify()!r}\nfrom the frame to the set in {time.perf_counter() - started:.1f} s\n"
    )
    print("three of its records, as the service gives them back:", _records(job), "", sep="\n")


def _records(job: ImportJob) -> str:
    import pandas as pd

    from connect_pandas.service.graphql import Api

    api, plan = Api(job.connection), job.plan
    data_set = api.data_set(job.name)
    if data_set is None or plan is None:
        return "(none)"
    key = next(a["name"] for a in job.payload["importInput"]["attributes"]["create"] if "identifyAs" in a)
    records = api.records(data_set.id, key, [row[key] or "" for row in plan.sample(3)])
    return pd.DataFrame([record.values for record in records]).to_string(index=False)


# ── sandbox ──────────────────────────────────────────────────────────────────────────────────────────────


def _sandbox(_given: argparse.Namespace) -> int:
    import connect_pandas

    with _told_to_end():
        try:
            with connect_pandas.sandbox() as box:
                print(box)
                print("Another program reaches it with these settings; Ctrl-C stops it and removes them.")
                print(f"  source {shlex.quote(str(_environment(box)))}", flush=True)
                while True:
                    time.sleep(3600)
        except KeyboardInterrupt:
            with suppress(OSError):  # the terminal may be gone
                print("\nStopped; nothing is left behind.", flush=True)
    return 0


def _environment(box: Sandbox) -> Path:
    """Write the way in as ``CONNECT_*`` settings, for this user's eyes only."""
    way = box.connection
    settings = {
        "USER": way.user,
        "API_KEY": way.api_key.reveal(),
        "KEY_FILE": str(way.key_file),
        "HOST": way.host,
        "PORT": str(way.port),
        "ENDPOINT": way.endpoint,
        "HOST_KEY": str(way.host_key),
        "STATE_DIR": str(way.state),
    }
    assert way.key_file is not None  # noqa: S101 - a sandbox makes one
    path = way.key_file.with_name("environment")
    path.touch(mode=0o600)
    path.write_text(
        "".join(f"export CONNECT_{name}={shlex.quote(value)}\n" for name, value in settings.items())
    )
    return path


# ── an account ───────────────────────────────────────────────────────────────────────────────────────────


def _check(given: argparse.Namespace) -> int:
    import connect_pandas

    found = connect_pandas.connect(given.profile).check()
    print(found)
    return 0 if found.ok else 1


def _setup(given: argparse.Namespace) -> int:
    from connect_pandas._questions import ask
    from connect_pandas.service.connection import DEFAULT_PROFILE

    return 0 if ask(given.profile or DEFAULT_PROFILE) else 1


_COMMANDS: Final[dict[str, tuple[Callable[[argparse.Namespace], int], str]]] = {
    "demo": (_demo, "Import two frames into a sandbox on this machine, and show every step."),
    "sandbox": (_sandbox, "Run the sandbox until Ctrl-C."),
    "setup": (_setup, "Answer a few questions to connect a Connect account."),
    "check": (_check, "Log on to both sides of Connect and say what works."),
}


if __name__ == "__main__":
    sys.exit(main())
