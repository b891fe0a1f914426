"""The suite graded-1. A change of any bit is a new suite: the published hashes must not change."""

from __future__ import annotations

from typing import Any

import numpy as np

from paranom_rs.generate.anomalies import Anomaly, Decoys
from paranom_rs.generate.distributions import Choice, Laplace, Normal, Uniform
from paranom_rs.generate.generator import Generator
from paranom_rs.generate.rule import EachRow, Ref, Rule, Transform
from paranom_rs.generate.signals import AR1, ECG, Cosine, RandomWalk, Sawtooth, Shape, Sine, Square, Triangle
from paranom_rs.generate.transforms import (
    Clip,
    Decouple,
    Drift,
    Flatline,
    FrequencyChange,
    Missing,
    Noise,
    PhaseShift,
    Reverse,
    Scale,
    Shift,
    Smooth,
    Spike,
    Swap,
    TimeWarp,
)
from paranom_rs.generate.variables import Stochastic
from paranom_rs.suites.suite import Series

GRADES = ("easy", "medium", "hard")
FAMILIES = ("value", "spread", "course", "other")
#: Rows in which each kind happens once, and rows an event lasts.
WITHIN, DURATION = 6_000, (30, 90)


def _modulated(wave: Rule, noise: Rule) -> Rule:
    """Return a wave whose size, level and noise change slowly: in a plain wave every window looks like the next one."""
    size, level, strength = Cosine(period=911.0, amplitude=0.4), Sine(period=1733.0, amplitude=0.6), Sine(period=1301.0)
    return wave * (size + 1.0) + level + noise * (strength * 0.5 + 1.0)


#: Univariate normal rules: a wave, and noise.
_BASES: dict[str, Rule] = {
    "wave": _modulated(Sine(period=97.3), Normal(0.0, 0.15)),
    "beat": _modulated(Sine(period=61.7) + Sine(period=171.1, amplitude=0.7), Normal(0.0, 0.15)),
    "saw": _modulated(Sawtooth(period=83.9), Normal(0.0, 0.15)),
    "square": _modulated(Square(period=109.1), Normal(0.0, 0.15)),
    "ecg": _modulated(ECG(period=71.0), Normal(0.0, 0.1)),
    "fast": _modulated(Sine(period=23.9), Normal(0.0, 0.2)),
    "heavy": _modulated(Sine(period=97.3), Laplace(0.0, 0.12)),
    "wander": _modulated(Sine(period=97.3), Normal(0.0, 0.15)) + RandomWalk(std=0.01),
}
#: Several variables; anomalies happen in the first.
_GROUPS: dict[str, dict[str, Rule]] = {
    "plant": {"a": _BASES["wave"], "b": _modulated(Cosine(period=97.3), Normal(0.0, 0.15)), "c": RandomWalk(std=0.02)},
    "line": {"a": _BASES["square"], "b": _modulated(Sine(period=109.1), Normal(0.0, 0.15)), "c": Normal(0.0, 0.3)},
    "heart": {"a": _BASES["ecg"], "b": _modulated(ECG(period=71.0, phase=0.2), Normal(0.0, 0.1))},
    "mixed": {"a": _BASES["beat"], "b": _BASES["saw"], "c": _BASES["heavy"]},
}


def _signed(low: float, high: float) -> Uniform | Choice:
    """Return a distribution of sizes, positive or negative."""
    steps = np.linspace(low, high, 9)
    return Choice([*(-steps[::-1]).tolist(), *steps.tolist()])


_SIZES = {"easy": 4.0, "medium": 0.8, "hard": 0.4}


def _kinds(family: str, grade: str) -> dict[str, Rule | Transform]:
    """Return the kinds of anomalies of a family; their size makes the grade."""
    size = _SIZES[grade]
    if family == "value":
        return {
            "shift": Shift(_signed(0.5 * size, size)),
            "spike": Spike(_signed(0.7 * size, 1.4 * size)),
            "drift": Drift(_signed(0.7 * size, 1.4 * size)),
            "clip": Clip(low=-0.3 / size, high=0.3 / size),
        }
    if family == "spread":
        return {
            "scale": Scale(Uniform(2.0, 3.0) if grade == "easy" else Uniform(1.0 - 0.8 * size, 1.0 - 0.4 * size)),
            "noise": Noise(Uniform(0.2 * size, 0.4 * size)),
            "smooth": Smooth(window={"easy": 101, "medium": 9, "hard": 3}[grade]),
            "flatline": Flatline() if grade == "easy" else Flatline(EachRow(Normal(0.0, 0.3))),
        }
    if family == "other":
        shape = Shape([0.0, 1.0, -1.0, 0.5, 0.0]) * size + Normal(0.0, 0.15)
        plain = {"easy": Square(period=5.0, amplitude=3.0), "medium": Triangle(period=40.0)}.get(grade)
        # A missing value is always found: `isnan(x)`.
        missing: dict[str, Rule | Transform] = {"missing": Missing()} if grade == "easy" else {}
        return {
            "shape": shape,
            "replace": _modulated(plain or Triangle(period=80.0), Normal(0.0, 0.15)),
            "creeping_shift": Shift(_signed(size, 2.0 * size)),
            "creeping_noise": Noise(Uniform(0.4 * size, 0.8 * size)),
            **missing,
        }
    faster = Uniform(3.0, 4.0) if grade == "easy" else Uniform(1.0 + 0.25 * size, 1.0 + 0.6 * size)
    return {
        "phase_shift": PhaseShift(_signed(6.0, 40.0 * min(size, 1.0))),
        "frequency_change": FrequencyChange(faster),
        "reverse": Reverse(),
        "time_warp": TimeWarp(_signed(0.6 * min(size, 1.0), min(size, 1.0))),
    }


def series() -> list[Series]:
    """Return the series: 12 normal rules, each with four families of kinds in three grades, and linked variables."""
    groups: dict[str, dict[str, Rule]] = {name: {"x": rule} for name, rule in _BASES.items()} | _GROUPS
    made = []
    for number, (base, rules) in enumerate(groups.items()):
        first = next(iter(rules))
        for i, family in enumerate(FAMILIES):
            for j, grade in enumerate(GRADES):
                hard: dict[str, Any] = {} if grade == "easy" else {"difficulty": "nontrivial"}
                anomalies = [_anomaly(kind, {first: rule}, **hard) for kind, rule in _kinds(family, grade).items()]
                if grade != "easy":
                    decoy = Shift(_signed(1.0, 1.5)) if family != "value" else Noise(0.4)
                    anomalies.append(Decoys(count=2, within=WITHIN, duration=(5, 15), gap=100, values={first: decoy}))
                seed = 10_000 + 100 * number + 10 * i + j
                made.append(_series(f"{base}-{family}-{grade}", grade, rules, anomalies, seed))
    return made + [_linked(grade, 20_000 + j) for j, grade in enumerate(GRADES)]


def _linked(grade: str, seed: int) -> Series:
    """Return a series of two variables that follow a third.

    Where that breaks, each variable alone looks the same, but for easy events. Events that touch other variables cannot
    be checked alone, so these are not drawn again.
    """
    share = {"easy": 0.99, "medium": 0.95, "hard": 0.8}[grade]
    rules: dict[str, Rule] = {
        "a": AR1(phi=0.5),
        "b": Ref("a", lag=7) * share + Normal(0.0, (1.0 - share * share) ** 0.5),
        "c": Ref("b", lag=3) * -0.5 + Sine(period=61.7) + Normal(0.0, 0.1),
    }
    anomalies = [
        _anomaly("decouple", {"b": Decouple("a", by=Uniform(100.0, 1000.0))}, count=2),
        _anomaly("swap", {"b": Swap("c" if grade == "easy" else "a")}, count=2),
    ]
    if grade == "easy":
        anomalies.append(_anomaly("source_shift", {"a": Shift(_signed(2.0, 4.0))}))
    return _series(f"linked-links-{grade}", grade, rules, anomalies, seed)


def _anomaly(kind: str, values: dict[str, Rule | Transform], **more: Any) -> Anomaly:
    given: dict[str, Any] = {"count": 1, **({"onset": "creeping"} if kind.startswith("creeping") else {}), **more}
    return Anomaly(name=kind, within=WITHIN, duration=DURATION, gap=100, values=values, **given)


def _series(name: str, grade: str, rules: dict[str, Rule], anomalies: list[Anomaly], seed: int) -> Series:
    variables = {name: Stochastic(normal=rule) for name, rule in rules.items()}
    return Series(name, grade, Generator(variables, anomalies=anomalies, seed=seed))
