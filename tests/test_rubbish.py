"""Whatever a public function is handed in the place of an argument: it works, or raises an error of ours."""

from __future__ import annotations

import datetime
import functools
import importlib.util
import inspect
import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import paranom_rs
from paranom_rs import InternalError, ParanomError
from paranom_rs.evaluate import metrics, thresholds

pytestmark = [pytest.mark.filterwarnings("ignore")]

N = 120
X = np.stack([np.sin(np.arange(N) / 5), np.random.default_rng(0).normal(size=N)], axis=1)
x = X[:, 0] + 0.1 * X[:, 1]
LABELS = (np.arange(N) // 10 == 6).astype(int)
PREDICTED = (np.arange(N) // 5 == 13).astype(int)
SCORES = np.abs(X[:, 1])
TABLE = pd.DataFrame(X, columns=["a", "b"])

RUBBISH: list[Any] = [
    None, "abc", "", b"x", True, 0, -1, 1, 2, 2**31, 2**63, 2**64, 10**30, -(2**63), 10**5_000,
    0.5, -0.5, 1.5, np.nan, np.inf, -np.inf, 1e308, 5e-324, 1j, np.float32(3), np.array(3), np.datetime64("2026-01-01"),
    pd.NaT, pd.Timestamp("2026-01-01"), datetime.date(2026, 1, 1), object(), len, range(5), slice(3), "\ud800",
    [], [[]], (), {}, {"a": 1}, {1}, ["a"] * N, [None] * N, np.array([1, 2, "c"], object), np.array([]),
    np.empty((0, 2)), np.empty((3, 0)), np.zeros((2, 2, 2)), np.zeros(N), np.zeros((N, 2)), np.full(N, np.nan),
    np.full(N, np.inf), np.full((N, 2), 1e308), np.arange(N), np.arange(N) > 5, np.arange(N) % 2, x.astype("f2"),
    x.astype(complex), x[::-1], x.astype(">f8"), pd.Series(x), pd.Series(["u"] * N), pd.DataFrame({"a": ["u"] * N}),
]  # fmt: skip


@functools.cache
def calls() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Each function by name, and arguments that it takes."""
    p = paranom_rs
    one, many = p.matrix_profile(x, 10), p.matrix_profile_multidimensional(X, 10)
    both = {"y_true": LABELS, "y_pred": PREDICTED}
    join = {"distance": "znormalized", "threads": 1}
    found: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "matrix_profile": (p.matrix_profile, {"x": x, "window": 10, "k": 1, "fraction": 1.0, **join}),
        "matrix_profile_ab_join": (p.matrix_profile_ab_join, {"x": x, "reference": x, "window": 10, "k": 1, **join}),
        "matrix_profile_multidimensional": (
            p.matrix_profile_multidimensional, {"x": X, "window": 10, "reference": X, "include": [0], **join},
        ),
        "mpdist": (p.mpdist, {"a": x, "b": x, "window": 10, "share": 0.05, **join}),
        "snippets": (p.snippets, {"x": x, "length": 20, "k": 2, "window": 10, **join}),
        "left_discords": (p.left_discords, {"x": x, "window": 10, "k": 1, "start": 20, "exclusion": 5, **join}),
        "match": (p.match, {"query": x[:10], "x": x, "k": 1, "threshold": 1.0, "exclusion": 5, **join}),
        "distance_profile": (p.distance_profile, {"query": x[:10], "x": x, **join}),
        "choose_window": (p.choose_window, {"x": x, "threads": 1}),
        "pan_profile": (p.pan_profile, {"x": x, "windows": [10, 20], "fraction": 1.0, "threads": 1}),
        "fluss": (p.fluss, {"found": one, "regimes": 2, "exclusion": 5}),
        "consensus_motif": (p.consensus_motif, {"series": [x, x], "window": 10, **join}),
        "anchored_chain": (p.anchored_chain, {"found": one, "start": 0}),
        "all_chains": (p.all_chains, {"found": one}),
        "multidimensional_motifs": (p.multidimensional_motifs, {"found": many, "k": 1, "exclusion": 5}),
        "tiled_matrix_profile": (
            p.tiled_matrix_profile, {"x": x, "window": 10, "reference": x, "pieces": 2, **join},
        ),
        "StreamingMatrixProfile": (p.StreamingMatrixProfile, {"window": 10, "max_size": 100}),
        "FLOSS": (p.FLOSS, {"window": 10, "history": 100, "exclusion": 5, "distance": "l2"}),
        "triviality": (p.triviality, {"X": X, "y": LABELS, "clean": X}),
        "read_table": (p.read_table, {"path": "no such file"}),
        "verify": (p.verify, {"path": "no such file"}),
        "load_detector": (p.load_detector, {"path": "no such file"}),
        "evaluate": (
            metrics.evaluate, {"y_true": LABELS, "scores": SCORES, "threshold": 0.9, "betas": (1.0,), "window": 10},
        ),
        "vus": (metrics.vus, {"y_true": LABELS, "scores": SCORES, "window": 10, "thresholds": 20}),
        "pate": (metrics.pate, {"y_true": LABELS, "scores": SCORES, "early": 5, "late": 5, "thresholds": 20}),
        "ucr_score": (metrics.ucr_score, {"y_true": LABELS, "scores": SCORES, "slack": 3}),
        "nab_score": (metrics.nab_score, both | {"profile": "standard", "probation": 9}),
        "event_intervals": (metrics.event_intervals, {"y": LABELS}),
    }  # fmt: skip
    for function, more in (
        (metrics.affiliation, {}), (metrics.event_report, {"tolerance": 3}), (metrics.pa_k, {}),
        (metrics.point_adjusted_f1, {"k": 0.1}), (metrics.range_report, {"alpha": 0.2}),
        (metrics.warning_report, {"horizon": 5}),
    ):  # fmt: skip
        found[function.__name__] = function, both | more
    for name in thresholds.__all__:
        rule = getattr(thresholds, name)
        if not inspect.isabstract(rule) and name != "Threshold":
            # AlarmsPerDay needs its rows per day.
            given = {key: value.default for key, value in inspect.signature(rule).parameters.items()}
            given = {key: 100.0 if value is inspect.Parameter.empty else value for key, value in given.items()}
            found[name] = rule, given
    for name in ("IsolationForest", "LeftMatrixProfile", "MatrixProfileDetector", "NearestWindows", "RAMP", "ZScore"):
        made = getattr(p, name)
        settings = {"n_estimators": 5} if name == "IsolationForest" else {} if name == "ZScore" else {"window": 8}
        found[name] = made, {key: settings.get(key) for key in made.parameters if key in settings or key == "trim"}
        detector = made(**settings).fit(TABLE)
        found[f"{name}.fit"] = made(**settings).fit, {"X": X, "y": LABELS}
        found[f"{name}.decision_function"] = detector.decision_function, {"X": X, "causal": True}
        found[f"{name}.predict"] = detector.predict, {"X": X}
        found[f"{name}.update"] = detector.update, {"x": X[0]}
        found[f"{name}.calibrate"] = detector.calibrate, {"X": X, "y": LABELS, "threshold": None}
        found[f"{name}.explain"] = detector.explain, {"X": X, "row": 50}
    return found | _watches()


def _watches() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """What a watch is asked, where its database's library is."""
    if importlib.util.find_spec("sqlalchemy") is None:
        return {}
    from paranom_rs.watch import Watch

    folder = Path(tempfile.mkdtemp())
    stores = itertools.count()

    def made(**given: Any) -> None:
        with Watch(folder / f"{next(stores)}.db", **given):
            pass

    watch = Watch(folder / "watch.db", ["a", "b"], reference=20)
    watch.update_many(X)
    settings = {"channels": ["a", "b"], "window": 5, "reference": 20, "calibrate": None, "quantile": 0.9, "keep": 2048}
    return {
        "Watch": (made, settings | {"threshold": None, "max_keys": 10, "scored": False}),
        "Watch.update_many": (watch.update_many, {"X": X[:2], "keys": None, "t": None, "feed_position": None}),
        "Watch.alarms": (watch.alarms, {"key": "", "most": 10, "before": None, "between": None}),
        "Watch.actions": (watch.actions, {"key": "", "only_held": False}),
        "Watch.rows": (watch.rows, {"key": "", "start": 0, "stop": 10}),
        "Watch.key": (watch.key, {"name": ""}),
        "Watch.alarm": (watch.alarm, {"number": 1}),
        "Watch.undo": (watch.undo, {"action": 1, "who": ""}),
        "Watch.mark_missed": (watch.mark_missed, {"key": "", "start": 30, "stop": 20, "who": ""}),
    }


NAMES = list(calls())


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_argument_is_refused_with_an_error_of_ours(name: str) -> None:
    """No error of NumPy, pandas or Python's own comes out; files that are not there are the system's to say."""
    function, given = calls()[name]
    for argument in given:
        for value in RUBBISH:
            wrong = _wrong(function, {**given, argument: value})
            # Files that are not there are the system's to say. Messages are for people: no thousands of numbers.
            allowed = wrong is None or (isinstance(wrong, ParanomError) and len(str(wrong)) < 1_000)
            file = isinstance(wrong, OSError) and isinstance(value, str)
            assert allowed or file, f"{name}({argument}={type(value).__name__}): {wrong!r:.300}"
            assert not isinstance(wrong, InternalError)


def _wrong(function: Callable[..., Any], given: dict[str, Any]) -> Exception | None:
    try:
        function(**given)
    except Exception as error:
        return error
    return None
