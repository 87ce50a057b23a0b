"""What stops a server from starting, all of it at once, each with what mends it. `therapy-process serve --check` and `doctor --settings` say the same."""

from __future__ import annotations

import re
import ssl
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from process.errors import NotAllowed, SettingWrong, UserError
from process.people import People, people_file
from process.server import secret_files
from process.server.oidc import refuse_plain
from process.server.sessions import private_folder
from process.server.settings import LOOPBACK, ServerSettings

TESTED = {"panel": ("1.9.4", "1.10"), "bokeh": ("3.9", "3.10"), "tornado": ("6.5", "6.7")}
"""From which release on, and before which one, the suites of tests/attacks have passed; what the gate relies on inside may have changed in any other."""


def problems(settings: ServerSettings, people: People | None = None) -> list[str]:
    """Everything that stops a server with these settings, in words; nothing of what a file holds."""
    found = untested()
    if settings.on_loopback and settings.sign_in == "links":
        return found
    for check in (_way_in, _line, _cookie_secret, _sessions, _provider, _proxy):
        found += check(settings)
    people = people if people is not None else People(people_file(settings.people), lambda line: None)
    return found + _people(settings, people)


def refuse(settings: ServerSettings) -> None:
    """Raise `SettingWrong` with everything that stops this server."""
    found = problems(settings)
    if found:
        listed = "".join(f"\n  - {problem}" for problem in found)
        raise SettingWrong(f'The server does not start like this:{listed}\nWhat it needs and why: docs/operations.md, "Signing in".')


def untested(installed: dict[str, str] | None = None) -> list[str]:
    """Releases of what the gate is built on that it has not been tested with."""
    found = []
    for name, (first, before) in TESTED.items():
        here = (installed or {}).get(name) or version(name)
        if not _release(first) <= _release(here) < _release(before):
            found.append(f"{name} {here} is installed; tested are {first} to before {before}. Install the lock's: `pip install -r requirements.txt`.")
    return found


def _release(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", name)[:3])


def _way_in(settings: ServerSettings) -> list[str]:
    if settings.sign_in == "links":
        return ["Nobody signs in: personal links are for loopback alone. Set `sign_in` to `local`, `oidc` or `proxy` in the settings file (`--settings FILE`)."]
    if settings.address in ("", "*"):
        return ["`address` is empty. Name the address to serve on, or 0.0.0.0 for every one of this machine."]
    return []


def _line(settings: ServerSettings) -> list[str]:
    """What a request travels over."""
    found = []
    beyond = settings.unix_socket is None and settings.address not in LOOPBACK
    if not settings.behind_proxy and settings.tls is None and not settings.on_loopback:
        found.append("Nothing encrypts the way to the server. Name a certificate (`[tls]`), or a proxy in front that does: `behind_proxy = true`.")
    if settings.behind_proxy and beyond and settings.tls is None:
        found.append("Only the proxy in front may reach the server: set `address` to 127.0.0.1, or `unix_socket`, or encrypt that way, too (`[tls]`).")
    if not settings.origin and not settings.on_loopback:
        found.append("`origin` is missing: the address that people type, such as https://dashboards.clinic.example. Websockets from any other are refused.")
    elif settings.origin and not settings.origin.startswith("https://") and urlsplit(settings.origin).hostname not in LOOPBACK:
        found.append("`origin` is not https: passwords and figures would be sent in clear.")
    if settings.tls is not None:
        found += _certificate(settings.tls.certificate, settings.tls.key)
    return found


def _certificate(certificate: Path, key: Path) -> list[str]:
    try:
        if key.stat().st_mode & 0o077:
            return [f"Others can read the key of the certificate {key}. Take that away: `chmod 600 {key}`."]
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError):
        return [f"The certificate {certificate} and its key {key} cannot be used together, or are not there. Both are PEM files; the key has no password."]
    return []


def _cookie_secret(settings: ServerSettings) -> list[str]:
    if settings.secret_file is None:
        return ["`secret_file` is missing: cookies are signed with what it holds. Make one: `therapy-process secret FILE`."]
    return _told(secret_files.read, settings.secret_file, "secret")


def _sessions(settings: ServerSettings) -> list[str]:
    if settings.sessions is None:
        return ["`sessions` is missing: the folder where the processes of this server keep who is signed in, so that signing out holds in all of them."]
    try:
        return _told(private_folder, settings.sessions)
    except OSError as problem:
        return [f"The folder of sessions {settings.sessions} cannot be made or used: {problem.strerror}."]


def _provider(settings: ServerSettings) -> list[str]:
    if settings.sign_in != "oidc":
        return []
    if settings.oidc is None:
        return ["`sign_in` is `oidc`, and the table `[oidc]` with `issuer`, `client_id` and `client_secret_file` is missing."]
    found = _told(secret_files.read, settings.oidc.client_secret_file, "client's secret", shortest=16)
    try:
        refuse_plain(settings.oidc.issuer)
    except NotAllowed:
        found.append("`oidc.issuer` is not an https address: anybody on the way could sign in as anyone.")
    return found


def _proxy(settings: ServerSettings) -> list[str]:
    if settings.sign_in != "proxy":
        return []
    if settings.proxy.secret_file is None and settings.unix_socket is None:
        return ["Anybody could name themselves: give the proxy a secret (`proxy.secret_file`), or let it reach the server by `unix_socket` only."]
    return _told(secret_files.read, settings.proxy.secret_file, "proxy's secret") if settings.proxy.secret_file else []


def _people(settings: ServerSettings, people: People) -> list[str]:
    if people.problem():
        return [people.problem()]
    if not people.count():
        return [f"Nobody is in the table of people {people.file}. Add somebody: `therapy-process people add`."]
    if settings.sign_in == "local" and not people.with_passwords():
        return [f"Nobody in the table of people {people.file} has a password, which local accounts need. Give them one: `therapy-process people add`."]
    if settings.sign_in == "local" and not people.counts_on_disk():
        return [
            f"Failed sign-ins cannot be counted in {people.file.parent}: the server may not write there. Put the table of people into a folder of the "
            "server's own, such as /var/lib/therapy-process."
        ]
    return []


def _told(check, *given: object, **named: object) -> list[str]:  # noqa: ANN001 - any of the checks above
    try:
        check(*given, **named)
    except UserError as wrong:
        return [str(wrong)]
    return []
