from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from harness.report.html import render
from tests.conftest import CHROMIUM

Report = dict[str, Any]


@dataclass
class Opened:
    """A report in a browser, and whatever the browser complained of or asked for."""

    page: Page
    file: Path
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def go(self, address: str) -> None:
        self.page.goto("about:blank")
        self.page.goto(self.file.as_uri() + address)
        self.page.wait_for_selector("html[data-ready]")
        # What is closed at first, a person opens with a click; the tests of what is in it need not each say so.
        self.page.evaluate("for (const id of ['statistics', 'filterbox']) document.getElementById(id).open = true")

    def until(self, condition: str) -> None:
        """The page's policy forbids the evaluation that waiting inside it needs."""
        for _ in range(400):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"never: {condition}")

    def texts(self, selector: str) -> list[str]:
        return [text.strip() for text in self.page.locator(selector).all_inner_texts()]


Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with the file: while it is there, nothing else in this process can run an event loop."""
    assert CHROMIUM is not None
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Report], Path]:
    """The page of a report, made once for all tests that open the same: making a large one takes a second."""
    folder = tmp_path_factory.mktemp("pages")
    pages: dict[str, Path] = {}

    def page_of(report: Report) -> Path:
        said = json.dumps(report)
        if said not in pages:
            file = folder / f"{len(pages)}.html"
            render(report, file)
            pages[said] = file
        return pages[said]

    return page_of


@pytest.fixture
def opened(browser: Browser, made: Callable[[Report], Path], tmp_path: Path) -> Iterator[Open]:
    """Opens a report from disk. At the end nothing was complained of, and nothing but the file was asked for."""
    every: list[Opened] = []

    def open_report(
        report: Report,
        address: str = "",
        *,
        width: int = 1600,
        height: int = 1000,
        scheme: Literal["light", "dark"] = "light",
        permissions: tuple[str, ...] = (),
        moved_to: Path | None = None,
    ) -> Opened:
        file = tmp_path / f"report-{len(every)}.html"
        if moved_to is None:
            shutil.copyfile(made(report), file)
        else:
            render(report, file)
            file = file.rename(moved_to / file.name)
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, permissions=list(permissions)
        )
        found = Opened(context.new_page(), file)
        found.page.set_default_timeout(20_000)
        found.page.on("console", lambda message: found.complaints.append(f"{message.type}: {message.text}"))
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.on("dialog", lambda dialog: found.complaints.append(f"dialog: {dialog.message}"))
        found.page.on("request", lambda request: found.requests.append(request.url.partition("#")[0]))
        every.append(found)
        found.go(address)
        return found

    yield open_report
    for one in every:
        one.page.context.close()
        assert one.complaints == []
        assert set(one.requests) - {"about:blank"} == {one.file.as_uri()}
