"""``~/.ssh/config`` and the ssh-agent are respected, with OpenSSH's own servers and agent; neither loosens anything."""

from __future__ import annotations

import getpass
import inspect
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import connect_pandas
from connect_pandas.errors import AuthenticationFailed, ConfigurationError, ConnectionFailed, HostKeyError
from connect_pandas.service import keys, logon, setup
from connect_pandas.service.connection import SETTINGS, Connection, Secret, resolve
from connect_pandas.service.sftp import open_session
from connect_pandas.service.ssh_config import way_to, way_to_jump
from tests import sshd as openssh
from tests.service.test_lookup import swallowing
from tests.service.test_setup import answers_for
from tests.service.test_sftp import turn_back_the_clock
from tests.sshd import HOST, Sshd, fingerprint, known_host, make_key, public

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def jump(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """Another OpenSSH server, with keys of its own: the one on the way."""
    with openssh.sshd(tmp_path_factory.mktemp("jump") / "server") as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sshd: Sshd) -> Path:
    """A home with ``.ssh``, whose known hosts have the server; no agent."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (home / ".ssh" / "known_hosts").write_text(sshd.known_hosts.read_text())
    return home


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Path]:
    """A real ssh-agent; its socket."""
    path = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
        for _ in range(500):
            if subprocess.run(["ssh-add", "-l"], capture_output=True).returncode != 2:
                break
        yield path
    finally:
        process.terminate()
        process.wait(10)


def configure(home: Path, *lines: str) -> None:
    (home / ".ssh" / "config").write_text("\n".join(lines) + "\n")


def know(home: Path, server: Sshd) -> None:
    with (home / ".ssh" / "known_hosts").open("a") as file:
        file.write("".join(known_host(HOST, server.port, key) for key in server.host_keys.values()))


def ssh_add(key: Path, *options: str) -> None:
    subprocess.run(["ssh-add", "-q", *options, str(key)], check=True, capture_output=True)


def through(jump: Sshd, target: Sshd) -> list[str]:
    return [
        "Host target",
        f"  HostName {HOST}",
        f"  Port {target.port}",
        f"  IdentityFile {target.key_file}",
        "  ProxyJump door",
        "Host door",
        f"  HostName {HOST}",
        f"  Port {jump.port}",
        f"  User {jump.user}",
        f"  IdentityFile {jump.key_file}",
    ]


def without_key(server: Sshd, **changes: Any) -> Connection:
    return server.connection(**{"key_file": None, "known_hosts": None} | changes)


def logs_on(connection: Connection) -> bool:
    with open_session(connection) as session:
        return session.files("") == ()


# ── which key ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_identity_of_the_configuration_logs_on(home: Path, sshd: Sshd) -> None:
    configure(home, f"Host {HOST}", f"  IdentityFile {sshd.key_file}")
    assert logs_on(without_key(sshd))


def test_a_key_file_goes_before_all_of_it(home: Path, sshd: Sshd, tmp_path: Path) -> None:
    configure(home, f"Host {HOST}", f"  IdentityFile {sshd.key_file}")
    with pytest.raises(AuthenticationFailed):
        open_session(without_key(sshd, key_file=make_key(tmp_path / "other")))


def test_the_agent_logs_on_and_the_private_key_stays_in_it(
    agent: Path, sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):  # which the server does not know: they are tried one after another
        ssh_add(make_key(tmp_path / f"other{number}"))
    ssh_add(sshd.key_file)
    monkeypatch.setattr(keys, "_read", lambda path: pytest.fail(f"{path} was read"))
    assert logs_on(without_key(sshd))


def test_an_agent_that_the_configuration_names(
    agent: Path, home: Path, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh_add(sshd.key_file)
    monkeypatch.delenv("SSH_AUTH_SOCK")
    configure(home, f"IdentityAgent {agent}")
    assert logs_on(without_key(sshd))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(agent))
    configure(home, "IdentityAgent none")
    with pytest.raises(ConfigurationError, match="There is no key to log on with"):
        open_session(without_key(sshd))


@pytest.mark.parametrize("named", ["private", "public"])
def test_an_encrypted_identity_is_the_agents_work(
    agent: Path, home: Path, sshd: Sshd, tmp_path: Path, named: str
) -> None:
    locked = tmp_path / "locked"
    locked.write_bytes(sshd.key_file.read_bytes())
    locked.chmod(0o600)
    public(locked).write_bytes(public(sshd.key_file).read_bytes())
    ssh_add(locked)
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "open sesame", "-f", str(locked)], check=True)
    file = locked if named == "private" else public(locked)
    configure(home, f"Host {HOST}", f"  IdentityFile {file}", "  IdentitiesOnly yes")
    assert logs_on(without_key(sshd))
    subprocess.run(["ssh-add", "-q", "-D"], check=True, capture_output=True)
    with pytest.raises(ConfigurationError, match=f"ssh-add {file}"):
        open_session(without_key(sshd))


def test_no_key_anywhere_is_said(home: Path, sshd: Sshd) -> None:
    with pytest.raises(ConfigurationError, match="the ssh-agent is not running here") as refused:
        open_session(without_key(sshd))
    assert "key_file=…" in str(refused.value)
    assert "ssh-add" in str(refused.value)


def test_an_empty_agent_and_a_dead_one_are_told_apart(
    agent: Path, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="the ssh-agent holds no key that can be used"):
        open_session(without_key(sshd))
    monkeypatch.setenv("SSH_AUTH_SOCK", f"{agent}-gone")
    with pytest.raises(ConfigurationError, match="the ssh-agent does not answer"):
        open_session(without_key(sshd))


def test_none_of_the_agents_keys_is_taken(agent: Path, sshd: Sshd, tmp_path: Path) -> None:
    made = [make_key(tmp_path / f"other{number}", kind) for number, kind in enumerate(("ed25519", "rsa"))]
    for key in made:
        ssh_add(key)
    with pytest.raises(AuthenticationFailed, match="in with these keys") as refused:
        open_session(without_key(sshd))
    assert all(fingerprint(key) in str(refused.value) for key in made)


def test_a_short_rsa_key_of_the_agent_is_not_used(
    agent: Path, home: Path, sshd: Sshd, tmp_path: Path
) -> None:
    short = make_key(tmp_path / "short", "rsa", "", "-b", "1024")
    ssh_add(short)
    with pytest.raises(ConfigurationError, match="holds only RSA keys of less than 2048 bits"):
        open_session(without_key(sshd))
    for named in (short, public(short)):
        configure(home, f"IdentityFile {named}")
        with pytest.raises(ConfigurationError, match=f"The key {named} is an RSA key of 1024 bits"):
            open_session(without_key(sshd))
    configure(home)
    ssh_add(sshd.key_file)
    assert logs_on(without_key(sshd))


def test_a_server_that_has_had_enough_keys(agent: Path, home: Path, tmp_path: Path) -> None:
    for number in range(3):
        ssh_add(make_key(tmp_path / f"other{number}"))
    with openssh.sshd(tmp_path / "server", options=["MaxAuthTries 2"]) as server:
        know(home, server)
        with pytest.raises(ConnectionFailed, match=r"key_file=…|connection to .* was lost while logging on"):
            open_session(without_key(server))


def test_an_agent_that_refuses_to_sign(agent: Path, sshd: Sshd) -> None:
    ssh_add(sshd.key_file, "-c")  # to be confirmed, and nobody is there to do it
    with pytest.raises(ConnectionFailed, match="key cannot be used for signing"):
        open_session(without_key(sshd))


def test_without_a_key_file_a_connection_needs_openssh(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"domain": "prod-us-east-1", "user": "ann@shop.com", "api_key": Secret("key")}
    with pytest.raises(ConfigurationError, match="lacks key_file"):
        resolve(None, given)
    configure(home, "Host *")
    assert resolve(None, given).key_file is None
    assert "key_file" not in setup._kept(resolve(None, given))


# ── which way ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_name_and_port_are_those_of_the_configuration(home: Path, sshd: Sshd) -> None:
    lines = [f"  HostName {HOST}", f"  Port {sshd.port}", "  User nobody", f"  IdentityFile {sshd.key_file}"]
    configure(home, "Host acoustic", *lines)
    assert logs_on(without_key(sshd, host="acoustic", port=22))
    assert way_to(without_key(sshd, host="acoustic", port=2022)).port == 2022


def test_a_jump_host_is_gone_through(home: Path, sshd: Sshd, jump: Sshd) -> None:
    configure(home, *through(jump, sshd))
    know(home, jump)
    before = jump.log.read_text().count("Accepted publickey")
    content = b"a,b\n" * 50_000
    with open_session(without_key(sshd, host="target", port=22)) as session:
        session.upload("", "jumped.csv", [(content, 50_000)])
        carrier = session._transport.sock._carrier  # type: ignore[attr-defined]
        assert carrier.is_active()
    assert (sshd.root / "jumped.csv").read_bytes() == content
    (sshd.root / "jumped.csv").unlink()
    assert jump.log.read_text().count("Accepted publickey") == before + 1
    assert not carrier.is_active()


def test_a_key_file_is_for_the_server_and_not_for_the_jump_host(home: Path, sshd: Sshd, jump: Sshd) -> None:
    configure(home, *through(jump, sshd))
    know(home, jump)
    assert logs_on(without_key(sshd, host="target", port=22, key_file=sshd.key_file))
    configure(home, *through(jump, sshd)[:-1])
    with pytest.raises(ConfigurationError, match="jump host on the way") as refused:
        open_session(without_key(sshd, host="target", port=22, key_file=sshd.key_file))
    assert "no key to log on with" in str(refused.value)


def test_two_jump_hosts_and_a_line_for_all_hosts(home: Path, sshd: Sshd, jump: Sshd) -> None:
    own = [
        line.replace("ProxyJump door", f"ProxyJump door,{jump.user}@inner") for line in through(jump, sshd)
    ]
    inner = ["Host inner", *through(jump, sshd)[6:8], f"  IdentityFile {jump.key_file}"]
    configure(home, *own, *inner, "Host *", "  ProxyJump door")
    know(home, jump)
    before = jump.log.read_text().count("Accepted publickey")
    assert logs_on(without_key(sshd, host="target", port=22))
    assert jump.log.read_text().count("Accepted publickey") == before + 2


def test_an_unknown_jump_host_is_refused(home: Path, sshd: Sshd, jump: Sshd) -> None:
    configure(home, *through(jump, sshd))
    connection = without_key(sshd, host="target", port=22)
    with pytest.raises(HostKeyError, match="jump host on the way to") as refused:
        open_session(connection)
    assert f"ssh -p {jump.port}" in str(refused.value)
    assert jump.fingerprint() in str(refused.value)
    assert (refused.value.fingerprint, refused.value.reason) == ("", "unknown")
    # Setup, which asks about the file server's key, does not ask about this one as if it were that.
    with pytest.raises(HostKeyError, match="jump host on the way to"):
        setup.fingerprint_to_confirm(answers_for(connection))


def test_the_server_behind_a_jump_host_is_verified_too(home: Path, sshd: Sshd, jump: Sshd) -> None:
    configure(
        home, *through(jump, sshd), "Host *", "  StrictHostKeyChecking no", "  UserKnownHostsFile /dev/null"
    )
    (home / ".ssh" / "known_hosts").write_text("")
    know(home, jump)
    with pytest.raises(HostKeyError, match="is not known yet") as refused:
        open_session(without_key(sshd, host="target", port=22))
    assert refused.value.fingerprint == sshd.fingerprint()
    with pytest.raises(HostKeyError, match="NOT THE ONE EXPECTED"):
        open_session(without_key(sshd, host="target", port=22, host_key=jump.fingerprint()))
    assert logs_on(without_key(sshd, host="target", port=22, host_key=sshd.fingerprint()))


def test_a_jump_host_that_does_not_let_us_in(home: Path, sshd: Sshd, jump: Sshd, tmp_path: Path) -> None:
    wrong = make_key(tmp_path / "wrong")
    configure(home, *through(jump, sshd)[:-1], f"  IdentityFile {wrong}")
    know(home, jump)
    with pytest.raises(AuthenticationFailed, match="jump host on the way to") as refused:
        open_session(without_key(sshd, host="target", port=22))
    assert f"ssh -p {jump.port} {jump.user}@{HOST}" in str(refused.value)
    assert "Connect" not in str(refused.value)


def test_a_jump_host_that_forwards_nothing(home: Path, sshd: Sshd, tmp_path: Path) -> None:
    with openssh.sshd(tmp_path / "server", options=["AllowTcpForwarding no"]) as server:
        configure(home, *through(server, sshd))
        know(home, server)
        with pytest.raises(ConnectionFailed, match=f"does not let through to {HOST}:{sshd.port}"):
            open_session(without_key(sshd, host="target", port=22))


@pytest.mark.timeout(30)
@pytest.mark.skipif(sys.platform != "linux", reason="what a full queue does is Linux's")
def test_a_jump_host_that_does_not_answer_ends_by_no_wall_clock(
    home: Path, sshd: Sshd, jump: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    know(home, jump)
    turn_back_the_clock(monkeypatch)
    with swallowing("127.0.0.2") as port:
        configure(home, "Host target", "  HostName 127.0.0.2", f"  Port {port}", *through(jump, sshd)[3:])
        connection = without_key(sshd, host="target", port=22, timeout=3.0)
        with pytest.raises(ConnectionFailed, match="jump host on the way to"):
            open_session(connection)


@pytest.mark.parametrize(
    ("jump", "parts"),
    [
        ("door", (None, "door", 22)),
        ("ann@door:2200", ("ann", "door", 2200)),
        ("ssh://ann@door:2200/", ("ann", "door", 2200)),
        ("2001:db8::1", (None, "2001:db8::1", 22)),
        ("[::1]:2222", (None, "::1", 2222)),
        ("ann@[2001:db8::1]", ("ann", "2001:db8::1", 22)),
        ("ssh://ann@[::1]:2222", ("ann", "::1", 2222)),
    ],
)
def test_a_jump_host_is_read_as_ssh_reads_it(
    home: Path, jump: str, parts: tuple[str | None, str, int]
) -> None:
    way = way_to_jump(jump, ())
    assert (way.user, way.host, way.port) == (parts[0] or getpass.getuser(), *parts[1:])


def test_a_host_that_is_called_like_a_command_is_none(home: Path, sshd: Sshd) -> None:
    configure(home, "Match host exec-server,exec", "  Port 2022", f"Match host {HOST}", "  Port 2023")
    assert way_to(without_key(sshd, port=22)).port == 2023


def test_jump_hosts_that_lead_to_each_other_end(home: Path, sshd: Sshd) -> None:
    configure(home, "Host a", "  ProxyJump b", "Host b", "  ProxyJump a")
    with pytest.raises(ConfigurationError, match="lead to each other"):
        open_session(without_key(sshd, host="a"))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["ProxyCommand nc %h %p"], "ProxyCommand"),
        (["Port twenty"], "'twenty' is not a port"),
        (['Match exec "true"', "  User x"], '"Match exec"'),
        (['match=host * !e"xec" "true"', "  User x"], '"Match exec"'),
        (["nonsense"], "cannot be read"),
    ],
)
def test_what_is_not_supported_is_said(home: Path, sshd: Sshd, lines: list[str], words: str) -> None:
    configure(home, *lines)
    with pytest.raises(ConfigurationError, match=words) as refused:
        open_session(without_key(sshd, port=22))
    assert str(home / ".ssh" / "config") in str(refused.value)


INCLUDED: dict[str, dict[str, list[str]]] = {
    "at the top": {
        "config": ["Include {a}", "Port 2001"],
        "a": ["Host other", "Port 2002", "Host target", "User ann"],
    },
    "the first one holds": {
        "config": ["Port 2001", "Include {a}"],
        "a": ["Port 2002", "HostName a.shop.com"],
    },
    "before all": {"config": ["Include {a}", "Host target", "Port 2001"], "a": ["Port 2002"]},
    "in its host": {
        "config": ["Host target", "Include {a}", "Port 2001"],
        "a": ["Host x", "User bob", "HostName h"],
    },
    "in another host": {
        "config": ["Host other", "Include {a}", "Port 2001", "Host *", "User ann"],
        "a": ["User bob", "Host target", "Port 2002"],
    },
    "in a match": {
        "config": [
            "HostName t.shop.com",
            "Match host t.shop.com",
            "include={a}",
            "User ann",
            "Match host x",
            "Port 9",
        ],
        "a": ["Match originalhost target", "Port 2002"],
    },
    "in a match of others": {
        "config": ["Match originalhost x", "Include {a}"],
        "a": ["Host target", "Port 2002"],
    },
    "one in another": {
        "config": ["Include {a}", "User ann"],
        "a": ["Host target", "INCLUDE {b}", "Port 2001"],
        "b": ["Host x", "Port 2002", "Host target", "HostName b.shop.com"],
    },
    "in a match of what was said before": {
        "config": ["HostName t.shop.com", "Include {a}"],
        "a": ["Match host t.shop.com", "Include {b}"],
        "b": ["Port 2001"],
    },
    "several, in order": {
        "config": ['Include "{c}" {b}  # and so on'],
        "b": ["Port 2001"],
        "c": ["Port 2002"],
    },
    "by a pattern": {"config": ["Include {folder}/[ab]"], "a": ["Port 2001"], "b": ["Port 2002", "User ann"]},
    "a folder, and nothing": {
        "config": ["Include {folder}/* {folder}/none", "Port 2001"],
        "sub/a": ["Port 2002"],
    },
    "a jump host": {"config": ["Include {a}"], "a": ["Host target", "ProxyJump ann@door:2222"]},
}


def write_all(folder: Path, files: dict[str, list[str]]) -> Path:
    """Write configurations that name each other; return the one that includes the others."""
    names = {name: str(folder / name) for name in files} | {"folder": str(folder)}
    for name, lines in files.items():
        path = folder / name if name != "config" else folder.parent / f"{folder.name}-config"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line.format(**names)}\n" for line in lines))
    return folder.parent / f"{folder.name}-config"


@pytest.mark.parametrize("files", INCLUDED.values(), ids=INCLUDED)
def test_what_is_included_is_read_as_ssh_reads_it(
    home: Path, sshd: Sshd, tmp_path: Path, files: dict[str, list[str]]
) -> None:
    config = write_all(tmp_path / "included", files)
    asked = subprocess.run(
        ["ssh", "-G", "-F", str(config), "target"], check=True, capture_output=True, text=True
    )
    says = dict(line.split(" ", 1) for line in asked.stdout.splitlines() if " " in line)
    configure(home, *config.read_text().splitlines())
    way = way_to_jump("target", ())
    jumps = (says["proxyjump"],) if "proxyjump" in says else ()
    assert (way.host, way.port, way.user, way.jumps) == (
        says["hostname"],
        int(says["port"]),
        says["user"],
        jumps,
    )


def test_what_is_included_is_looked_for_beside_the_configuration(home: Path, sshd: Sshd) -> None:
    (home / ".ssh" / "config.d").mkdir()
    (home / ".ssh" / "config.d" / "connect").write_text(f"Host {HOST}\n  IdentityFile {sshd.key_file}\n")
    for pattern in ("config.d/*", "~/.ssh/config.d/connect"):
        configure(home, f"Include {pattern}")
        assert logs_on(without_key(sshd))


def test_files_that_include_each_other_end(home: Path, sshd: Sshd) -> None:
    configure(home, "Include config", "Include config")
    with pytest.raises(ConfigurationError, match="include each other"):
        way_to(without_key(sshd))


def test_a_command_in_what_is_included_is_not_run(home: Path, sshd: Sshd, tmp_path: Path) -> None:
    (home / ".ssh" / "more").write_text(f'Match exec "touch {tmp_path}/ran"\n  Port 2022\n')
    configure(home, "Host other", "  Include more")
    assert way_to(without_key(sshd, port=22)).port == 22
    configure(home, "Include more")
    with pytest.raises(ConfigurationError, match=f'{home}/.ssh/more has a "Match exec"'):
        way_to(without_key(sshd))
    assert not (tmp_path / "ran").exists()


def test_this_machines_full_name_is_not_asked_for(
    home: Path, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(home, f"IdentityFile {sshd.key_file}", "Include none")
    monkeypatch.setattr("socket.getfqdn", lambda *_: pytest.fail("DNS was asked"))
    assert way_to(without_key(sshd)).identities == (sshd.key_file,)


@pytest.mark.parametrize("line", ["ProxyCommand none", "ProxyJump none"])
def test_none_is_none(home: Path, sshd: Sshd, line: str) -> None:
    configure(home, line, "ProxyCommand nc %h %p")
    assert way_to(without_key(sshd)).jumps == ()


def test_a_sandbox_is_nobodys_configuration(home: Path, sshd: Sshd) -> None:
    configure(home, "ProxyCommand nc %h %p")
    assert way_to(without_key(sshd, kind="sandbox")).jumps == ()


# ── what is agreed on ────────────────────────────────────────────────────────────────────────────────────────────


OLD = {
    "key exchange": ("KexAlgorithms", "diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1"),
    "cipher": ("Ciphers", "aes128-cbc,aes256-cbc,3des-cbc"),
    "mac": ("MACs", "hmac-sha1,hmac-md5,umac-64@openssh.com"),
    "host key": ("HostKeyAlgorithms", "ssh-rsa"),
}


@pytest.mark.parametrize(("word", "algorithms"), OLD.values(), ids=OLD)
def test_a_server_of_old_algorithms_only_is_refused(tmp_path: Path, word: str, algorithms: str) -> None:
    options = [f"{word} {algorithms}"]
    if word == "MACs":  # AES-GCM has none
        options.append("Ciphers aes128-ctr")
    with openssh.sshd(tmp_path / "server", key_types=("rsa",), options=options) as server:
        with pytest.raises(ConnectionFailed, match="no way of encryption in common") as refused:
            open_session(server.connection())
        assert "Accepted" not in server.log.read_text()
    assert "administrator" in str(refused.value)


def test_a_server_of_a_short_rsa_key_is_refused(tmp_path: Path) -> None:
    short = make_key(tmp_path / "short", "rsa", "", "-b", "1024")
    with openssh.sshd(tmp_path / "server", key_types=(), options=[f"HostKey {short}"]) as server:
        server.known_hosts.write_text(known_host(HOST, server.port, short))
        for changes in ({}, {"known_hosts": short}, {"host_key": fingerprint(short)}):
            with pytest.raises(
                HostKeyError, match=r"(?s)RSA host key of 1024 bits .*administrator"
            ) as refused:
                open_session(server.connection(**changes))
            assert refused.value.reason == "revoked"  # it is not to be asked about, whatever is pinned
        assert "Accepted" not in server.log.read_text()


def test_only_what_is_modern_is_offered(sshd: Sshd) -> None:
    with open_session(sshd.connection()) as session:
        offered = session._transport.get_security_options()
    assert set(offered.kex) <= set(logon.EXCHANGES)
    assert (offered.ciphers, offered.digests) == (logon.CIPHERS, logon.MACS)
    assert {name for kinds in keys.ALGORITHMS.values() for name in kinds} == set(offered.key_types)
    assert offered.compression == ("none",)


def test_nothing_switches_verification_off() -> None:
    switch = ("verify", "insecure", "strict", "trust", "ignore", "accept", "check", "tls", "ssl", "skip")
    options = {
        *inspect.signature(connect_pandas.connect).parameters,
        *SETTINGS,
        *Connection.__dataclass_fields__,
    }
    assert not [option for option in options if any(word in option for word in switch)]
    for no_pin in ("", "none", "*", "SHA256:*", "no"):
        with pytest.raises(ConfigurationError):
            Connection(
                user="ann@shop.com",
                host="h.example",
                endpoint="https://h.example",
                api_key=Secret("key"),
                host_key=no_pin,
            )


# ── a host's full name (CanonicalizeHostname) ────────────────────────────────────────────────────────────────────

SILENT = 60.0
"""Seconds, which no test waits."""
FULL = ["CanonicalizeHostname yes", "CanonicalDomains none.shop.test shop.test"]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str | None]]:
    """The addresses of names; of a ``None`` the name servers keep silent."""
    known, over, really = dict[str, str | None](), threading.Event(), socket.getaddrinfo

    def look(host: str, port: Any, *rest: Any, **more: Any) -> Any:
        if not host.endswith(".test"):
            return really(host, port, *rest, **more)
        if host in known and known[host] is None:
            over.wait(SILENT)
        if (address := known.get(host)) is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def never(host: str) -> str:
        raise AssertionError(f"{host} was looked up without an end")

    monkeypatch.setattr(socket, "getaddrinfo", look)
    monkeypatch.setattr(socket, "gethostbyname", never)
    yield known
    over.set()


@pytest.mark.parametrize("include", [False, True])
def test_a_full_name_is_looked_up(
    home: Path, sshd: Sshd, names: dict[str, str | None], include: bool
) -> None:
    names["files.shop.test"] = HOST
    (home / ".ssh" / "more").write_text("Host files.shop.test\nUser ann\n")
    configure(home, *FULL, *(["Include more"] if include else []), "Host *.shop.test", f"Port {sshd.port}")
    way = way_to_jump("files", ())
    assert (way.host, way.port) == ("files.shop.test", sshd.port)
    assert (way.user == "ann") is include
    configure(home, *FULL, "AddressFamily inet6")
    assert way_to_jump("files", ()).host == "files"


def test_a_full_name_that_nobody_knows(home: Path, sshd: Sshd, names: dict[str, str | None]) -> None:
    configure(home, *FULL)
    assert way_to_jump("files", ()).host == "files"
    configure(home, *FULL, "CanonicalizeFallbackLocal no")
    with pytest.raises(
        ConnectionFailed, match=r"No name files\.none\.shop\.test or files\.shop\.test can be found"
    ):
        way_to_jump("files", ())


@pytest.mark.parametrize("include", [False, True])
def test_the_look_up_of_a_full_name_ends(
    home: Path, sshd: Sshd, names: dict[str, str | None], include: bool
) -> None:
    names["files.shop.test"] = None
    configure(home, *FULL, *(["Include more"] if include else []))
    begin = time.monotonic()
    with pytest.raises(ConnectionFailed, match=r"files\.shop\.test was not looked up within 0\.3 s.*\(DNS\)"):
        open_session(without_key(sshd, host="files", timeout=0.3))
    assert time.monotonic() - begin < SILENT / 2
