"""Canaries: an API key, a passphrase and a private key go through all that can be done, and turn up nowhere.

Looked through are what shows itself, errors with all that hangs on them and the variables of their frames, logs at
DEBUG, warnings, and every byte that is left on this machine.
"""

from __future__ import annotations

import base64
import copy
import dataclasses
import gc
import json
import logging
import pickle
import socket
import tempfile
import threading
import traceback
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_ssh_private_key,
)

import connect_pandas
from connect_pandas import ConnectError, Sandbox, samples
from connect_pandas._sandbox.sftp import Faults
from connect_pandas.service import keys, setup
from connect_pandas.service.connection import Connection, Secret, use
from connect_pandas.service.graphql import Api
from connect_pandas.service.setup import Answers
from connect_pandas.service.sftp import open_session
from tests.service.fixtures_service import Reply, fake_api, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PART = 12
"""So many letters of a secret in a row are a leak."""
LOGGERS = (
    "",
    "paramiko",
    "paramiko.transport",
    "gql",
    "httpx",
    "httpcore",
    "asyncio",
    "asyncssh",
    "connect_pandas",
)


@dataclass(frozen=True)
class Canaries:
    """What must turn up nowhere, in all the spellings of it. Its own repr, in the frames of a test, is silent."""

    needles: tuple[bytes, ...] = field(repr=False)
    nobody: Secret
    """An API key that no service knows."""
    passphrase: Secret

    @classmethod
    def of(cls, nobody: Secret, passphrase: Secret, *more: Secret) -> Canaries:
        texts = [secret.reveal().encode() for secret in (nobody, passphrase, *more)]
        return cls(tuple({needle for text in texts for needle in spellings(text)}), nobody, passphrase)

    def with_private(self, key: Path) -> Canaries:
        """Return these and a private key: the lines of its file, and what is in it."""
        body = [line.encode() for line in key.read_text().splitlines() if not line.startswith("---")]
        opened = load_ssh_private_key(key.read_bytes(), self.passphrase.reveal().encode())
        raw = opened.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).splitlines()[1:-1]
        seed = opened.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        # The first lines of both hold the public half, too; the last hold the private one.
        private = [*body[-4:], *raw[-3:-1]]
        needles = {*self.needles, *private, *spellings(seed), seed}
        return replace(self, needles=tuple(needles))

    def leaks(self, *hay: object) -> list[str]:
        """Return where a canary is: what stands around it, the canary itself left out."""
        found = []
        for one in hay:
            data = one if isinstance(one, bytes) else str(one).encode("utf-8", "surrogateescape")
            for needle in self.needles:
                at = data.find(needle)
                if at >= 0:
                    found.append(f"…{data[max(0, at - 200) : at]!r} ••• ")
        return found


def spellings(secret: bytes) -> set[bytes]:
    """Return a secret's first and last letters, and all of it as repr, percent, hexadecimal, UTF-16 and base64."""
    encoded = {base64.b64encode(b" " * shift + secret)[4:-4] for shift in range(3)}
    ends = {secret[:PART], secret[-PART:]}
    other = {repr(secret)[2:-1].encode(), quote(secret).encode(), secret.hex().encode()}
    wide = secret.decode("latin-1").encode("utf-16-le")
    return ends | other | {wide} | {e[: 2 * PART] for e in encoded}


# ── what there is to look through ────────────────────────────────────────────────────────────────────────────────


def shown(value: Any, depth: int = 6, seen: set[int] | None = None) -> Iterator[object]:
    """Yield all ways in which a value shows itself, and those of what it holds that is ours."""
    seen = set() if seen is None else seen
    if depth == 0 or id(value) in seen:
        return
    seen.add(id(value))
    yield from (repr(value), str(value), f"{value}")
    for way in (pickle.dumps, _copied, _bundle, _as_dict, _as_json):
        with suppress(Exception):
            yield way(value)
    for held in _held(value):
        yield from shown(held, depth - 1, seen)


def _copied(value: Any) -> object:
    return repr((copy.copy(value), copy.deepcopy(value)))


def _bundle(value: Any) -> object:
    return value._repr_mimebundle_()


def _as_dict(value: Any) -> object:
    return repr(dataclasses.asdict(value))


def _as_json(value: Any) -> object:
    return json.dumps(vars(value), default=str)


def _held(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from (*value.keys(), *value.values())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value
    elif type(value).__module__.partition(".")[0] in ("connect_pandas", "paramiko"):
        yield from getattr(value, "__dict__", {}).values()
        for kind in type(value).__mro__:
            names = kind.__dict__.get("__slots__", ())
            for name in (names,) if isinstance(names, str) else names:
                mangled = f"_{kind.__name__.lstrip('_')}{name}" if name.startswith("__") else name
                yield getattr(value, mangled, None)


def about(error: BaseException) -> Iterator[object]:
    """Yield all that an error says, with its notes, its chain, and the variables of every frame it went through."""
    queue, seen = [error], set[int]()
    while queue:
        one = queue.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield from shown(one)
        yield from shown(one.args)
        yield getattr(one, "__notes__", [])
        told = traceback.TracebackException.from_exception(one, capture_locals=True, max_group_width=99)
        yield "".join(told.format())
        queue += [other for other in (one.__cause__, one.__context__) if other is not None]


def left_in(*folders: Path) -> Iterator[bytes]:
    for folder in folders:
        for path in folder.rglob("*"):
            yield str(path).encode()
            if path.is_file():
                yield path.read_bytes()


class Kept(logging.Handler):
    """Everything that is logged, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{self.format(record)} {record.args!r}")


@pytest.fixture
def log() -> Iterator[Kept]:
    kept = Kept()
    before = {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger().addHandler(kept)
    yield kept
    logging.getLogger().removeHandler(kept)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(import_delay=0) as sandbox:
        yield sandbox


@pytest.fixture
def canaries(box: Sandbox) -> Canaries:
    return Canaries.of(
        Secret("canary-Qx7-of-an-API-key-nobody-has"),
        Secret("canary passphrase, 41 words to no avail"),
        box.connection.api_key,
    )


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this process, from now on, puts what is temporary."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    return tmp_path / "home"


def set_up(box: Sandbox, canaries: Canaries, folder: Path) -> Answers:
    """Go through all steps with a key of one's own, behind a passphrase."""
    use(box.connection)
    known = setup.known()
    answers = setup.as_user(Answers(place=known.the_sandbox()), box.connection.user)
    answers = setup.with_api_key(answers, known, box.connection.api_key)
    answers = setup.with_new_key(answers, folder / "own", canaries.passphrase, canaries.passphrase)
    answers = setup.register(answers)
    answers = setup.trusting(answers, setup.fingerprint_to_confirm(answers))
    answers = setup.in_directory(answers, setup.directories(answers)[0])
    return setup.keep(setup.tested(answers), "canary")


# ── all goes well ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_whole_import_shows_no_secret(
    box: Sandbox, canaries: Canaries, temporary: Path, home: Path, state: Path, tmp_path: Path, log: Kept
) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        answers = set_up(box, canaries, home / ".ssh")
        all_canaries = canaries.with_private(home / ".ssh" / "own")
        connection = replace(answers.connection, state=state)
        (tmp_path / "kept").mkdir()
        plan = connect_pandas.plan(samples.orders(), "Orders", key="Order ID", job_name="Add orders")
        plan.save(tmp_path / "kept" / "plan.json")
        plan.write(tmp_path / "kept" / "orders.csv")
        job = plan.submit(connection, progress=False)
        job.wait(30, progress=False)
        verified, checked = job.verify(), connection.check()
        with open_session(connection) as session:
            seen = [connection, plan, job, verified, checked, answers, setup.known("canary"), Api(connection)]
            seen += [session, connect_pandas.jobs(connection), connection.__dict__]
            hay = [text for value in seen for text in shown(value)]
        gc.collect()
    assert checked.ok
    assert verified.ok
    assert len(hay) > 100
    assert len(log.lines) > 50
    assert [path for path in state.iterdir() if path.is_file()]
    profile = setup.profiles_file().read_bytes()
    assert b"[canary]" in profile
    files = [*left_in(temporary, state, tmp_path / "kept", tmp_path / "config"), profile]
    assert all_canaries.leaks(*hay) == []
    assert all_canaries.leaks(*log.lines) == []
    assert all_canaries.leaks(*files) == []
    assert all_canaries.leaks(*(warning.message for warning in warned)) == []
    # The one place where the private key is, closed to others; and it is behind its passphrase.
    assert (home / ".ssh" / "own").stat().st_mode & 0o077 == 0
    assert all_canaries.leaks(*left_in(home)) != []
    assert canaries.leaks(*left_in(home)) == []


# ── all goes wrong ───────────────────────────────────────────────────────────────────────────────────────────────


class Silent(list[Any]):
    """What a server of the test itself was asked: no part of the package shows it."""

    def __repr__(self) -> str:
        return "[…]"


@contextmanager
def a_server_that_hangs_up() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as door:

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    line, _ = door.accept()
                    with line:
                        line.recv(65536)

        thread = threading.Thread(target=hang_up)
        thread.start()
        try:
            yield door.getsockname()[1]
        finally:
            door.shutdown(socket.SHUT_RDWR)
            thread.join()


def attempts(
    connection: Connection, canaries: Canaries, box: Sandbox, folder: Path
) -> dict[str, Callable[[], Any]]:
    """Return what fails, by name; whatever a service can answer, an API that repeats the key answers."""
    plan = connect_pandas.plan(samples.orders(), "Failing", key="Order ID")

    def submit(**changes: Any) -> Any:
        return plan.submit(replace(connection, **changes), progress=False)

    def echoing(reply: Callable[[str], Reply], call: Callable[[Connection], Any]) -> Any:
        with fake_api() as fake:
            fake.asked = Silent()
            fake.query = fake.mutation = lambda asked: reply(asked["headers"]["x-api-key"])
            return call(replace(connection, endpoint=fake.url))

    def sets(way: Connection) -> Any:
        return Api(way).data_sets()

    def dropped() -> Any:
        with a_server_that_hangs_up() as port:
            return submit(endpoint=f"http://127.0.0.1:{port}/")

    def faulty() -> Any:
        with Sandbox(import_delay=0, faults=Faults(refuse_write=1)) as other:
            return plan.submit(other.connection, progress=False)

    https = connection.endpoint.replace("http://", "https://")
    broken = folder / "broken"
    lines = (folder / "own").read_text().splitlines()
    broken.touch(0o600)
    broken.write_text("\n".join([*lines[:3], *lines[-3:]]))
    other_key = "SHA256:" + "A" * 43
    return {
        "401": lambda: submit(api_key=canaries.nobody),
        "TLS": lambda: submit(endpoint=https),
        "host key": lambda: submit(host_key=other_key),
        "dropped answers": dropped,
        "refused write": faulty,
        "no such host": lambda: submit(host="no-such-host.invalid"),
        "nobody listens": lambda: submit(port=1),
        "wrong passphrase": lambda: submit(passphrase=canaries.nobody),
        "no passphrase": lambda: submit(passphrase=None),
        "broken key": lambda: submit(key_file=broken),
        "no key": lambda: submit(key_file=folder / "none"),
        "unknown user": lambda: submit(user="bob@shop.example"),
        "no directory": lambda: submit(directory="sub_none"),
        "echo in an error": lambda: echoing(refusal, sets),
        "echo in a 401": lambda: echoing(lambda key: refusal(key, status=401), sets),
        "echo in HTML": lambda: echoing(lambda key: Reply(raw=f"<p>{key}".encode(), status=502), sets),
        "echo in no JSON": lambda: echoing(lambda key: Reply(raw=f"{{{key}".encode()), sets),
        "echo in the import": lambda: echoing(
            lambda key: refusal(key, code="INTERNAL_SERVER_ERROR"),
            lambda way: Api(way).create_import_job(plan.payload),
        ),
        "proxy": lambda: Api(replace(connection, endpoint="https://no-such-host.invalid/")).data_sets(),
        "settings": lambda: connect_pandas.connect(
            user="ann@shop.example",
            api_key=canaries.nobody.reveal(),
            passphrase=canaries.passphrase.reveal(),
            domain="prod-mars",
            port=0,
        ),
        "key made twice": lambda: keys.make(folder / "own", "ann", canaries.passphrase),
        "key made nowhere": lambda: keys.make(Path("/dev/null/key"), "ann", canaries.passphrase),
        "a passphrase typed in two ways": lambda: setup.with_new_key(
            Answers(), folder / "new", canaries.passphrase, canaries.nobody
        ),
        "setup's 401": lambda: setup.with_api_key(
            Answers(place=setup.known().the_sandbox(), user="ann@shop.example"),
            setup.known(),
            canaries.nobody,
        ),
    }


def failure_of(attempt: Callable[[], Any]) -> ConnectError:
    """Return what an attempt raises, in a frame of its own: no traceback begins in one that is full of texts."""
    with pytest.raises(ConnectError) as caught:
        attempt()
    return caught.value


def test_no_failure_shows_a_secret(
    box: Sandbox,
    canaries: Canaries,
    temporary: Path,
    home: Path,
    state: Path,
    log: Kept,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9/")
    answers = set_up(box, canaries, home / ".ssh")
    connection = replace(answers.connection, state=state, timeout=5)
    all_canaries = canaries.with_private(home / ".ssh" / "own")
    for name, attempt in attempts(connection, canaries, box, home / ".ssh").items():
        log.lines.clear()
        told = list(about(failure_of(attempt)))
        assert len(told) > 5, name
        assert all_canaries.leaks(*told) == [], name
        assert all_canaries.leaks(*log.lines) == [], name
        assert all_canaries.leaks(*left_in(temporary, state)) == [], name


# ── the search itself ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_planted_leak_is_found(box: Sandbox, canaries: Canaries, tmp_path: Path, log: Kept) -> None:
    keys.make(tmp_path / "own", "ann", canaries.passphrase)
    all_canaries = canaries.with_private(tmp_path / "own")

    @dataclass
    class Open:
        key: str

    Open.__module__ = "connect_pandas.planted"
    secret = canaries.nobody.reveal()
    for planted in (Open(secret), {"a": [Open(secret)]}, (secret[:PART],), secret.encode().hex()):
        assert all_canaries.leaks(*shown(planted))
    assert all_canaries.leaks(base64.b64encode(f"user:{secret}".encode()))
    assert all_canaries.leaks((tmp_path / "own").read_text())
    logging.getLogger("paramiko.transport").debug("%s", secret)
    assert all_canaries.leaks(*log.lines)

    def frame_that_holds_it() -> None:
        held = canaries.passphrase.reveal()
        raise ConnectError("nothing to see") from ValueError(len(held))

    with pytest.raises(ConnectError) as caught:
        frame_that_holds_it()
    assert all_canaries.leaks(*about(caught.value))


def test_no_two_sandboxes_share_a_secret() -> None:
    with Sandbox() as one, Sandbox() as other:
        ways = one.connection, other.connection
        secrets = [
            (way.api_key.reveal(), way.host_key, way.port, way.endpoint, way.key_file.read_text())
            for way in ways
        ]
        assert all(mine != others for mine, others in zip(*secrets, strict=True))
        assert all(len(way.api_key.reveal()) >= 32 for way in ways)
