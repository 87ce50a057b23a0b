"""The server as docs/deploying.md installs it, on loopback: the shipped settings and nginx configuration with other ports and folders, two processes."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.ports import free_ports

from process.people import Person, passwords, table
from process.people.person import now
from process.server import secret_files

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
HOST = "dashboards.clinic.example"
PASSWORD = "four words apart here"
STARTING = 300.0


def nginx_path() -> str | None:
    """Debian's nginx, or the one that NGINX names."""
    return os.environ.get("NGINX") or shutil.which("nginx") or shutil.which("/usr/sbin/nginx")


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """The text with other ports and folders; each of them has to be there, or the shipped file has changed."""
    for before, after in pairs:
        assert before in text, f"the shipped file says `{before}` no more"
        text = text.replace(before, after)
    return text


def certificate(folder: Path, name: str = HOST) -> None:
    """A certificate that signs itself, for two hours."""
    key = ec.generate_private_key(ec.SECP256R1())
    whom = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begun = datetime.now(UTC) - timedelta(minutes=5)
    made = x509.CertificateBuilder().subject_name(whom).issuer_name(whom).public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(begun).not_valid_after(begun + timedelta(hours=2))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fullchain.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(plain)
    (folder / "key.pem").chmod(0o600)


def etc(folder: Path, way: str, people: dict[str, Person], **also: tuple[str, str]) -> Path:
    """`/etc/therapy-process` and what the settings name, from the shipped settings of that way to sign in; the settings file."""
    for part in ("etc", "lib", "log"):
        (folder / part).mkdir(mode=0o700, exist_ok=True)
    text = (DEPLOY / "settings" / f"server-{way}.toml").read_text()
    text = text.replace("/etc/therapy-process", f"{folder}/etc").replace("/var/lib/therapy-process", f"{folder}/lib")
    text = replaced(text.replace("/var/log/therapy-process", f"{folder}/log"), *also.values())
    settings = folder / "etc" / "server.toml"
    settings.write_text(text)
    for name in ("cookies", "client", "proxy"):
        if not (folder / "etc" / f"{name}.secret").exists():
            secret_files.make(folder / "etc" / f"{name}.secret")
    (folder / "etc" / "audit.key").write_bytes(base64.b64encode(secrets.token_bytes(32)) + b"\n")
    (folder / "etc" / "audit.key").chmod(0o600)
    with table.changing(folder / "lib" / "people.toml") as found:
        found.update(people)
    return settings


def person(user: str, role: str, therapist: str = "", password: str = "") -> Person:
    """Somebody for the table of people."""
    return Person(user, role, user.capitalize(), therapist, (), password=passwords.hashed(password) if password else "", since=now(), changed=now())


@dataclass
class Process:
    """One process of the server."""

    port: int
    running: subprocess.Popen
    log: Path

    def stop(self, how: int = signal.SIGINT) -> int:
        """End it, as systemd does; what it ended with."""
        if self.running.poll() is None:
            self.running.send_signal(how)
        try:
            return self.running.wait(20)
        except subprocess.TimeoutExpired:
            self.running.kill()
            return self.running.wait(20)


def process(store: Path, settings: Path, port: int, folder: Path, **environment: str) -> Process:
    """`therapy-process serve` on that port, not yet ready."""
    log = folder / f"process-{port}.log"
    command = [sys.executable, "-m", "process", "serve", str(store), "--settings", str(settings), "--port", str(port)]
    with open(log, "ab") as out:
        return Process(port, subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=folder, env=os.environ | environment), log)


def wait_for(processes: list[Process]) -> None:
    """Until each of them answers."""
    end = time.monotonic() + STARTING
    for one in processes:
        while True:
            with suppress(OSError):
                urlopen(Request(f"http://127.0.0.1:{one.port}/health", headers={"Host": HOST}), timeout=5).close()
                break
            assert one.running.poll() is None, one.log.read_text()[-3000:]
            assert time.monotonic() < end, f"a process did not start: {one.log.read_text()[-3000:]}"
            time.sleep(0.1)


@dataclass
class Nginx:
    """nginx with the shipped configuration."""

    https: int
    http: int
    folder: Path
    running: subprocess.Popen = field(repr=False)

    @property
    def context(self) -> ssl.SSLContext:
        """What a browser does that trusts this certificate and no other."""
        return ssl.create_default_context(cafile=str(self.folder / "tls" / "fullchain.pem"))

    def lines(self) -> list[str]:
        """Its access log."""
        return (self.folder / "log" / "therapy-process.log").read_text().splitlines()

    def asked(self, path: str, at_least: int = 0) -> list[str]:
        """Its lines of requests of that path; a line is written after its answer was sent, so that it is waited for."""
        end = time.monotonic() + 60
        while len(found := [line for line in self.lines() if re.search(rf'"\w+ {re.escape(path)}" ', line)]) < at_least and time.monotonic() < end:
            time.sleep(0.05)
        return found

    def upstream(self, path: str, at_least: int = 0) -> list[int]:
        """The ports of the processes that answered requests of that path."""
        return [int(line.rsplit(":", 1)[1]) for line in self.asked(path, at_least) if not line.endswith("-")]


def configuration(folder: Path, ports: list[int], https: int, http: int) -> str:
    """The shipped configuration with these ports and folders."""
    text = (DEPLOY / "nginx" / "therapy-process.conf").read_text()
    text = re.sub(r"(?m)^    listen \[::\].*\n", "", text)  # loopback has one address here
    return replaced(
        text,
        ("listen 80;", f"listen 127.0.0.1:{http};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{https} ssl http2;"),
        ("server 127.0.0.1:5006;", f"server 127.0.0.1:{ports[0]};"),
        ("server 127.0.0.1:5007;", f"server 127.0.0.1:{ports[1]};"),
        ("/etc/ssl/therapy-process", f"{folder}/tls"),
        ("/var/log/nginx", f"{folder}/log"),
        ("/var/cache/nginx/therapy-process", f"{folder}/cache"),
    )


@contextmanager
def nginx(folder: Path, ports: list[int], *changes: tuple[str, str]) -> Iterator[Nginx]:
    """nginx in front of these processes; `changes` to the configuration are what a test wants to see go wrong, or what the guide says to add."""
    https, http = free_ports(2)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log").mkdir(exist_ok=True)
    if not (folder / "tls").exists():
        certificate(folder / "tls")
    (folder / "therapy-process.conf").write_text(replaced(configuration(folder, ports, https, http), *changes))
    user = "user root;\n" if os.geteuid() == 0 else ""
    temporary = "".join(f"  {name}_temp_path {folder}/tmp-{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"{user}worker_processes 2;\ndaemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/log/main.log;\nevents {{ worker_connections 512; }}\n"
        f"http {{\n{temporary}  include {folder}/therapy-process.conf;\n}}\n"
    )
    command = [nginx_path() or "nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "log" / "main.log")]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stderr
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + STARTING
        while running.poll() is None and time.monotonic() < end:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", https), 5).close()
                break
            time.sleep(0.05)
        yield Nginx(https, http, folder, running)
    finally:
        running.terminate()
        running.wait(20)


def audited(folder: Path) -> list[dict]:
    """The lines of the server's audit log."""
    return [json.loads(line) for path in sorted((folder / "log" / "audit").glob("*.jsonl")) for line in path.read_text().splitlines()]


@contextmanager
def deployed(store: Path, settings: Path, ports: list[int], folder: Path) -> Iterator[Nginx]:
    """Two processes of the server and nginx in front of them, for as long as the block lasts."""
    processes = [process(store, settings, port, folder) for port in ports]
    try:
        wait_for(processes)
        with nginx(folder / "nginx", ports) as front:
            front.processes, front.home = processes, folder  # type: ignore[attr-defined]
            yield front
    finally:
        for one in processes:
            one.stop()
