"""One browser tab on the app: it goes where a person would, and notes what happens."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Page, expect

PATIENCE = 60_000  # milliseconds

expect.set_options(timeout=PATIENCE)

# Every address that the page's links (icons, styles) ever had, the short-lived ones too.
# What the tab before left (a sidebar folded away) is forgotten first.
_WATCH_LINKS = """
localStorage.clear();
window.__links = [];
new MutationObserver(() => {
    for (const link of document.querySelectorAll('link[href]')) {
        if (!window.__links.includes(link.href)) window.__links.push(link.href);
    }
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['href']});
"""


@dataclass
class Visit:
    """One browser tab on the app, and what it noticed."""

    page: Page
    address: str
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note every request and every error from now on."""
        self.page.add_init_script(_WATCH_LINKS)
        self.page.on("request", lambda request: self._requested(request.url))
        self.page.on("websocket", lambda socket: self._requested(socket.url))
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _requested(self, url: str) -> None:
        local = self.address.removeprefix("http://")
        if not url.startswith((f"http://{local}", f"ws://{local}", "data:", "blob:")):
            self.outside.append(url)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def open(self, title: str) -> None:
        """Go to a page as a person does: the front page, then the navigation."""
        if self.page.url == "about:blank":
            self.page.goto(self.address)
        heading = self.page.get_by_test_id("stHeading").first
        expect(heading).to_be_visible()
        link = self.page.get_by_test_id("stSidebarNavLink").filter(has_text=title)
        if heading.inner_text() != title:
            link.click()
        expect(heading).to_have_text(title)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing runs and nothing is still to be drawn."""
        for name in ("stStatusWidget", "stSkeleton"):
            expect(self.page.get_by_test_id(name)).to_have_count(0)
        self.page.wait_for_function(_ALL_DRAWN, timeout=PATIENCE)

    def finish(self) -> None:
        """Require that nothing left this machine and nothing went wrong."""
        for url in self.page.evaluate("window.__links"):
            self._requested(url)
        assert self.outside == []
        assert self.errors == []
        expect(self.page.get_by_test_id("stException")).to_have_count(0)


# A chart is drawn when one of its canvases holds pixels of several colours.
_ALL_DRAWN = """
() => [...document.querySelectorAll('[data-testid=stEChartsChart]')].every(chart => {
    return [...chart.querySelectorAll('canvas')].some(canvas => {
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const colours = new Set();
        for (let i = 0; i < data.length; i += 4) {
            if (data[i + 3] > 0) colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
            if (colours.size > 8) return true;
        }
        return false;
    });
})
"""
