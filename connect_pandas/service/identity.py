"""With which keys a logon is tried: the key file's, else what ``~/.ssh/config`` names, else the ssh-agent's.

A key that an agent holds stays there: the agent is asked for signatures.
"""

from __future__ import annotations

import base64
import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import paramiko
from paramiko.agent import AgentSSH, get_agent_connection

from connect_pandas.errors import ConfigurationError
from connect_pandas.service import keys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connect_pandas.service.ssh_config import Way


class _Agent(AgentSSH):
    """paramiko's agent at a socket of one's own choice, with answers that are not waited for without end."""

    if TYPE_CHECKING:  # what the type stubs leave out

        def _connect(self, conn: Any) -> None: ...
        def _close(self) -> None: ...

    def __init__(self, way: Way, seconds: float) -> None:
        super().__init__()
        line = get_agent_connection() if os.name == "nt" else _dial(way.agent, seconds)
        self.is_there = line is not None
        if line is not None:
            try:
                self._connect(line)
            except (OSError, paramiko.SSHException):
                line.close()
                self.is_there = False

    def close(self) -> None:
        self._close()


def _dial(path: str | None, seconds: float) -> Any:
    if not path:
        return None
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(seconds)
    try:
        line.connect(path)
    except OSError:  # what the variable names is gone
        line.close()
        return None
    return line


@contextmanager
def identities(way: Way, seconds: float) -> Iterator[tuple[paramiko.PKey, ...]]:
    """Yield the keys to try where no key file is named, best first; the agent is held until the end of the block.

    Parameters
    ----------
    way : Way
        Who logs on, and where.
    seconds : float
        For each answer of the agent.

    Raises
    ------
    ConfigurationError
        When there is none.
    """
    agent = _Agent(way, seconds)
    try:
        held = tuple(key for key in agent.get_keys() if key.get_name() in keys.ALGORITHMS)
        usable = tuple(key for key in held if not keys.is_short(key))
        if way.identities:
            yield _named(way, held)
        elif usable and not way.identities_only:
            yield usable
        else:
            raise ConfigurationError(_say_none(way, agent_is_there=agent.is_there, has_short=bool(held)))
    finally:
        agent.close()


def _named(way: Way, held: tuple[paramiko.PKey, ...]) -> tuple[paramiko.PKey, ...]:
    """Return the keys of the identity files: the agent's where it holds one of them, else the file's own."""
    found, refusals = list[paramiko.PKey](), list[str]()
    for path in way.identities:
        public = _public(path)
        in_agent = next((key for key in held if key.asbytes() == public), None)
        try:
            found.append(keys.load(path, None) if in_agent is None else keys.require_long(in_agent, path))
        except ConfigurationError as refused:
            refusals.append(str(refused))
    if found:
        return tuple(found)
    raise ConfigurationError(
        "\n".join(
            [
                f"No IdentityFile that ~/.ssh/config names for {way.host} can be used:",
                *refusals,
                f"A key that is encrypted can be given to the ssh-agent: ssh-add {way.identities[0]}",
            ]
        )
    )


def _public(path: Path) -> bytes | None:
    """Return the public half of an identity file: it is one itself, or has one beside it."""
    for file in (path, path.with_name(f"{path.name}.pub")):
        try:
            kind, blob, *_ = file.read_text(encoding="utf-8").split(maxsplit=2)
            if kind in keys.ALGORITHMS:
                return base64.b64decode(blob)
        except (OSError, ValueError):
            continue
    return None


def _say_none(way: Way, *, agent_is_there: bool, has_short: bool) -> str:
    agent = "holds no key that can be used" if agent_is_there else "does not answer"
    if has_short and not way.identities_only:
        agent = f"holds only RSA keys of less than {keys.RSA_BITS_MIN} bits, which are not safe"
    if way.agent is None and os.name != "nt":
        agent = "is not running here"
    only = " that IdentitiesOnly allows" if way.identities_only else ""
    return (
        f"There is no key to log on with at {way.host}: no key_file was given, ~/.ssh/config names no IdentityFile for "
        f"it{only} that is there, and the ssh-agent {agent}.\n"
        "Name the private key whose public half Connect knows (key_file=…), or give it to the agent: "
        "ssh-add ~/.ssh/connect"
    )
