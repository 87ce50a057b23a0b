"""nginx that signs people in by itself and names them to the server, as deploy/nginx/signed-in-by-nginx.conf and the guide say."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from tests.deploy.installed import DEPLOY, replaced

PASSWORD = "right"


def as_the_guide_says(folder: Path, secret: str, *beside: str, user: str = "$therapy_process_user") -> list[tuple[str, str]]:
    """The changes for sign_in = "proxy": the included file in the three locations, after a copy of the server's own header lines; and what signs people in."""
    include = folder / "signed-in-by-nginx.conf"
    (folder / "secret.conf").write_text(f'proxy_set_header X-Proxy-Secret "{secret}";\n')
    told = replaced(
        (DEPLOY / "nginx" / include.name).read_text(),
        ("/etc/nginx/therapy-process-secret.conf", str(folder / "secret.conf")),
        ("proxy_set_header X-Remote-User $therapy_process_user;", f"proxy_set_header X-Remote-User {user};"),
    )
    include.write_text(told)
    shipped = (DEPLOY / "nginx" / "therapy-process.conf").read_text()
    own = "".join(re.findall(r"(?m)^    proxy_set_header .*\n", shipped))
    return [
        ("    location / {\n", f"    location / {{\n{own}    include {include};\n"),
        ("        proxy_set_header Sec-WebSocket-Extensions", f"        include {include};\n        proxy_set_header Sec-WebSocket-Extensions"),
        ("    location = /sign-in {\n", f"    location = /sign-in {{\n{own}    include {include};\n"),
        ("    proxy_http_version 1.1;\n", "".join(["    proxy_http_version 1.1;\n", *beside])),
    ]


def by_password(folder: Path, *users: str) -> tuple[str, str]:
    """The lines that have nginx ask for a password (basic authentication): the least of the ways in which it verifies somebody."""
    (folder / "passwords").write_text("".join(f"{user}:{{PLAIN}}{PASSWORD}\n" for user in users))
    return '    auth_basic "clinic";\n', f"    auth_basic_user_file {folder}/passwords;\n"


def as_user(user: str) -> str:
    """What the browser of somebody sends who has typed that password."""
    return "Basic " + base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
