"""Draw the pictures of gallery.md: every distribution and signal. ``python docs/gallery.py``; needs matplotlib."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paranom_rs import (
    AR1,
    ECG,
    MLS,
    Bernoulli,
    Beta,
    Calendar,
    Cauchy,
    Choice,
    Constant,
    Cosine,
    CylinderBellFunnel,
    Dirichlet,
    Distinct,
    Exponential,
    Gamma,
    Generator,
    Integers,
    Laplace,
    LogisticMap,
    LogNormal,
    Mixture,
    Normal,
    Pattern,
    Poisson,
    RandomWalk,
    Sawtooth,
    Sine,
    Square,
    Steps,
    Stochastic,
    StudentT,
    TimeIndex,
    Trend,
    Triangle,
    Uniform,
)
from paranom_rs.plot import new_figure

FOLDER = Path(__file__).parent
LINE = "#1f4e79"

DISTRIBUTIONS = {
    "Uniform(-1, 1)": Uniform(-1, 1),
    "Normal()": Normal(),
    "Normal(low=-0.5, high=2)": Normal(low=-0.5, high=2),
    "LogNormal(0, 0.5)": LogNormal(0, 0.5),
    "Exponential(1)": Exponential(1),
    "Laplace()": Laplace(),
    "StudentT(3)": StudentT(3),
    "Cauchy()": Cauchy(),
    "Gamma(2.5)": Gamma(2.5),
    "Beta(0.5, 1.5)": Beta(0.5, 1.5),
    "Poisson(4)": Poisson(4),
    "Integers(0, 6)": Integers(0, 6),
    "Bernoulli(0.2)": Bernoulli(0.2),
    "Choice([1, 2, 5], [0.2, 0.5, 0.3])": Choice([1, 2, 5], [0.2, 0.5, 0.3]),
    "Mixture([(0.7, Normal()), (0.3, Normal(4, 0.5))])": Mixture([(0.7, Normal()), (0.3, Normal(4, 0.5))]),
    "Distinct(Integers(0, 40_000))": Distinct(Integers(0, 40_000)),
}

SIGNALS = {
    "Constant(1)": Constant(1),
    "Sine(100)": Sine(100),
    "Cosine(100)": Cosine(100),
    "Square(100, duty=0.3)": Square(100, duty=0.3),
    "Sawtooth(100)": Sawtooth(100),
    "Triangle(100, peak=0.3)": Triangle(100, peak=0.3),
    "Dirichlet(100, harmonics=5)": Dirichlet(100, harmonics=5),
    "Pattern([0, 1, 3, 1, 0, 0], period=100)": Pattern([0, 1, 3, 1, 0, 0], period=100),
    "MLS(order=5, period=310)": MLS(order=5, period=310),
    "MLS(order=7, walk=True, period=254)": MLS(order=7, walk=True, period=254),
    "ECG(100)": ECG(100),
    "Trend([0, 1, -1], per=500)": Trend([0, 1, -1], per=500),
    "RandomWalk()": RandomWalk(),
    "AR1(0.95)": AR1(0.95),
    "Steps(Choice([-1, 1]), length=(20, 60))": Steps(Choice([-1, 1]), length=(20, 60)),
    "CylinderBellFunnel((30, 60))": CylinderBellFunnel((30, 60)),
    "Calendar(TimeIndex('2026', '1h'), hour=…, weekday=…)": Calendar(
        TimeIndex("2026-01-01", "1h"),
        hour=[0.0] * 7 + [1, 3, 4, 4, 3, 3, 4, 4, 3, 2, 1] + [0.0] * 6,
        weekday=[0] * 5 + [-1] * 2,
    ),
    "LogisticMap()": LogisticMap(),
    "Sine(100) + Normal(0, 0.1)": Sine(100) + Normal(0, 0.1),
    "Sine(100) * Sine(1000)": Sine(100) * Sine(1000),
}


def draw(name: str, rules: dict[str, object], *, histograms: bool) -> None:
    """Draw a panel for each rule: its histogram, or its first 500 rows."""
    rows = 40_000 if histograms else 500
    data = Generator({text: Stochastic(rule) for text, rule in rules.items()}, seed=7).generate(rows)  # type: ignore[arg-type]
    columns = 4
    lines = -(-len(rules) // columns)
    figure = new_figure(14, 1.75 * lines)
    for axis, text in zip(figure.subplots(lines, columns).flat, rules, strict=False):
        if histograms:
            low, high = np.quantile(data[text], [0.005, 0.995])
            whole = (data[text] == np.round(data[text])).all() and high - low < 100
            bins = np.arange(low - 0.5, high + 1.5) if whole else np.linspace(low, high, 81)
            axis.hist(data[text], bins=bins, color=LINE, rwidth=0.8 if whole else 1.0)
            axis.set_yticks([])
        else:
            axis.plot(data[text], color=LINE, linewidth=0.8)
        axis.set_title(text, fontsize=8, family="monospace")
        axis.tick_params(labelsize=7)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    figure.savefig(FOLDER / f"gallery_{name}.png", dpi=80)


if __name__ == "__main__":
    draw("distributions", DISTRIBUTIONS, histograms=True)
    draw("signals", SIGNALS, histograms=False)
