"""What notebooks show: well-formed, escaped HTML, of empty and odd objects too; consequences in pictures."""

from __future__ import annotations

import pickle
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pandas as pd
import pytest

from paranom_rs import (
    RAMP,
    Anomaly,
    Callback,
    Generator,
    NearestWindows,
    Normal,
    Recorded,
    Ref,
    Shift,
    Sine,
    Stochastic,
    TimeIndex,
    Uniform,
    ZScore,
    matrix_profile,
    matrix_profile_multidimensional,
)
from paranom_rs._internal.html import line


def shown(thing: Any) -> str:
    """The HTML, which must be well-formed."""
    text: str = thing._repr_html_()
    ET.fromstring(text)
    return text


def plant() -> Generator:
    return Generator(
        {
            "<a&b>": Stochastic(Sine(period=50) + Normal(0, 0.1), Uniform(5, 6)),
            "follower": Stochastic(Ref("<a&b>", lag=5) + Normal(0, 0.1)),
        },
        anomalies=Anomaly(frequency=0.05, duration=5, name="<jump>"),
        time=TimeIndex("2026-01-01", "1min"),
    )


def test_each_object_is_shown() -> None:
    data = plant().generate(2000)
    for thing, words in (
        (plant(), ["&lt;a&amp;b&gt;", "sine + normal", "&lt;jump&gt;", "from 2026-01-01 00:00:00, every 1min"]),
        (data, ["&lt;a&amp;b&gt;", "t from 2026-01-01 00:00:00 to 2026-01-02 09:19:00", "svg"]),
        (data.events, ["&lt;jump&gt;", "and "]),
        (data.audit(), ["Audit of 2,000 rows"]),
        (matrix_profile(data["follower"], 30), ["discord", "svg"]),
        (matrix_profile_multidimensional(data.X, 30), ["column 0", "column 1"]),
    ):
        text = shown(thing)
        for word in words:
            assert word in text


def test_odd_objects_are_shown() -> None:
    data = plant().generate(2000)
    shown(data[:0])
    shown(data[:1])
    shown(data[:0].events)
    shown(Generator({"x": Recorded([1.0, np.nan, 2.0], repeat=False)}))  # its 1,000th row is not there
    shown(Generator({"x": Recorded([np.nan] * 5)}).generate(5))
    called = []
    shown(Generator({"x": Callback(lambda ctx: called.append(ctx.row) or 0.0)}))
    assert not called
    shown(Generator({"x": Stochastic(1.0, Shift(1.0))}, anomalies=Anomaly(frequency=0.1)))


def test_detectors_are_shown() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    X[300] = 30
    names = [f"<c{j}>" for j in range(10)]
    wide = pd.DataFrame(np.tile(X, 5), columns=names)
    for thing, words in (
        (ZScore().fit(X), ["ZScore, fitted to 400 rows", "channels", "2", "svg", "rect", "under alarm"]),
        (ZScore(trim=0.01).fit(wide), ["trim", "0.01", "&lt;c7&gt; and 2 more"]),
        (NearestWindows(window=9), ["NearestWindows: settings", "window", "9"]),
        (RAMP(), ["RAMP: settings", "All are the defaults."]),
        (RAMP(2, window=5, reference=100), ["reference", "100"]),
        (RAMP(window=9).fit(X), ["window, rows", ">9<"]),
    ):
        text = shown(thing)
        for word in words:
            assert word in text
    assert "&lt;c8&gt;" not in shown(ZScore().fit(wide))
    loaded = RAMP.from_bytes(RAMP(window=9).fit(X).to_bytes())
    assert shown(loaded) == shown(RAMP(window=9).fit(X))


def test_a_line_is_drawn_by_hand() -> None:
    assert 'points="60.0,22.0 60.0,22.0 180.0,2.0 180.0,2.0"' in line([0, 1])
    assert line([]) == line([np.nan]) == ""
    assert line([1, np.nan, 2]).count("polyline") == 2
    marked = line(np.zeros(480), np.arange(480) == 100)
    assert '<rect x="50.0" y="25" width="1.5"' in marked
    assert "rect" not in line(np.zeros(480), np.zeros(480))


def test_consequences_are_hatched() -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.patches import Rectangle

    data = plant().generate(300)
    figure = data.plot()
    hatched = [[p for p in axis.patches if isinstance(p, Rectangle) and p.get_hatch()] for axis in figure.axes]
    assert not hatched[0]
    runs = np.flatnonzero(np.diff(np.concatenate([[0], data.labels[:, 1], [0]])) == 1)
    assert len(hatched[1]) == len(runs) > 2
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["<jump>", "consequence"]


def test_a_picture_is_shown_without_pyplot() -> None:
    figure = plant().generate(200).plot()
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert pickle.loads(pickle.dumps(figure)).get_size_inches().tolist() == figure.get_size_inches().tolist()
