"""Benchmark suites: named and versioned sets of labelled series, generated where they are needed, the same everywhere.

>>> from paranom_rs.suites.suite import load
>>> suite = load("graded-1")
>>> len(suite)
147
>>> series = suite["wave-course-hard"]
>>> series.train.shape, series.test.shape, int(series.y.sum()) > 0
((4000, 1), (12000, 1), True)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs.errors import SpecError, UnknownKeyError
from paranom_rs.generate.anomalies import Anomaly, Decoys
from paranom_rs.generate.dataset import Dataset
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

__all__ = ["Series", "Suite", "load", "names"]

TRAIN, TEST = 4_000, 12_000
GRADES = ("easy", "medium", "hard")
#: Rows in which each kind happens once, and rows an event lasts.
WITHIN, DURATION = 6_000, (30, 90)


@dataclass(frozen=True)
class Series:
    """Normal rows to learn from, rows to judge, and the truth about them."""

    name: str
    #: ``easy`` (a line of code will do), ``medium`` or ``hard`` (nothing that a one-liner finds)
    grade: str
    generator: Generator

    @cached_property
    def train(self) -> NDArray[np.float64]:
        """Rows without anomalies or decoys, shape (4000, d)."""
        normal = Generator.from_spec({k: v for k, v in self.generator.to_spec().items() if k != "anomalies"})
        return normal.generate(TRAIN).X

    @cached_property
    def data(self) -> Dataset:
        """The rows to judge, which follow ``train``, with all that is known of them: events, decoys, clean twin."""
        return self.generator.generate(TEST, start=TRAIN)

    @property
    def test(self) -> NDArray[np.float64]:
        """The rows to judge, shape (12000, d)."""
        return self.data.X

    @property
    def y(self) -> NDArray[np.int8]:
        """Their labels, shape (12000,)."""
        return self.data.y

    @property
    def sha256(self) -> str:
        """A hash of values and labels: little-endian float64 by rows, then int8."""
        digest = hashlib.sha256(np.ascontiguousarray(self.train).astype("<f8").tobytes())
        digest.update(np.ascontiguousarray(self.test).astype("<f8").tobytes())
        digest.update(self.y.tobytes())
        return digest.hexdigest()


class Suite(Mapping[str, Series]):
    """Series by name, in a fixed order."""

    def __init__(self, name: str, series: list[Series]) -> None:
        self.name = name
        self._series = {x.name: x for x in series}

    def __getitem__(self, name: str) -> Series:
        if name not in self._series:
            raise UnknownKeyError(f"{name!r} is no series of {self.name}; list(suite) names them")
        return self._series[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._series)

    def __len__(self) -> int:
        return len(self._series)

    def __repr__(self) -> str:
        return f"Suite({self.name!r}, {len(self)} series)"

    @cached_property
    def published(self) -> dict[str, str]:
        """The published hash of each series."""
        file = resources.files("paranom_rs.suites").joinpath(f"{self.name.replace('-', '_')}.json")
        hashes: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return hashes

    def verify(self) -> list[str]:
        """Generate all series; return the names of those that are not the published ones (none, where all is well)."""
        return [name for name, series in self.items() if series.sha256 != self.published.get(name)]


def names() -> list[str]:
    """Return the suites there are."""
    return list(_SUITES)


def load(name: str) -> Suite:
    """Return a suite. Its series are generated when they are looked at.

    Raises `SpecError` for a name that is none.
    """
    if name not in _SUITES:
        raise SpecError("name", f"must be one of {', '.join(_SUITES)}", repr(name))
    return Suite(name, _SUITES[name]())


# graded-1. A change of any bit is a new version: the published hashes must not change.


def _alive(course: Rule, noise: Rule) -> Rule:
    """A course whose size, level and noise change slowly: any window of a plain wave is like the next one."""
    size, level, strength = Cosine(period=911.0, amplitude=0.4), Sine(period=1733.0, amplitude=0.6), Sine(period=1301.0)
    return course * (size + 1.0) + level + noise * (strength * 0.5 + 1.0)


#: Univariate normal rules: a course, and noise.
_BASES: dict[str, Rule] = {
    "wave": _alive(Sine(period=97.3), Normal(0.0, 0.15)),
    "beat": _alive(Sine(period=61.7) + Sine(period=171.1, amplitude=0.7), Normal(0.0, 0.15)),
    "saw": _alive(Sawtooth(period=83.9), Normal(0.0, 0.15)),
    "square": _alive(Square(period=109.1), Normal(0.0, 0.15)),
    "ecg": _alive(ECG(period=71.0), Normal(0.0, 0.1)),
    "fast": _alive(Sine(period=23.9), Normal(0.0, 0.2)),
    "heavy": _alive(Sine(period=97.3), Laplace(0.0, 0.12)),
    "wander": _alive(Sine(period=97.3), Normal(0.0, 0.15)) + RandomWalk(std=0.01),
}
#: Several variables; anomalies happen in the first.
_GROUPS: dict[str, dict[str, Rule]] = {
    "plant": {"a": _BASES["wave"], "b": _alive(Cosine(period=97.3), Normal(0.0, 0.15)), "c": RandomWalk(std=0.02)},
    "line": {"a": _BASES["square"], "b": _alive(Sine(period=109.1), Normal(0.0, 0.15)), "c": Normal(0.0, 0.3)},
    "heart": {"a": _BASES["ecg"], "b": _alive(ECG(period=71.0, phase=0.2), Normal(0.0, 0.1))},
    "mixed": {"a": _BASES["beat"], "b": _BASES["saw"], "c": _BASES["heavy"]},
}


def _signed(low: float, high: float) -> Uniform | Choice:
    """A size on either side of nothing."""
    steps = np.linspace(low, high, 9)
    return Choice([*(-steps[::-1]).tolist(), *steps.tolist()])


_SIZES = {"easy": 4.0, "medium": 0.8, "hard": 0.4}


def _kinds(family: str, grade: str) -> dict[str, Rule | Transform]:
    """The kinds of anomalies of a family; how large they are makes the grade."""
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
        course = {"easy": Square(period=5.0, amplitude=3.0), "medium": Triangle(period=40.0)}.get(grade)
        # A missing value is always found: `isnan(x)`.
        missing: dict[str, Rule | Transform] = {"missing": Missing()} if grade == "easy" else {}
        return {
            "shape": shape,
            "replace": _alive(course or Triangle(period=80.0), Normal(0.0, 0.15)),
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


FAMILIES = ("value", "spread", "course", "other")


def _graded_1() -> list[Series]:
    """Eight univariate and four multivariate normal rules, four families of kinds, three grades; linked variables."""
    groups: dict[str, dict[str, Rule]] = {name: {"x": rule} for name, rule in _BASES.items()} | _GROUPS
    made = []
    for number, (base, rules) in enumerate(groups.items()):
        first = next(iter(rules))
        for i, family in enumerate(FAMILIES):
            for j, grade in enumerate(GRADES):
                hard: dict[str, Any] = {} if grade == "easy" else {"difficulty": "nontrivial"}
                anomalies = [_anomaly(kind, {first: rule}, **hard) for kind, rule in _kinds(family, grade).items()]
                if grade != "easy":
                    surprise = Shift(_signed(1.0, 1.5)) if family != "value" else Noise(0.4)
                    anomalies.append(
                        Decoys(count=2, within=WITHIN, duration=(5, 15), gap=100, values={first: surprise})
                    )
                seed = 10_000 + 100 * number + 10 * i + j
                made.append(_series(f"{base}-{family}-{grade}", grade, rules, anomalies, seed))
    return made + [_linked(grade, 20_000 + j) for j, grade in enumerate(GRADES)]


def _linked(grade: str, seed: int) -> Series:
    """Two variables that follow a third; each looks the same alone when that breaks, but where anomalies are easy.

    Events that touch others cannot be judged alone, so these are as they fall.
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


_SUITES = {"graded-1": _graded_1}
