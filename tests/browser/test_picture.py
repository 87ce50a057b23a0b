"""A picture in the hand: what the tool says, and the two files that come down, on a desk and on a phone."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import expect
from tests.browser.dashboard import Dashboard
from tests.browser.signing_in import DESK
from tests.browser.test_phone import OVERHANG, PHONE

SIZES = {"1440": {"viewport": DESK | {"width": 1440}}, "390": PHONE}


@pytest.mark.parametrize("width", SIZES)
def test_a_card_gives_its_picture_as_png_and_as_svg(sign_in, photograph, width):
    page = sign_in("director", **SIZES[width]).open("caseload")
    page.drawn()
    card = page.card("endings")

    card.get_by_role("button", name="Picture").click()

    expect(card.get_by_text("What leaves is rounded")).to_be_visible()
    found = {}
    for form in ("PNG", "SVG"):
        with page.page.expect_download() as started:
            card.get_by_text(form, exact=True).click()
        assert started.value.suggested_filename == f"endings.{form.lower()}"
        found[form] = Path(started.value.path()).read_bytes()
    assert found["PNG"].startswith(b"\x89PNG") and len(found["PNG"]) > 20_000
    said = " ".join("".join(part.itertext()) for part in ElementTree.fromstring(found["SVG"]).iter("{http://www.w3.org/2000/svg}text"))
    assert "How do courses end?" in said and "Rounded for export" in said and "simulated" in said and "data as of 2026-11-16" in said
    assert page.page.evaluate(OVERHANG) <= int(width)
    card.scroll_into_view_if_needed()
    photograph(page, f"picture-{width}")
    alone = Dashboard(page.page.context.new_page(), page.address)
    alone.page.set_content(f"<body style='margin:0'>{found['SVG'].decode().partition('?>')[2]}</body>")
    photograph(alone, f"picture-{width}-svg")
