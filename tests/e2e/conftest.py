"""A real browser on a real server: found or skipped loudly, and failing where CI=true.

The server reads the tiny warehouse of `tests/app`. With QUANT_SCREENSHOTS=FOLDER it reads the
one of the environment (QUANT_WAREHOUSE) instead, and the pictures are kept in that folder:

    QUANT_SCREENSHOTS=docs/screenshots QUANT_SCREENSHOT_FEATURE=raw_vol_gk_20 \\
        .venv/bin/python -m pytest tests/e2e -k shown
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import Visit
from playwright.sync_api import Browser, BrowserContext, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The sandbox needs rights that containers lack; the rest keeps the browser to itself.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


def browser_path() -> str | None:
    """Return the system's chromium, or None."""
    named = os.environ.get("QUANT_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = browser_path()
    if path is None:
        words = "no chromium on this machine: the app was NOT looked at; see `make chromium`"
        if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
            pytest.fail(words)
        warnings.warn(words, stacklevel=1)  # stands in the summary, where a skip would not
        pytest.skip(words)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots are kept."""
    named = os.environ.get("QUANT_SCREENSHOTS")
    folder = Path(named).resolve() if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app on a free port of this machine; its address."""
    folder = tmp_path_factory.mktemp("server")
    environment = dict(os.environ)
    if not os.environ.get("QUANT_SCREENSHOTS"):
        maker = ROOT / "tests" / "app" / "tiny_warehouse.py"
        subprocess.run([sys.executable, str(maker), str(folder / "warehouse")], check=True)
        environment["QUANT_WAREHOUSE"] = str(folder / "warehouse")
    yield from serve(environment, folder / "server.log")


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[str]:
    """The app on the tiny warehouse, before anybody has opened it."""
    maker = ROOT / "tests" / "app" / "tiny_warehouse.py"
    subprocess.run([sys.executable, str(maker), str(tmp_path / "warehouse")], check=True)
    environment = {**os.environ, "QUANT_WAREHOUSE": str(tmp_path / "warehouse")}
    yield from serve(environment, tmp_path / "log")


@pytest.fixture(scope="session")
def empty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app where nothing was published."""
    folder = tmp_path_factory.mktemp("empty")
    yield from serve({**os.environ, "QUANT_WAREHOUSE": str(folder / "none")}, folder / "log")


def serve(environment: dict[str, str], log: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py"]
    command += ["--server.port", str(port), "--server.headless", "true"]
    command += ["--server.fileWatcherType", "none"]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                if process.poll() is not None or _answers(address):
                    break
                process_wait(process, 0.1)
            assert process.poll() is None, f"the app did not start: {log.read_text()[-2000:]}"
            yield address
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def process_wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Give a process that long, unless it ends."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """What the tabs share: the browser's cache."""
    opened = browser.new_context()
    yield opened
    opened.close()


@pytest.fixture
def visit(context: BrowserContext, server: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A tab of the size that the test is parametrized with, else of a desktop."""
    width, height = getattr(request, "param", (1680, 1050))
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": height})
    opened = Visit(page, server)
    opened.watch()
    yield opened
    page.close()
