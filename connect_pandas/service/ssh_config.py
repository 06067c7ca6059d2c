"""The way to a file server as ``~/.ssh/config`` describes it: host, port, jump hosts, identities, agent.

Nothing of it can loosen what a server must prove: ``StrictHostKeyChecking`` and ``UserKnownHostsFile`` are not read.
And no command in it is run: neither that of a ``ProxyCommand`` nor that of a ``Match exec``.
"""

from __future__ import annotations

import getpass
import glob
import os
import re
import shlex
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import paramiko

from connect_pandas.errors import ConfigurationError, ConnectionFailed
from connect_pandas.service.connection import ANSWER_SECONDS, SFTP_PORT
from connect_pandas.service.lookup import LookUpTimeout, look_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from connect_pandas.service.connection import Connection

AGENT_VARIABLE: Final = "SSH_AUTH_SOCK"
JUMPS_MAX: Final = 8
"""More jump hosts than anybody has: a configuration whose hosts lead to each other goes on for ever."""
INCLUDES_MAX: Final = 16
"""How deep files may include each other; as many as OpenSSH allows."""

_LENGTHS: Final = {"inet": 2, "inet6": 4}
"""Of the addresses of a socket, by the ``AddressFamily`` that is asked for."""
_MATCH: Final = re.compile(r"\s*match(?:\s*=\s*|\s+)(.+)", re.IGNORECASE)
_INCLUDES: Final = re.compile(r"\s*include(?:\s*=\s*|\s+)(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A host, and how it is reached and logged on to."""

    host: str
    port: int = SFTP_PORT
    user: str
    jumps: tuple[str, ...] = ()
    """The jump hosts, the nearest to here first, each as ``[user@]host[:port]``."""
    identities: tuple[Path, ...] = ()
    """The files of ``IdentityFile`` that are there, public halves of an agent's keys among them."""
    identities_only: bool = False
    agent: str | None = None
    """The socket of the ssh-agent; ``None`` when none is named. Windows has its own."""

    @property
    def where(self) -> str:
        """Host and port, for a message."""
        return f"{self.host}:{self.port}"


def way_to(connection: Connection) -> Way:
    """Return the way to a connection's file server; a sandbox's is never anybody's configuration.

    ``Port`` holds where the connection has SSH's own, and ``User`` never: the user is the Connect user.

    Raises
    ------
    ConfigurationError
        When ``~/.ssh/config`` cannot be read, or needs what is not supported.
    ConnectionFailed
        When the host's full name is to be looked up (``CanonicalizeHostname``), and nobody answers in time.
    """
    if connection.kind == "sandbox":
        return Way(host=connection.host, port=connection.port, user=connection.user)
    port = None if connection.port == SFTP_PORT else connection.port
    return _way(connection.host, port, connection.user, seconds=connection.timeout)


def way_to_jump(jump: str, before: tuple[str, ...]) -> Way:
    """Return the way to a jump host, ``[user@]host[:port]``, through those that stand before it.

    Raises
    ------
    ConfigurationError, ConnectionFailed
        As :func:`way_to`.
    """
    user, host, port = _parts(jump)
    return _way(host, _port(port) if port else None, user or None, before)


def _way(
    name: str,
    port: int | None,
    user: str | None,
    before: tuple[str, ...] = (),
    *,
    seconds: float = ANSWER_SECONDS,
) -> Way:
    said = _said_of(name, seconds)
    agent = said.get("identityagent", AGENT_VARIABLE)
    files = (Path(file) for file in said.get("identityfile", ()) if file != "none")
    return Way(
        host=said["hostname"],
        port=port or _port(said.get("port", SFTP_PORT)),
        user=user or said.get("user") or getpass.getuser(),
        jumps=before or _jumps(name, said),
        identities=tuple(file for file in files if file.is_file() or _public_half(file).is_file()),
        identities_only=said.get("identitiesonly") == "yes",
        agent=_agent(agent),
    )


def config_file() -> Path:
    """Return where OpenSSH reads the user's own configuration."""
    return Path.home() / ".ssh" / "config"


class _Config(paramiko.SSHConfig):
    # Without this machine's full name, %l: paramiko asks DNS for it, without end, whether it is needed or not.
    TOKENS_BY_CONFIG_KEY = {  # noqa: RUF012 - paramiko's own name
        key: [kind for kind in kinds if kind != "%l"]
        for key, kinds in paramiko.SSHConfig.TOKENS_BY_CONFIG_KEY.items()
    }

    seconds = ANSWER_SECONDS
    """For all look-ups of a full name."""

    if TYPE_CHECKING:  # an inner call, which the type stubs leave out

        def _get_matches(self, match: str) -> list[dict[str, str]]: ...

    def runs(self, criteria: str) -> bool:
        """Say whether a command is among what a ``Match`` asks for."""
        return any(one["type"].lower() == "exec" for one in self._get_matches(criteria))

    def canonicalize(self, hostname: str, options: Mapping[str, str], domains: Iterable[str]) -> str:
        # As paramiko's own, whose look-ups end when the system pleases.
        end, family = time.monotonic() + self.seconds, options.get("addressfamily", "any")
        names = [f"{hostname}.{domain}" for domain in domains]
        for name in names:
            try:
                found = look_up(name, SFTP_PORT, max(end - time.monotonic(), 0.001))
            except LookUpTimeout as error:
                raise ConnectionFailed(
                    f"The name {name} was not looked up within {self.seconds:g} s: the name servers (DNS) do not "
                    f"answer, and {config_file()} asks for the full name of {hostname} (CanonicalizeHostname).\n"
                    "Check this machine's network or VPN, and try again later."
                ) from error
            except socket.gaierror:
                continue
            if any(len(address) == _LENGTHS.get(family, len(address)) for address in found):
                return name
        if options.get("canonicalizefallbacklocal", "yes") == "yes":
            return hostname
        raise ConnectionFailed(
            f"No name {' or '.join(names)} can be found, and {config_file()} forbids {hostname} as it is "
            "(CanonicalizeFallbackLocal).\nCheck host=…, and this machine's network or VPN."
        )


def _said_of(name: str, seconds: float) -> Mapping[str, str]:
    path = config_file()
    try:
        return _looked_up(_lines(path, name, seconds), name, seconds)
    except FileNotFoundError:
        return {"hostname": name}
    except (ConfigurationError, ConnectionFailed):
        raise
    except Exception as error:  # noqa: BLE001 - paramiko's reader raises of many kinds
        raise ConfigurationError(f"{path} cannot be read: {error}.") from None


def _looked_up(lines: Iterable[str], name: str, seconds: float) -> Mapping[str, str]:
    config = _Config.from_text("\n".join(lines))
    config.seconds = seconds
    return config.lookup(name)


def _lines(path: Path, name: str, seconds: float, before: tuple[str, ...] = (), depth: int = 0) -> list[str]:
    """Return the lines of a configuration for one host, those of its ``Include`` in their place.

    As with OpenSSH, an ``Include`` in a block holds where the block does, and the block goes on after it.
    """
    if depth > INCLUDES_MAX:
        raise ConfigurationError(f"{path} is included {depth} files deep. Do they include each other?")
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if (match := _MATCH.match(line)) is not None and _Config().runs(match[1]):
            raise ConfigurationError(
                f'{path} has a "Match exec", whose command is not run here. Write Host lines in its place.'
            )
        if (include := _INCLUDES.match(line)) is None:
            lines.append(line)
        elif _holds_after((*before, *lines), name, seconds):
            for file in _files(include[1]):
                lines += [*_lines(file, name, seconds, (*before, *lines), depth + 1), "Host *"]
    return lines


def _holds_after(lines: tuple[str, ...], name: str, seconds: float) -> bool:
    """Say whether what stands after these lines is said of this host."""
    return "here" in _looked_up((*lines, "here yes"), name, seconds)


def _files(patterns: str) -> Iterator[Path]:
    # As OpenSSH, which takes a backslash for itself except before these.
    for pattern in shlex.split(re.sub(r"\\(?![\\\"' ])", r"\\\\", patterns), comments=True):
        found = glob.glob(str(config_file().parent / Path(pattern).expanduser()))  # noqa: PTH207 - also absolute ones
        yield from (Path(file) for file in sorted(found) if Path(file).is_file())


def _port(port: object) -> int:
    try:
        return int(str(port))
    except ValueError:
        raise ConfigurationError(f"{config_file()}: {port!r} is not a port.") from None


def _jumps(name: str, said: Mapping[str, str]) -> tuple[str, ...]:
    # Of the two, the one that stands first holds, as with OpenSSH.
    proxy = next((word for word in said if word in ("proxyjump", "proxycommand")), None)
    if proxy is None or said[proxy] in (None, "none"):
        return ()
    if proxy == "proxycommand":
        raise ConfigurationError(
            f"{config_file()} has a ProxyCommand for {name}, which is not supported.\n"
            "Write a jump host in its place, as in: ProxyJump ann@jump.shop.com; where it is not needed for this host: "
            "ProxyCommand none"
        )
    jumps = tuple(jump.strip() for jump in said[proxy].split(","))
    # "Host *" names the jump host, too: it is not reached through itself.
    return () if _parts(jumps[0])[1] == name else jumps


def _parts(jump: str) -> tuple[str, str, str]:
    """Return user, host and port of ``[ssh://][user@]host[:port][/]``; what is not said is empty."""
    user, _, place = jump.removeprefix("ssh://").removesuffix("/").rpartition("@")
    host, colon, port = place.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):  # an address of IPv6 without a port
        host, port = place, ""
    return user, host.strip("[]"), port


def _agent(named: str) -> str | None:
    if named == "none":
        return None
    if named == AGENT_VARIABLE:
        return os.environ.get(AGENT_VARIABLE)
    return os.path.expandvars(Path(named).expanduser())


def _public_half(path: Path) -> Path:
    return path.with_name(f"{path.name}.pub")
