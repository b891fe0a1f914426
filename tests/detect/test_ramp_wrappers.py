"""RAMP behind the interfaces of others, and its picture."""

from __future__ import annotations

import pickle
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from paranom_rs import RAMP
from paranom_rs._internal.optional import install_line
from paranom_rs.plotting.ramp import plot


def stream() -> np.ndarray:
    rng = np.random.default_rng(0)
    X = np.sin(np.arange(600)[:, None] / np.array([3.0, 8.0])) + 0.05 * rng.normal(size=(600, 2))
    X[500:510] += 3
    return X


class Cards:
    """Stands in for the data set that River's checks would download: features of several scales, rare outliers."""

    def take(self, n: int) -> Iterator[tuple[dict[str, float], int]]:
        rng = np.random.default_rng(1)
        for i in range(n):
            odd = i > 100 and i % 50 == 0
            values = rng.normal(size=4) * [1, 10, 0.1, 3] + 30 * odd
            yield {f"V{j}": float(v) for j, v in enumerate(values)}, int(odd)


def test_river_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = pytest.importorskip("river.checks")
    from paranom_rs.connect.river import RiverRAMP

    monkeypatch.setattr("river.datasets.CreditCard", Cards)
    model = RiverRAMP(reference=20)
    names = []
    for check in checks.yield_checks(model):
        if check.__name__ not in model._unit_test_skips():
            check(model.clone())
            names.append(check.__name__)
    assert "check_roc_auc" in names


def test_river_scores_are_those_of_update() -> None:
    pytest.importorskip("river")
    from paranom_rs.connect.river import RiverRAMP

    model, ramp = RiverRAMP(threshold=1.0), RAMP(2, window=5, reference=60, threshold=1.0)
    for x in stream():
        named = {"b": x[1], "a": x[0]}
        score = model.score_one(named)
        model.learn_one(named)
        d = ramp.update(x)
        assert score == (d.score if d else 0.0)
    assert pickle.loads(pickle.dumps(model)).score_one({"a": 0, "b": 9}) == model.score_one({"a": 0, "b": 9})


def test_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    X = stream()
    ramp = RAMP(2, window=5, reference=60, threshold=1.0)
    figure = ramp.plot(X, ramp.score(X), names=["press", "fän"], labels=np.arange(600) // 10 == 50)
    assert [axis.get_ylabel() for axis in figure.axes] == ["series (standardised, stacked)", "score", "contributions"]
    figure.savefig(tmp_path / "ramp.png")
    assert (tmp_path / "ramp.png").stat().st_size > 10_000
    assert len(plot(X, np.zeros(600), threshold=1.0).axes) == 2
    with pytest.raises(ValueError, match="names: must name 2 channels, got 1"):
        plot(X, np.zeros(600), threshold=1.0, names=["a"])
    for given, message in [
        ({"score": X}, r"score: must be a vector of at most 600 values, got shape \(600, 2\)"),
        ({"score": np.zeros(601)}, "score: must be a vector"),
        ({"score": ["a"] * 600}, "score: must hold real numbers"),
        ({"labels": ["a"] * 600}, "labels: must hold real numbers"),
        ({"alarms": np.zeros((600, 2))}, "alarms: must be a vector"),
        ({"contributions": np.zeros((600, 3))}, r"contributions.shape: must be \(600, 2\), got \(600, 3\)"),
        ({"threshold": "high"}, "threshold: must be a number, got 'high'"),
    ]:
        with pytest.raises((ValueError, TypeError), match=message):
            plot(X, **{"score": np.zeros(600), "threshold": 1.0} | given)


def test_missing_packages_say_their_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("matplotlib.figure", "river.base"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("paranom_rs.connect.river", "paranom_rs.plotting.shown_figure"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(ImportError, match=re.escape(install_line("plot"))):
        plot(np.zeros((5, 1)), np.zeros(5), threshold=1.0)
    with pytest.raises(ImportError, match="pip install river"):
        import paranom_rs.connect.river  # noqa: F401
