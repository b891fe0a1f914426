"""scikit-learn's own checks of estimators on every detector: all pass but those that are named here and in the docs."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

import paranom_rs

checks = pytest.importorskip("sklearn.utils.estimator_checks")

DOCS = Path(__file__).parents[2] / "docs"

WORDING = "The error names the argument, the rule and the value, in our words."
ORDER = "Rows are in the order of time: a score depends on the rows around."
LABELS = "Labels are 0 and 1; the check gives other ones."
SHORT = "The series of the check is shorter than the detector needs."
SCORE = "`score` is RAMP's method for streams; its second argument is the process."

#: Of every detector.
ALL = {
    "check_estimators_unfitted": "`paranom_rs.NotFittedError` is raised; scikit-learn is not imported for its own.",
    "check_do_not_raise_errors_in_init_or_set_params": "Parameters are checked when they are given.",
    "check_n_features_in_after_fitting": WORDING,
    "check_complex_data": WORDING,
    "check_dtype_object": WORDING,
    "check_estimators_empty_data_messages": WORDING,
    "check_fit2d_1sample": WORDING,
    "check_fit2d_predict1d": WORDING,
    "check_outliers_fit_predict": "An anomaly is 1 and a normal row 0, as in PyOD.",
    "check_outliers_train": "An anomaly is 1 and a normal row 0, as in PyOD.",
}
#: Of every detector, when `fit` is given the labels of the check.
LABELLED = dict.fromkeys(
    (
        "check_fit_score_takes_y",
        "check_estimators_overwrite_params",
        "check_dont_overwrite_parameters",
        "check_estimators_fit_returns_self",
        "check_readonly_memmap_input",
        "check_positive_only_tag_during_fit",
        "check_estimators_dtypes",
        "check_f_contiguous_array_estimator",
        "check_classifier_data_not_an_array",
        "check_methods_sample_order_invariance",
        "check_methods_subset_invariance",
        "check_fit2d_1feature",
        "check_dict_unchanged",
    ),
    LABELS,
)
TOO_SHORT = dict.fromkeys(
    (
        "check_estimators_overwrite_params",
        "check_dont_overwrite_parameters",
        "check_estimators_fit_returns_self",
        "check_readonly_memmap_input",
        "check_estimators_dtypes",
        "check_f_contiguous_array_estimator",
        "check_classifier_data_not_an_array",
        "check_methods_sample_order_invariance",
        "check_methods_subset_invariance",
        "check_fit2d_1feature",
        "check_dict_unchanged",
    ),
    SHORT,
)
FAR_TOO_SHORT = dict.fromkeys(
    ("check_estimators_pickle", "check_fit_score_takes_y", "check_pipeline_consistency"), SHORT
)
ONE_CHANNEL = {"check_fit1d": "A series of one channel may have the shape (n,)."}
SHUFFLED = {"check_methods_sample_order_invariance": ORDER}
WINDOWS = SHUFFLED | {"check_methods_subset_invariance": ORDER}
#: Of one detector.
EACH: dict[str, dict[str, str]] = {
    "RAMP": ONE_CHANNEL | SHUFFLED | {"check_fit_score_takes_y": SCORE, "check_pipeline_consistency": SCORE,
                                      "check_fit2d_1feature": SHORT},
    "NearestWindows": ONE_CHANNEL | SHUFFLED | {
        "check_estimators_pickle": "The check strews missing values over a few rows: no window of five is whole."},
    "PCADetector": ONE_CHANNEL | WINDOWS,
    "IsolationForest": ONE_CHANNEL | WINDOWS,
    "ZScore": ONE_CHANNEL,
    "MatrixProfileDetector": TOO_SHORT,
    "LeftMatrixProfile": TOO_SHORT,
    "LSTMAD": TOO_SHORT | FAR_TOO_SHORT,
    "AnomalyNet": TOO_SHORT | FAR_TOO_SHORT,
    "RNNAutoencoder": ONE_CHANNEL | WINDOWS | {"check_fit2d_1feature": SHORT},
}  # fmt: skip
QUICK: dict[str, dict[str, Any]] = {
    "IsolationForest": {"n_estimators": 2},
    "LSTMAD": {"epochs": 1, "hidden_size": 2, "num_layers": 1},
    "RNNAutoencoder": {"epochs": 1, "hidden_size": 2},
    "AnomalyNet": {"steps": 1},
}


def found(name: str) -> Any:
    if hasattr(paranom_rs, name):
        return getattr(paranom_rs, name)
    pytest.importorskip("torch")
    return getattr(pytest.importorskip("paranom_rs.deep"), name)


def without_labels(kind: Any) -> Any:
    """The detector, for checks whose labels are none of its own: `fit` looks at none."""

    def fit(self: Any, X: Any, y: Any = None) -> Any:
        return kind.fit(self, X)

    def fit_predict(self: Any, X: Any, y: Any = None) -> Any:
        return kind.fit_predict(self, X)

    made = type(kind.__name__, (kind,), {"fit": fit, "fit_predict": fit_predict, "__module__": __name__})
    globals()[kind.__name__] = made  # where pickle looks for it
    return made


def outcomes(detector: Any) -> dict[str, set[str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = checks.check_estimator(detector, on_fail=None, on_skip=None)
    by: dict[str, set[str]] = {"failed": set(), "passed": set(), "skipped": set()}
    for result in results:
        by[result["status"]].add(result["check_name"])
    return by


def compare(detector: Any, expected: set[str]) -> None:
    by = outcomes(detector)
    assert by["failed"] - expected == set(), "checks fail that are not named"
    ran = by["failed"] | by["passed"]
    assert (expected & ran) - by["failed"] == set(), "checks are named that pass"
    assert len(by["passed"] - by["failed"]) >= 15


@pytest.mark.parametrize("name", EACH)
def test_a_detector_passes_all_checks_but_those_named(name: str) -> None:
    kind = without_labels(found(name))
    compare(kind(**QUICK.get(name, {})), set(ALL) | set(EACH[name]))


def test_labels_other_than_0_and_1_are_refused() -> None:
    compare(paranom_rs.ZScore(), set(ALL) | set(EACH["ZScore"]) - set(ONE_CHANNEL) | set(LABELLED))


@pytest.mark.skipif(not DOCS.is_dir(), reason="needs the checkout")
def test_the_docs_name_them_all() -> None:
    page = (DOCS / "sklearn_checks.md").read_text(encoding="utf-8")
    assert table() in page


def table() -> str:
    """The table of the docs: `python tests/detect/test_sklearn_checks.py` prints it."""
    rows = {(check, reason): ["all"] for check, reason in (ALL | LABELLED).items()}
    for name, fails in EACH.items():
        for check, reason in fails.items():
            rows.setdefault((check, reason), []).append(name)
    lines = ["| check | detectors | why it fails |", "| --- | --- | --- |"]
    for (check, reason), names in sorted(rows.items()):
        lines.append(f"| `{check}` | {', '.join(names)} | {reason} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
