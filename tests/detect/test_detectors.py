"""What holds for every detector: one score per row, streams, refusals, files, thresholds, pictures."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import paranom_rs
from paranom_rs import NotFittedError, SpecError, SpecTypeError, StateError, load_detector
from paranom_rs._internal import levels
from paranom_rs.detect import detector_file
from paranom_rs.detect.base import Detector
from paranom_rs.detect.covering import covering_mean
from paranom_rs.detect.loading import _MODULES
from reference import nearest_windows as reference

pytestmark = pytest.mark.filterwarnings("ignore::paranom_rs.DetectorWarning")

#: One of each class, small enough for hundreds of calls.
MADE: dict[str, dict[str, Any]] = {
    "IsolationForest": {"window": 4, "n_estimators": 10},
    "LeftMatrixProfile": {"window": 8},
    "MatrixProfileDetector": {"window": 8},
    "NearestWindows": {"window": 8},
    "PCADetector": {"window": 8},
    "RAMP": {"window": 8},
    "ZScore": {},
}
try:
    import torch  # noqa: F401

    from paranom_rs import deep

    DEEP: dict[str, Any] = {"LSTMAD": deep.LSTMAD, "RNNAutoencoder": deep.RNNAutoencoder}
    quick = {"hidden_size": 4, "verbose": False, "device": "cpu"}
    MADE["LSTMAD"] = {"horizon": 2, "window": 12, "num_layers": 1, "epochs": 6, "batch_size": 64, **quick}
    MADE["RNNAutoencoder"] = {"window": 8, "stride": 4, "epochs": 6, "scoring_mode": "both", **quick}
except ModuleNotFoundError:  # pragma: no cover
    DEEP = {}
NAMES = sorted(MADE)
#: They compare shapes: another level is the same to them.
SHAPES = {"LeftMatrixProfile", "MatrixProfileDetector"}
#: Their scores depend on all rows before.
REMEMBER = {"LeftMatrixProfile", "LSTMAD"}
#: What a default `fit` would take too long for.
BRIEF: dict[str, dict[str, Any]] = {name: {"epochs": 12, "verbose": False} for name in DEEP}


def class_of(name: str) -> Any:
    return DEEP.get(name) or getattr(paranom_rs, name)


def make(name: str, **settings: Any) -> Any:
    return class_of(name)(**{**MADE[name], **settings})


def waves(rows: int = 300, d: int = 2, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(rows)[:, None]
    return np.sin(t / (3 + np.arange(d))) + 0.1 * rng.normal(size=(rows, d))


@pytest.fixture(scope="module")
def fitted() -> dict[str, Any]:
    return {name: make(name).fit(waves()) for name in NAMES}


def value(detector: Any, x: Any) -> float:
    """The score of the next row of a stream. RAMP's None stands for the lowest one."""
    found = detector.update(x)
    return detector._floor if found is None else float(found)


def values(detector: Any, X: Any) -> np.ndarray:
    """The scores of the next rows of a stream, as `value`."""
    found = detector.update_many(X)
    return np.where(np.isnan(found.score), detector._floor, found.score) if hasattr(found, "score") else found


def same(a: Any, b: Any) -> bool:
    return a.to_bytes() == b.to_bytes()


def test_every_class_is_in_the_tables() -> None:
    light = {name for name, module in _MODULES.items() if ".deep." not in module}
    assert set(MADE) - set(DEEP) == light
    assert not DEEP or set(DEEP) | {"AnomalyNet"} == set(_MODULES) - light
    public = {name for name in paranom_rs.__all__ if isinstance(getattr(paranom_rs, name), type)}
    classes = {name for name in public if issubclass(getattr(paranom_rs, name), Detector)}
    assert classes - {"Detector"} == set(MADE) - set(DEEP)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("d", [1, 3])
def test_defaults_find_a_change_of_level(name: str, d: int) -> None:
    detector = class_of(name)(**BRIEF.get(name, {}))
    train, X = waves(900, d), waves(500, d, seed=1)
    X[300:340] += 8
    assert detector.fit(train) is detector
    for causal in (False, True):
        scores = detector.decision_function(X, causal)
        assert scores.shape == (500,)
        assert np.isfinite(scores).all()
        # A forest's scores end at 1.
        times = 1.1 if name == "IsolationForest" else 2
        assert scores[300:340].max() > times * np.quantile(scores[:200], 0.95)
        assert detector.predict(X, causal)[300:340].any()
    assert (detector.score_samples(X) == -detector.decision_function(X)).all()
    # Not the same value over and over.
    assert len(np.unique(detector.decision_function(X))) > 400


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_gives_the_bits_of_a_batch(name: str, fitted: dict[str, Any]) -> None:
    detector, X = copy.deepcopy(fitted[name]), waves(60, seed=2)
    X[20, 0] = np.nan
    X[30] = np.nan
    wanted = detector.decision_function(X, causal=True)
    for _ in range(2):
        assert [value(detector, x) for x in X] == wanted.tolist()
        detector.restart()
    # Many rows at once, single ones between them.
    found = [values(detector, X[:7]), [value(detector, X[7])], values(detector, X[8:8]), values(detector, X[8:50])]
    assert np.concatenate([*found, values(detector, X[50:])]).tolist() == wanted.tolist()
    # A slice is a series by itself: after its first window, the scores are those of the whole.
    if name in REMEMBER:
        return
    first = detector.window_ - 1
    assert (detector.decision_function(X[5:], causal=True)[first:] == wanted[5 + first :]).all()


def walk(rows: int, seed: int = 0) -> np.ndarray:
    """A channel that wanders, and one that does not."""
    rng = np.random.default_rng(seed)
    steady = np.sin(np.arange(rows) / 5) + 0.1 * rng.normal(size=rows)
    return np.stack([np.cumsum(rng.normal(size=rows)), steady], axis=1)


@pytest.mark.parametrize("name", NAMES)
def test_channels_that_wander(name: str) -> None:
    train, X = walk(800), walk(400, seed=3) + np.array([500, 0])
    detector = make(name).fit(train)
    assert detector._wandering.tolist() == [name not in SHAPES, False]
    X[5, 0] = X[200, 1] = np.nan
    wanted = detector.decision_function(X, causal=True)
    assert [value(detector, x) for x in X] == wanted.tolist()
    detector.restart()
    parts = [values(detector, X[start:stop]) for start, stop in ((0, 130), (130, 131), (131, 400))]
    assert np.concatenate(parts).tolist() == wanted.tolist()
    # A level that was never seen is no anomaly, and a jump is one.
    if name in SHAPES | {"IsolationForest"}:
        return
    assert detector.predict(X).mean() < 0.3
    X[300:320, 0] += 60
    assert detector.predict(X)[300:320].any()
    assert detector.explain(X, 300).contributions["0"] > 0.5
    kept = make(name, follow_levels=False).fit(train)
    # The components of a walk explain a level that is as far as it may be.
    assert kept.predict(X).mean() > 0.9 or name == "PCADetector"


@given(st.integers(0, 2**32), st.integers(1, 300), st.sampled_from([0.0, 0.3, 0.95]), st.integers(0, 150))
@settings(deadline=None, max_examples=50)
def test_the_level_is_a_median(seed: int, rows: int, missing: float, before: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(before + rows, 2))
    x[rng.random(x.shape) < missing] = np.nan
    found = levels.without_level(x[before:], np.array([True, False]), x[:before])
    assert np.array_equal(found[:, 1], x[before:, 1], equal_nan=True)
    for i in range(rows):
        held = x[max(before + i - levels.ROWS, 0) : before + i, 0]
        held = held[~np.isnan(held)]
        own = x[before + i, 0]
        wanted = own - (np.median(held) if len(held) else own)
        assert found[i, 0] == pytest.approx(wanted, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("seed", range(10))
def test_which_channels_wander(seed: int) -> None:
    rng = np.random.default_rng(seed)
    t, noise = np.arange(1000), rng.normal(size=1000)
    steady = {
        "noise": noise, "wave": np.sin(t / 20) + noise / 9, "square": np.sign(np.sin(t / 9.55)) + noise / 99,
        "constant": 0.0 * t, "heavy": rng.standard_cauchy(1000), "commands": rng.integers(0, 2, 50).repeat(20),
    }  # fmt: skip
    found = levels.wandering(np.stack(list(steady.values()), axis=1).astype(float))
    assert not found.any(), [name for name, wanders in zip(steady, found, strict=True) if wanders]
    trends = np.stack([t + 9 * noise, t**2.0, np.where(t > 500, 9, 0) + noise], axis=1)
    assert levels.wandering(trends).all()
    assert not levels.wandering(trends[:50]).any()


@pytest.mark.parametrize("name", NAMES)
def test_a_causal_score_looks_at_no_later_row(name: str, fitted: dict[str, Any]) -> None:
    X = waves(60, seed=3)
    changed = X.copy()
    changed[40:] = 100
    scores = [fitted[name].decision_function(x, causal=True) for x in (X, changed)]
    assert (scores[0][:40] == scores[1][:40]).all()
    assert (scores[0] != scores[1]).any()


@pytest.mark.parametrize("name", NAMES)
def test_a_refused_or_interrupted_call_leaves_the_stream(
    name: str, fitted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    detector, X = copy.deepcopy(fitted[name]), waves(60, seed=6)
    values(detector, X[:40])
    wanted = values(copy.copy(detector), X[40:])
    with pytest.raises(SpecError):
        detector.update_many(X[40:, :1])
    if name != "RAMP":  # infinities are missing there, and its core has a test of interruptions
        with pytest.raises(SpecError):
            detector.update_many(np.where(np.arange(20)[:, None] == 9, np.inf, X[40:]))

        def interrupted(*_: Any) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(type(detector), "_remember", interrupted)
            with pytest.raises(KeyboardInterrupt):
                detector.update_many(X[40:])
    assert values(detector, X[40:]).tolist() == wanted.tolist()


@pytest.mark.parametrize("name", NAMES)
def test_saved_loaded_pickled_in_mid_stream(name: str, fitted: dict[str, Any], tmp_path: Path) -> None:
    detector, X = copy.deepcopy(fitted[name]), waves(40, seed=4)
    for x in X[:20]:
        detector.update(x)
    detector.save(tmp_path / "detector")
    others = [load_detector(tmp_path / "detector"), pickle.loads(pickle.dumps(detector)), copy.deepcopy(detector)]
    wanted = [value(detector, x) for x in X[20:]]
    for other in others:
        assert type(other) is type(detector)
        assert [value(other, x) for x in X[20:]] == wanted
        assert same(other, detector)
        assert (other.labels_ == detector.labels_).all()
        assert (other.decision_function(X) == detector.decision_function(X)).all()
        assert other.get_params() == detector.get_params()
    unfitted = pickle.loads(pickle.dumps(make(name)))
    assert unfitted.get_params() == make(name).get_params()


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_no_bytes_but_its_own_are_read(name: str, data: Any, fitted: dict[str, Any]) -> None:
    good = fitted[name].to_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    damaged = [good[:at], good[:at] + bytes([good[at] ^ 255]) + good[at + 1 :], good + b"x"]
    for bad in damaged:
        with pytest.raises(StateError):
            type(fitted[name]).from_bytes(bad)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_what_a_forged_file_holds_is_checked(name: str, data: Any, fitted: dict[str, Any]) -> None:
    """A file whose checksum is right but whose numbers are not is refused, or gives a detector that works."""
    state = detector_file.unpack(fitted[name].to_bytes())
    values, arrays = dict(state.values), dict(state.arrays)
    parameters = dict(state.parameters)
    what = data.draw(st.sampled_from(["drop", "value", "shape", "parameter"]))
    if what == "drop":
        arrays.pop(data.draw(st.sampled_from(sorted(arrays))))
    elif what == "value":
        key = data.draw(st.sampled_from(sorted(values)))
        values[key] = data.draw(st.sampled_from([None, -1, 0, 3, 2**62, 1.5, "x", [], {}]))
    elif what == "shape":
        key = data.draw(st.sampled_from(sorted(arrays)))
        arrays[key] = data.draw(
            st.sampled_from([np.zeros((0, 2)), np.zeros(3), np.full((4, 2), np.nan), arrays[key][:1]])
        )
    else:
        key = data.draw(st.sampled_from(sorted(parameters)))
        parameters[key] = data.draw(st.sampled_from([None, -1, "x", 2**62, [1]]))
    forged = detector_file.pack(detector_file.DetectorState(name, parameters, values, arrays))
    try:
        detector = type(fitted[name]).from_bytes(forged)
    except StateError:
        return
    assert len(detector.decision_function(np.zeros((20, detector.n_features_in_)))) == 20


def test_a_file_of_another_class_or_of_nobody(fitted: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(StateError, match="another detector"):
        paranom_rs.ZScore.from_bytes(fitted["NearestWindows"].to_bytes())
    forged = detector_file.pack(detector_file.DetectorState("os", {}, {}, {}))
    (tmp_path / "x").write_bytes(forged)
    with pytest.raises(StateError, match="does not know"):
        load_detector(tmp_path / "x")


@pytest.mark.parametrize("name", NAMES)
def test_rules_of_parameters(name: str) -> None:
    """Each parameter refuses what its rule refuses, when made and when changed, and nothing changes."""
    detector = make(name)
    before = detector.get_params()
    assert set(before) == set(detector.parameters)
    for parameter, rule in detector.parameters.items():
        assert rule.refused
        for value in rule.refused:
            with pytest.raises((SpecError, SpecTypeError)) as error:
                make(name, **{parameter: value})
            assert error.value.path.startswith(parameter), value
            with pytest.raises((SpecError, SpecTypeError)):
                detector.set_params(**{parameter: value})
    assert detector.get_params() == before
    with pytest.raises(SpecTypeError):
        detector.set_params(no_such=1)
    assert type(detector)(**before).get_params() == before


#: Another value for each parameter that the scores could depend on.
LATER: dict[str, Any] = {
    "batch_size": 8, "beta": 2.0, "bias": 0.5, "distance": "joint", "dropout": 0.5, "epochs": 1, "follow_levels": True,
    "history": 100, "k": 3, "kernel": "author", "loss": "l2", "lr": 0.1, "max_weights": 10, "min_gap": 7,
    "mode": "author", "most_references": 10, "n_estimators": 3, "nan_policy": "raise", "p_limit": 0.5, "patience": 1,
    "random_state": 5, "recipe": "article", "reference": 50, "refresh": "sliding", "release": 0.5, "scale": "mad",
    "scoring_mode": "latent", "stop": "spread", "stride": 2, "train_on": "every_step",
    "trim": 0.1, "variance": 0.5, "window": 20,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_parameters_that_are_set_later_count_from_the_next_fit_on(name: str, fitted: dict[str, Any]) -> None:
    """The threshold belongs to the scores of the last fit: batch, stream and file keep them."""
    data, rows = fitted[name].to_bytes(), waves(40, seed=1)
    wanted = fitted[name].decision_function(rows, causal=True)
    for parameter, other in LATER.items():
        if parameter not in fitted[name].parameters:
            continue
        changed = type(fitted[name]).from_bytes(data)
        changed.set_params(**{parameter: other})
        assert np.array_equal(changed.decision_function(rows, causal=True), wanted), parameter
        changed.restart()
        assert np.array_equal([value(changed, x) for x in rows], wanted), parameter
        if (name, parameter) == ("RNNAutoencoder", "window"):
            with pytest.raises(SpecError, match="as in `fit`"):
                changed.to_bytes()
            continue
        again = type(changed).from_bytes(changed.to_bytes())
        assert np.array_equal(again.decision_function(rows, causal=True), wanted), parameter


BAD_CALLS: dict[str, Any] = {
    "fit on nothing": lambda d: d.fit(np.empty((0, 2))),
    "fit on one row": lambda d: d.fit(np.zeros((1, 2))),
    "fit on infinities": lambda d: d.fit(np.full((300, 2), np.inf)),
    "fit on texts": lambda d: d.fit([["a", "b"]] * 300),
    "fit on a cube": lambda d: d.fit(np.zeros((30, 2, 2))),
    "fit with all anomalous": lambda d: d.fit(waves(), np.ones(300)),
    "fit with too few labels": lambda d: d.fit(waves(), np.zeros(299)),
    "fit on a channel of NaN": lambda d: d.fit(waves() * [1, np.nan]),
    "other channels": lambda d: d.decision_function(waves(d=3)),
    "infinity": lambda d: d.decision_function(np.full((30, 2), -np.inf)),
    "update with another length": lambda d: d.update([1.0, 2.0, 3.0]),
    "update with infinity": lambda d: d.update([np.inf, 0.0]),
    "update with text": lambda d: d.update(["a", "b"]),
    "calibrate on no row": lambda d: d.calibrate(np.empty((0, 2))),
    "calibrate with what is no rule": lambda d: d.calibrate(waves(), threshold=3),
    "calibrate on anomalies only": lambda d: d.calibrate(waves(), np.ones(300)),
    "explain no row": lambda d: d.explain(waves(), 300),
    "not a flag": lambda d: d.decision_function(waves(), causal="yes"),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("call", sorted(BAD_CALLS))
def test_a_refused_call_changes_nothing(name: str, call: str, fitted: dict[str, Any]) -> None:
    detector = copy.deepcopy(fitted[name])
    for x in waves(12, seed=5):
        detector.update(x)
    before = detector.to_bytes()
    with pytest.raises((SpecError, SpecTypeError)):
        BAD_CALLS[call](detector)
    assert detector.to_bytes() == before


@pytest.mark.parametrize("name", NAMES)
def test_before_fit(name: str) -> None:
    for call in ("decision_function", "predict", "calibrate", "explain", "plot", "update"):
        with pytest.raises(NotFittedError):
            getattr(make(name), call)(waves())
    with pytest.raises(NotFittedError):
        make(name).to_bytes()
    assert not make(name).__sklearn_is_fitted__()


@pytest.mark.parametrize("name", NAMES)
def test_the_promise_is_kept_on_its_own_rows(name: str) -> None:
    for share in (0.02, 0.1):
        detector = make(name, alarm_share=share).fit(waves(500))
        assert detector.labels_.dtype == np.int8
        assert detector.labels_.mean() <= share
        assert (detector.fit_predict(waves(500)) == detector.labels_).all()
        other = waves(400, seed=9)
        detector.calibrate(other)
        for causal in (False, True):
            assert detector.predict(other, causal).mean() <= share
        assert (detector.labels_ == (detector.decision_scores_ > detector.threshold_)).all()


@pytest.mark.parametrize("name", NAMES)
def test_anomalies_in_the_training_rows(name: str) -> None:
    X, test = waves(800, 1), waves(400, 1, seed=1)
    X[300:310] -= 4  # anomalies of the same kind, that no label tells of
    X[600:610] -= 4
    test[200:210] -= 4
    dirty, trimmed = make(name).fit(X), make(name, trim=0.06).fit(X)
    assert trimmed.labels_.mean() <= 0.06 + 0.01
    if name not in SHAPES | {"IsolationForest"}:
        assert trimmed.threshold_ < dirty.threshold_
        assert trimmed.labels_[300:310].any()
        assert trimmed.labels_[600:610].any()
        assert trimmed.predict(test)[200:210].any()
    clean = make(name).fit(waves(800, 1))
    assert clean.labels_.mean() <= 0.01


@pytest.mark.parametrize("name", NAMES)
def test_labels_leave_rows_out(name: str) -> None:
    X = waves(500)
    X[200:230] += 50
    y = np.zeros(500, int)
    y[200:230] = 1
    learned = make(name).fit(X, y)
    assert np.isnan(learned.decision_scores_[200:230]).all()
    assert learned.predict(X)[205:225].all() or name in SHAPES
    calibrated = make(name).fit(waves(500)).calibrate(X, y)
    assert calibrated.predict(X)[205:225].all() or name in SHAPES


@pytest.mark.parametrize("name", NAMES)
def test_edges(name: str, fitted: dict[str, Any]) -> None:
    detector = fitted[name]
    for rows in (0, 1, 3, 9):
        for causal in (False, True):
            assert detector.decision_function(waves(rows), causal).shape == (rows,)
    assert np.isfinite(detector.decision_function(np.full((30, 2), np.nan))).all()
    assert np.isfinite(detector.decision_function(np.full((30, 2), 1e200))).all()
    constant = make(name).fit(np.ones((300, 1)))
    assert not constant.predict(np.ones((50, 1))).any()
    # A forest of windows that are all equal has nothing to cut.
    assert constant.predict(np.full((50, 1), 3.0)).any() or name in SHAPES | {"IsolationForest"}
    one = make(name).fit(waves(300, 1)[:, 0])
    assert one.n_features_in_ == 1
    assert one.update(0.5) is not None or name == "RAMP"


@pytest.mark.parametrize("name", NAMES)
def test_tables_have_names(name: str) -> None:
    pd = pytest.importorskip("pandas")
    train = pd.DataFrame(waves(), columns=["Zufluß", "b"])
    detector = make(name).fit(train)
    assert list(detector.feature_names_in_) == ["Zufluß", "b"]
    assert (detector.decision_function(train) == detector.decision_function(waves())).all()
    with pytest.raises(SpecError, match="in this order"):
        detector.decision_function(train[["b", "Zufluß"]])
    assert list(type(detector).from_bytes(detector.to_bytes()).feature_names_in_) == ["Zufluß", "b"]
    X = train.copy()
    X.iloc[150, 1] += 30
    found = detector.explain(X, 150)
    assert next(iter(found.contributions)) == "b"
    assert sum(found.contributions.values()) == pytest.approx(1)
    assert found.start <= 150 < found.stop
    detector.fit(waves())
    assert not hasattr(detector, "feature_names_in_")


@pytest.mark.parametrize("name", NAMES)
def test_why_in_a_stream(name: str, fitted: dict[str, Any]) -> None:
    detector, X = copy.deepcopy(fitted[name]), waves(40, seed=6)
    X[39, 0] = 40
    with pytest.raises(SpecError):
        detector.explain()
    for x in X:
        detector.update(x)
    found = detector.explain()
    assert found == detector.explain(X)._replace(normal=found.normal) or found.normal is None
    assert found.row == 39
    assert next(iter(found.contributions)) == "0"
    if name not in REMEMBER:
        assert found.score == detector.decision_function(X, causal=True)[-1]


@pytest.mark.parametrize("name", NAMES)
def test_a_picture(name: str, fitted: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    X = waves(100, seed=7)
    X[50:60] += 5
    figure = fitted[name].plot(X, (np.arange(100) // 10 == 5).astype(int))
    assert len(figure.axes) == 3
    figure.savefig(tmp_path / "x.png")
    pd = pytest.importorskip("pandas")
    index = pd.date_range("2024-01-01", periods=100, freq="h", tz="Europe/Berlin")
    assert fitted[name].plot(pd.DataFrame(X, index=index), causal=True).axes[-1].get_xlabel() == "time"
    with pytest.raises(SpecError):
        fitted[name].plot(X, times=np.arange(3))


@pytest.mark.parametrize("name", NAMES)
def test_scikit_learn_takes_it(name: str) -> None:
    sklearn = pytest.importorskip("sklearn")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    copied = sklearn.base.clone(make(name))
    assert copied.get_params() == make(name).get_params()
    pipeline = make_pipeline(StandardScaler(), make(name)).fit(waves())
    assert pipeline.predict(waves(seed=8)).shape == (300,)
    assert pipeline.score_samples(waves(seed=8)).shape == (300,)


@given(
    st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 9), st.integers(1, 3), st.sampled_from([0.0, 0.05, 0.3]),
    st.sampled_from([1.0, 0.0, 1e9]),
)  # fmt: skip
@settings(deadline=None)
def test_nearest_windows_are_those_of_brute_force(
    seed: int, d: int, window: int, k: int, missing: float, offset: float
) -> None:
    rng = np.random.default_rng(seed)
    kinds = [lambda n: rng.normal(size=(n, d)), lambda n: rng.integers(0, 3, (n, d)).astype(float)]
    kind = kinds[seed % 2]
    a, b = kind(70) + offset, kind(60) + offset
    a[rng.random(a.shape) < missing / 3] = np.nan
    b[rng.random(b.shape) < missing] = np.nan
    wanted, starts = reference.nearest_windows(a, b, window, k)
    if (starts < 0).all() and np.isnan(wanted).all():
        return
    index = paranom_rs._core.NearestIndex(a, window, 10**6)
    found, at = index.distances(b, k)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    assert ((at == starts) | (missing > 0) | np.isclose(found, wanted, rtol=1e-12)).all()
    # To the bit, whatever the number of threads and the slice.
    assert (index.distances(b, k, 2)[0] == found)[~np.isnan(found)].all()
    some = index.distances(b[7 : 20 + window], k)[0]
    assert (some == found[7 : 7 + len(some)])[~np.isnan(some)].all()


@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 9), st.sampled_from([1, 2, 4]))
@settings(deadline=None)
def test_scores_of_rows_are_means_over_windows(seed: int, count: int, window: int, power: int) -> None:
    scores = np.random.default_rng(seed).exponential(size=count)
    np.testing.assert_allclose(covering_mean(scores, window, power), reference.covering_mean(scores, window, power))


def test_more_windows_than_are_compared() -> None:
    X = waves(2000, 1)
    few = paranom_rs.NearestWindows(window=20, most_references=50).fit(X)
    all_of_them = paranom_rs.NearestWindows(window=20).fit(X)
    assert (few.decision_function(X) >= all_of_them.decision_function(X) - 1e-12).all()
    assert len(few._index) == 50
    assert all_of_them.decision_function(X).max() == 0
