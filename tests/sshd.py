"""A real OpenSSH sshd on a random loopback port, for tests and benchmarks.

::

    with sshd(tmp_path) as server:
        with open_session(server.connection()) as session: ...
        server.root            # the folder in which a logon lands

It runs as whoever runs the tests, root or not, serves nothing but SFTP, and lets in one key.
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connect_pandas.service.connection import Connection, Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HOST = "127.0.0.1"
READY_SECONDS = 15.0
PORT_TRIES = 5
PRIVILEGE_SEPARATION_FOLDER = Path("/run/sshd")


@dataclass(frozen=True, slots=True)
class Sshd:
    """A running server and what a client needs to reach it."""

    port: int
    user: str
    root: Path
    """The folder in which a logon lands."""
    key_file: Path
    known_hosts: Path
    host_keys: dict[str, Path]
    """Private host keys by type, as ``"ed25519"``."""
    log: Path
    pid: int

    def connection(self, **changes: Any) -> Connection:
        """Return a connection to this server; its API leads nowhere."""
        return replace(
            Connection(
                user=self.user,
                host=HOST,
                port=self.port,
                endpoint="http://127.0.0.1:9",
                api_key=Secret("no-api-here"),
                key_file=self.key_file,
                known_hosts=self.known_hosts,
            ),
            **changes,
        )

    def fingerprint(self, kind: str = "ed25519") -> str:
        """Return a host key's fingerprint as ``ssh-keygen`` prints it."""
        return fingerprint(self.host_keys[kind])


def find() -> str | None:
    """Return the path of OpenSSH's sshd, or ``None``. It must be absolute: sshd runs itself again."""
    return shutil.which("sshd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin")))


@contextmanager
def sshd(
    folder: Path, *, key_types: Sequence[str] = ("ed25519", "ecdsa"), options: Sequence[str] = ()
) -> Iterator[Sshd]:
    """Run an sshd with its own keys in ``folder`` until the block ends.

    Parameters
    ----------
    folder : Path
        An empty or new folder: keys, configuration and log go there, uploads to ``folder/root``.
    key_types : sequence of str
        The host keys it has.
    options : sequence of str
        More lines of ``sshd_config``, as ``"RekeyLimit 1M"``; they go first, and with sshd the first one holds.
    """
    program = find()
    if program is None:
        raise RuntimeError("There is no sshd here: install OpenSSH's server (Debian: openssh-server).")
    if os.geteuid() == 0:
        PRIVILEGE_SEPARATION_FOLDER.mkdir(exist_ok=True)
    root = folder / "root"
    root.mkdir(parents=True)
    host_keys = {kind: make_key(folder / f"host_{kind}", kind) for kind in key_types}
    key_file = make_key(folder / "user_key", "ed25519")
    shutil.copy(public(key_file), folder / "authorized_keys")
    for _ in range(PORT_TRIES):
        port = free_port()
        config = folder / "sshd_config"
        config.write_text("\n".join([*options, *_configuration(folder, port, host_keys)]) + "\n")
        log = folder / "sshd.log"
        process = subprocess.Popen(  # ours to end, by its id
            [program, "-D", "-f", str(config), "-E", str(log)],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            if not _ready(process, port):
                continue
            known_hosts = folder / "known_hosts"
            known_hosts.write_text("".join(known_host(HOST, port, key) for key in host_keys.values()))
            yield Sshd(port, getpass.getuser(), root, key_file, known_hosts, host_keys, log, process.pid)
            return
        finally:
            _end(process)
    raise RuntimeError(f"sshd did not start:\n{log.read_text()}")


def _configuration(folder: Path, port: int, host_keys: dict[str, Path]) -> list[str]:
    return [
        f"ListenAddress {HOST}",
        f"Port {port}",
        *(f"HostKey {path}" for path in host_keys.values()),
        f"PidFile {folder}/sshd.pid",
        f"AuthorizedKeysFile {folder}/authorized_keys",
        "StrictModes no",  # the tests' folders may belong to a group
        "UsePAM no",
        "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "LogLevel VERBOSE",
        "Subsystem sftp internal-sftp",
        f"ForceCommand internal-sftp -d {folder}/root",
    ]


def _ready(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection((HOST, port), timeout=1) as line:
                if line.recv(4) == b"SSH-":
                    return True
        except OSError:
            time.sleep(0.01)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "", *options: str) -> Path:
    """Make a key pair with ``ssh-keygen`` and return the private one's path."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", path.name, "-f", str(path), *options],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return path


def public(key: Path) -> Path:
    """Return the path of the public half."""
    return key.with_name(key.name + ".pub")


def fingerprint(key: Path) -> str:
    """Return a key's fingerprint as ``ssh-keygen`` prints it."""
    run = subprocess.run(["ssh-keygen", "-lf", str(public(key))], check=True, capture_output=True, text=True)
    return run.stdout.split()[1]


def known_host(host: str, port: int, key: Path) -> str:
    """Return the line of ``known_hosts`` for a host and its key."""
    name = host if port == 22 else f"[{host}]:{port}"
    kind, blob, *_ = public(key).read_text().split()
    return f"{name} {kind} {blob}\n"


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as line:
        line.bind((HOST, 0))
        port: int = line.getsockname()[1]
        return port
