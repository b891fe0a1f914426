"""The page's requests: what they answer, whom they refuse, and that a slow reader slows nobody."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
import re
import time
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from paranom_rs import SpecError
from paranom_rs.watch import Watch
from paranom_rs.watch.app import make_app
from paranom_rs.watch.auth import Access
from paranom_rs.watch.live import News, events
from paranom_rs.watch.status import FeedStatus
from support.watched import feed, stream

Make = Callable[..., Watch]
HOSTILE = '<script>alert("x")</script>\n"\\,=1+1'
TOKEN, VIEWER = "operator-token-0123", "viewer-token-012345"


class Browser(TestClient):
    """A client that does what the page does."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, base_url="http://localhost", **options)
        self.csrf = ""

    def sign_in(self) -> dict[str, Any]:
        me: dict[str, Any] = self.get("/api/me").json()
        self.csrf = me["csrf"] or ""
        return me

    def submit(self, path: str, body: Any, **headers: str) -> Any:
        given = {"Origin": "http://localhost", "X-CSRF-Token": self.csrf, "Content-Type": "application/json"}
        return self.post(path, content=json.dumps(body), headers=given | headers)


@pytest.fixture
def watch(make: Make) -> Watch:
    """Two keys, one with a hostile name, two alarms each."""
    watch = make(keep=10_000)
    for key in ("pump", HOSTILE):
        feed(watch, stream(950), key=key)
    return watch


@pytest.fixture
def browser(watch: Watch) -> Iterator[Browser]:
    with Browser(make_app(watch, feed=FeedStatus(HOSTILE, "running"))) as browser:
        browser.sign_in()
        yield browser


def first_alarm(browser: Browser, key: str = "pump") -> dict[str, Any]:
    found: dict[str, Any] = browser.get("/api/alarms", params={"key": key}).json()["alarms"][0]
    return found


def test_the_page_is_whole_and_asks_nobody_else(browser: Browser) -> None:
    wanted: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            wanted.extend(value for name in ("src", "href") if (value := given.get(name)))
            assert not [name for name in given if name == "style" or name.startswith("on")]
            assert tag != "script" or "src" in given

    page = browser.get("/")
    Reader().feed(page.text)
    names = {name.removeprefix("assets/") for name in wanted if name.startswith("assets/")}
    names |= {"api.js", "charts.js", "panels.js"}
    assert names <= {path.name for path in (files("paranom_rs.watch") / "pages").iterdir()}
    for name in names:
        text = browser.get(f"/assets/{name}")
        assert text.status_code == 200
        assert not name.startswith(("dygraph", "icon")) or len(text.text)
        if not name.startswith(("dygraph", "icon")):
            assert "http" not in re.sub(r"//.*", "", text.text)
            assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b", text.text)
    assert all(name.startswith(("assets/", "api/")) for name in wanted)


def test_every_answer_keeps_browsers_strict(browser: Browser) -> None:
    for path in ("/", "/assets/page.css", "/api/me", "/api/nothing", "/metrics", "/healthz", "/api/series"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
    for kind in (browser.get("/api/me"), browser.get("/api/series")):
        assert kind.headers["content-type"] == "application/json"


@pytest.mark.parametrize("name", ["../app.py", "..%2fapp.py", "NOTICE", "nothing", "%2e%2e/engine.py", "main.js/x", ""])
def test_no_path_leads_to_a_file(browser: Browser, name: str) -> None:
    assert browser.get(f"/assets/{name}").status_code == 404


def numbers(text: str, channels: int = 1) -> np.ndarray[Any, Any]:
    """Numbers as the page unpacks them."""
    found = np.frombuffer(base64.b64decode(text), "<f8")
    return found if channels == 1 else found.reshape(channels, -1)


def test_what_the_page_shows(browser: Browser, watch: Watch) -> None:
    status = browser.get("/api/status").json()
    assert (status["samples"], status["keys"], status["in_alarm"]) == (1900, 2, 0)
    assert status["feed"]["name"] == HOSTILE
    keys = browser.get("/api/keys").json()
    assert {key["name"] for key in keys["keys"]} == {"pump", HOSTILE}
    assert [key["name"] for key in browser.get("/api/keys?search=PUM").json()["keys"]] == ["pump"]
    assert browser.get("/api/keys?state=alarm").json()["keys"] == []
    series = browser.get("/api/series", params={"key": HOSTILE, "from": 0, "to": 950, "points": 100}).json()
    assert series["width"] == 16
    X = stream(950)
    np.testing.assert_array_equal(numbers(series["high"], 3)[1], [X[i : i + 16, 1].max() for i in range(0, 950, 16)])
    assert np.isnan(numbers(series["score"])[0])
    alarm = first_alarm(browser)
    assert (alarm["start"], alarm["channel"], alarm["verdict"]) == (900, "pressure", None)
    why = browser.get("/api/why", params={"alarm": alarm["id"]}).json()
    assert why["channels"][0]["channel"] == 1
    assert len(why["channels"][0]["reference"]) == 5
    assert len(browser.get("/api/alarms?all=1&key=pump").json()["alarms"]) == 4
    between = browser.get("/api/alarms", params={"key": "pump", "from": 400, "to": 600}).json()["alarms"]
    assert [alarm["start"] for alarm in between] == [500]
    rate = browser.get("/api/rate?key=pump").json()
    assert rate["alarms"][-1] == 0
    assert max(rate["alarms"]) > 2


def test_a_verdict_and_its_undo(browser: Browser, watch: Watch) -> None:
    before, alarm = watch.detector("pump").to_bytes(), first_alarm(browser)
    done = browser.submit("/api/verdict", {"alarm": alarm["id"], "real": False, "who": HOSTILE}).json()
    assert (done["taught"], done["muted"], done["score"]) == (True, [alarm["id"]], 0.5)
    assert first_alarm(browser)["verdict"]["who"] == HOSTILE
    assert watch.detector("pump").to_bytes() != before
    table = list(csv.DictReader(io.StringIO(browser.get("/api/labels.csv").text)))
    assert [(row["label"], row["who"]) for row in table] == [("false", HOSTILE)]
    assert browser.submit("/api/undo", {"action": done["action"]}).status_code == 200
    assert first_alarm(browser)["verdict"] is None
    assert watch.detector("pump").to_bytes() == before
    missed = browser.submit("/api/missed", {"key": "pump", "start": 600, "stop": 620}).json()
    assert missed["taught"]
    threshold = browser.submit("/api/threshold", {"key": "pump", "threshold": 5}).json()
    assert watch.threshold("pump") == 5
    record = browser.get("/api/actions?key=pump").json()["actions"]
    assert [action["kind"] for action in record] == ["threshold", "missed", "false"]
    browser.submit("/api/undo", {"action": threshold["action"]})
    assert watch.threshold("pump") == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("verdict", {"alarm": 99, "real": True}, 404),
        ("verdict", {"alarm": "1", "real": True}, 400),
        ("verdict", {"alarm": True, "real": True}, 400),
        ("verdict", {"alarm": 1, "real": 1}, 400),
        ("verdict", {"alarm": 1 << 70, "real": True}, 400),
        ("verdict", [], 400),
        ("verdict", {"alarm": 1, "real": True, "who": 5}, 400),
        ("missed", {"key": "pump", "start": 5, "stop": 5}, 400),
        ("missed", {"key": "nobody", "start": 5, "stop": 6}, 404),
        ("missed", {"start": 5, "stop": 6}, 400),
        ("undo", {"action": 99}, 404),
        ("undo", {}, 400),
        ("threshold", {"key": "pump", "threshold": -1}, 400),
        ("threshold", {"key": "pump", "threshold": "1"}, 400),
        ("threshold", {"key": "pump", "threshold": float("nan")}, 400),
        ("nothing", {}, 404),
    ],
    ids=str,
)
def test_wrong_bodies_are_refused(browser: Browser, watch: Watch, path: str, body: Any, status: int) -> None:
    answer = browser.submit(f"/api/{path}", body)
    assert answer.status_code == status
    assert not watch.actions()


@pytest.mark.parametrize(
    "query",
    ["series?key=pump&from=-1&to=5", "series?key=pump&from=x&to=5", "series?key=pump&from=1" + "0" * 30 + "&to=2",
     "series?key=pump", "stream?key=pump&width=3", "why?alarm=%00", "alarms?before=1e9"],
)  # fmt: skip
def test_wrong_queries_are_refused(browser: Browser, query: str) -> None:
    assert browser.get(f"/api/{query}").status_code == 400
    assert browser.get("/api/series?key=nobody&from=0&to=5").status_code == 404
    assert browser.get("/api/stream?key=nobody").status_code == 404
    assert browser.get("/api/verdict").status_code == 405


def test_bodies_are_bounded(browser: Browser) -> None:
    assert browser.submit("/api/undo", {"action": 1, "more": "x" * (1 << 16)}).status_code == 413
    deep = "[" * 30_000
    headers = {"Origin": "http://localhost", "X-CSRF-Token": browser.csrf, "Content-Type": "application/json"}
    assert browser.post("/api/undo", content=deep, headers=headers).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:81"},
        {"X-CSRF-Token": "wrong"},
        {"X-CSRF-Token": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
    ids=str,
)
def test_forged_requests_are_refused(browser: Browser, watch: Watch, headers: dict[str, str]) -> None:
    answer = browser.submit("/api/verdict", {"alarm": 1, "real": False}, **headers)
    assert answer.status_code in (403, 415)
    assert not watch.actions()


def test_without_a_token_only_this_machine_is_served(browser: Browser) -> None:
    for host in ("evil.example", "localhost.evil.example", "192.168.0.7", ""):
        assert browser.get("/api/me", headers={"Host": host}).status_code == 421
    for host in ("localhost:8000", "127.0.0.1", "[::1]:8000"):
        assert browser.get("/api/me", headers={"Host": host}).status_code == 200


def test_tokens(watch: Watch) -> None:
    app = make_app(watch, access=Access(token=TOKEN, viewer_token=VIEWER))
    with Browser(app) as browser:
        for path in ("/", "/api/me", "/api/stream?key=pump", "/assets/page.css", "/metrics", "/api/labels.csv"):
            assert browser.get(path).status_code == 401
            assert browser.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401
            assert browser.get(path, headers={b"Cookie": b"paranom_token=\xff"}).status_code == 401
        assert browser.get("/healthz").text == "ok\n"
        assert browser.get("/?token=wrong").status_code == 401
        answer = browser.get(f"/?token={TOKEN}", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert "SameSite=strict" in answer.headers["set-cookie"]
        assert browser.sign_in()["role"] == "operator"
        assert browser.submit("/api/verdict", {"alarm": 1, "real": True}).status_code == 200
        forged = browser.submit("/api/verdict", {"alarm": 1, "real": True}, Origin="http://evil.example")
        assert forged.status_code == 403
    with Browser(app) as browser:
        # A program that sends its token in a header needs no page.
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert browser.post("/api/verdict", json={"alarm": 1, "real": False}, headers=bearer).status_code == 200
        assert browser.get("/metrics", headers=bearer).status_code == 200
    with Browser(app) as browser:
        browser.get(f"/?token={VIEWER}")
        me = browser.sign_in()
        assert (me["role"], me["csrf"]) == ("viewer", None)
        assert browser.get("/api/keys").status_code == 200
        assert browser.submit("/api/verdict", {"alarm": 1, "real": True}).status_code == 403


def test_a_proxy_says_who_it_is(watch: Watch) -> None:
    with Browser(make_app(watch, access=Access(user_header="X-User"))) as browser:
        assert browser.get("/api/me").status_code == 401
        browser.headers["X-User"] = "ada"
        assert browser.sign_in()["who"] == "ada"
        assert browser.submit("/api/verdict", {"alarm": 1, "real": True, "who": "bob"}).status_code == 200
    assert [action.who for action in watch.actions()] == ["ada"]


def test_tokens_are_checked() -> None:
    for wrong in ({"token": "short"}, {"viewer_token": "with a line\n break inside"}, {"token": "ü" * 20}):
        with pytest.raises(SpecError, match="must have at least 16"):
            Access(**wrong)
    with pytest.raises(SpecError, match="must differ"):
        Access(token=TOKEN, viewer_token=TOKEN)


def test_it_can_be_mounted(watch: Watch) -> None:
    outer = Starlette(routes=[Mount("/plant", make_app(watch, access=Access(token=TOKEN)))])
    with Browser(outer) as browser:
        answer = browser.get(f"/plant/?token={TOKEN}", follow_redirects=False)
        assert answer.headers["location"] == "/plant/"
        browser.get(f"/plant/?token={TOKEN}")
        assert browser.get("/plant/api/me").json()["role"] == "operator"


def test_health_and_metrics(browser: Browser, watch: Watch) -> None:
    assert browser.get("/readyz").status_code == 200
    text = browser.get("/metrics").text
    assert "paranom_samples_total 1900\n" in text
    assert "paranom_alarms_total 4\n" in text
    assert "paranom_feed_up 1\n" in text
    parser = pytest.importorskip("prometheus_client.parser")
    families = {family.name: family for family in parser.text_string_to_metric_families(text)}
    keys = {sample.labels["key"]: sample.value for sample in families["paranom_key_samples"].samples}
    assert keys == {"pump": 950, HOSTILE: 950}


def test_a_failed_feed_or_a_lost_store_is_not_ready(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    status = FeedStatus("x", "failed")
    with Browser(make_app(watch, feed=status)) as browser:
        assert browser.get("/readyz").status_code == 503
        status.state = "running"
        monkeypatch.setattr(watch, "is_ready", lambda: False)
        assert browser.get("/readyz").status_code == 503
        assert browser.get("/healthz").status_code == 200


async def heard(watch: Watch, work: Callable[[], None], **options: Any) -> list[dict[str, Any]]:
    """The events of a reader that takes the first one, sleeps while there is work, then reads on."""
    over: list[bool] = []
    given = {"start": 0, "width": 1, "news": News(), "revision": lambda: 0} | options
    found: list[dict[str, Any]] = []
    async for event in events(watch, "pump", is_over=lambda: bool(over), **given):
        if event.startswith("data: "):
            found.append(json.loads(event.removeprefix("data: ")))
        if len(found) == 1:
            work()
        if found[-1]["position"] == watch.key("pump").position:
            over.append(True)
    return found


def test_the_live_stream_gives_every_sample_once_done(watch: Watch) -> None:
    X = stream(1000, seed=3)

    def work() -> None:
        for i in range(0, 1000, 10):
            watch.update_many(X[i : i + 10], ["pump"] * 10, t=np.arange(i, i + 10))

    # The reader slept through a thousand samples: it gets them in one event, and nothing had piled up.
    first, second = asyncio.run(heard(watch, work, start=900))
    assert numbers(first["buckets"]["number"]).tolist() == list(range(900, 950))
    assert numbers(second["buckets"]["number"]).tolist() == list(range(950, 1950))
    np.testing.assert_array_equal(numbers(second["buckets"]["low"], 3), X.T)
    assert second["buckets"]["high"] is None  # one sample each: as low
    assert (second["position"], second["threshold"]) == (1950, 1.0)


def test_a_slow_reader_gets_thinned_data(watch: Watch) -> None:
    def work() -> None:
        watch.update_many(stream(5000, seed=3), ["pump"] * 5000)

    _, second = asyncio.run(heard(watch, work, start=900))
    found = numbers(second["buckets"]["number"])
    assert (len(found), found[-1]) == (2000, 5949)
    _, coarse = asyncio.run(heard(watch, work, start=900, width=64))
    assert len(numbers(coarse["buckets"]["number"])) <= 1 + 5000 // 64 + 1


def test_a_stream_that_waits_is_woken(watch: Watch) -> None:
    """By a sample, by a verdict, by the end: it does not wait until it looks again."""

    async def run() -> list[float]:
        news, over, waits = News(), [], []
        watch.listeners.append(news.tell)
        stream_ = events(watch, "pump", start=950, width=1, news=news, is_over=lambda: bool(over), revision=lambda: 0)
        await anext(stream_)
        for work in (
            lambda: watch.update(np.zeros(3), "pump"),
            lambda: watch.set_threshold(2.0, "pump"),
            lambda: over.append(True) or news.tell(),
        ):
            waiting = asyncio.ensure_future(anext(stream_, None))
            await asyncio.sleep(0.1)
            begin = time.monotonic()
            await asyncio.to_thread(work)
            await waiting
            waits.append(time.monotonic() - begin)
        return waits

    assert max(asyncio.run(run())) < 1.0  # it says by itself that it lives after five


def test_streams_are_bounded(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paranom_rs.watch.app._MOST_STREAMS", 0)
    with Browser(make_app(watch)) as browser:
        assert browser.get("/api/stream?key=pump").status_code == 503


def test_parquet_labels(browser: Browser) -> None:
    pytest.importorskip("pyarrow")
    assert browser.get("/api/labels.parquet").content.startswith(b"PAR1")


def test_many_keys_are_listed_by_state(make: Make) -> None:
    watch = make(window=2, reference=4)
    keys = [f"machine {i:04}" for i in range(1500)]
    for _ in range(7):
        watch.update_many(np.zeros((1500, 3)), keys)
    watch.update_many(np.full((1, 3), 50.0), [keys[777]])
    with Browser(make_app(watch)) as browser:
        found = browser.get("/api/keys").json()
        assert (len(found["keys"]), found["more"]) == (500, 1000)
        assert (found["keys"][0]["name"], found["keys"][0]["state"]) == (keys[777], "alarm")
