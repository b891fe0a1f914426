"""The page as an ASGI application: mount it, or let ``paranom watch`` serve it."""

from __future__ import annotations

import heapq
import logging
import math
import threading
import time
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

import numpy as np

from paranom_rs._internal.optional import needs
from paranom_rs.errors import SpecError, SpecTypeError, UnknownKeyError
from paranom_rs.watch import labels
from paranom_rs.watch.auth import Access, Guard, Visitor
from paranom_rs.watch.buckets import width_for
from paranom_rs.watch.engine import KeyState, Taught, Watch
from paranom_rs.watch.live import News, events, picture, plain
from paranom_rs.watch.metrics import exposition
from paranom_rs.watch.records import Action, Alarm
from paranom_rs.watch.status import FeedStatus
from paranom_rs.watch.why import explain

with needs("Starlette", "watch", "paranom_rs.watch.app"):
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.middleware import Middleware
    from starlette.requests import Request
    from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
    from starlette.routing import Route

__all__ = ["make_app"]

_LOG = logging.getLogger("paranom_rs.watch")
#: What the page is made of. A request names one of these, never a file.
_ASSETS = {
    "page.css": "text/css",
    "main.js": "text/javascript",
    "api.js": "text/javascript",
    "charts.js": "text/javascript",
    "panels.js": "text/javascript",
    "dygraph.min.js": "text/javascript",
    "dygraph.min.css": "text/css",
    "icon.svg": "image/svg+xml",
}
_MOST_STREAMS = 100
_MOST_BUCKETS = 2000
_MOST_LISTED = 500
#: States of keys, in the order in which they are listed.
_STATES = ("alarm", "quiet", "learning", "filling", "silent")
#: Seconds without samples after which a key counts as silent.
_SILENT = 60.0

Answer = Callable[[Request], Awaitable[Response]]


class _Page:
    """The requests that the page makes, each answered by a method."""

    def __init__(self, watch: Watch, access: Access, feed: FeedStatus | None) -> None:
        self.watch, self.access = watch, access
        self.feed = feed if feed is not None else FeedStatus("own loop", "running")
        self.is_over = False
        self.streams = 0
        # After a restart it goes on above where it was.
        self._revision = int(time.time() * 1000)
        self._counting = threading.Lock()
        self._news = News()
        watch.listeners.append(self._news.tell)
        watch.alarm_listeners.append(lambda key, alarm: self._changed())

    def _changed(self) -> None:
        with self._counting:
            self._revision += 1
        self._news.tell()

    def stop(self) -> None:
        """End the streams."""
        self.is_over = True
        self._news.tell()

    # Reading

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _ASSETS:
            return _failure(404, "there is no such file")
        return Response((files("paranom_rs.watch") / "pages" / name).read_bytes(), media_type=_ASSETS[name])

    async def index(self, request: Request) -> Response:
        page = (files("paranom_rs.watch") / "pages" / "index.html").read_bytes()
        return Response(page, media_type="text/html; charset=utf-8")

    async def me(self, request: Request) -> Response:
        visitor = _visitor(request)
        csrf = self.access.csrf if visitor.role == "operator" else None
        settings = {name: value for name, value in self.watch.settings.items() if name != "threshold"}
        found = {"role": visitor.role, "who": visitor.who, "csrf": csrf, "scored": self.watch.scored}
        return JSONResponse(found | {"channels": self.watch.channels, "settings": settings})

    def status(self, request: Request) -> Response:
        total = self.watch.total()
        feed = self.feed
        return JSONResponse(
            {
                "feed": {"name": feed.name, "state": feed.state, "message": feed.message, "refused": feed.refused},
                "samples": self.watch.samples,
                "keys": total.keys,
                "in_alarm": total.in_alarm,
                "backwards": total.backwards,
                "arrived": max(feed.arrived, total.arrived),
            }
        )

    def keys(self, request: Request) -> Response:
        """Keys whose name holds a text, by state: those in alarm first."""
        text = request.query_params.get("search", "").casefold()
        wanted = request.query_params.get("state", "")
        now = time.time()
        found = [
            (_STATES.index(name), state.name, state)
            for state in self.watch.states()
            if text in state.name.casefold() and (name := _state_of(state, now)) and wanted in ("", name)
        ]
        shown = heapq.nsmallest(_MOST_LISTED, found, key=lambda entry: entry[:2])
        keys = [_key(state, _STATES[place]) for place, _, state in shown]
        return JSONResponse({"keys": keys, "more": len(found) - len(keys)})

    def series(self, request: Request) -> Response:
        key, start, stop = request.query_params.get("key", ""), _whole(request, "from"), _whole(request, "to")
        points = min(max(_whole(request, "points", 600), 10), _MOST_BUCKETS)
        stop = min(stop, self.watch.key(key).position)
        buckets = self.watch.buckets(key, start, stop, width_for(max(stop - start, 1), points))
        return JSONResponse(picture(buckets))

    async def stream(self, request: Request) -> Response:
        key, start, width = request.query_params.get("key", ""), _whole(request, "from", 0), _whole(request, "width", 1)
        self.watch.key(key)
        if width & (width - 1) or not 1 <= width <= 1 << 30:
            raise SpecError("width", "must be a power of two up to 2**30", str(width))
        if self.streams >= _MOST_STREAMS:
            return _failure(503, "too many pages are open")

        async def body() -> Any:
            self.streams += 1
            try:
                async for event in events(
                    self.watch,
                    key,
                    start=start,
                    width=width,
                    news=self._news,
                    is_over=lambda: self.is_over,
                    revision=lambda: self._revision,
                ):
                    yield event
            finally:
                self.streams -= 1

        return StreamingResponse(body(), media_type="text/event-stream")

    def alarms(self, request: Request) -> Response:
        query = request.query_params
        before = _whole(request, "before") if "before" in query else None
        between = (_whole(request, "from"), _whole(request, "to")) if "from" in query else None
        key = query.get("key") if query.get("all") != "1" else None
        most = min(_whole(request, "most", 100), _MOST_LISTED)
        revision = self._revision  # of before: what comes meanwhile is asked for again
        found = self.watch.alarms(key, most=most, before=before, between=between)
        verdicts = self.watch.verdicts_on([alarm.id for alarm in found])
        shown = [_alarm(self.watch, alarm, verdicts.get(alarm.id)) for alarm in found]
        return JSONResponse({"alarms": shown, "revision": revision})

    def why(self, request: Request) -> Response:
        found = explain(self.watch, _whole(request, "alarm"))
        if found is None:
            return JSONResponse({"channels": None})
        channels = [
            {
                "channel": one.channel,
                "share": one.share,
                "window": plain(one.window),
                "reference": None if one.reference is None else plain(one.reference),
                "start": one.start,
            }
            for one in found.channels
        ]
        return JSONResponse({"first": found.first, "channels": channels})

    def rate(self, request: Request) -> Response:
        """Alarms a day at thresholds around the one that holds."""
        key = request.query_params.get("key", "")
        state = self.watch.key(key)
        rows = self.watch.rows(key, max(0, state.position - self.watch.keep))
        scores = rows.score[np.isfinite(rows.score) & (rows.score > 0)]
        if not len(scores):
            return JSONResponse({"thresholds": [], "alarms": [], "days": 0.0})
        low, high = float(np.quantile(scores, 0.5)), float(scores.max()) * 1.5
        if state.threshold is not None:
            low, high = min(low, state.threshold / 2), max(high, state.threshold * 2)
        levels = np.geomspace(low, high, 60)
        if state.threshold is not None:
            levels[np.abs(np.log(levels / state.threshold)).argmin()] = state.threshold
        alarms, days = self.watch.alarms_a_day(key, levels)
        return JSONResponse({"thresholds": levels.tolist(), "alarms": alarms, "days": days})

    def actions(self, request: Request) -> Response:
        key = request.query_params.get("key", "")
        found = sorted(self.watch.actions(key), key=lambda action: -action.id)[:_MOST_LISTED]
        return JSONResponse({"actions": [_action(action) for action in found]})

    def labels_csv(self, request: Request) -> Response:
        return _download(labels.to_csv(self.watch).encode(), "text/csv; charset=utf-8", "labels.csv")

    def labels_parquet(self, request: Request) -> Response:
        return _download(labels.to_parquet(self.watch), "application/vnd.apache.parquet", "labels.parquet")

    def metrics(self, request: Request) -> Response:
        text = exposition(self.watch, self.feed, self.streams)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def healthz(self, request: Request) -> Response:
        return PlainTextResponse("ok\n")

    def readyz(self, request: Request) -> Response:
        ready = self.feed.state != "failed" and self.watch.is_ready()
        return PlainTextResponse("ready\n" if ready else "not ready\n", 200 if ready else 503)

    # Changing

    def verdict(self, given: dict[str, Any], who: str) -> dict[str, Any]:
        alarm, real = given.get("alarm"), given.get("real")
        if not isinstance(real, bool):
            raise SpecTypeError("real", "must be true or false", repr(real)[:40])
        return self._taught(self.watch.feedback(_number(alarm, "alarm"), real=real, who=who))

    def missed(self, given: dict[str, Any], who: str) -> dict[str, Any]:
        start, stop = _number(given.get("start"), "start"), _number(given.get("stop"), "stop")
        return self._taught(self.watch.mark_missed(_text(given.get("key"), "key"), start, stop, who=who))

    def undo(self, given: dict[str, Any], who: str) -> dict[str, Any]:
        return self._taught(self.watch.undo(_number(given.get("action"), "action"), who=who))

    def threshold(self, given: dict[str, Any], who: str) -> dict[str, Any]:
        value = given.get("threshold")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SpecTypeError("threshold", "must be a number", repr(value)[:40])
        key = _text(given.get("key"), "key")
        action = self.watch.set_threshold(float(value), key, who=who)
        self._changed()
        return {"action": action, "revision": self._revision}

    def _taught(self, done: Taught) -> dict[str, Any]:
        self._changed()
        return {
            "action": done.action,
            "taught": done.taught,
            "position": done.position,
            "score": done.score,
            "threshold": done.threshold,
            "muted": done.muted,
            "revision": self._revision,
        }


def make_app(watch: Watch, *, access: Access | None = None, feed: FeedStatus | None = None) -> Starlette:
    """Return the page of a watch, and what it asks for, as an ASGI application.

    Parameters
    ----------
    watch
        What is watched. Whoever made it updates it.
    access
        Who gets in; by default requests to this machine's own names.
    feed
        How the feed stands; the page shows it.

    Returns
    -------
    starlette.applications.Starlette
        ``app.state.stop()`` ends the live streams, which else keep a server from stopping.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.watch import Watch
    >>> watch = Watch("pump.db", ["flow"], window=5, reference=60, threshold=1.0)
    >>> X = np.arange(100.0)[:, None] % 7
    >>> X[90] = 50
    >>> _ = watch.update_many(X, ["pump 1"] * 100, t=np.arange(100.0))
    >>> from paranom_rs.watch.app import make_app
    >>> app = make_app(watch)  # uvicorn.run(app)
    >>> sorted(route.path for route in app.routes)[:2]
    ['/', '/api/actions']
    >>> watch.close()
    """
    access = Access() if access is None else access
    page = _Page(watch, access, feed)
    reading = {
        "/": page.index,
        "/assets/{name}": page.asset,
        "/api/me": page.me,
        "/api/status": page.status,
        "/api/keys": page.keys,
        "/api/series": page.series,
        "/api/stream": page.stream,
        "/api/alarms": page.alarms,
        "/api/why": page.why,
        "/api/rate": page.rate,
        "/api/actions": page.actions,
        "/api/labels.csv": page.labels_csv,
        "/api/labels.parquet": page.labels_parquet,
        "/metrics": page.metrics,
        "/healthz": page.healthz,
        "/readyz": page.readyz,
    }
    changing = {
        "/api/verdict": page.verdict,
        "/api/missed": page.missed,
        "/api/undo": page.undo,
        "/api/threshold": page.threshold,
    }
    app = Starlette(
        routes=[
            *(Route(path, answer, methods=["GET"]) for path, answer in reading.items()),
            *(Route(path, _changing(answer), methods=["POST"]) for path, answer in changing.items()),
        ],
        middleware=[Middleware(Guard, access=access, open_paths=frozenset({"/healthz", "/readyz"}))],
        exception_handlers={
            UnknownKeyError: _refuse(404),
            SpecError: _refuse(400),
            SpecTypeError: _refuse(400),
            ImportError: _refuse(501),
            OSError: _refuse(503),
        },
    )

    app.state.stop = page.stop
    return app


def _changing(answer: Callable[[dict[str, Any], str], dict[str, Any]]) -> Answer:
    async def handle(request: Request) -> Response:
        try:
            given = await request.json()
        except (ValueError, RecursionError):
            return _failure(400, "the body must be JSON")
        if not isinstance(given, dict):
            return _failure(400, "the body must be an object")
        visitor = _visitor(request)
        # A person may say who they are where no proxy does; it is a note, not a proof.
        who = visitor.who or _text(given.get("who", ""), "who")
        found = await run_in_threadpool(answer, given, who)
        _LOG.info("%s by %r", answer.__name__, who, extra={"who": who, "action": found["action"]})
        return JSONResponse(found)

    return handle


def _refuse(status: int) -> Callable[[Request, Exception], Response]:
    return lambda request, error: _failure(status, str(error))


def _failure(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status)


def _download(data: bytes, media_type: str, name: str) -> Response:
    return Response(data, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'})


def _visitor(request: Request) -> Visitor:
    visitor: Visitor = request.scope["visitor"]
    return visitor


def _whole(request: Request, name: str, default: int | None = None) -> int:
    text = request.query_params.get(name)
    if text is None and default is not None:
        return default
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 18:
        raise SpecError(name, "must be a whole number", repr(text)[:40])
    return int(text)


def _number(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 62:
        raise SpecTypeError(name, "must be a whole number", repr(value)[:40])
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise SpecTypeError(name, "must be a text", repr(value)[:40])
    return value


def _state_of(state: KeyState, now: float) -> str:
    """Return one of `_STATES`."""
    if state.alarm is not None:
        return "alarm"
    if state.arrived and now - state.arrived > _SILENT:
        return "silent"
    if state.threshold is None:
        return "learning"
    return "quiet" if state.position else "filling"


def _key(state: KeyState, name: str) -> dict[str, Any]:
    return {
        "name": state.name,
        "state": name,
        "position": state.position,
        "t": state.t if math.isfinite(state.t) else None,
        "backwards": state.backwards,
    }


def _alarm(watch: Watch, alarm: Alarm, verdict: Action | None) -> dict[str, Any]:
    return {
        "id": alarm.id,
        "key": watch.key_name(alarm.key),
        "start": alarm.start,
        "stop": alarm.stop,
        "open": alarm.is_open,
        "peak": alarm.peak,
        "score": alarm.score,
        "threshold": alarm.threshold,
        "p": None if watch.scored else alarm.uncertainty,
        "channel": watch.channels[alarm.channel],
        "t": alarm.t_start,
        "verdict": None if verdict is None else _action(verdict),
    }


def _action(action: Action) -> dict[str, Any]:
    return {
        "id": action.id,
        "kind": action.kind,
        "alarm": action.alarm,
        "start": action.start,
        "stop": action.stop,
        "value": action.value,
        "who": action.who,
        "at": action.at,
        "taught": action.taught,
        "undone_by": action.undone_by,
        "undone_at": action.undone_at,
    }
