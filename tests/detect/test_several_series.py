"""Detectors that learn from lists of series, and score them: no window holds rows of two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import paranom_rs
from paranom_rs import SpecError, SpecTypeError
from paranom_rs.detect.training_rows import is_several

pytestmark = pytest.mark.filterwarnings("ignore::paranom_rs.DetectorWarning")

MADE: dict[str, dict[str, Any]] = {
    "IsolationForest": {"window": 4, "n_estimators": 10},
    "LeftMatrixProfile": {"window": 8},
    "MatrixProfileDetector": {"window": 8},
    "NearestWindows": {"window": 8},
    "PCADetector": {"window": 8},
    "RAMP": {"window": 8},
    "ZScore": {},
}


def make(name: str, **settings: Any) -> Any:
    return getattr(paranom_rs, name)(**{**MADE[name], **settings})


def waves(rows: int = 200, d: int = 2, seed: int = 0, level: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(rows)[:, None]
    return level + np.sin(t / (3 + np.arange(d))) + 0.1 * rng.normal(size=(rows, d))


SERIES = [waves(200), waves(90, seed=1), waves(137, seed=2)]


@pytest.mark.parametrize("name", sorted(MADE))
def test_lists_in_lists_out(name: str) -> None:
    detector = make(name).fit(SERIES)
    assert detector.decision_scores_.shape == detector.labels_.shape == (427,)
    for causal in (False, True):
        scores, flags = detector.decision_function(SERIES, causal), detector.predict(SERIES, causal)
        assert [len(x) for x in scores] == [len(x) for x in flags] == [200, 90, 137]
        for x, part in zip(SERIES, scores, strict=True):
            assert (detector.decision_function(x, causal) == part).all()
    assert [len(x) for x in detector.score_samples(SERIES)] == [200, 90, 137]
    found = make(name).fit_predict(SERIES)
    assert (np.concatenate(found) == detector.labels_).all()
    detector.calibrate(SERIES, [np.zeros(len(x)) for x in SERIES])
    assert np.concatenate(detector.predict(SERIES)).mean() <= 0.01


@pytest.mark.parametrize("name", sorted(MADE))
def test_a_list_of_one_is_a_series(name: str) -> None:
    one, alone = make(name).fit([waves()]), make(name).fit(waves())
    assert one.to_bytes() == alone.to_bytes()


@pytest.mark.parametrize("name", ["NearestWindows", "RAMP", "MatrixProfileDetector"])
def test_no_window_spans_two_series(name: str) -> None:
    low, high = waves(200), waves(200, seed=3, level=9.0)
    together, apart = make(name).fit(np.concatenate([low, high])), make(name).fit([low, high])
    # The step between them is a window that was learnt, or never seen.
    step = np.concatenate([low[-20:], high[:20]])
    scores = [detector.decision_function(step, causal=True)[20:27] for detector in (together, apart)]
    assert scores[1].max() > 1.5 * scores[0].max()
    assert apart.decision_scores_[195:205].max() < 3 * np.quantile(apart.decision_scores_, 0.9)


@pytest.mark.parametrize("name", sorted(MADE))
def test_labels_of_several_series(name: str) -> None:
    X = [x.copy() for x in SERIES]
    X[1][40:50] += 40
    y = [np.zeros(len(x)) for x in X]
    y[1][40:50] = 1
    detector = make(name).fit(X, y)
    assert np.isnan(detector.decision_scores_[240:250]).all()
    assert make(name).fit(SERIES).calibrate(X, y).threshold_ > 0


def test_tables_keep_their_index() -> None:
    pd = pytest.importorskip("pandas")
    tables = [pd.DataFrame(x, columns=["a", "b"]).set_axis(range(k, k + len(x))) for k, x in enumerate(SERIES)]
    detector = paranom_rs.NearestWindows(window=8).fit(tables)
    assert list(detector.feature_names_in_) == ["a", "b"]
    for table, scores in zip(tables, detector.decision_function(tables), strict=True):
        assert scores.index.equals(table.index)
    with pytest.raises(SpecError, match=r"X\[1\].columns: must be a, b"):
        paranom_rs.NearestWindows(window=8).fit([tables[0], tables[1].rename(columns={"a": "c"})])


def test_what_is_a_list_of_series() -> None:
    assert is_several([np.zeros((3, 2))])
    assert not is_several([[1.0, 2.0], [3.0, 4.0]])
    assert not is_several([np.zeros(3), np.zeros(3)])
    assert not is_several([])
    assert not is_several(np.zeros((2, 3, 4)))


@pytest.mark.parametrize("name", sorted(MADE))
def test_what_does_not_fit_is_refused(name: str) -> None:
    for X, y, says in (
        ([waves(), waves(d=3)], None, r"X\[1\]: must have the 2 channels of X\[0\], got 3"),
        (SERIES, [np.zeros(200)], "y: must have labels for each of the 3 series of X, got 1"),
        (SERIES, [np.zeros(200), np.zeros(90), np.zeros(3)], r"y\[2\]: must have 137 rows"),
        ([waves(), waves() * np.inf], None, r"X\[1\]\[0, 0\]: must be a finite number"),
    ):
        with pytest.raises(SpecError, match=says):
            make(name).fit(X, y)
    with pytest.raises(SpecTypeError, match="y: must be a list of labels"):
        make(name).fit(SERIES, np.zeros(427))
    if name != "ZScore":
        window = MADE[name]["window"]
        with pytest.raises(SpecError, match=f"must hold a series of {window + 1} rows or more"):
            make(name).fit([waves(window)] * 40)
