"""Parts of the bench: ranks and tests, tables, names of detectors, other libraries' detectors, the diagram."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from paranom_rs.bench import BenchResult, Run, compare
from paranom_rs.bench.adapters import ADAPTERS
from paranom_rs.bench.adapters.stumpy import NearestTrainingWindow
from paranom_rs.bench.detectors import make, ours, parse, threshold_of
from paranom_rs.bench.figures import FIGURES, measure
from paranom_rs.bench.report import as_text, command
from paranom_rs.errors import SpecError
from paranom_rs.plotting.bench_report import section
from paranom_rs.plotting.critical_difference import plot_critical_difference
from reference import comparison as slow

figures = st.integers(2, 5).flatmap(
    lambda k: st.lists(st.lists(st.integers(0, 4).map(float), min_size=k, max_size=k), min_size=2, max_size=12)
)


@settings(max_examples=20)
@given(figures)
def test_comparisons_are_their_definition(rows):
    k = len(rows[0])
    names = [f"d{j}" for j in range(k)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = compare(names, rows)
        wanted = dict(zip(names, slow.mean_ranks(rows), strict=True))
        order = sorted(range(k), key=lambda j: wanted[names[j]])
        assert found.names == [names[j] for j in order]
        assert found.mean_ranks.tolist() == pytest.approx([wanted[name] for name in found.names])
        sorted_rows = np.array(rows)[:, order]
        raw = []
        for i, j in itertools.combinations(range(k), 2):
            difference = sorted_rows[:, i] - sorted_rows[:, j]
            raw.append(stats.wilcoxon(difference[difference != 0]).pvalue if difference.any() else 1.0)
    corrected = slow.holm(raw)
    for (i, j), value in zip(itertools.combinations(range(k), 2), corrected, strict=True):
        assert found.p[i, j] == found.p[j, i] == pytest.approx(value)
    assert found.groups == slow.groups(found.p.tolist(), 0.05)


def test_clear_differences_are_found():
    rng = np.random.default_rng(0)
    base = rng.random(40)
    found = compare(
        ["worst", "best", "twin"], np.stack([base - 1, base + 1, base + 1 + 0.001 * rng.normal(size=40)], 1)
    )
    assert found.names[2] == "worst"
    assert found.groups == [(0, 1)]
    assert found.friedman < 1e-9
    assert found.series == 40


def test_series_without_a_figure_are_left_out():
    found = compare(["a", "b"], [[1, 0], [np.nan, 1], [2, 1]])
    assert found.series == 2
    with pytest.raises(SpecError, match="figures: must have two detectors and two series"):
        compare(["a", "b"], [[1, 0], [np.nan, 1]])
    with pytest.raises(SpecError, match="figures: must have a column for each of 3 names"):
        compare(["a", "b", "c"], [[1, 0], [1, 1]])


def run(detector: str, group: str, series: str, value: float | None) -> Run:
    if value is None:
        return Run("suite", group, series, detector, "crashed", "its process ended: SIGSEGV")
    held = dict.fromkeys(FIGURES, value) | {"delay": None if value == 0 else 10 * value}
    return Run("suite", group, series, detector, "ok", figures=held, seconds=1.0, memory=2.0)


def test_a_failed_run_counts_as_nothing():
    runs = [run("a", "x", "1", 0.5), run("a", "x", "2", None), run("a", "y", "3", 1.0), run("b", "x", "1", 0.0)]
    result = BenchResult(0, "graded-1", {}, {}, {}, [*runs, run("b", "x", "2", 0.2), run("b", "y", "3", 0.4)])
    best, other = result.table("suite")
    assert (best["detector"], best["failed"], best["seconds"], best["memory"]) == ("a", 1, 2.0, 2.0)
    assert best["VUS-PR"] == pytest.approx((0.25 + 1.0) / 2)
    assert best["delay"] == pytest.approx((5 + 10) / 2)
    assert other["delay"] == pytest.approx((2 + 4) / 2)
    assert result.by_group("suite")[0] == {"detector": "a", "x": 0.25, "y": 1.0, "mean": 0.625}
    np.testing.assert_array_equal(result.figures("suite"), [[0.5, 0.0], [0.0, 0.2], [1.0, 0.4]])
    assert [x.series for x in result.failures()] == ["2"]
    with pytest.raises(SpecError, match="table: must be one of 'suite'"):
        result.table("other")


def test_figures_without_alarms_or_with_all_rows_under_alarm():
    y = np.repeat([0, 1, 0], [200, 20, 200])
    silent = measure(y, np.zeros(420), 1.0, 10)
    assert (silent["event F1"], silent["delay"], silent["affiliation P"], silent["PA%K"]) == (0.0, None, None, 0.0)
    loud = measure(y, np.ones(420), 0.5, 10)
    assert (loud["event F1"], loud["delay"]) == (0.0, None)
    perfect = measure(y, y.astype(float), 0.5, 0)
    assert perfect == pytest.approx(
        {**dict.fromkeys(FIGURES, 1.0), "delay": 0.0, "VUS-PR": perfect["VUS-PR"], "VUS-ROC": perfect["VUS-ROC"]}
    )


words = st.text("abcxyz_", min_size=1, max_size=6)
values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@settings(max_examples=20)
@given(words, st.dictionaries(words.filter(str.isidentifier), values, max_size=3))
def test_keywords_in_parentheses_are_read_as_python_reads_them(name, keywords):
    text = f"{name}({', '.join(f'{k}={v!r}' for k, v in keywords.items())})"
    assert parse(text) == (name, keywords)


def test_our_detectors_are_known_by_name():
    assert {"RAMP", "NearestWindows", "ZScore"} <= set(ours())
    assert make("NearestWindows(window=30)", 0).window == 30
    assert repr(make("ZScore", 0)).startswith("ZScore(")


def test_a_detector_without_a_threshold_has_that_of_its_training_rows():
    class Simple:
        def decision_function(self, X):
            return X[:, 0]

    train = np.arange(101.0)[:, None]
    assert threshold_of(Simple(), train) == pytest.approx(99.0)
    simple = Simple()
    simple.decision_scores_ = np.arange(11.0)
    assert threshold_of(simple, train) == pytest.approx(9.9)
    simple.threshold_ = 3
    assert threshold_of(simple, train) == 3.0


ADAPTED = [
    "sklearn:IsolationForest",
    "sklearn:LocalOutlierFactor(window=20)",
    "pyod:HBOS",
    "pyod:HBOS(window=20)",
    "river:HalfSpaceTrees(seed=1)",
    "aeon:KMeansAD",
]


@pytest.mark.parametrize("text", ADAPTED)
@pytest.mark.filterwarnings("ignore")
def test_detectors_of_other_libraries_find_a_jump(text):
    pytest.importorskip(text.partition(":")[0].partition("(")[0])
    rng = np.random.default_rng(0)
    train, test = (np.sin(np.arange(n) / 5)[:, None] + 0.1 * rng.normal(size=(n, 1)) for n in (400, 300))
    test[150:170] = 3.0 + 0.1 * rng.normal(size=(20, 1))
    detector = make(text, 0).fit(train)
    scores = detector.decision_function(test)
    assert scores.shape == (300,)
    assert scores[150:170].mean() > np.median(scores)
    np.testing.assert_allclose(detector.decision_function(test), scores)
    assert np.isfinite(threshold_of(detector, train))


def test_stumpy_joins_with_the_training_rows_channel_by_channel():
    class Stumpy:  # the real one compiles for a minute
        def stump(self, a, m, b=None, ignore_trivial=True):
            assert (b is None) == ignore_trivial
            windows = np.lib.stride_tricks.sliding_window_view(a, m)
            return np.stack([windows.mean(axis=1) - (0 if b is None else b.mean())], 1).astype(object)

    train, test = np.arange(20.0).reshape(10, 2), np.arange(16.0).reshape(8, 2)
    detector = NearestTrainingWindow(Stumpy(), window=2).fit(train)
    means = test.mean(axis=1)[:-1] + 1 - train.mean()
    wanted = (np.append(means, means[-1]) + np.append(means[0], means)) / 2
    assert detector.decision_function(test) == pytest.approx(wanted)
    assert detector.decision_scores_.shape == (10,)


def test_scikit_learns_verdicts_are_those_of_its_own_threshold():
    forest = pytest.importorskip("sklearn.ensemble").IsolationForest(random_state=7)
    X = np.random.default_rng(0).normal(size=(300, 2))
    detector = make("sklearn:IsolationForest", 7).fit(X)
    wanted = forest.fit(X).predict(X) == -1
    make("sklearn:IsolationForest", 2**63 - 1).fit(X)
    np.testing.assert_array_equal(detector.decision_function(X) > threshold_of(detector, X), wanted)


def test_the_seed_is_that_of_what_a_detector_draws():
    X = np.random.default_rng(0).normal(size=(300, 2))
    one, other = (make("IsolationForest", seed).fit(X).decision_function(X) for seed in (1, 2))
    assert not np.array_equal(one, other)
    assert np.array_equal(one, make("IsolationForest(random_state=1)", 2).fit(X).decision_function(X))


@pytest.mark.parametrize("library", ["sklearn", "pyod", "river", "aeon", "stumpy"])
@pytest.mark.filterwarnings("ignore")
def test_a_name_that_a_library_has_not_is_refused(library):
    pytest.importorskip(library)
    with pytest.raises(SpecError, match="detector: must be one of"):
        ADAPTERS[library]("Nobody")


def test_the_diagram_names_all_detectors():
    names = ["a", "b", "c $x$ <&>", "d" * 80]
    figure = plot_critical_difference(names, [1.2, 2.0, 2.8, 4.0], [(0, 1), (1, 2)])
    shown = " ".join(text.get_text() for text in figure.axes[0].texts)
    assert "a  1.20" in shown
    assert "2.80  c" in shown
    with pytest.raises(SpecError, match="mean_ranks: must be ascending"):
        plot_critical_difference(["a", "b"], [2.0, 1.0])
    with pytest.raises(SpecError, match=r"mean_ranks: must have shape \(2,\)"):
        plot_critical_difference(["a", "b"], [2.0])


def test_tables_are_aligned_and_escaped():
    rows = [{"detector": "<a>", "VUS-PR": 0.5, "delay": None, "failed": 0}, {"detector": "b", "VUS-PR": 0.25}]
    assert as_text(rows).splitlines() == [
        "detector  VUS-PR  delay  failed",
        "<a>        0.500      -       0",
        "b          0.250      -       -",
    ]
    page = section("T", rows)
    assert "&lt;a&gt;" in page
    assert '<td class="n best">0.500</td>' in page


def test_the_command_that_repeats_a_result():
    result = BenchResult(9, "graded-1", {}, {}, {}, [run("ZScore", "x", "1", 0.5), run("RAMP(k=1)", "x", "1", 0.5)])
    assert command(result) == "paranom bench ZScore 'RAMP(k=1)' --seed 9"
