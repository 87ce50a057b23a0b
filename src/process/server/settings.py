"""The server's settings file (`server.toml`): how people sign in, what stands in front, how long a sign-in lasts. Every value is checked; none is repeated."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from process.errors import FileMissing, SettingWrong
from process.server.secret_files import refuse_written_by_others

LOOPBACK = ("127.0.0.1", "localhost", "::1")
Minutes = Annotated[float, Field(gt=0, le=120)]
Hours = Annotated[float, Field(gt=0, le=16)]


class Part(BaseModel):
    """A table of the file: nothing in it that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Oidc(Part):
    """An OpenID Connect provider. `claim` names the person; the provider must let nobody choose its text themselves."""

    issuer: str
    client_id: str
    client_secret_file: Path
    claim: str = "sub"
    scopes: str = "openid profile"


class Proxy(Part):
    """A proxy in front of the server. `user_header`, only for `sign_in = "proxy"`: the header that names who it has signed in."""

    user_header: str = Field("X-Remote-User", pattern=r"^[A-Za-z][A-Za-z-]{2,40}$")
    secret_file: Path | None = None
    sign_out_url: str = ""


class Tls(Part):
    """The server's own certificate, where no proxy ends TLS."""

    certificate: Path
    key: Path


class Lasting(Part):
    """How long a sign-in lasts: `idle_minutes` without an interaction, `shift_hours` in any case; a page warns `warn_minutes` before."""

    idle_minutes: Minutes = 30
    shift_hours: Hours = 12
    warn_minutes: Annotated[float, Field(gt=0, le=30)] = 3


class Limits(Part):
    """What one person may hold at once: browsers signed in, pages open."""

    browsers: Annotated[int, Field(ge=1, le=1000)] = 10
    pages: Annotated[int, Field(ge=1, le=1000)] = 30


class ServerSettings(Part):
    """The whole file. `origin`: the address that people type, scheme and host; `sign_in`: the one way in."""

    sign_in: Literal["links", "local", "oidc", "proxy"] = "links"
    address: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 5006
    unix_socket: Path | None = None
    origin: str = ""
    secret_file: Path | None = None
    sessions: Path | None = None
    people: Path | None = None
    audit: Path | None = None
    audit_key_file: Path | None = None
    audit_months: Annotated[int, Field(ge=0, le=240)] = 24
    behind_proxy: bool = False
    tls: Tls | None = None
    oidc: Oidc | None = None
    proxy: Proxy = Proxy()
    lasting: Lasting = Lasting()
    limits: Limits = Limits()

    @field_validator("origin")
    @classmethod
    def _an_origin(cls, origin: str) -> str:
        parts = urlsplit(origin)
        if origin and (parts.scheme not in ("http", "https") or f"{parts.scheme}://{parts.netloc}" != origin or not parts.hostname or "@" in parts.netloc):
            raise ValueError("say scheme and host, and a port where it is not the usual one: https://dashboards.clinic.example")
        return origin.lower()

    @property
    def on_loopback(self) -> bool:
        """Whether nobody but this machine's own users reaches the server: no other address, and no proxy that could pass others on."""
        own = not self.origin or urlsplit(self.origin).hostname in LOOPBACK
        return own and self.unix_socket is None and self.address in LOOPBACK and not self.behind_proxy and self.sign_in != "proxy"

    @property
    def secure(self) -> bool:
        """Whether people reach the server over TLS."""
        return self.tls is not None or self.origin.startswith("https://")

    def origins(self, port: int | None) -> tuple[str, ...]:
        """The addresses that our own pages have."""
        if self.origin:
            return (self.origin,)
        scheme = "https" if self.tls else "http"
        return tuple(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}" for host in dict.fromkeys((self.address, *LOOPBACK)))


def read(file: Path | None) -> ServerSettings:
    """The settings of that file; those of a server on loopback where there is none. Raises `FileMissing`, `SettingWrong`; no message repeats a value."""
    if file is None:
        return ServerSettings()
    try:
        with Path(file).open("rb") as opened:
            refuse_written_by_others(opened.fileno(), Path(file), "settings file")
            told = tomllib.loads(opened.read().decode("utf-8"))
    except OSError:
        raise FileMissing(f"There is no settings file {file}, or it cannot be read.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        where = str(problem).rpartition("(at ")[2].rstrip(")") if "(at " in str(problem) else "somewhere"
        raise SettingWrong(f"The settings file {file} is not TOML; look {where}.") from None
    try:
        found = ServerSettings(**told)
    except ValidationError as problem:
        errors = problem.errors(include_input=False)
        wrong = [f"`{'.'.join(map(str, error['loc']))}`: {error['msg'].removeprefix('Value error, ')}" for error in errors]
        raise SettingWrong(f"The settings file {file} is not in order. {'; '.join(wrong)}. What it may hold: docs/operations.md.") from None
    return found.model_copy(update=_beside(found, Path(file).absolute().parent))


def told(file: Path | None, *, port: int | None = None, address: str | None = None) -> ServerSettings:
    """The settings of that file, with what was said on the command line in its place."""
    said = {name: value for name, value in (("port", port), ("address", address)) if value is not None}
    return read(file).model_copy(update=said)


def _beside(found: ServerSettings, folder: Path) -> dict[str, object]:
    """Files that are named without a folder lie beside the settings file."""
    named = ("secret_file", "sessions", "people", "audit", "audit_key_file", "unix_socket")
    update: dict[str, object] = {name: folder / getattr(found, name) for name in named if getattr(found, name)}
    if found.tls:
        update["tls"] = found.tls.model_copy(update={"certificate": folder / found.tls.certificate, "key": folder / found.tls.key})
    if found.oidc:
        update["oidc"] = found.oidc.model_copy(update={"client_secret_file": folder / found.oidc.client_secret_file})
    if found.proxy.secret_file:
        update["proxy"] = found.proxy.model_copy(update={"secret_file": folder / found.proxy.secret_file})
    return update
