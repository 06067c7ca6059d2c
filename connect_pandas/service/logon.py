"""The way in: a transport to a server that has proved who it is, and a client for a user whom it lets in.

Every wait has an end. One deadline bounds each handshake, another the logon; a socket that takes nothing gives up.
A jump host of ``~/.ssh/config`` is proved and logged on to as the server itself is.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import paramiko
from paramiko.sftp import (
    SFTPError,
)

from connect_pandas.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectError,
    ConnectionFailed,
    HostKeyError,
)
from connect_pandas.service import keys
from connect_pandas.service.identity import identities
from connect_pandas.service.lookup import LookUpTimeout, dial
from connect_pandas.service.ssh_config import JUMPS_MAX, Way, way_to, way_to_jump
from connect_pandas.service.wire import MOMENT, Client, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connect_pandas.service.connection import Connection

# Without a handler of its own, paramiko's tracebacks of failed handshakes would be printed by logging's last resort,
# beside the error that we raise in words. Whoever configures logging still gets them.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

KEEP_ALIVE_SECONDS: Final = 30
EXCHANGES: Final = (
    "mlkem768x25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group14-sha256",
)
"""How session keys are agreed on: those of paramiko's list that we vouch for, whatever it may add or lack."""
CIPHERS: Final = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
"""AES-GCM first: paramiko spends more time on a MAC of its own than on the cipher."""
MACS: Final = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)


def verified_transport(connection: Connection, trust: keys.Trust, timeout: float) -> paramiko.Transport:
    return _proved(way_to(connection), trust, timeout)


def _proved(way: Way, trust: keys.Trust, timeout: float, depth: int = 0) -> paramiko.Transport:
    refusals: list[HostKeyError] = []
    tried: set[str] = set()
    for algorithms in trust.rounds():
        if tried.intersection(algorithms):
            continue  # the server has shown its key of this family
        transport = _handshake(way, algorithms, timeout, depth, optional=bool(refusals))
        if transport is None:
            continue
        key = transport.get_remote_server_key()
        if trust.proves(key):
            return transport
        close(transport)
        tried.update(keys.ALGORITHMS[key.get_name()])
        refusals.append(trust.refusal(key))
    raise refusals[0]


def _handshake(
    way: Way, algorithms: tuple[str, ...], timeout: float, depth: int, *, optional: bool
) -> paramiko.Transport | None:
    """Agree on keys with the server; ``None`` when that is optional and it has no host key of these kinds."""
    where = way.where
    line = _jump(way, timeout, depth) if way.jumps else _dial(way, timeout)
    transport = paramiko.Transport(line)  # type: ignore[arg-type]  # socket-like is enough
    options = transport.get_security_options()
    options.kex = tuple(name for name in EXCHANGES if name in options.kex)
    options.ciphers, options.digests, options.key_types = CIPHERS, MACS, algorithms
    # One deadline bounds all of the logon; paramiko's own would only be shorter or have other words.
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = 2 * timeout
    transport.clear_to_send_timeout = timeout
    try:
        with deadline(transport, where, timeout):
            transport.start_client()
    except paramiko.ssh_exception.IncompatiblePeer as error:
        close(transport)
        if optional:
            return None
        raise ConnectionFailed(
            f"{where} and this package have no way of encryption in common ({error}). "
            "The server is too old or set up too narrowly; its administrator must allow a current one."
        ) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        close(transport)
        raise ConnectionFailed(_say_no_ssh(where, transport, error)) from error
    except BaseException:
        close(transport)
        raise
    return transport


def _dial(way: Way, timeout: float) -> Line:
    where = way.where
    try:
        line = dial(way.host, way.port, timeout)
    except LookUpTimeout as error:
        raise ConnectionFailed(
            f"The name {way.host} was not looked up within {timeout:g} s: the name servers (DNS) do not answer.\n"
            "Check this machine's network or VPN, and try again later."
        ) from error
    except socket.gaierror as error:
        raise ConnectionFailed(
            f"The name {way.host} cannot be found ({error.strerror}).\n"
            "Check host=… or domain=…, and this machine's network or VPN."
        ) from error
    except TimeoutError as error:
        raise ConnectionFailed(
            f"{where} did not answer within {timeout:g} s.\n"
            f"Check host and port; a firewall may be in the way (outgoing TCP, port {way.port})."
        ) from error
    except ConnectionRefusedError as error:
        raise ConnectionFailed(
            f"{where} refused the connection: nothing listens there.\nCheck host and port."
        ) from error
    except OSError as error:
        raise ConnectionFailed(
            f"{where} cannot be reached: {error.strerror or error}.\n"
            "Check host and port, and this machine's network or VPN."
        ) from error
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Line(line, timeout)


def _jump(way: Way, timeout: float, depth: int) -> Line:
    """Return a line to the server through the last of its jump hosts, which is reached through those before it."""
    *before, last = way.jumps
    hop = way_to_jump(last, tuple(before))
    said = f"{last}, the jump host on the way to {way.where} (ProxyJump in ~/.ssh/config)"
    if depth == JUMPS_MAX:
        raise ConfigurationError(f"More than {JUMPS_MAX} jump hosts: {said}. Do they lead to each other?")
    with _on_the_way(said):
        transport = _proved(hop, keys.trust_at(hop.host, hop.port, is_jump=True), timeout, depth + 1)
        try:
            with deadline(transport, hop.where, timeout), identities(hop, timeout) as mine:
                _log_on(transport, hop, mine, _say_try(hop))
            transport.set_keepalive(KEEP_ALIVE_SECONDS)
            here = ("127.0.0.1", 0)  # from where: the jump host notes it down, and no more
            # paramiko's own wait goes by the wall clock, which may be put back meanwhile.
            with deadline(transport, hop.where, timeout + MOMENT):
                channel = transport.open_channel("direct-tcpip", (way.host, way.port), here, timeout=timeout)
        except (paramiko.SSHException, EOFError, OSError) as error:
            close(transport)
            raise ConnectionFailed(f"It does not let through to {way.where}: {words(error)}.") from error
        except BaseException:
            close(transport)
            raise
    return Line(channel, timeout, transport)


@contextmanager
def _on_the_way(said: str) -> Iterator[None]:
    try:
        yield
    except HostKeyError as error:
        # Without the fingerprint: whoever asks for one to confirm asks for the file server's.
        raise HostKeyError(f"At {said}:\n{error}", "", error.reason) from None
    except ConnectError as error:
        raise type(error)(f"At {said}:\n{error}") from error.__cause__


def authenticate(transport: paramiko.Transport, connection: Connection, key: paramiko.PKey | None) -> None:
    """Log on with the key of the connection's file; ``None``: with what ``~/.ssh/config`` and the agent hold.

    Raises
    ------
    AuthenticationFailed
        When the server takes none of them, or wants more.
    ConfigurationError
        When there is none.
    """
    way = way_to(connection)
    if key is not None:
        _log_on(transport, way, (key,), _say_register(f"that ssh-keygen -yf {connection.key_file} prints"))
        return
    with identities(way, connection.timeout) as mine:
        _log_on(transport, way, mine, _say_register("of the right one's .pub file"))


def _log_on(transport: paramiko.Transport, way: Way, mine: Sequence[paramiko.PKey], advice: str) -> None:
    for number, key in enumerate(mine, 1):
        try:
            more = transport.auth_publickey(way.user, key)
        except paramiko.AuthenticationException as error:
            if not transport.is_active() and transport.saved_exception is None:
                raise
            if number == len(mine) or not transport.is_active():
                raise AuthenticationFailed(f"{_say_rejected(way, mine[:number])}\n{advice}") from error
            continue
        if more:
            raise AuthenticationFailed(
                f"The server takes the key of {way.user} and wants more than a key: {', '.join(more)}. "
                "Connect's users log on with a key only; check user=… and host=…."
            )
        transport.auth_handler.private_key = None  # type: ignore[union-attr]  # the session outlives its logon
        return


def open_client(transport: paramiko.Transport, where: str, timeout: float) -> Client:
    transport.set_keepalive(KEEP_ALIVE_SECONDS)
    try:
        channel = transport.open_session(timeout=timeout)
        channel.settimeout(timeout)
        channel.invoke_subsystem("sftp")
        return Client(channel)
    except (paramiko.SSHException, SFTPError) as error:
        raise ConnectionFailed(
            f"{where} let the user in and then opened no SFTP session ({error}).\n"
            "Check that host and port are the file server's; if so, its administrator must allow SFTP for this user."
        ) from error


@contextmanager
def deadline(transport: paramiko.Transport, where: str, seconds: float) -> Iterator[None]:
    """End the connection when the block takes longer: paramiko waits for some answers without end."""
    over = threading.Event()

    def end() -> None:
        over.set()
        transport.close()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if over.is_set():
            raise ConnectionFailed(
                f"{where} accepted the connection and then said nothing more for {seconds:g} s.\n"
                "Check that host and port are the file server's, and try again later; a firewall may hold packets back."
            ) from error
        raise
    finally:
        timer.cancel()


def close(transport: paramiko.Transport) -> None:
    transport.packetizer.complete_handshake()  # stops a timer that would outlive a broken handshake
    transport.close()
    transport.sock.close()
    if transport.is_alive():
        transport.join(1.0)  # it looks up from its socket ten times a second


class Line:
    """A socket whose sends come to an end.

    paramiko sends again and again, without end and holding its lock, while the other side takes nothing.
    """

    __slots__ = ("_carrier", "_closed", "_patience", "_process", "_socket", "_stalled")

    def __init__(
        self,
        line: socket.socket | paramiko.Channel,
        patience: float,
        carrier: paramiko.Transport | None = None,
    ) -> None:
        self._socket = line
        self._patience = patience
        self._carrier = carrier
        """The logon at a jump host through which the line goes; it ends with the line."""
        self._closed = False  # paramiko looks at it
        self._stalled = 0.0
        self._process = os.getpid()

    def send(self, data: bytes) -> int:
        try:
            sent = self._socket.send(data)
        except TimeoutError:
            self._stalled = self._stalled or time.monotonic()
            if time.monotonic() - self._stalled > self._patience:
                raise ConnectionAbortedError("the other side takes nothing") from None
            raise
        self._stalled = 0.0
        return sent

    def recv(self, size: int) -> bytes:
        return self._socket.recv(size)

    def settimeout(self, seconds: float | None) -> None:
        self._socket.settimeout(seconds)

    def getpeername(self) -> Any:
        return self._socket.getpeername()

    def close(self) -> None:
        if (
            self._process == os.getpid()
        ):  # a fork closes its own copy; to shut down would end the line of both
            with suppress(OSError, EOFError):
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for more
        with suppress(EOFError):  # a jump host that is gone cannot be told
            self._socket.close()
        self._closed = True
        if self._carrier is not None:
            close(self._carrier)


def _say_no_ssh(where: str, transport: paramiko.Transport, error: BaseException) -> str:
    if not transport.remote_version:
        return (
            f"{where} answers, but not as an SSH server.\n"
            "Check host and port: the file server's port is 22, and a proxy may have answered instead."
        )
    return f"{where} broke off while agreeing on keys: {words(error)}. Try again; check host and port if it stays so."


def _say_rejected(way: Way, tried: Sequence[paramiko.PKey]) -> str:
    shown = (f"  {keys.fingerprint(key)} ({key.get_name()})" for key in tried)
    called = "this key" if len(tried) == 1 else "these keys"
    return "\n".join([f"{way.host} does not let {way.user!r} in with {called}:", *shown])


def _say_try(hop: Way) -> str:
    by_hand = f"ssh -p {hop.port} {hop.user}@{hop.host}"
    return f"Name its key by IdentityFile, or give it to the ssh-agent, and try: {by_hand}"


def _say_register(line: str) -> str:
    return (
        "Either the public half is not registered with Connect, or the user is spelt differently there.\n"
        "  Register it: connect_pandas.setup(), in a terminal connect-pandas setup; or the mutation "
        f"updatePublicKeyForConnectUser with the line {line}\n"
        "  The user is the Connect e-mail address, in the spelling of the web app: letters, digits, '_', '-', '.', '@'"
    )
