"""A real browser for the tests of pages. Without Chromium they are left out of the run, by name, in the summary."""

from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.browser.install import chromium_path

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_left_out: list[str] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the browser tests out where there is no browser; `pytest_terminal_summary` names them."""
    if chromium_path() is not None:
        return
    without = [item for item in items if item.get_closest_marker("browser") is not None]
    if without:
        config.hook.pytest_deselected(items=without)
        _left_out.extend(item.nodeid for item in without)
        items[:] = [item for item in items if item not in without]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what did not run."""
    if _left_out:
        terminalreporter.section("browser tests")
        terminalreporter.write_line(
            f"{len(_left_out)} browser tests did not run, because Chromium is missing"
            " (python -m tests.browser.install):"
        )
        for name in _left_out:
            terminalreporter.write_line(f"  {name}")


class Watch:
    """What a page did that no page of ours may do."""

    def __init__(self, hosts: frozenset[str]) -> None:
        self.hosts = hosts
        self.wrongs: list[str] = []

    def follow(self, page: Page) -> None:
        """Take note of dialogs, script errors, violations of the policy, and requests to other hosts."""
        page.on("dialog", lambda dialog: self.wrongs.append(f"dialog: {dialog.message}"))
        page.on("pageerror", lambda error: self.wrongs.append(f"script error: {error}"))
        page.on("console", lambda message: self._console(message.text))
        page.on("request", lambda request: self._request(request.url))

    def _console(self, text: str) -> None:
        if "Content Security Policy" in text or "Refused to" in text:
            self.wrongs.append(f"policy: {text}")

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"blob", "data"} and parts.netloc not in self.hosts:
            self.wrongs.append(f"another host: {url}")


NewContext = Callable[..., Awaitable[BrowserContext]]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests of this process."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=chromium_path(), args=list(_ARGUMENTS)
        )
        yield running
        await running.close()


@pytest.fixture
def hosts() -> frozenset[str]:
    """Where pages of this test may ask; test modules override it."""
    return frozenset()


@pytest.fixture
async def new_context(browser: Browser, hosts: frozenset[str]) -> AsyncIterator[NewContext]:
    """Makes browsers' profiles (each with cookies of its own); at the end, no page may have done wrong."""
    watch = Watch(hosts)
    opened: list[BrowserContext] = []

    async def make(**options: object) -> BrowserContext:
        context = await browser.new_context(**options)  # type: ignore[arg-type]  # as Playwright takes them
        context.set_default_timeout(10_000)
        context.on("page", watch.follow)
        opened.append(context)
        return context

    yield make
    for context in opened:
        await context.close()
    assert watch.wrongs == []
