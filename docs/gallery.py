"""Draw the pictures of gallery.md: each rule, transform, detector, and what GutenTAG and TODS have. Needs matplotlib.

Run ``python docs/gallery.py``. What a panel says is what it draws: its text is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import paranom_rs
from paranom_rs import (
    RAMP,
    Anomaly,
    Dataset,
    Detector,
    Flatline,
    FrequencyChange,
    Generator,
    IsolationForest,
    LeftMatrixProfile,
    MatrixProfileDetector,
    NearestWindows,
    Normal,
    PCADetector,
    Recorded,
    Reverse,
    Sawtooth,
    Shift,
    Spike,
    Stochastic,
    TimeIndex,
    ZScore,
)
from paranom_rs.plotting.style import new_figure, plain_axes

FOLDER = Path(__file__).parent
LINE, CLEAN, CHANGED, SHADE = "#1f4e79", "#7d8b99", "#c8384a", "#fbe9ea"

#: What texts may name beside paranom_rs.
NAMES: dict[str, Any] = vars(paranom_rs) | {
    "TIME": TimeIndex("2026-01-01", "1h"),
    "HOURS": [0.0] * 7 + [1, 3, 4, 4, 3, 3, 4, 4, 3, 2, 1] + [0.0] * 6,
    "WEEKDAYS": [0] * 5 + [-1] * 2,
    "BLOCKS": [(0, 60), (60, 120), (120, 180)],
    "VALUES": np.exp(-np.arange(200) / 60) * np.cos(np.arange(200) / 5),
}

DISTRIBUTIONS = [
    "Uniform(-1, 1)",
    "Normal()",
    "Normal(low=-0.5, high=2)",
    "LogNormal(0, 0.5)",
    "Exponential(1)",
    "Laplace()",
    "StudentT(3)",
    "Cauchy()",
    "Gamma(2.5)",
    "Beta(0.5, 1.5)",
    "Poisson(4)",
    "Integers(0, 6)",
    "Bernoulli(0.2)",
    "Choice([1, 2, 5], [0.2, 0.5, 0.3])",
    "Mixture([(0.7, Normal()), (0.3, Normal(4, 0.5))])",
    "Distinct(Integers(0, 40_000))",
    "Empirical([-3, -1, -0.8, 0, 3])",
]

SIGNALS = [
    "Constant(1)",
    "Sine(100)",
    "Cosine(100)",
    "Square(100, duty=0.3)",
    "Sawtooth(100)",
    "Triangle(100, peak=0.3)",
    "Dirichlet(100, harmonics=5)",
    "Pattern([0, 1, 3, 1, 0, 0], period=100)",
    "MLS(order=5, period=310)",
    "MLS(order=7, walk=True, period=254)",
    "ECG(100)",
    "Trend([0, 1, -1], per=500)",
    "RandomWalk()",
    "AR1(0.95)",
    "Steps(Choice([-1, 1]), length=(20, 60))",
    "CylinderBellFunnel((30, 60))",
    "Calendar(TIME, hour=HOURS, weekday=WEEKDAYS)",
    "LogisticMap()",
    "ColouredNoise([1, -0.9, 0.7, -0.5, 0.3])",
    "Blocks(VALUES, BLOCKS, fade=20)",
    "Blocks(VALUES, BLOCKS, fade=20, mix=0.6)",
    "Regimes(['idle', 'run', 'fault'], 40, shape=4)",
    "StochasticVolatility(spread=1.0)",
    "RandomSeason(50, Normal(1, 0.4))",
    "ControlLoop(Steps(Choice([0, 1]), 120), noise=0.05)",
    "Limited(Sine(100), high=0.6)",
    "Rounded(Sine(100), step=0.25)",
    "Logistic(Sine(100), width=0.1)",
    "Concepts([Sine(60), AR1(0.9)], 150, fade=40)",
    "Sine(100) + Normal(0, 0.1)",
    "Sine(100) * Sine(1000)",
]


@dataclass(frozen=True)
class Case:
    """A panel: what it is called elsewhere, what it is here, and what it is drawn on."""

    title: str
    rule: str
    base: str = "Sine(100) + Normal(0, 0.06)"
    start: int = 180
    rows: int = 80
    other: str | None = None
    onset: str | None = None

    def data(self) -> Dataset:
        """Return 400 rows: of ``rule``, or of ``base`` with an event of ``rule``; beside another variable, if any."""
        is_anomaly = self.rows > 0
        variables: dict[str, Any] = {} if self.other is None else {"other": Stochastic(rule_of(self.other))}
        normal = rule_of(self.base if is_anomaly else self.rule)
        variables["x"] = normal if isinstance(normal, Recorded) else Stochastic(normal)
        event = (self.start, self.start + self.rows)
        touched = {"x": rule_of(self.rule)} if is_anomaly else {}
        anomaly = Anomaly(events=[event], values=touched, onset=self.onset) if is_anomaly else None  # type: ignore[arg-type]
        return Generator(variables, anomalies=anomaly, seed=7).generate(400)


STEPS = "Steps(Choice([-1, 1]), 50) + Normal(0, 0.06)"
LINKED = "Ref('other') * 0.8 + Normal(0, 0.06)"
MODES = "Regimes(['idle', 'run', 'stop'], 40, [[0, 1, 0], [0, 0, 1], [1, 0, 0]])"
TRANSFORMS = [
    Case("Shift", "Shift(1.5)"),
    Case("Scale", "Scale(2)"),
    Case("Spike", "Spike(3)"),
    Case("Noise", "Noise(0.4)"),
    Case("Flatline", "Flatline()"),
    Case("Missing", "Missing()"),
    Case("Drift", "Drift(2)"),
    Case("Clip", "Clip(-0.5, 0.5)"),
    Case("Smooth", "Smooth(31)", base="Square(50) + Normal(0, 0.1)"),
    Case("FrequencyChange", "FrequencyChange(3)"),
    Case("PhaseShift", "PhaseShift(25)"),
    Case("Reverse", "Reverse()", base="Sawtooth(40) + Normal(0, 0.06)"),
    Case("TimeWarp", "TimeWarp(1.0)"),
    Case("Swap", "Swap('other')", other="Triangle(30) + 3"),
    Case("Decouple", "Decouple('other', by=1000)", base=LINKED, other=STEPS + " + 3"),
    Case("ForbiddenTransition", "ForbiddenTransition()", base=MODES),
    Case("State", "State('exploded')", base=MODES),
    Case("another rule", "Shape([0, 1, -1, 1, 0])"),
    Case("onset='creeping'", "Scale(2)", onset="creeping", start=120, rows=160),
]

#: GutenTAG's base oscillations, by their names.
OSCILLATIONS = [
    Case("sine", "Sine(100) + Normal(0, 0.06)", rows=0),
    Case("cosine", "Cosine(100)", rows=0),
    Case("square", "Square(100, duty=0.3)", rows=0),
    Case("sawtooth", "Sawtooth(100)", rows=0),
    Case("dirichlet", "Dirichlet(100, harmonics=3)", rows=0),
    Case("mls", "MLS(order=7, walk=True, period=254)", rows=0),
    Case("random-walk", "RandomWalk(0.1)", rows=0),
    Case("random-mode-jump", "Steps(Choice([-1, 1]), 40)", rows=0),
    Case("cylinder-bell-funnel", "CylinderBellFunnel((20, 50)) + Normal(0, 0.05)", rows=0),
    Case("ecg", "ECG(80)", rows=0),
    Case("polynomial", "Trend([0, 1, -1], per=400)", rows=0),
    Case("formula", "Ref('other') * Ref('other') + 2", other="Sine(100)", rows=0),
    Case("custom-input", "Recorded(VALUES)", rows=0),
]

#: GutenTAG's anomaly kinds.
KINDS = [
    Case("amplitude", "Scale(2)"),
    Case("extremum", "Spike(2.5)", start=226, rows=1),
    Case("frequency", "FrequencyChange(3)"),
    Case("mean", "Shift(1.5)"),
    Case("pattern", "Triangle(100, peak=0.9)", base="Triangle(100, peak=0.2)", start=200, rows=100),
    Case("pattern-shift", "PhaseShift(25)"),
    Case("platform", "Flatline(0.3)"),
    Case("trend", "Drift(2)"),
    Case("variance", "Noise(0.4)"),
    Case("mode-correlation", "Scale(-1)", base="Ref('other') * 0.8", other="Steps(Choice([-1, 1]), 50)"),
    Case("creeping-length", "Scale(2)", onset="creeping", start=120, rows=160),
]

#: TODS' outliers, on a sine as theirs are.
TODS = [
    Case("point, global", "Spike(4)", start=226, rows=1),
    Case("point, contextual", "Shift(-0.8)", start=226, rows=1),
    Case("collective, shapelet", "Square(100) + Normal(0, 0.06)"),
    Case("collective, trend", "Drift(2)"),
    Case("collective, seasonal", "FrequencyChange(3)"),
]


#: Events that differ in what a detector has to see.
EVENTS = {
    "a value": Spike(4.0),
    "a level": Shift(1.2),
    "a shape": Reverse(),
    "a speed": FrequencyChange(1.7),
    "silence": Flatline(),
}
DETECTORS: list[type[Detector]] = [
    RAMP,
    NearestWindows,
    PCADetector,
    MatrixProfileDetector,
    LeftMatrixProfile,
    IsolationForest,
    ZScore,
]


def rule_of(text: str) -> Any:
    """Return what a text says."""
    return eval(text, dict(NAMES))


def panels(count: int, columns: int, height: float) -> tuple[Any, list[Any]]:
    """Return a figure, and as many axes as there are panels."""
    lines = -(-count // columns)
    figure = new_figure(3.5 * columns, height * lines)
    axes = list(figure.subplots(lines, columns, squeeze=False).flat)
    for axis in axes[count:]:
        axis.set_axis_off()
    for axis in axes[:count]:
        axis.tick_params(labelsize=7, colors="#555555")
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axis.spines[side].set_color("#bbbbbb")
    return figure, axes[:count]


def draw_rules(name: str, texts: list[str], *, histograms: bool) -> None:
    """Draw a panel for each rule: its histogram, or its first 500 rows."""
    variables = {text: Stochastic(rule_of(text)) for text in texts}
    data = Generator(variables, seed=7, time=NAMES["TIME"]).generate(40_000 if histograms else 500)
    figure, axes = panels(len(texts), 4, 1.75)
    for axis, text in zip(axes, texts, strict=True):
        if histograms:
            low, high = np.quantile(data[text], [0.005, 0.995])
            whole = (data[text] == np.round(data[text])).all() and high - low < 100
            bins = np.arange(low - 0.5, high + 1.5) if whole else np.linspace(low, high, 81)
            axis.hist(data[text], bins=bins, color=LINE, rwidth=0.8 if whole else 1.0)
            axis.set_yticks([])
        else:
            axis.plot(data.floats(text), color=LINE, linewidth=0.8)
            if text in data.states:
                axis.set_yticks(range(len(data.states[text])), data.states[text])
        axis.set_title(text, fontsize=8, family="monospace")
    figure.savefig(FOLDER / f"gallery_{name}.png", dpi=80)


def draw_cases(name: str, cases: list[Case], columns: int = 4) -> None:
    """Draw a panel for each case: the event in red, the clean copy in grey behind it."""
    figure, axes = panels(len(cases), columns, 2.0)
    for axis, case in zip(axes, cases, strict=True):
        data, row = case.data(), np.arange(400)
        values, clean, inside = data.floats("x"), data.clean.floats("x"), data.labels[:, data.names.index("x")] == 1
        if case.other is not None:
            axis.plot(data["other"], color=CLEAN, linewidth=0.8)
        if inside.any():
            axis.axvspan(row[inside][0] - 0.5, row[inside][-1] + 0.5, color=SHADE, linewidth=0)
            axis.plot(row[inside], clean[inside], color=CLEAN, linewidth=0.9, linestyle=(0, (2, 1.5)))
        normal = np.where(inside, np.nan, values)
        axis.plot(row, normal, color=LINE, linewidth=0.9)
        if inside.sum() == 1:
            axis.plot(row[190:265], values[190:265], color=LINE, linewidth=0.9)
            axis.plot(row[inside], values[inside], "o", color=CHANGED, markersize=4)
        axis.plot(row, np.where(inside, values, np.nan), color=CHANGED, linewidth=1.1)
        axis.set_title(case.title, fontsize=9, fontweight="bold", loc="left", pad=14)
        text = case.rule if case.onset is None else f"{case.rule}, onset={case.onset!r}"
        size = 7.5 if len(text) < 44 else 6.8
        axis.text(0, 1.03, text, transform=axis.transAxes, fontsize=size, family="monospace", color="#444444")
        axis.set_xlim(0, 400)
    figure.savefig(FOLDER / f"gallery_{name}.png", dpi=90)


def detector_data() -> tuple[Dataset, Dataset]:
    """Return normal rows to learn from, and rows with an event of each kind."""
    wave = Stochastic(Sawtooth(60) + Normal(0, 0.1))
    places = [(150 + 300 * i, 150 + 300 * i + (1 if i == 0 else 60)) for i in range(len(EVENTS))]
    kinds = zip(EVENTS.items(), places, strict=True)
    anomalies = [Anomaly(name=name, events=[place], values={"x": rule}) for (name, rule), place in kinds]
    generator = Generator({"x": wave}, anomalies=anomalies, seed=5)
    return generator.generate(3_000, start=10**6), generator.generate(1_600)


def draw_detectors() -> None:
    """Draw a panel for each detector: its scores of the same rows, its alarms in red."""
    train, test = detector_data()
    figure = new_figure(11, 1.05 * (len(DETECTORS) + 1))
    axes = figure.subplots(len(DETECTORS) + 1, 1, sharex=True)
    for axis in axes:
        plain_axes(axis)
        axis.tick_params(labelsize=7)
        axis.set_yticks([])
        for event in test.events:
            axis.axvspan(event.start - 4, event.stop + 4, color=SHADE, linewidth=0)
    axes[0].plot(test["x"], color=LINE, linewidth=0.8)
    for event in test.events:
        axes[0].text(event.start, 1.02, event.name, transform=axes[0].get_xaxis_transform(), fontsize=8, color=CHANGED)
    for axis, kind in zip(axes[1:], DETECTORS, strict=True):
        detector = kind().fit(train.X)
        scores = detector.decision_function(test.X)
        axis.plot(scores, color=CLEAN, linewidth=0.9)
        axis.plot(np.where(scores > detector.threshold_, scores, np.nan), color=CHANGED, linewidth=1.4)
        axis.set_title(kind.__name__, fontsize=9, fontweight="bold", loc="left", pad=2)
    axes[0].set_xlim(0, len(test))
    figure.savefig(FOLDER / "gallery_detectors.png", dpi=90)


if __name__ == "__main__":
    draw_detectors()
    draw_rules("distributions", DISTRIBUTIONS, histograms=True)
    draw_rules("signals", SIGNALS, histograms=False)
    draw_cases("transforms", TRANSFORMS)
    draw_cases("gutentag_oscillations", OSCILLATIONS, columns=5)
    draw_cases("gutentag_anomalies", KINDS)
    draw_cases("tods", TODS, columns=5)
