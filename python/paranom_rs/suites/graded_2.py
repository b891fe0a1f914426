"""The suite graded-2. A change of any bit is a new suite: the published hashes must not change.

The file ``graded_2_rules.json`` holds the normal rules, with their sources and licences, and the range and the spread
of each variable: those that `Generator.fit` (``method="rules"``) has learnt from public recordings, and some that were
written by hand. No row of a recording is in it. `paranom_rs.experiments.suite_rules` wrote it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any, NamedTuple

from paranom_rs.generate.anomalies import Anomaly, Decoys
from paranom_rs.generate.distributions import Mixture, Normal, Uniform
from paranom_rs.generate.generator import Generator
from paranom_rs.generate.rule import Rule, Transform
from paranom_rs.generate.transforms import (
    Decouple,
    Drift,
    Flatline,
    FrequencyChange,
    Noise,
    Shift,
    Spike,
    TimeWarp,
)
from paranom_rs.suites.suite import Series

GRADES = ("easy", "medium", "hard")
LEARNT, SCORED = 2_000, 6_000
#: Rows in which each kind happens once; long ones less often.
WITHIN, LONG = 3_000, 6_000
#: How large anomalies are, in ranges or spreads of the variable.
_SIZES = {"easy": 2.0, "medium": 0.8, "hard": 0.3}
#: Variables that an event touches at most.
_MOST = 8


@dataclass(frozen=True)
class _Base:
    """A normal rule: its variables as a spec, and how large their values are."""

    name: str
    variables: dict[str, Any]
    low: dict[str, float]
    high: dict[str, float]
    spread: dict[str, float]

    @property
    def moving(self) -> list[str]:
        """The variables that are not constant."""
        return [name for name in self.variables if self.spread[name] > 1e-9]

    @property
    def silent(self) -> list[str]:
        """The variables that are constant."""
        return [name for name in self.variables if self.spread[name] <= 1e-9]


class _Kind(NamedTuple):
    """A kind of anomaly: how many rows it lasts, what it does, and how it sets in."""

    name: str
    duration: tuple[int, int]
    values: dict[str, Rule | Transform]
    onset: float | None = None


def series() -> list[Series]:
    """Return the series: each normal rule with four families of kinds; grades take turns."""
    made = []
    for i, base in enumerate(_bases()):
        families = ("unseen", "level", "course", "together" if len(base.moving) > 1 else "brief")
        for j, family in enumerate(families):
            grade = GRADES[(i + j) % len(GRADES)]
            normal = Generator.from_spec({"stream": 2, "seed": 30_000 + 10 * i + j, "variables": base.variables})
            generator = normal.with_anomalies(_anomalies(base, family, grade))
            made.append(Series(f"{base.name}-{family}-{grade}", grade, generator, LEARNT, SCORED))
    return made


def _bases() -> list[_Base]:
    """Return the normal rules in the order of the file."""
    text = resources.files("paranom_rs.suites").joinpath("graded_2_rules.json").read_text(encoding="utf-8")
    made = []
    for name, held in json.loads(text)["rules"].items():
        low, high, spread = (
            dict(zip(held["variables"], held[size], strict=True)) for size in ("low", "high", "spread")
        )
        made.append(_Base(name, held["variables"], low, high, spread))
    return made


def _anomalies(base: _Base, family: str, grade: str) -> list[Anomaly]:
    """Return the anomalies of a family, and decoys: a level that is a little off for a long time is normal."""
    kinds = _FAMILIES[family](base, base.moving[0], _SIZES[grade])
    within = LONG if family in ("level", "course") else WITHIN
    anomalies = [
        Anomaly(name=x.name, count=1, within=within, duration=x.duration, gap=100, values=x.values, onset=x.onset)
        for x in kinds
    ]
    spread = base.spread[base.moving[0]]
    wander: dict[str, Rule | Transform] = {base.moving[0]: Shift(_either(0.1 * spread, 0.5 * spread))}
    decoys = Decoys(count=within // WITHIN, within=within, duration=(100, 500), gap=100, onset=0.5, values=wander)
    return [*anomalies, decoys]


def _either(low: float, high: float) -> Mixture:
    """Return a size between two, up or down."""
    return Mixture([(0.5, Uniform(low, high)), (0.5, Uniform(-high, -low))])


def _unseen(base: _Base, name: str, size: float) -> list[_Kind]:
    """Values that training has not seen, also of a variable that was constant."""
    width, spread = base.high[name] - base.low[name], base.spread[name]
    kinds = [
        _Kind("beyond", (60, 300), {name: Shift(_either(0.6 * size * width, 1.2 * size * width))}),
        _Kind("plateau", (60, 300), {name: Normal(base.high[name] + 0.5 * size * width, 0.1 * spread)}, 0.2),
    ]
    if base.silent:
        woken = base.silent[len(base.silent) // 2]
        step = size * max(abs(base.low[woken]), 1.0)
        kinds.append(_Kind("wakes", (30, 200), {woken: Shift(_either(0.5 * step, step))}))
    return kinds


def _level(base: _Base, name: str, size: float) -> list[_Kind]:
    """Long changes of the level, within the usual range or beyond it."""
    spread = base.spread[name]
    return [
        _Kind("level", (200, 800), {name: Shift(_either(0.8 * size * spread, 2.0 * size * spread))}),
        _Kind("drift", (200, 800), {name: Drift(_either(1.2 * size * spread, 3.0 * size * spread))}),
    ]


def _course(base: _Base, name: str, size: float) -> list[_Kind]:
    """Usual values in an unusual course."""
    spread = base.spread[name]
    return [
        _Kind("noise", (50, 250), {name: Noise(Uniform(0.3 * size * spread, 0.8 * size * spread))}),
        _Kind("stuck", (50, 250), {name: Flatline()}),
        _Kind("faster", (50, 250), {name: FrequencyChange(Uniform(1.0 + 0.5 * size, 1.0 + size))}),
        _Kind("warped", (50, 250), {name: TimeWarp(_either(0.25 * min(size, 1.0), 0.5 * min(size, 1.0)))}),
    ]


def _brief(base: _Base, name: str, size: float) -> list[_Kind]:
    """Events of a few rows."""
    spread = base.spread[name]
    return [
        _Kind("spike", (1, 4), {name: Spike(_either(2.0 * size * spread, 4.0 * size * spread))}),
        _Kind("burst", (5, 30), {name: Noise(Uniform(1.0 * size * spread, 2.0 * size * spread))}),
        _Kind("dip", (5, 30), {name: Shift(_either(1.5 * size * spread, 3.0 * size * spread))}),
    ]


def _together(base: _Base, name: str, size: float) -> list[_Kind]:
    """Several variables at once, and relations that break."""
    some = base.moving[:_MOST]
    shifts: dict[str, Rule | Transform] = {
        x: Shift(_either(0.5 * size * base.spread[x], 1.5 * size * base.spread[x])) for x in some
    }
    kinds = [
        _Kind("shift of several", (60, 400), shifts, 0.3),
        _Kind("several stuck", (60, 300), dict.fromkeys(some, Flatline())),
    ]
    links = {x: target for x in base.moving if (target := _refers_to(base.variables[x])) is not None}
    if links:
        cut = {x: Decouple(target, by=Uniform(200.0, 1_000.0)) for x, target in links.items()}
        kinds.append(_Kind("decoupled", (60, 400), {**cut}))
    return kinds


def _refers_to(rule: Any) -> str | None:
    """Return the first variable that a rule refers to."""
    if isinstance(rule, dict):
        if rule.get("kind") == "ref":
            return str(rule["variable"])
        parts = list(rule.values())
    else:
        parts = rule if isinstance(rule, list) else []
    return next((found for part in parts if (found := _refers_to(part)) is not None), None)


_FAMILIES = {"unseen": _unseen, "level": _level, "course": _course, "brief": _brief, "together": _together}
