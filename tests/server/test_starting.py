"""What stops a server from starting, all of it at once, each with what mends it; and settings files that are not in order."""

from __future__ import annotations

import os
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from process.errors import FileMissing, SettingWrong
from process.people import People, Person, table
from process.server import secret_files, settings, starting
from process.server.settings import ServerSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ready(tmp_path):
    """Settings of a server that may start, and whom it knows."""
    with table.changing(tmp_path / "people.toml") as people:
        people["dora"] = Person("dora", "director", "Dora", password="$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaHNvbWVoYXNoMDEyMzQ1Njc")
    for name in ("secret", "client", "proxy"):
        secret_files.make(tmp_path / name)
    told = {
        "sign_in": "local",
        "address": "127.0.0.1",
        "behind_proxy": True,
        "origin": "https://dashboards.clinic.example",
        "secret_file": tmp_path / "secret",
        "sessions": tmp_path / "sessions",
        "people": tmp_path / "people.toml",
        "oidc": {"issuer": "https://id.clinic.example/realms/clinic", "client_id": "dashboards", "client_secret_file": tmp_path / "client"},
        "proxy": {"secret_file": tmp_path / "proxy"},
    }
    people = People(tmp_path / "people.toml", lambda line: None)

    def problems(**changes):
        return starting.problems(ServerSettings(**{name: value for name, value in (told | changes).items() if value is not None}), people)

    return problems


@pytest.mark.parametrize("way", ["local", "oidc", "proxy"])
def test_a_server_that_is_ready_starts(ready, way):
    assert ready(sign_in=way) == []


WRONG = {
    "no sign-in": ({"sign_in": "links"}, "Nobody signs in"),
    "no TLS": ({"behind_proxy": False, "address": "0.0.0.0"}, "Nothing encrypts"),
    "no TLS and no proxy on loopback, with a name of its own": ({"behind_proxy": False}, "Nothing encrypts"),
    "a proxy that others can pass by": ({"address": "0.0.0.0"}, "Only the proxy in front"),
    "no origin": ({"origin": None}, "`origin` is missing"),
    "an origin without TLS": ({"origin": "http://dashboards.clinic.example"}, "`origin` is not https"),
    "no secret": ({"secret_file": None}, "`secret_file` is missing"),
    "no folder of sessions": ({"sessions": None}, "`sessions` is missing"),
    "no provider": ({"sign_in": "oidc", "oidc": None}, "the table `[oidc]`"),
    "a proxy that anybody could be": ({"sign_in": "proxy", "proxy": {}}, "Anybody could name themselves"),
    "a certificate that is not there": ({"tls": {"certificate": Path("/nowhere.pem"), "key": Path("/nowhere.key")}}, "cannot be used together"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_missing_is_named_with_what_mends_it(ready, what):
    changes, said = WRONG[what]

    assert any(said in problem for problem in ready(**changes))


def test_a_provider_that_is_not_https_is_refused(ready, tmp_path):
    oidc = {"issuer": "http://id.clinic.example", "client_id": "d", "client_secret_file": tmp_path / "client"}

    assert ["issuer" in problem for problem in ready(sign_in="oidc", oidc=oidc)] == [True]


def test_everything_is_said_at_once(ready):
    found = ready(sign_in="links", behind_proxy=False, address="0.0.0.0", origin=None, secret_file=None, sessions=None)

    assert len(found) == 5
    with pytest.raises(SettingWrong, match="(?s)does not start.*Nobody signs in.*encrypts.*origin.*secret_file.*sessions"):
        starting.refuse(ServerSettings(address="0.0.0.0"))


def test_nobody_to_sign_in_stops_a_server(ready, tmp_path):
    with table.changing(tmp_path / "people.toml") as people:
        people["dora"] = Person("dora", "director", "Dora")
    assert any("has a password" in problem for problem in ready())

    with table.changing(tmp_path / "people.toml") as people:
        people["dora"] = Person("dora", "director", "Dora", disabled=True)
    assert any("Nobody is in the table" in problem for problem in ready(sign_in="oidc"))

    (tmp_path / "people.toml").write_text("not a table")
    assert len(ready(sign_in="oidc")) == 1


def test_a_secret_is_made_by_the_command_and_kept_from_others(tmp_path):
    file = tmp_path / "secret"
    secret_files.make(file)

    assert file.stat().st_mode & 0o777 == 0o600 and len(secret_files.read(file, "secret")) >= 43
    with pytest.raises(SettingWrong, match="is there already"):
        secret_files.make(file)
    file.chmod(0o640)
    with pytest.raises(SettingWrong, match="Others can read.*chmod 600"):
        secret_files.read(file, "secret")
    for weak in ("x" * 31, "a" * 64, "ab" * 32, ""):
        (tmp_path / "weak").write_text(weak)
        (tmp_path / "weak").chmod(0o600)
        with pytest.raises(SettingWrong, match="too weak"):
            secret_files.read(tmp_path / "weak", "secret")
    with pytest.raises(FileMissing, match="therapy-process secret"):
        secret_files.read(tmp_path / "nowhere", "secret")


@pytest.mark.parametrize("others", ["panel", "bokeh", "tornado"])
def test_untested_releases_are_refused_and_those_of_the_lock_are_tested(others):
    lock = dict(re.findall(r"^([a-z]+)==([0-9.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))

    assert starting.untested(lock) == [] and starting.untested({others: version(others)}) == []
    for release in ("0.9", "99.0", "99.0rc1"):
        assert [others in problem and "requirements.txt" in problem for problem in starting.untested({others: release})] == [True]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sign_in = 'magic'", "`sign_in`"),
        ("prot = 5006", "`prot`"),
        ("port = 70000", "`port`"),
        ("origin = 'https://x.example/path'", "`origin`"),
        ("origin = 'x.example'", "`origin`"),
        ("[lasting]\nidle_minutes = 600", "`lasting.idle_minutes`"),
        ("[lasting]\nshift_hours = 48", "`lasting.shift_hours`"),
        ("[lasting]\nidle_minutes = 0", "`lasting.idle_minutes`"),
        ("[oidc]\nissuer = 'https://x'", "`oidc.client_id`"),
        ("[proxy]\nuser_header = 'X: y'", "`proxy.user_header`"),
        ("sign_in = ", "not TOML"),
    ],
)
def test_a_settings_file_that_is_not_in_order_is_refused_by_the_name_of_what_is_wrong(tmp_path, text, said):
    file = tmp_path / "server.toml"
    file.write_text(text + "\nsecret_file = 's3cret-value'\n" if "[" not in text and "= \n" not in text and not text.endswith("= ") else text)

    with pytest.raises(SettingWrong) as refused:
        settings.read(file)

    assert said in str(refused.value) and "s3cret-value" not in str(refused.value) and "magic" not in str(refused.value)


@pytest.mark.parametrize("mode", [0o660, 0o664, 0o646, 0o602, 0o666])
def test_settings_that_others_can_write_are_refused_with_what_mends_it(tmp_path, mode):
    file = tmp_path / "server.toml"
    file.write_text("sign_in = 'local'\n")
    file.chmod(mode)

    with pytest.raises(SettingWrong, match=f"Others can write the settings file .*chmod go-w {re.escape(str(file))}"):
        settings.told(file)

    file.chmod(mode & ~0o022)  # what that command does
    assert settings.told(file).sign_in == "local"


def test_settings_that_others_can_only_read_are_taken(tmp_path):
    file = tmp_path / "server.toml"
    file.write_text("sign_in = 'local'\n")
    for mode in (0o600, 0o640, 0o644, 0o444):
        file.chmod(mode)
        assert settings.read(file).sign_in == "local"


def test_files_named_in_the_settings_lie_beside_them(tmp_path):
    (tmp_path / "server.toml").write_text("secret_file = 'secret'\nsessions = '/var/lib/sessions'\n[tls]\ncertificate = 'c.pem'\nkey = 'k.pem'\n")

    found = settings.read(tmp_path / "server.toml")

    assert (found.secret_file, found.sessions) == (tmp_path / "secret", Path("/var/lib/sessions"))
    assert found.tls.certificate == tmp_path / "c.pem"
    with pytest.raises(FileMissing):
        settings.read(tmp_path / "nowhere.toml")


def test_every_setting_and_its_examples_are_documented(tmp_path):
    docs = (ROOT / "docs" / "operations.md").read_text()
    part = docs[docs.index("## Signing in") :]
    for model in (ServerSettings, settings.Oidc, settings.Proxy, settings.Tls, settings.Lasting, settings.Limits):
        for name in model.model_fields:
            assert f"`{name}`" in part or f"[{name}]" in part, name
    examples = [tomllib.loads(text) for text in re.findall(r"```toml\n(.*?)```", part, re.DOTALL)]
    assert {ServerSettings(**example).sign_in for example in examples} == {"local", "oidc", "proxy"}


def test_local_accounts_need_a_folder_in_which_failed_sign_ins_can_be_counted(ready, tmp_path):
    (tmp_path / "people-attempts.json").mkdir()

    assert ["cannot be counted" in problem for problem in ready()] == [True] and ready(sign_in="oidc") == []
    (tmp_path / "people-attempts.json").rmdir()
    tmp_path.chmod(0o500)
    try:
        assert ready() == [] if os.access(tmp_path, os.W_OK) else ["cannot be counted" in problem for problem in ready()] == [True]
    finally:
        tmp_path.chmod(0o700)
    assert ready() == [] and not (tmp_path / "people-attempts.json").exists()
