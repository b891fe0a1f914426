"""Figures for Prometheus, in its text format."""

from __future__ import annotations

import heapq
import time

from paranom_rs.watch.engine import Watch
from paranom_rs.watch.status import FeedStatus

__all__ = ["exposition"]

#: Keys with figures of their own: those with the most samples.
_TOP = 20


def exposition(watch: Watch, feed: FeedStatus, streams: int) -> str:
    """Return the figures of a watch, its feed and its page."""
    total = watch.total()
    now = time.time()
    lines: list[str] = []

    def add(name: str, kind: str, what: str, values: list[tuple[str, float]]) -> None:
        lines.extend((f"# HELP paranom_{name} {what}", f"# TYPE paranom_{name} {kind}"))
        lines.extend(f"paranom_{name}{labels} {value!r}" for labels, value in values)

    add("samples_total", "counter", "Samples since the start.", [("", watch.samples)])
    add("alarms_total", "counter", "Alarms that began since the start.", [("", watch.alarms_begun)])
    add("verdicts_total", "counter", "Verdicts since the start.", [("", watch.verdicts)])
    add("refused_total", "counter", "Samples that were refused since the start.", [("", feed.refused)])
    add("backwards_total", "counter", "Samples whose time went back.", [("", total.backwards)])
    add("keys", "gauge", "Keys.", [("", total.keys)])
    add("keys_in_alarm", "gauge", "Keys in alarm.", [("", total.in_alarm)])
    add("streams", "gauge", "Pages that are open.", [("", streams)])
    add("feed_up", "gauge", "1 unless the feed failed.", [("", int(feed.state != "failed"))])
    silence = now - feed.arrived if feed.arrived else now - feed.started
    add("feed_silence_seconds", "gauge", "Since samples came last.", [("", round(silence, 3))])
    if feed.behind is not None:
        add("feed_lag_seconds", "gauge", "How long the last samples waited to be read.", [("", round(feed.behind, 3))])
    top = heapq.nlargest(_TOP, watch.states(), key=lambda state: state.position)
    named = [(f'{{key="{_escaped(state.name)}"}}', state) for state in top]
    add("key_samples", "gauge", "Samples of a key; of those with the most.", [(n, s.position) for n, s in named])
    add("key_alarm", "gauge", "1 while a key is in alarm.", [(n, int(s.alarm is not None)) for n, s in named])
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
