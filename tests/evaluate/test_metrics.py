"""Metrics: against scikit-learn, against the slow definitions, and at the edges."""

from __future__ import annotations

import dataclasses
import re
import sys
from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from paranom_rs._internal.optional import install_line
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.evaluate import metrics
from paranom_rs.plotting import metrics as plots
from reference import metrics as slow

labels = st.lists(st.integers(0, 1), min_size=2, max_size=60)


@st.composite
def labelled(draw, coarse=False):
    """Labels of both classes in runs, with scores that may tie."""
    runs = draw(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 12)), min_size=1, max_size=8))
    y = [value for value, times in runs for _ in range(times)]
    values = st.integers(0, 5).map(float) if coarse else st.floats(-100, 100)
    assume(0 < sum(y) < len(y))
    return y, draw(st.lists(values, min_size=len(y), max_size=len(y)))


@given(labels)
def test_events_are_the_runs_of_ones(y):
    assert metrics.event_intervals(y).tolist() == [[a, b + 1] for a, b in slow.events(y)]


@settings(max_examples=60)
@given(labelled(coarse=True) | labelled(), st.integers(0, 14), st.integers(2, 20))
def test_vus_is_its_definition(case, window, thresholds):
    y, s = case
    got = metrics.vus(y, s, window=window, thresholds=thresholds)
    assert got == pytest.approx(slow.vus(y, s, window, thresholds), abs=1e-12)


def test_vus_agrees_with_the_authors_code():
    # Computed with TSB-AD 1.5, generate_curve(y, s, 100, "opt", 250). benches/peers/vus.py compares live.
    rng = np.random.default_rng(20)
    y = np.zeros(3000, int)
    for start, stop in [(0, 30), (200, 260), (290, 300), (1500, 1700), (2990, 3000)]:
        y[start:stop] = 1
    s = np.round(rng.normal(size=3000) + 1.5 * y, 1)
    assert metrics.vus(y, s) == pytest.approx((0.8946444700092367, 0.4954925885363911), abs=1e-9)


def test_vus_of_a_perfect_score_without_buffer_is_one():
    y = np.repeat([0, 1, 0], [50, 20, 50])
    got = metrics.vus(y, y.astype(float), window=0, thresholds=120)
    assert got.pr == pytest.approx(1.0)
    assert got.roc == pytest.approx(1.0)


def test_vus_sees_only_the_order_of_scores():
    rng = np.random.default_rng(1)
    y = (np.arange(500) // 40) % 5 == 1
    s = rng.normal(size=500)
    big = np.where(s == s.max(), np.inf, np.where(s == s.min(), -np.inf, 3 * s + 7))
    assert metrics.vus(y, s) == metrics.vus(y, big)


@given(labels, st.data(), st.floats(0, 1))
def test_ranges_and_point_adjustment_are_their_definitions(y, data, alpha):
    pred = data.draw(st.lists(st.integers(0, 1), min_size=len(y), max_size=len(y)))
    got = metrics.range_report(y, pred, alpha=alpha)
    recall, precision = slow.range_score(y, pred, alpha), slow.range_score(pred, y, 0.0)
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    assert got == pytest.approx((precision, recall, f1))
    assert metrics.point_adjusted_f1(y, pred) == pytest.approx(slow.point_adjusted_f1(y, pred))


def test_range_report_by_hand():
    #        one event of 4 rows, half of it found in two pieces: 0.2 + 0.8 * 0.5 / 2; pieces: 1 of 1, 1 of 2
    y_true, y_pred = [0, 1, 1, 1, 1, 0], [0, 1, 0, 0, 1, 1]
    got = metrics.range_report(y_true, y_pred)
    assert got.recall == pytest.approx(0.4)
    assert got.precision == pytest.approx(0.75)


def test_event_report_by_hand():
    y_true = [0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1]
    y_pred = [0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1]
    got = metrics.event_report(y_true, y_pred)
    assert (got.n_events, got.found, got.false_alarms) == (3, 2, 1)
    assert got.delays.tolist() == [2, -1, 0]
    assert got.recall == pytest.approx(2 / 3)
    assert got.precision == pytest.approx(2 / 3)
    assert got.mean_delay == 1.0


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40), st.none() | st.integers(0, 9) | st.just(2**62))
def test_event_report_is_its_definition(rows, tolerance):
    y, pred = np.array(rows, int).reshape(-1, 2).T
    found, alarms, false, delays = slow.event_report(y, pred, tolerance)
    got = metrics.event_report(y, pred, tolerance=tolerance)
    assert (got.found, got.false_alarms, got.delays.tolist()) == (found, false, delays)
    assert np.isnan(got.precision) if not alarms else got.precision == pytest.approx(1 - false / alarms)
    normal = pred[y == 0]
    assert np.isnan(got.flagged_normal) if not len(normal) else got.flagged_normal == pytest.approx(normal.mean())


def test_predicting_all_rows_earns_nothing():
    y = np.zeros(10_000, int)
    y[5000:5050] = y[8000:8020] = 1
    everything = metrics.event_report(y, np.ones(10_000, int))
    assert (everything.found, everything.precision, everything.false_alarms) == (0, 0.0, 5)
    assert everything.flagged_normal == 1.0
    half = np.zeros(10_000, int)
    half[5010:] = 1  # an alarm in time, that never ends
    report = metrics.event_report(y, half)
    assert (report.found, report.delays.tolist(), report.false_alarms) == (1, [10, -1], 3)
    exact = metrics.event_report(y, y)
    assert (exact.found, exact.precision, exact.false_alarms, exact.flagged_normal) == (2, 1.0, 0, 0.0)


def test_event_report_without_events_or_predictions():
    nothing = metrics.event_report([0, 0], [0, 0])
    assert np.isnan([nothing.recall, nothing.precision, nothing.mean_delay]).all()
    assert metrics.event_report([1, 1], [0, 0]).delays.tolist() == [-1]
    assert metrics.event_report([], []).n_events == 0


@given(labelled() | labelled(coarse=True), st.floats(-1, 6))
def test_evaluate_says_what_scikit_learn_says(case, threshold):
    y, s = np.array(case[0]), np.array(case[1])
    got = metrics.evaluate(y, scores=s, threshold=threshold, betas=(1.0, 0.1, 2.0))
    pred = s > threshold
    tn, fp, fn, tp = sk.confusion_matrix(y, pred, labels=[0, 1]).ravel()
    assert got.confusion == (tp, fp, tn, fn)
    assert got.accuracy == sk.accuracy_score(y, pred)
    assert got.precision == sk.precision_score(y, pred, zero_division=0)
    assert got.recall == sk.recall_score(y, pred)
    for beta in (1.0, 0.1, 2.0):
        assert got.f[beta] == sk.fbeta_score(y, pred, beta=beta, zero_division=0)
    assert got.roc_auc == sk.roc_auc_score(y, s)
    assert got.average_precision == sk.average_precision_score(y, s)
    assert (got.vus_roc, got.vus_pr) == metrics.vus(y, s)
    assert got.event.found == metrics.event_report(y, pred).found
    assert got.range == metrics.range_report(y, pred)
    assert got.affiliation == pytest.approx(metrics.affiliation(y, pred), nan_ok=True)


def test_evaluate_takes_scores_predictions_or_both():
    y = [0, 0, 1, 1]
    predictions = metrics.evaluate(y, y_pred=np.array([0.0, 1.0, 1.0, 1.0]))
    assert predictions.roc_auc is None
    assert predictions.confusion == (2, 1, 1, 0)
    scores = metrics.evaluate(y, scores=np.array([0, 7, 7, 7]))
    assert scores.confusion is None
    assert scores.roc_auc == 0.75
    assert "ROC AUC" in str(scores)
    assert scores.to_dict()["TP"] is None
    both = metrics.evaluate(y, scores=[0, 7, 7, 7], y_pred=[0, 1, 1, 1])
    assert both == dataclasses.replace(
        scores,
        **{
            name: getattr(predictions, name)
            for name in ("confusion", "accuracy", "precision", "recall", "f", "event", "range", "affiliation")
        },
    )


def test_evaluate_takes_infinite_scores():
    got = metrics.evaluate([0, 0, 1, 1], scores=[0.0, -np.inf, np.inf, np.inf], threshold=1.0)
    assert got.roc_auc == got.average_precision == got.f[1.0] == 1.0


@pytest.mark.parametrize(
    ("y", "given", "s", "says"),
    [
        ([0, 0], "scores", [0.1, 0.2], r"y_true: must hold normal .* got only class 0"),
        ([1, 1], "scores", [0.1, 0.2], r"y_true: must hold normal .* got only class 1"),
        ([], "scores", [], r"y_true: must hold normal .* got nothing"),
        ([0, 2], "scores", [0.1, 0.2], r"y_true\[1\]: must be 0 or 1, got 2"),
        ([0, 1], "scores", [0.1, np.nan], r"scores\[1\]: must be a number, got NaN"),
        ([0, 1], "scores", [0.1], r"scores: must have as many rows as the labels, 2, got 1"),
        ([0, 1], "scores", [[0.1], [0.2]], r"scores: must have one score .* shape \(2, 1\)"),
        ([0, 1], "y_pred", [1, 0, 1], r"y_pred: must have 2 rows, as y_true has, got 3"),
        ([0, 1], "y_pred", [0, 7], r"y_pred\[1\]: must be 0 or 1, got 7"),
        ([[0, 1]], "scores", [0.1, 0.2], r"y_true: must have one label .* shape \(1, 2\)"),
    ],
)
def test_bad_input_is_named(y, given, s, says):
    with pytest.raises(SpecError, match=says):
        metrics.evaluate(y, **{given: s})


def test_other_bad_arguments():
    with pytest.raises(SpecTypeError, match="y_true: must hold real numbers, got dtype"):
        metrics.evaluate(["a", "b"], scores=[0.1, 0.2])
    with pytest.raises(SpecError, match="threshold: must be a number, got nan"):
        metrics.evaluate([0, 1], scores=[0.0, 1.0], threshold=np.nan)
    with pytest.raises(SpecError, match=r"threshold: must be None where y_pred is given, got 0.5"):
        metrics.evaluate([0, 1], y_pred=[0, 1], threshold=0.5)
    with pytest.raises(SpecError, match="scores: must be given, or y_pred"):
        metrics.evaluate([0, 1])
    with pytest.raises(SpecError, match="window: must be >= 0, got -1"):
        metrics.vus([0, 1], [0.0, 1.0], window=-1)
    with pytest.raises(SpecError, match="thresholds: must be >= 2, got 1"):
        metrics.vus([0, 1], [0.0, 1.0], thresholds=1)
    with pytest.raises(SpecError, match="alpha: must be from 0 to 1, got 2"):
        metrics.range_report([0, 1], [0, 1], alpha=2)


def test_absent_libraries_name_the_pip_line():
    with (
        mock.patch.dict(sys.modules, {"sklearn.metrics": None}),
        pytest.raises(ImportError, match=re.escape(install_line("metrics"))),
    ):
        metrics.evaluate([0, 1], scores=[0.0, 1.0])
    with (
        mock.patch.dict(sys.modules, {"matplotlib.figure": None}),
        pytest.raises(ImportError, match=re.escape(install_line("plot"))),
    ):
        sys.modules.pop("paranom_rs.plotting.shown_figure", None)  # another test may have imported it
        plots.plot_curves([0, 1], [0.0, 1.0])


def test_plots_show_what_they_are_given():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    y, s = [0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9]
    matrix = plots.plot_confusion(y, [0, 1, 0, 1])
    assert sorted(text.get_text() for text in matrix.axes[0].texts) == ["1"] * 4
    figure = plots.plot_curves(y, {"mine": s, "other": [0.0, 0.0, 1.0, 1.0]})
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == [
        "mine (AUC = 0.75)",
        "other (AUC = 1.00)",
    ]


def test_numbers_are_numbers() -> None:
    y, scores = np.arange(100) % 20 == 0, np.linspace(0, 1, 100)
    assert metrics.vus(y, scores, window=10.0) == metrics.vus(y, scores, window=10)
    assert metrics.vus(y, scores, thresholds=50.0) == metrics.vus(y, scores, thresholds=50)
    for wrong in ({"window": "a"}, {"window": None}, {"threshold": "1"}, {"threshold": True}):
        with pytest.raises(SpecTypeError, match=f"^{next(iter(wrong))}: "):
            metrics.evaluate(y, scores=scores, **wrong)
    with pytest.raises(SpecTypeError, match=r"^alpha: "):
        metrics.range_report(y, y, alpha=None)
