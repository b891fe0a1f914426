"""Writes the vectors of the streams with the reference, not with the library: `python tests/golden/make.py`.

Run it to add vectors. If `git diff` then shows a change in an old one, the stream has changed: see README.md.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from reference import fmath, generator, random, time  # noqa: E402

Spec = dict[str, Any]

# Slices: the beginning, the seam of two tiles, rows that a float cannot count, the last rows there are.
PLACES = [(0, 12), (506, 12), (2**53 + 1, 6), (2**64 - 6, 6)]

NORMAL = {"kind": "normal"}
EVENTS = [{"events": [[3, 9], [508, 2**64 - 1]]}]


def alone(rules: dict[str, Any]) -> Spec:
    """Each rule as a variable's normal rule."""
    return {"seed": 20_180_807, "variables": {k: {"kind": "stochastic", "normal": v} for k, v in rules.items()}}


def struck(rules: dict[str, Any]) -> Spec:
    """Each anomalous rule on a normal variable of its own."""
    variables = {k: {"kind": "stochastic", "normal": NORMAL, "anomalous": v} for k, v in rules.items()}
    return {"seed": 20_180_807, "variables": variables, "anomalies": EVENTS}


def each_row(of: Any) -> Spec:
    return {"kind": "each_row", "of": of}


WAVES = {
    "kind": "sum",
    "of": [
        {"kind": "sine", "period": 12.5},
        {"kind": "ecg", "period": 9},
        {"kind": "random_walk", "std": 0.25},
        {"kind": "normal", "std": 0.125},
    ],
}
REF = {"kind": "ref", "variable": "pressure", "lag": 3}
UNIFORM = {"kind": "uniform", "low": -1, "high": 3}
SPECS: dict[str, Spec] = {
    "distributions": alone(
        {
            "uniform": UNIFORM,
            "uniform of uniforms": {
                "kind": "uniform",
                "low": UNIFORM,
                "high": {"kind": "uniform", "low": 3.5, "high": 4},
            },
            "normal": {"kind": "normal", "mean": 10, "std": 0.5},
            "normal of normal": {"kind": "normal", "mean": NORMAL, "std": 0.1},
            "truncated": {"kind": "normal", "mean": 1, "std": 2, "low": 0, "high": 1.5},
            "upper tail": {"kind": "normal", "low": 8},
            "lower tail": {"kind": "normal", "high": -8.5},
            "lognormal": {"kind": "lognormal", "mean": -0.5, "sigma": 0.75},
            "exponential": {"kind": "exponential", "scale": 3},
            "laplace": {"kind": "laplace", "loc": 1, "scale": 0.5},
            "student t": {"kind": "student_t", "df": 3, "scale": 2},
            "student t, nearly normal": {"kind": "student_t", "df": 1e9},
            "cauchy": {"kind": "cauchy", "loc": NORMAL},
            "gamma": {"kind": "gamma", "shape": 2.5, "scale": 3},
            "small gamma": {"kind": "gamma", "shape": 0.25},
            "beta": {"kind": "beta", "a": 0.5, "b": 3},
            "poisson": {"kind": "poisson", "rate": 4.5},
            "large poisson": {"kind": "poisson", "rate": 1000},
            "poisson of gammas": {"kind": "poisson", "rate": {"kind": "gamma", "shape": 20, "scale": 1.5}},
            "mixture": {
                "kind": "mixture",
                "of": [NORMAL, 7, {"kind": "laplace", "loc": 9}],
                "weights": [0.5, 0.2, 0.3],
            },
            "integers": {"kind": "integers", "low": -5, "high": 6},
            "large integers": {"kind": "integers", "low": -(2**53), "high": 2**53},
            "bernoulli": {"kind": "bernoulli", "p": 0.3},
            "choice": {"kind": "choice", "values": [1, 2.5, -3]},
            "weighted choice": {"kind": "choice", "values": [1, 2.5, -3], "weights": [0.5, 0, 0.5]},
        }
    ),
    "signals": alone(
        {
            "constant": {"kind": "constant", "value": 0.1},
            "sine": {"kind": "sine", "period": 300.5, "amplitude": 2, "phase": -0.1},
            "cosine": {"kind": "cosine", "period": 7},
            "square": {"kind": "square", "period": 9, "duty": 0.3},
            "sawtooth": {"kind": "sawtooth", "period": 10, "amplitude": UNIFORM},
            "triangle": {"kind": "triangle", "period": 9.5, "peak": 0.2},
            "dirichlet": {"kind": "dirichlet", "period": 40, "harmonics": 7, "amplitude": 2},
            "pattern": {"kind": "pattern", "values": [0, 3, 1, -2.5], "period": 13},
            "held pattern": {"kind": "pattern", "values": [0, 3, 1, -2.5], "held": True, "phase": 0.5},
            "mls": {"kind": "mls", "order": 5},
            "mls walk": {"kind": "mls", "order": 4, "walk": True, "period": 45},
            "ar1": {"kind": "ar1", "phi": 0.9, "std": 2, "mean": 10},
            "ar1, alternating": {"kind": "ar1", "phi": -0.75},
            "steps": {"kind": "steps", "levels": {"kind": "choice", "values": [-1, 1]}, "length": 3},
            "uneven steps": {"kind": "steps", "levels": NORMAL, "length": [2, 7]},
            "cylinder, bell, funnel": {
                "kind": "cylinder_bell_funnel",
                "length": [3, 5],
                "amplitude": {"kind": "choice", "values": [-1, 1]},
            },
            "calendar": {
                "kind": "calendar",
                "start": 1_766_836_800 * 10**9,
                "step": 9 * 3600 * 10**9,
                "hour": [0.5 * hour for hour in range(24)],
                "weekday": [1, 2, 3, 4, 5, 60, 70],
                "month": [100 * month for month in range(12)],
                "holidays": [20_454],
                "holiday": -7,
            },
            "logistic map": {"kind": "logistic_map"},
            "ecg": {"kind": "ecg", "period": 11, "phase": 0.9},
            "trend": {"kind": "trend", "coefficients": [1, -0.5, 0.25], "per": 1000},
            "random walk": {"kind": "random_walk", "std": 0.25, "start": 5, "drift": 0.001},
            "sum": {"kind": "sum", "of": [0.1, 0.2, {"kind": "sine", "period": 12}, NORMAL]},
            "product": {"kind": "product", "of": [{"kind": "sine", "period": 12}, NORMAL, 3]},
        }
    ),
    "anomalous": struck(
        {
            "replaced": UNIFORM,
            "shift": {"kind": "shift", "by": UNIFORM},
            "shift each row": {"kind": "shift", "by": each_row(UNIFORM)},
            "scale": {"kind": "scale", "factor": 3, "center": 0.5},
            "spike": {"kind": "spike", "height": {"kind": "exponential"}},
            "noise": {"kind": "noise", "std": 2},
            "flatline": {"kind": "flatline"},
            "stuck": {"kind": "flatline", "value": UNIFORM},
            "missing": {"kind": "missing"},
            "drift": {"kind": "drift", "by": 100},
            "sine": {"kind": "sine", "period": {"kind": "uniform", "low": 5, "high": 20}, "phase": UNIFORM},
            "nested": {"kind": "shift", "by": {"kind": "normal", "mean": {"kind": "normal", "mean": UNIFORM}}},
        }
    ),
    "transforms": {
        "seed": 20_180_807,
        "variables": {
            name: {"kind": "stochastic", "normal": WAVES, "anomalous": anomalous}
            for name, anomalous in {
                "clip": {"kind": "clip", "low": UNIFORM, "high": 3.5},
                "smooth": {"kind": "smooth", "window": 5},
                "shape": {"kind": "shape", "values": [0, 2, -1]},
                "frequency": {"kind": "frequency_change", "factor": 2.25},
                "phase": {"kind": "phase_shift", "by": UNIFORM},
                "reverse": {"kind": "reverse"},
                "warp": {"kind": "time_warp", "strength": -0.75},
            }.items()
        },
        "anomalies": [
            {"events": [[3, 9], [2**63, 2**64 - 3]]},
            {"name": "creeping", "events": [[506, 514]], "onset": "creeping"},
            {"name": "half", "events": [[2**53, 2**53 + 9]], "onset": 0.5},
        ],
    },
    "references": {
        "seed": 20_180_807,
        "variables": {
            "flow": {"kind": "stochastic", "normal": {"kind": "sum", "of": [REF, WAVES]}},
            "pressure": {"kind": "stochastic", "normal": WAVES, "anomalous": {"kind": "shift", "by": UNIFORM}},
            "level": {"kind": "stochastic", "normal": {"kind": "normal", "mean": {"kind": "ref", "variable": "flow"}}},
        },
        "anomalies": [
            {"events": [[0, 2], [507, 510]]},
            {
                "name": "cut",
                "events": [[4, 8]],
                "values": {"flow": {"kind": "decouple", "variable": "pressure", "by": UNIFORM}},
            },
            {
                "name": "swapped",
                "events": [[2**53, 2**60]],
                "values": {"level": {"kind": "swap", "variable": "pressure"}},
            },
        ],
    },
    "clock": {
        "seed": 20_180_807,
        "time": {"kind": "number", "start": -5, "step": 0.25, "jitter": 0.1, "gaps": {"every": 4, "length": [1, 3.5]}},
        "missing": {"frequency": 0.125, "duration": [1, 2]},
        "variables": {
            "calendar": {
                "kind": "stochastic",
                "normal": {
                    "kind": "calendar",
                    "start": 1_766_836_800 * 10**9,
                    "step": 60 * 10**9,
                    "jitter": 25 * 10**9,
                    "gaps": {"every": 5, "length": [0, 3600 * 10**9]},
                    "hour": [0.5 * hour for hour in range(24)],
                    "weekday": [100, 200, 300, 400, 500, 600, 700],
                },
            },
            "Fluß": {"kind": "stochastic", "normal": NORMAL, "missing": {"count": 2, "within": 6, "gap": 0}},
        },
    },
    "schedule": {
        "seed": 2**64 - 1,
        "variables": {
            "x": {"kind": "stochastic", "normal": 0, "anomalous": 1},
            "Überdruck": {
                "kind": "recorded",
                "values": [0.5, float("nan"), 1.5, 2.5, 3.5, 4.5, 5.5],
                "labels": [[1, 2]],
                "anomalous": {"kind": "shift", "by": 10},
            },
        },
        "anomalies": [
            {"frequency": 0.125, "duration": [1, 2], "gap": 0},
            {"name": "exact", "count": 2, "within": 60, "duration": 1, "values": {"x": 2}},
            {"name": "seldom", "frequency": 0.02, "duration": [1, 3], "variables": ["x"]},
        ],
    },
}


MODES = ["idle", "run", "fault"]
STEP = [[0.875, 0.125, 0], [0.0625, 0.875, 0.0625], [0.5, 0, 0.5]]
TURN = [[0, 1, 0], [0.25, 0, 0.75], [1, 0, 0]]
REGIMES = {"kind": "regimes", "states": MODES, "dwell": [9, 20, 3], "shape": 3, "transitions": TURN}
STEPPED = {"kind": "steps", "levels": {"kind": "choice", "values": [2, 6]}, "length": 40}
LOOP = {"kind": "control_loop", "setpoint": STEPPED, "time_constant": 3, "noise": 0.25, "group": "loop"}

# What differs in stream 2: clocks, calendars, ids; events that come in pairs.
SPECS_2: dict[str, Spec] = {
    "clock": {
        "stream": 2,
        "seed": 20_180_807,
        "time": {"kind": "datetime"}
        | {
            k: v for k, v in SPECS["clock"]["variables"]["calendar"]["normal"].items() if k in ("start", "step", "gaps")
        },
        "variables": {
            "calendar": {
                "kind": "stochastic",
                "normal": {"kind": "calendar", "weekday": [100, 200, 300, 400, 500, 600, 700]},
            }
        },
    },
    "learnt": {
        "stream": 2,
        "seed": 20_180_807,
        "time": {"kind": "number", "start": 0, "step": 1},
        "variables": {
            name: {"kind": "stochastic", "normal": rule}
            for name, rule in {
                "empirical": {"kind": "empirical", "quantiles": [0, 1, 5]},
                "empirical of noise": {"kind": "empirical", "quantiles": [0, 1, 5], "of": NORMAL},
                "coloured noise": {"kind": "coloured_noise", "weights": [1, 0.5, -0.25], "mean": 3},
                "shared noise": {"kind": "coloured_noise", "weights": [1, 0.5], "group": "plant"},
                "blocks": {"kind": "blocks", "values": list(range(9)), "blocks": [[0, 3], [3, 8]], "group": "plant"},
                "fading blocks": {
                    "kind": "blocks",
                    "values": [x * x for x in range(20)],
                    "blocks": [[0, 4], [4, 7], [7, 12], [12, 17]],
                    "fade": 3,
                    "reach": 2,
                },
                "mixed blocks": {
                    "kind": "blocks",
                    "values": [x * x for x in range(20)],
                    "blocks": [[0, 4], [4, 7], [7, 12], [12, 17]],
                    "fade": 2,
                    "mix": [0, 0.5, 0.25, 1],
                },
                "limited": {"kind": "limited", "of": NORMAL, "low": -0.5, "high": 0.75},
                "rounded": {"kind": "rounded", "of": NORMAL, "step": 0.1},
                "rounded to thirds of 10": {"kind": "rounded", "of": UNIFORM, "step": 10 / 3},
            }.items()
        },
    },
    "states": {
        "stream": 2,
        "seed": 20_180_807,
        "time": {"kind": "number", "start": 0, "step": 1},
        "variables": {
            name: {"kind": "stochastic", "normal": rule} | more
            for name, rule, more in [
                ("choice", {"kind": "choice", "values": MODES}, {}),
                ("markov", {"kind": "markov", "states": MODES, "transitions": STEP}, {}),
                (
                    "turn",
                    {"kind": "markov", "states": MODES, "transitions": TURN},
                    {"anomalous": {"kind": "forbidden_transition"}},
                ),
                ("regimes", REGIMES, {"anomalous": {"kind": "flatline"}}),
                ("steps of states", {"kind": "steps", "levels": REGIMES, "length": [3, 9]}, {}),
                ("on", {"kind": "choice", "values": [False, True], "weights": [0.25, 0.75]}, {}),
                ("whole", {"kind": "normal", "std": 9}, {"dtype": "int64"}),
                ("hidden", NORMAL, {"hidden": True}),
                (
                    "driven",
                    {
                        "kind": "by_state",
                        "variable": "regimes",
                        "values": {"idle": 0, "run": {"kind": "ref", "variable": "hidden"}},
                        "other": UNIFORM,
                        "lag": 1,
                    },
                    {},
                ),
                ("volatility", {"kind": "stochastic_volatility", "std": 2}, {}),
                ("season", {"kind": "random_season", "period": 7, "amplitude": UNIFORM, "phase": NORMAL}, {}),
                ("measured", LOOP, {}),
                ("control", LOOP | {"gives": "control"}, {}),
            ]
        },
        "anomalies": [
            {"events": [[3, 6], [508, 515]], "variables": ["regimes", "turn"]},
            {"name": "unseen", "frequency": 0.1, "values": {"markov": {"kind": "state", "name": "never"}}},
        ],
    },
    "arrivals": {
        "stream": 2,
        "seed": 20_180_807,
        "time": {
            "kind": "datetime",
            "start": 1_767_225_600 * 10**9,
            "step": 60 * 10**9,
            "arrivals": "poisson",
            "gaps": {"every": 5, "length": [0, 3600 * 10**9]},
        },
        "missing": {"chance": {"kind": "logistic", "of": {"kind": "ref", "variable": "at time"}, "width": 0.5}},
        "variables": {
            name: {"kind": "stochastic", "normal": rule}
            for name, rule in {
                "at time": {"kind": "at_time", "of": {"kind": "sum", "of": [{"kind": "sine", "period": 9}, NORMAL]}},
                "concepts": {"kind": "concepts", "of": [NORMAL, 5, UNIFORM], "length": [3, 5], "fade": 2},
                "shares": {"kind": "logistic", "of": NORMAL, "middle": 0.5, "width": 0.25},
                "one step": {"kind": "logistic", "of": NORMAL, "middle": 0.5, "width": 0},
            }.items()
        },
    },
    "zone": {
        "stream": 2,
        "seed": 20_180_807,
        "time": {
            "kind": "datetime",
            "start": 1_774_735_200 * 10**9,
            "step": "1D",
            "zone": "Europe/Berlin",
            "offsets": [[-(2**63), 3600 * 10**9], [1_774_746_000 * 10**9, 7200 * 10**9]],
        },
        "missing": {"frequency": 0.25, "duration": [1, 2], "together": True},
        "variables": {
            "calendar": {
                "kind": "stochastic",
                "normal": {"kind": "calendar", "hour": list(range(24)), "weekday": [100 * day for day in range(7)]},
            },
            "x": {"kind": "stochastic", "normal": NORMAL, "missing": {"frequency": 0.5, "gap": 0}},
        },
    },
    "overlap": {
        "stream": 2,
        "seed": 20_180_807,
        "time": {"kind": "number", "start": 0, "step": 1},
        "variables": {
            name: {"kind": "stochastic", "normal": NORMAL, "anomalous": {"kind": "shift", "by": UNIFORM}}
            for name in ("a", "b", "c")
        },
        "anomalies": [
            {"name": "a", "frequency": 0.3, "duration": [2, 9], "variables": ["a"], "track": "a"},
            {
                "name": "b",
                "count": 1,
                "within": 60,
                "duration": [1, 3],
                "aftershocks": {"mean": 0.75, "delay": 4, "within": 30},
                "variables": ["b"],
            },
            {"name": "c", "events": [[3, 8], [509, 516]], "variables": ["c"], "track": "c"},
        ],
    },
    "whole": {
        "stream": 2,
        "seed": 20_180_807,
        "time": {"kind": "number", "start": 1_700_000_000_000_000_001, "step": 3, "jitter": 1},
        "variables": {"x": {"kind": "stochastic", "normal": NORMAL, "anomalous": UNIFORM}},
        "anomalies": [{"events": [[3, 9], [508, 515]]}, {"name": "often", "frequency": 0.8, "duration": [2, 30]}],
    },
}
PLACES_2 = PLACES[:2]


def rows_of(spec: Spec, start: int, rows: int) -> dict[str, Any]:
    columns, y, events = generator.generate(spec, start, rows)
    stream = spec["stream"]
    times = time.timestamps(spec.get("time"), spec["seed"], list(range(start, start + rows)), stream)
    return {
        "start": start,
        "first": {name: float(column[0]) for name, column in columns.items()},
        "columns": {name: " ".join(value.hex() for value in column.tolist()) for name, column in columns.items()},
        "y": "".join(map(str, y.tolist())),
        "events": [list(event) for event in events],
    } | ({"t": " ".join(map(float.hex if stream == 1 else str, times))} if "time" in spec else {})


def functions() -> dict[str, Any]:
    """The elementary functions, and the draws that everything rests on."""
    rng = np.random.default_rng(0)
    u = np.concatenate([[2.0**-53, 0.5, 1.0], rng.random(13)])
    x = np.concatenate([[0.0, -745.0, 709.7], rng.normal(0, 20, 13)])
    v = np.concatenate([[0.0, -0.5, 0.125], rng.uniform(-0.5, 0.5, 13)])
    made = {
        "ln": (u, fmath.ln(u)),
        "exp": (x, fmath.exp(x)),
        "sin2pi": (v, fmath.sincos2pi(v)[0]),
        "cos2pi": (v, fmath.sincos2pi(v)[1]),
        "normal_cdf": (x / 4, fmath.normal_cdf(x / 4)),
        "normal_quantile": (u[:-1], fmath.normal_quantile(u[:-1])),
    }
    keys = {f"{seed} {domain} {name}": random.key_of(seed, domain, name) for seed, domain, name in KEYS}
    return {
        "keys": {name: f"{lo:08x} {hi:08x}" for name, (lo, hi) in keys.items()},
        "functions": {
            name: {"of": " ".join(map(float.hex, of.tolist())), "is": " ".join(map(float.hex, to.tolist()))}
            for name, (of, to) in made.items()
        },
    }


KEYS = [(0, "variable", "x"), (7, "variable", "x"), (2**64 - 1, "schedule", ""), (7, "variable", "Überdruck")]


def main() -> None:
    vectors = {
        name: {"spec": spec, "slices": [rows_of(spec | {"stream": 1}, *place) for place in PLACES]}
        for name, spec in SPECS.items()
    }
    vectors["schedule"]["slices"].append(rows_of(SPECS["schedule"] | {"stream": 1}, 0, 150))
    write(1, {**vectors, "functions": functions()})
    write(2, {name: {"spec": x, "slices": [rows_of(x, *place) for place in PLACES_2]} for name, x in SPECS_2.items()})


def write(stream: int, vectors: dict[str, Any]) -> None:
    folder = HERE / f"stream{stream}"
    folder.mkdir(exist_ok=True)
    for name, content in vectors.items():
        note = {"made by": "python tests/golden/make.py", "stream": stream}
        text = json.dumps(note | content, indent=1, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
