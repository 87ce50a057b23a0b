"""The task runner lists what it can do, and says what is missing instead of going on without it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def machine(tmp_path: Path):
    """A machine with only the named programs; each is a real one or a script of ours."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def build(*real: str, **scripts: str) -> dict[str, str]:
        for name in real:
            (folder / name).symlink_to(shutil.which(name))
        for name, text in scripts.items():
            (folder / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / name).chmod(0o755)
        return {"PATH": str(folder)}

    return build


def run(*command: str, root: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    return subprocess.run([shutil.which(command[0]), *command[1:]], cwd=root, env=env, capture_output=True, text=True, timeout=60)


def test_help_lists_every_target(root):
    makefile = (root / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE).group(1).split())
    listed = set(re.findall(r"^  make (\S+) +\S", run("make", root=root).stdout, flags=re.MULTILINE))

    assert {"setup", "demo", "test", "check", "lab", "help"} <= listed
    assert listed == targets


def test_setup_names_the_pythons_it_needs_where_the_python_is_too_old(root, machine, tmp_path):
    old = machine("cat", "cksum", "sh", oldpython='[ "$1" = --version ] && echo Python 3.9.18 || exit 1')
    done = run("sh", "tools/setup.sh", root=root, env=old | {"PYTHON": "oldpython", "VENV": str(tmp_path / "venv")})

    assert done.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 is needed; `oldpython` is Python 3.9.18" in done.stderr


def test_setup_names_the_python_that_is_not_there(root, machine, tmp_path):
    done = run("sh", "tools/setup.sh", root=root, env=machine("cat", "cksum") | {"PYTHON": "python3.12", "VENV": str(tmp_path / "venv")})

    assert done.returncode == 1
    assert "there is no `python3.12` here" in done.stderr


def test_the_browser_is_the_one_that_is_named(root, machine):
    env = machine("sh", chromium="exit 0", mine="echo Chromium 150")
    done = run("sh", "tools/browser.sh", root=root, env=env | {"CHROMIUM": "mine"})

    assert (done.returncode, Path(done.stdout.strip()).name) == (0, "mine")


def test_a_browser_that_is_installed_and_runs_is_found(root, machine):
    done = run("sh", "tools/browser.sh", root=root, env=machine("sh", **{"chromium": "exit 1", "google-chrome": "exit 0"}))

    assert (done.returncode, Path(done.stdout.strip()).name) == (0, "google-chrome")


def test_without_a_browser_the_missing_package_is_named_and_nothing_is_skipped(root, machine):
    done = run("sh", "tools/browser.sh", root=root, env=machine("sh", id="echo 1000"))

    assert done.returncode == 1
    assert "apt install chromium" in done.stderr
    assert done.stdout == ""


def test_root_on_debian_gets_chromium_installed(root, machine, tmp_path):
    calls, browser = tmp_path / "calls", tmp_path / "bin" / "chromium"
    apt = f'echo "$*" >>{calls}; case "$*" in install*) printf "#!/bin/sh\\n" >{browser}; /bin/chmod +x {browser};; esac'
    done = run("sh", "tools/browser.sh", root=root, env=machine("sh", **{"id": "echo 0", "apt-get": apt}))

    assert (done.returncode, done.stdout.strip()) == (0, str(browser))
    assert [call.split()[0] for call in calls.read_text().splitlines()] == ["update", "install"]


def test_a_failing_install_is_not_taken_for_a_browser(root, machine):
    done = run("sh", "tools/browser.sh", root=root, env=machine("sh", **{"id": "echo 0", "apt-get": "exit 100"}))

    assert done.returncode == 1
    assert "package `chromium`" in done.stderr


def test_continuous_integration_runs_the_same_targets(root):
    text = (root / ".ci" / "run").read_text()

    assert "set -euo pipefail" in text
    assert re.findall(r"^make .*$", text, flags=re.MULTILINE) == ["make check", "make test"]


def test_a_machine_without_nginx_is_told_what_is_not_tested_and_continuous_integration_stops(root, machine, tmp_path):
    script = tmp_path / "nginx.sh"
    script.write_text((root / "tools" / "nginx.sh").read_text().replace(" /usr/sbin/nginx;", ";"))  # the one place beside PATH, where this machine may have it
    nothing = machine("sh", id="echo 1000")

    told = run("sh", str(script), root=root, env=nothing)
    stopped = run("sh", str(script), "--install", root=root, env=nothing)

    assert (told.returncode, told.stdout) == (0, "") and "NOT tested" in told.stderr
    assert stopped.returncode == 1 and "could not be installed" in stopped.stderr
