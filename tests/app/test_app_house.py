"""The app's own rules: one theme, no request to the outside, a page by adding a file."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from app import page as pages
from app import theme

ROOT = Path(__file__).resolve().parents[2]
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())


def test_charts_use_the_colours_of_the_page_theme():
    look = CONFIG["theme"]
    assert (
        look["greenColor"],
        look["redColor"],
        look["orangeColor"],
    ) == (theme.UP, theme.DOWN, theme.WARN)
    assert (look["blueColor"], look["violetColor"]) == (theme.BLUE, theme.VIOLET)
    assert (look["backgroundColor"], look["textColor"]) == (theme.BACKGROUND, theme.TEXT)
    assert look["borderColor"] == theme.BORDER
    assert list(theme.SERIES) == look["chartCategoricalColors"]


def test_up_and_down_are_coloured_nowhere_but_in_the_theme():
    others = [path for path in (ROOT / "app").rglob("*.py") if path.name != "theme.py"]
    assert others
    for path in others:
        assert "#" not in "".join(
            line for line in path.read_text().splitlines() if '"#' in line or "'#" in line
        ), f"{path.name} names a colour; take it from app/theme.py"


def test_the_app_listens_on_loopback_and_tells_nobody():
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert CONFIG["client"]["showErrorLinks"] is False


def test_no_page_writes_html():
    for path in (ROOT / "app").rglob("*.py"):
        text = path.read_text()
        assert "unsafe_allow_html" not in text, path.name
        assert "st.html" not in text, path.name


def test_streamlit_finds_no_pages_of_its_own():
    # else an address opened first on a new server shows nothing
    assert not (ROOT / "app" / "pages").exists()


def test_a_page_joins_by_adding_one_file(tmp_path, monkeypatch):
    package = tmp_path / "some_pages"
    package.mkdir()
    (package / "__init__.py").write_text("")
    text = "from app.page import Page\nPAGE = Page({title!r}, '', {section!r}, {order})\n"
    for name, section, order in (("last", "B", 30), ("first", "A", 10), ("middle", "B", 20)):
        source = text.format(title=name, section=section, order=order)
        (package / f"{name}.py").write_text(source + "def render():\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = pages.find("some_pages")
    assert [one.name for one in found] == ["first", "middle", "last"]
    sections = pages.by_section(found)
    assert {name: [one.name for one in of] for name, of in sections.items()} == {
        "A": ["first"],
        "B": ["middle", "last"],
    }


def test_a_page_without_a_description_is_named(tmp_path, monkeypatch):
    package = tmp_path / "broken_pages"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "nameless.py").write_text("def render():\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(TypeError, match=r"broken_pages\.nameless needs PAGE"):
        pages.find("broken_pages")
    sys.modules.pop("broken_pages.nameless", None)


def test_every_page_has_a_place_of_its_own():
    found = pages.find()
    assert {"overview", "data_quality", "features", "regimes"} <= {one.name for one in found}
    assert len({one.page.order for one in found}) == len(found)
    assert len({one.page.title for one in found}) == len(found)
