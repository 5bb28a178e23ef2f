"""The app in a real browser: it draws, it keeps to this machine, it fits the window."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from browsing import Visit
from playwright.sync_api import BrowserContext, expect

pytestmark = pytest.mark.browser

# title, words that the page shows, charts that it draws
PAGES = [
    ("Overview", "Last build", 2),
    ("Data quality", "Rows in day files", 2),
    ("Features", "Definition", 2),
    ("Regimes", "Price and regime", 3),
    ("Options", "What it rests on", 1),
]


def picture(folder: Path, title: str, width: int) -> Path:
    name = title.lower().replace(" ", "_")
    return folder / (f"{name}.png" if width == 1680 else f"{name}_{width}.png")


@pytest.mark.parametrize(("title", "words", "charts"), PAGES)
def test_a_page_is_shown_without_error_and_without_leaving_this_machine(
    title: str, words: str, charts: int, visit: Visit, pictures: Path
):
    visit.open(title)
    expect(visit.page.get_by_text(words).first).to_be_visible()
    expect(visit.page.get_by_test_id("stEChartsChart")).to_have_count(charts)
    feature = os.environ.get("QUANT_SCREENSHOT_FEATURE")
    if feature and title == "Features":
        chooser = visit.page.get_by_test_id("stSelectbox").filter(has_text="Feature")
        chooser.get_by_role("combobox").fill(feature)
        visit.page.get_by_role("option", name=feature, exact=True).click()
        expect(visit.page).to_have_url(f"{visit.address}/features?feature={feature}")
    visit.settle()
    kept = picture(pictures, title, 1680)
    visit.page.mouse.move(840, 1)  # nothing hovered
    visit.page.evaluate("document.activeElement.blur()")
    visit.page.screenshot(path=kept)
    assert kept.stat().st_size > 20_000  # not an empty window
    visit.finish()


@pytest.mark.parametrize(("tab", "charts"), [("Module map", 1), ("Cross-asset", 2)])
def test_a_view_of_features_is_shown(tab: str, charts: int, visit: Visit, pictures: Path):
    visit.open("Features")
    visit.page.get_by_test_id("stTab").filter(has_text=tab).click()
    expect(visit.page.get_by_test_id("stEChartsChart")).to_have_count(charts)
    visit.settle()
    visit.page.mouse.move(840, 1)
    kept = picture(pictures, f"Features {tab}", 1680)
    visit.page.screenshot(path=kept)
    assert kept.stat().st_size > 20_000
    visit.finish()


@pytest.mark.parametrize(
    ("tab", "charts"),
    [
        ("Term structure", 1),
        ("Surface", 1),
        ("Skew history", 1),
        ("Gamma exposure", 3),
        ("Quality", 1),
        ("Contract", 1),
    ],
)
def test_a_view_of_options_is_shown(tab: str, charts: int, visit: Visit, pictures: Path):
    visit.open("Options")
    visit.page.get_by_test_id("stTab").filter(has_text=tab).click()
    expect(visit.page.get_by_test_id("stEChartsChart")).to_have_count(charts)
    visit.settle()
    visit.page.mouse.move(840, 1)
    kept = picture(pictures, f"Options {tab}", 1680)
    visit.page.screenshot(path=kept)
    assert kept.stat().st_size > 20_000
    visit.finish()


@pytest.mark.parametrize("visit", [(420, 900), (1000, 900)], indirect=True)
@pytest.mark.parametrize(("title", "words", "charts"), PAGES)
def test_a_page_fits_a_narrow_window(
    title: str, words: str, charts: int, visit: Visit, tmp_path: Path
):
    visit.page.goto(visit.address)
    expect(visit.page.get_by_test_id("stHeading").first).to_have_text("Overview")
    width = visit.page.viewport_size["width"]
    if width < 700:  # the navigation is folded away
        visit.page.get_by_test_id("stExpandSidebarButton").click()
    visit.open(title)
    expect(visit.page.get_by_text(words).first).to_be_visible()
    wide = visit.page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= width
    visit.page.screenshot(path=picture(tmp_path, title, width))
    visit.finish()


@pytest.mark.parametrize("visit", [(2600, 1200)], indirect=True)
def test_content_is_no_wider_than_can_be_read(visit: Visit):
    visit.open("Overview")
    box = visit.page.locator(".st-key-page").bounding_box()
    assert box is not None
    assert 1700 < box["width"] <= 1800


def test_metric_cards_are_equal(visit: Visit):
    visit.open("Overview")
    boxes = [card.bounding_box() for card in visit.page.get_by_test_id("stMetric").all()]
    assert len(boxes) == 7
    assert len({(round(box["width"]), round(box["height"])) for box in boxes if box}) == 1


def test_every_tab_draws(visit: Visit):
    for title in ("Data quality", "Features", "Regimes", "Options"):
        visit.open(title)
        tabs = visit.page.get_by_test_id("stTab")
        # the last first: tabs within a tab come after it, and go when another is opened
        for place in reversed(range(tabs.count())):
            tab = tabs.nth(place)
            tab.click()
            expect(tab).to_have_attribute("aria-selected", "true")
            # a click while the run of the last one goes on may be lost: wait for what it draws
            panel = visit.page.locator(f'[id="{tab.get_attribute("aria-controls")}"]')
            expect(panel).not_to_be_empty()
            visit.settle()
    visit.finish()


def test_a_contract_is_found_by_its_ticker(visit: Visit):
    visit.open("Options")
    visit.page.get_by_test_id("stTab").filter(has_text="Contract").click()
    box = visit.page.get_by_role("textbox", name="Ticker")
    expect(box).to_be_visible()
    visit.settle()
    box.fill("O:AAA260320P00120000")
    box.press("Enter")
    expect(visit.page.get_by_text("AAA 2026-03-20 120 put, O:AAA260320P00120000")).to_be_visible()
    visit.settle()
    visit.finish()


def test_a_click_on_the_catalog_shows_the_feature(visit: Visit):
    visit.open("Features")
    box = visit.page.get_by_test_id("stDataFrame").first.bounding_box()
    assert box is not None
    # the box at the head of the second row: rows are drawn on a canvas
    visit.page.mouse.click(box["x"] + 18, box["y"] + 33 * 2.5)
    expect(visit.page).to_have_url(f"{visit.address}/features?feature=raw_double")
    definition = visit.page.locator(".st-key-definition")
    expect(definition.get_by_text("2 sin(t / 30)")).to_be_visible()
    visit.settle()
    visit.finish()


def test_a_click_on_a_tile_of_the_module_map_opens_the_feature(visit: Visit):
    visit.open("Features")
    visit.page.get_by_test_id("stTab").filter(has_text="Module map").click()
    chart = visit.page.locator(".st-key-map").get_by_test_id("stEChartsChart")
    expect(chart).to_be_visible()
    visit.settle()
    box = chart.bounding_box()
    assert box is not None
    # any tile: they stand right of the names of the modules
    visit.page.mouse.click(box["x"] + 0.28 * box["width"], box["y"] + 0.6 * box["height"])
    expect(visit.page.locator(".st-key-definition")).to_be_visible()
    expect(visit.page).to_have_url(re.compile(r"/features\?feature=\w+"))
    visit.settle()
    visit.finish()


def test_another_kind_of_regime_is_drawn_when_it_is_chosen(visit: Visit):
    visit.open("Regimes")
    chart = visit.page.locator(".st-key-regimes_price").get_by_test_id("stEChartsChart")
    before = chart.screenshot()
    visit.page.locator(".st-key-regimes_family").get_by_text("Trend", exact=True).click()
    visit.settle()
    assert chart.screenshot() != before
    visit.finish()


def test_another_window_is_drawn_when_it_is_chosen(visit: Visit):
    visit.open("Overview")
    card = visit.page.locator(".st-key-price")
    before = card.get_by_test_id("stEChartsChart").screenshot()
    card.get_by_role("radio", name="All").or_(card.get_by_text("All", exact=True)).first.click()
    visit.settle()
    assert card.get_by_test_id("stEChartsChart").screenshot() != before
    visit.finish()


def test_an_address_opens_on_a_server_that_nobody_has_visited(
    context: BrowserContext, new_server: str
):
    visit = Visit(context.new_page(), new_server)
    visit.watch()
    visit.page.goto(f"{new_server}/features?feature=raw_noise")
    expect(visit.page.locator(".st-key-definition").get_by_text("uniform noise")).to_be_visible()
    visit.settle()
    assert visit.outside == []
    visit.page.close()


def test_without_a_warehouse_the_app_says_how_to_make_one(
    context: BrowserContext, empty_server: str
):
    visit = Visit(context.new_page(), empty_server)
    visit.watch()
    visit.page.goto(empty_server)
    expect(visit.page.get_by_text("make demo")).to_be_visible()
    visit.settle()
    visit.finish()
    visit.page.close()
