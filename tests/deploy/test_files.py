"""What lies in deploy/ fits the product that it deploys: settings, units, the container, the realm, the lock, and the guide that names them all."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess

import pytest
import typer.main
from tests.deploy import installed
from tests.deploy.installed import DEPLOY, HOST, ROOT

from process import cli
from process.people import People, people_file
from process.server import settings, starting
from process.server.routes import CALLBACK

UNIT = (DEPLOY / "systemd" / "therapy-process@.service").read_text()
NGINX = (DEPLOY / "nginx" / "therapy-process.conf").read_text()
CONTAINER = (DEPLOY / "Containerfile").read_text()
GUIDE = (ROOT / "docs" / "deploying.md").read_text()


@pytest.mark.parametrize("way", ["local", "oidc", "proxy"])
def test_the_settings_of_each_way_to_sign_in_start_a_server_once_their_files_are_there(tmp_path, way):
    shipped = settings.read(DEPLOY / "settings" / f"server-{way}.toml")
    ready = settings.read(installed.etc(tmp_path, way, {"dora": installed.person("dora", "director", password=installed.PASSWORD)}))

    assert shipped.sign_in == way and shipped.origin == f"https://{HOST}" and shipped.behind_proxy and shipped.address == "127.0.0.1"
    assert starting.problems(ready, People(people_file(ready.people), print)) == []
    assert ready.audit and ready.audit_key_file and ready.lasting.idle_minutes == 30


def test_the_settings_unchanged_on_a_machine_without_those_files_start_nothing():
    assert starting.problems(settings.read(DEPLOY / "settings" / "server-local.toml"))


def test_nginx_and_the_units_name_the_same_processes():
    ports = re.findall(r"server 127\.0\.0\.1:(\d+);", NGINX)

    assert ports == ["5006", "5007"] and all(f"therapy-process@{port}" in UNIT for port in ports)
    assert "/etc/therapy-process/server.toml" in UNIT and "KillSignal=SIGINT" in UNIT and "LimitCORE=0" in UNIT


def test_systemd_takes_the_units_and_finds_little_that_a_process_could_do():
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine; the units were not checked by it")
    found = ""
    for unit in sorted((DEPLOY / "systemd").iterdir()):
        found += subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True).stderr
    complaints = [line for line in found.splitlines() if "is not executable" not in line and "unit" in line and "therapy-process" in line]
    exposed = []
    for unit in sorted((DEPLOY / "systemd").glob("*.service")):
        if subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", unit], capture_output=True).returncode:
            exposed.append(unit.name)
    for timer in sorted((DEPLOY / "systemd").glob("*.timer")):
        (when,) = re.findall(r"^OnCalendar=(.*)$", timer.read_text(), re.MULTILINE)
        assert subprocess.run(["systemd-analyze", "calendar", when], capture_output=True).returncode == 0, timer.name

    assert complaints == [] and exposed == []


def unit_run(tmp_path, name: str, stub: str) -> tuple[int, list[str]]:
    """What a unit's only ExecStart does where `therapy-process` is that shell script, which writes down how it was called; systemd's own escapes undone."""
    (line,) = re.findall(r"^ExecStart=((?:.*\\\n)*.*)", (DEPLOY / "systemd" / name).read_text(), re.MULTILINE)
    command = shlex.split(line.replace("\\\n", " ").replace("$$", "$").replace("%%", "%"))
    (tmp_path / "therapy-process").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\n{stub}\n')
    (tmp_path / "therapy-process").chmod(0o755)
    done = subprocess.run(command, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    return done.returncode, (tmp_path / "called").read_text().splitlines()


@pytest.mark.parametrize(("fails", "code"), [("nothing", 0), ("doctor", 7), ("audit", 7)])
def test_the_nightly_check_looks_at_store_and_log_whichever_of_them_is_bad_and_fails_for_either(tmp_path, fails, code):
    ended, called = unit_run(tmp_path, "therapy-process-check.service", f'[ "$1" != {fails} ] || exit 7')

    assert ended == code and [words.split()[0] for words in called] == ["doctor", "audit"]


def test_the_nightly_backup_writes_a_file_of_its_own_and_fails_where_it_could_not(tmp_path):
    ended, (called,) = unit_run(tmp_path, "therapy-process-backup.service", "exit 5")

    assert ended == 5
    assert re.fullmatch(r"backup /var/lib/therapy-process/store /var/lib/therapy-process/backups/store-\d{4}-\d\d-\d\dT\d{6}\.tar", called)


def test_every_option_in_the_guide_is_one_of_its_command():
    group = typer.main.get_command(cli.app)
    lines = [line for line in re.sub(r"`", "\n", GUIDE).splitlines() if re.match(r"tp |/opt/\S+/therapy-process |therapy-process ", line)]
    assert len(lines) > 20
    for line in lines:
        words = line.partition(" #")[0].split()[1:]
        command = group
        while words and hasattr(command, "commands") and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= known | ({"--version"} if command is group else set()), line


def test_an_update_changes_which_release_runs_and_never_moves_one():
    installing, updating = GUIDE[GUIDE.index("## 2.") : GUIDE.index("## 3.")], GUIDE[GUIDE.index("## 11.") : GUIDE.index("## 12.")]

    assert "python3 -m venv $release" in installing and "ln -sfn $release /opt/therapy-process\n" in installing
    steps = [line.partition(" #")[0].strip() for line in updating.splitlines()]
    link = steps.index("ln -sfn /opt/therapy-process-NEW /opt/therapy-process")
    assert steps[link + 1] == "therapy-process --version" and all("stop" in line or "backup" in line for line in steps[link - 2 : link])


def test_a_secret_that_is_made_later_becomes_the_accounts_where_it_is_made():
    for name in ("client", "proxy"):
        assert f"chown therapy-process: /etc/therapy-process/{name}.secret" in GUIDE, name


def test_the_realm_sends_people_back_to_one_address_with_pkce_and_gives_no_roles():
    realm = json.loads((DEPLOY / "keycloak" / "realm.json").read_text())
    (client,) = realm["clients"]
    told = settings.read(DEPLOY / "settings" / "server-oidc.toml").oidc

    assert client["redirectUris"] == [f"https://{HOST}{CALLBACK}"] and client["attributes"]["pkce.code.challenge.method"] == "S256"
    assert client["attributes"]["backchannel.logout.url"] == f"https://{HOST}/sign-out/from-provider"
    assert not client["publicClient"] and not client["implicitFlowEnabled"] and not client["directAccessGrantsEnabled"] and client["webOrigins"] == []
    assert "roles" not in realm and "users" not in realm and "groups" not in realm
    assert not realm["editUsernameAllowed"] and not realm["registrationAllowed"]
    assert told and (told.client_id, told.issuer.rpartition("/")[2]) == (client["clientId"], realm["realm"])


def test_the_container_runs_as_nobody_in_particular_from_packages_with_hashes():
    users = re.findall(r"^USER (.*)$", CONTAINER, re.MULTILINE)
    bases = re.findall(r"^FROM (\S+)", CONTAINER, re.MULTILINE)

    assert users == ["10001:10001"] and CONTAINER.index("USER 10001") < CONTAINER.index("ENTRYPOINT")
    assert set(bases) == {"docker.io/library/python:3.11-slim-bookworm"}
    assert "--require-hashes --only-binary=:all: -r deploy/requirements.txt" in CONTAINER and "--no-index ." in CONTAINER
    for name in re.findall(r"^COPY (?!--from)(\S+)", CONTAINER, re.MULTILINE):
        assert (ROOT / name).exists(), name


def test_a_server_is_installed_from_the_lock_and_from_nothing_else():
    pins = {
        name: set(re.findall(r"^([a-z0-9.-]+(?:\[[a-z,]+\])?==[^ ;\\]+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.txt", "deploy/requirements.txt")
    }
    names = {pin.partition("==")[0] for pin in pins["deploy/requirements.txt"]}

    assert pins["deploy/requirements.txt"] <= pins["requirements.txt"] and {"panel", "duckdb", "hatchling"} <= names
    assert not {"pytest", "jupyterlab", "playwright"} & names
    assert "--hash=sha256:" in (DEPLOY / "requirements.txt").read_text() and "http" not in re.sub(
        r"httpx?\S*|duckdb-extension-httpfs", "", (DEPLOY / "requirements.txt").read_text()
    )


def test_the_guide_names_every_file_that_ships_and_no_command_that_does_not_exist():
    for path in DEPLOY.rglob("*"):
        if path.is_file():
            assert path.name in GUIDE or path.name.replace("service", "*").replace("timer", "*") in GUIDE, path
    group = typer.main.get_command(cli.app)
    said = re.findall(r"(?:\btp|/bin/therapy-process|^therapy-process|`therapy-process) ([a-z]+)(?: ([a-z]+))?", GUIDE, re.MULTILINE)
    assert len(said) > 20
    for first, second in said:
        assert first in group.commands, first
        if hasattr(group.commands[first], "commands"):
            assert second in group.commands[first].commands, f"{first} {second}"
