"""The page in a real browser: Debian's Chromium, driven by Playwright.

With ``PARANOM_SCREENSHOTS=FOLDER`` the pictures of the docs are made there.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.watching import Watching

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
if CHROMIUM is None:
    pytest.skip("needs Chromium", allow_module_level=True)

expect = playwright.expect
expect.set_options(timeout=20_000)
COLUMNS = ["flow", "pressure", "speed"]
HOSTILE = '<img src=x onerror="alert(1)">'
TOKEN, VIEWER = "operator-token-0123", "viewer-token-012345"


def period(anomalous: bool) -> np.ndarray[Any, Any]:
    """200 samples that repeat exactly; the anomalous ones jump in the middle."""
    t = np.arange(200)
    X = np.sin(2 * np.pi * t[:, None] / [20.0, 50.0, 200.0]) + 0.1 * np.random.default_rng(0).normal(size=(200, 3))
    if anomalous:
        X[100:108, 1] += 3
    return X


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


class Plant:
    """A file that grows, and a server that follows it; the server can be killed and started again."""

    def __init__(self, folder: Path, third: str = HOSTILE, **environment: str) -> None:
        self.folder, self.third, self.environment = folder, third, environment
        self.path = folder / "feed.csv"
        self.path.write_text(f"time,machine,flow,pressure,{quoted(third)}\n")
        self.rows = 0
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = str(free.getsockname()[1])

    def write(self, X: np.ndarray[Any, Any], machine: str = "pump 1") -> None:
        name = quoted(machine)
        with self.path.open("a") as file:
            for x in X.tolist():
                file.write(f"{1.77e9 + self.rows},{name},{','.join(map(repr, x))}\n")
                self.rows += 1

    def start(self) -> Watching:
        options = ("--follow", "--key", "machine", "--window", "5", "--reference", "200", "--threshold", "0.8")
        options += ("--scale", "std", "--refresh", "never", "--columns")
        columns = f"flow,pressure,{self.third}"
        self.server = Watching(self.folder, "feed.csv", *options, columns, port=self.port, **self.environment)
        return self.server


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(tmp_path)
    plant.write(np.concatenate([period(False)] * 3 + [period(True), period(False)]))
    plant.write(period(False)[:50], HOSTILE)
    plant.start()
    with plant.server:
        yield plant
        plant.server.__exit__()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def open_page(browser: Any, plant: Plant) -> Iterator[Callable[..., Any]]:
    """Open pages; at the end see that none asked another server, nor had an error, nor ran what a name held."""
    problems: list[str] = []
    contexts: list[Any] = []

    def new(path: str = "", **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("dialog", lambda dialog: problems.append(f"dialog {dialog.message}"))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if "Policy" in message.text else None)
        page.on("request", lambda r: None if r.url.startswith(plant.server.url) else problems.append(r.url))
        page.goto(plant.server.url + path)
        return page

    yield new
    for context in contexts:
        context.close()
    assert not problems


def picture(page: Any) -> str:
    data: str = page.evaluate("document.querySelector('.chart.score canvas').toDataURL()")
    return data


def alarms(page: Any) -> Any:
    return page.locator("#alarms li")


def choose_pump(page: Any) -> None:
    page.locator("#keys button", has_text="pump 1").click()
    expect(page.locator("#key-name")).to_have_text("pump 1")


def test_data_moves_and_a_false_alarm_is_muted_undone_and_kept(plant: Plant, open_page: Callable[..., Any]) -> None:
    page = open_page()
    choose_pump(page)
    expect(alarms(page)).to_have_count(1)
    before = picture(page)
    plant.write(period(False))
    expect(page.locator("#keys")).to_contain_text("1200 samples")
    page.wait_for_function("old => document.querySelector('.chart.score canvas').toDataURL() !== old", arg=before)
    # Why: the channel to blame first, its window over the nearest one.
    alarms(page).first.locator("button").click()
    expect(page.locator("#why")).to_contain_text("pressure, 100 % of the score, nearest: from sample")
    expect(page.locator("#why canvas")).to_have_count(3)
    page.locator("#who").fill("Ada")
    page.locator("#false").click()
    expect(page.locator("#effect")).to_contain_text("Learnt. The same window now scores 0.4, threshold 0.8.")
    expect(page.locator("#effect")).to_contain_text("1 of the last alarms would not have come.")
    expect(alarms(page).first).to_contain_text("false alarm")
    # The same again does not alarm.
    plant.write(np.concatenate([period(True), period(False)]))
    expect(page.locator("#keys")).to_contain_text("1600 samples")
    page.wait_for_timeout(300)
    expect(alarms(page)).to_have_count(1)
    page.reload()
    choose_pump(page)
    expect(alarms(page).first).to_contain_text("false alarm")
    alarms(page).first.locator("button").click()
    page.locator("#undo").click()
    expect(page.locator("#effect")).to_contain_text("Taken back.")
    expect(alarms(page).first).to_contain_text("no verdict")
    plant.write(np.concatenate([period(True), period(False)]))
    expect(alarms(page)).to_have_count(2)
    page.locator("#record summary").click()
    expect(page.locator("#actions")).to_contain_text("false alarm on samples 700 to")
    expect(page.locator("#actions")).to_contain_text("by Ada; taken back by Ada")


def test_a_killed_server_is_noticed_and_found_again(plant: Plant, open_page: Callable[..., Any]) -> None:
    page = open_page()
    choose_pump(page)
    expect(alarms(page)).to_have_count(1)
    plant.server.stop(signal.SIGKILL)
    expect(page.locator("#lost")).to_be_visible()
    plant.write(np.concatenate([period(True), period(False)]))
    plant.start()
    expect(page.locator("#lost")).to_be_hidden()
    expect(alarms(page)).to_have_count(2)
    # The new server has another token against forged requests; the page has fetched it.
    alarms(page).first.locator("button").click()
    page.locator("#real").click()
    expect(alarms(page).first).to_contain_text("real")
    expect(page.locator("#effect")).to_contain_text("Learnt.")


def test_a_lost_network_is_noticed_and_found_again(plant: Plant, open_page: Callable[..., Any]) -> None:
    page = open_page()
    choose_pump(page)
    expect(page.locator("#keys")).to_contain_text("1000 samples")
    page.context.set_offline(True)
    expect(page.locator("#lost")).to_be_visible()
    plant.write(np.concatenate([period(True), period(False)]))
    page.wait_for_timeout(500)
    page.context.set_offline(False)
    expect(page.locator("#lost")).to_be_hidden()
    expect(alarms(page)).to_have_count(2)
    expect(page.locator("#keys")).to_contain_text("1400 samples")


def test_the_keyboard_is_enough(plant: Plant, open_page: Callable[..., Any]) -> None:
    plant.write(np.concatenate([period(True), period(False)]))
    page = open_page()
    choose_pump(page)
    expect(alarms(page)).to_have_count(2)
    page.locator("h1").click()
    page.keyboard.press("j")
    expect(page.locator("#detail-head")).to_contain_text("samples 1100 to")
    page.keyboard.press("j")
    expect(page.locator("#detail-head")).to_contain_text("samples 700 to")
    page.keyboard.press("k")
    page.keyboard.press("f")
    expect(alarms(page).first).to_contain_text("false alarm")
    page.keyboard.press("r")
    expect(alarms(page).first).to_contain_text(re.compile(", real, "))
    page.keyboard.press("u")
    expect(alarms(page).first).to_contain_text("no verdict")
    expect(page.locator("#live")).to_have_text("Paused")  # the alarm was far back
    page.keyboard.press(" ")
    expect(page.locator("#live")).to_have_text("Live")
    page.keyboard.press(" ")
    expect(page.locator("#live")).to_have_text("Paused")
    page.keyboard.press("ArrowLeft")
    before = picture(page)
    page.keyboard.press("+")
    page.wait_for_function("old => document.querySelector('.chart.score canvas').toDataURL() !== old", arg=before)
    page.keyboard.press(" ")
    expect(page.locator("#live")).to_have_text("Live")
    # In a field, keys are text.
    page.locator("#search").fill("")
    page.locator("#search").press_sequentially("pump fj")
    expect(page.locator("#keys li")).to_have_count(0)
    expect(alarms(page).first).to_contain_text("no verdict")


def test_a_missed_range_and_a_threshold(plant: Plant, open_page: Callable[..., Any]) -> None:
    page = open_page()
    choose_pump(page)
    expect(alarms(page)).to_have_count(1)
    page.locator("#mark").click()
    # Dragging over a chart chooses the range.
    box = page.locator(".chart.score").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 55, steps=5)
    page.mouse.up()
    start, stop = (int(page.locator(f"#mark-{edge}").input_value()) for edge in ("start", "stop"))
    assert 600 < start < stop < 1000
    page.locator("#mark-start").fill("930")
    page.locator("#mark-stop").fill("939")
    page.locator("#mark-save").click()
    expect(page.locator("#said")).to_contain_text("Learnt.")
    page.locator("#said button").click()
    expect(page.locator("#said")).to_contain_text("Taken back.")
    expect(page.locator("#rate")).to_contain_text("alarms a day")
    page.locator("#slider").evaluate("slider => { slider.value = 55; slider.dispatchEvent(new Event('input')); }")
    expect(page.locator("#rate")).to_contain_text("gives 0 alarms a day")
    page.locator("#apply").click()
    expect(page.locator("#said")).to_contain_text("The threshold is")
    expect(page.locator("#threshold-now")).not_to_have_text("0.8")
    page.locator("#said button").click()
    expect(page.locator("#threshold-now")).to_have_text("0.8")


def test_names_from_feeds_are_only_text(plant: Plant, open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.locator("#keys button", has_text="onerror").click()
    expect(page.locator("#key-name")).to_have_text(HOSTILE)
    expect(page.locator("#charts .chart-name").nth(2)).to_have_text(HOSTILE)
    assert page.locator("main img").count() == 0
    expect(page.locator("#keys")).to_contain_text("50 samples")


def test_viewers_see_no_buttons(browser: Any, tmp_path: Path) -> None:
    plant = Plant(tmp_path, PARANOM_WATCH_TOKEN=TOKEN, PARANOM_WATCH_VIEWER_TOKEN=VIEWER)
    plant.write(np.concatenate([period(False)] * 3 + [period(True), period(False)]))
    with plant.start() as server:
        page = browser.new_context().new_page()
        page.goto(server.url)
        expect(page.locator("body")).to_contain_text("a token is needed")
        page.goto(f"{server.url}?token={VIEWER}")
        assert page.url == server.url
        expect(alarms(page)).to_have_count(1)
        alarms(page).first.locator("button").click()
        expect(page.locator("#detail-head")).to_contain_text("pressure")
        for button in ("#real", "#false", "#undo", "#mark", "#apply", "#slider", "#who"):
            expect(page.locator(button)).to_be_hidden()
        page.context.close()


def test_pictures(browser: Any, tmp_path: Path) -> None:
    folder = Path(os.environ.get("PARANOM_SCREENSHOTS", tmp_path))
    plant = Plant(tmp_path, "speed")
    normal, anomalous = period(False), period(True)
    for name in ("pump 2", "pump 3", "mixer"):
        plant.write(normal, name)
    plant.write(anomalous[:105], "mixer")
    plant.write(np.concatenate([normal] * 3 + [anomalous, normal, anomalous, normal]))
    sizes = {"light": (1400, 880, "light"), "dark": (1400, 880, "dark"), "tablet": (820, 1180, "light")}
    with plant.start() as server:
        for name, (width, height, scheme) in sizes.items():
            size = {"width": width, "height": height}
            page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
            page.goto(server.url)
            choose_pump(page)
            expect(alarms(page)).to_have_count(2)
            alarms(page).nth(1).locator("button").click()
            page.locator("#false").click()
            expect(page.locator("#effect")).not_to_be_empty()
            expect(page.locator("#why canvas")).to_have_count(3)
            page.wait_for_timeout(300)
            page.screenshot(path=folder / f"watch_{name}.png", full_page=True)
            # Nothing sticks out: no bar to scroll sideways.
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.set_viewport_size({"width": 1400, "height": 880})
        places = "[...document.querySelectorAll('.chart, li, button')].map(x => x.getBoundingClientRect().y).join()"
        before = page.evaluate(places)
        server.stop(signal.SIGKILL)
        expect(page.locator("#lost")).to_be_visible()
        assert page.evaluate(places) == before, "nothing jumps"
        page.screenshot(path=folder / "watch_disconnected.png")
        page.context.close()


def test_a_fast_feed_is_shown_for_half_a_minute(browser: Any, tmp_path: Path) -> None:
    lines = "".join(f"{i / 100},{i % 7}\n" for i in range(5000))
    (tmp_path / "feed.csv").write_text(f"t,x\n{lines}")
    with Watching(tmp_path, "feed.csv", "--threshold", "1") as server:
        server.wait(lambda status: status["samples"] == 5000)
        page = browser.new_context().new_page()
        # 3,000 samples in at most 600 points.
        with page.expect_request(re.compile("stream.*width=8.*from=2000")):
            page.goto(server.url)
        expect(page.locator("#keys")).to_contain_text("5000 samples")
        expect(page.locator("#no-alarms")).to_have_text("No alarm so far.")
        with page.expect_request(re.compile("series.*from=0&to=5000")):
            page.locator("#whole").click()
        expect(page.locator("#live")).to_have_text("Paused")
        page.context.close()


def test_older_alarms_are_one_click_away(browser: Any, tmp_path: Path) -> None:
    rows = [f"{i},{100 if i % 10 == 9 else i % 2}\n" for i in range(1500)]
    (tmp_path / "feed.csv").write_text("t,x\n" + "".join(rows))
    options = ("--window", "2", "--reference", "8", "--threshold", "5", "--refresh", "never", "--scale", "none")
    with Watching(tmp_path, "feed.csv", *options) as server:
        server.wait(lambda status: status["samples"] == 1500)
        n = len(server.get("api/alarms?all=1&most=500")["alarms"])
        page = browser.new_context().new_page()
        page.goto(server.url)
        expect(page.locator("#alarms li.more")).to_have_count(1)
        expect(page.locator("#alarms li")).to_have_count(101)
        page.locator("#alarms li.more button").click()
        expect(page.locator("#alarms li")).to_have_count(n)
        assert n > 101
        page.context.close()


def test_an_empty_page(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_text("t,x\n")
    with Watching(tmp_path, "feed.csv", "--follow", "--columns", "x") as server:
        page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
        page.goto(server.url)
        expect(page.locator("#empty")).to_have_text("No samples yet: waiting for the feed.")
        expect(page.locator("#feed")).to_contain_text("waiting")
        page.screenshot(path=Path(os.environ.get("PARANOM_SCREENSHOTS", tmp_path)) / "watch_empty.png")
        with (tmp_path / "feed.csv").open("a") as file:
            file.write("0,1\n1,2\n")
        expect(page.locator("#keys")).to_contain_text("2 samples")
        expect(page.locator("#empty")).to_be_hidden()
        expect(page.locator("#no-alarms")).to_have_text("None yet: the threshold is still being learnt.")
        page.context.close()
