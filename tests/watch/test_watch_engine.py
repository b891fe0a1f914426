"""`Watch`: what it scores, learns, takes back and keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paranom_rs import RAMP, SpecError, SpecTypeError, UnknownKeyError
from paranom_rs.watch import Watch
from paranom_rs.watch.rows import ALARM, ANOMALY
from support.watched import SETTINGS, feed, stream

Make = Callable[..., Watch]
RAMP_SETTINGS = {"window": 5, "reference": 200, "threshold": 1.0}


def state(watch: Watch, key: str = "") -> bytes:
    """The detector's bytes as the store's snapshot and samples give them."""
    return watch.detector(key).to_bytes()


def told(X: np.ndarray, verdicts: list[tuple[int, dict[str, Any]]], **settings: Any) -> RAMP:
    """A RAMP that got feedback after so many samples."""
    ramp, position = RAMP(3, **RAMP_SETTINGS | settings), 0
    for at, feedback in verdicts:
        ramp.score(X[position:at])
        ramp.feedback(**feedback)
        position = at
    ramp.score(X[position:])
    return ramp


def flagged(watch: Watch, alarm: int) -> list[int]:
    found = watch.alarm(alarm)
    rows = watch.rows("", found.start, found.stop)
    return (rows.first + np.flatnonzero(rows.flags & ANOMALY)).tolist()


def test_scores_and_alarms_are_those_of_ramp(make: Make) -> None:
    X, watch = stream(), make()
    feed(watch, X)
    ramp = RAMP(3, **RAMP_SETTINGS)
    expected = ramp.score(X)
    rows = watch.rows()
    assert rows.stop == len(X)
    assert rows.first <= len(X) - SETTINGS["keep"]
    np.testing.assert_array_equal(rows.score, expected.score[rows.first :])
    np.testing.assert_array_equal(rows.X, X[rows.first :])
    np.testing.assert_array_equal(rows.contributions, expected.contributions[rows.first :].astype(np.float32))
    np.testing.assert_array_equal(rows.flags & ALARM != 0, expected.alarm[rows.first :])
    assert state(watch) == ramp.to_bytes()
    spans = [(alarm.start, alarm.stop) for alarm in reversed(watch.alarms())]
    edges = np.flatnonzero(np.diff(expected.alarm, prepend=False, append=False)).reshape(-1, 2)
    assert spans == [tuple(edge) for edge in edges.tolist()]
    for alarm in watch.alarms():
        assert alarm.peak == alarm.start + expected.score[alarm.start : alarm.stop].argmax()
        assert alarm.score == expected.score[alarm.peak]
        assert alarm.channel == 1
        assert (alarm.t_start, alarm.t_stop, alarm.is_open) == (alarm.start, alarm.stop - 1, False)


@settings(max_examples=20)
@given(cuts=st.lists(st.integers(1, 1499), max_size=12), learn=st.booleans())
def test_batches_do_not_matter(tmp_path_factory: pytest.TempPathFactory, cuts: list[int], learn: bool) -> None:
    X = stream(1500)
    given = SETTINGS | ({"threshold": None, "calibrate": 450, "quantile": 0.999} if learn else {})
    states, alarms = [], []
    for edges in ([], sorted(set(cuts))):
        with Watch(tmp_path_factory.mktemp("store") / "a.db", list("abc"), **given) as watch:
            for start, stop in zip([0, *edges], [*edges, len(X)], strict=True):
                watch.update_many(X[start:stop], t=np.arange(start, stop))
            states.append(state(watch))
            alarms.append([(a.start, a.stop, a.peak, a.score, a.uncertainty) for a in watch.alarms()])
            if learn:
                ramp = RAMP(3, **RAMP_SETTINGS)
                assert watch.threshold() == ramp.calibrate(X[:450], quantile=0.999)
    assert states[0] == states[1]
    assert alarms[0] == alarms[1]
    assert alarms[0]


def test_a_dismissed_pattern_is_muted_and_the_click_says_so(make: Make) -> None:
    X, watch = stream(), make()
    feed(watch, X[:920])
    first, second = reversed(watch.alarms())
    done = watch.feedback(second.id, real=False, who="Ada")
    assert (done.taught, done.position, done.muted, done.score) == (True, 920, [second.id], 0.5)
    assert first.id not in done.muted
    feed(watch, X[920:], first=920)
    expected = told(X, [(920, {"false_positives": flagged(watch, second.id)})])
    assert state(watch) == expected.to_bytes()
    [action] = watch.actions()
    assert (action.kind, action.who, action.alarm, action.position) == ("false", "Ada", second.id, 920)


def test_an_old_alarm_is_judged_where_it_stood(make: Make) -> None:
    X, watch = stream(2000), make()
    feed(watch, X)
    old = watch.alarms()[-1]
    assert old.stop < 2000 - 200, "it is older than RAMP's own memory"
    times = flagged(watch, old.id)
    assert watch.feedback(old.id, real=False).taught
    assert state(watch) == told(X, [(old.stop, {"false_positives": times})]).to_bytes()


def test_undo_gives_the_detector_that_was_never_told(make: Make) -> None:
    X, watch = stream(), make(keep=10_000)
    feed(watch, X[:920])
    second, first = watch.alarms()
    one = watch.feedback(second.id, real=False)
    feed(watch, X[920:1350], first=920)
    two = watch.feedback(first.id, real=True)
    three = watch.mark_missed("", 1320, 1330)
    feed(watch, X[1350:], first=1350)
    times = flagged(watch, second.id)
    watch.undo(three.action)
    assert watch.undo(two.action).taught
    assert state(watch) == told(X, [(920, {"false_positives": times})]).to_bytes()
    watch.undo(one.action, who="Bob")
    assert state(watch) == told(X, []).to_bytes()
    assert [(a.undone_by, a.undone_at is not None) for a in watch.actions() if a.id == one.action] == [("Bob", True)]
    with pytest.raises(SpecError, match="must not have been taken back"):
        watch.undo(one.action)


def test_the_contrary_replaces_a_verdict(make: Make) -> None:
    X, watch = stream(1000), make()
    feed(watch, X[:920])
    alarm = watch.alarms()[0]
    watch.feedback(alarm.id, real=False)
    feed(watch, X[920:], first=920)
    watch.feedback(alarm.id, real=True)
    assert state(watch) == told(X, [(1000, {"true_positives": flagged(watch, alarm.id)})]).to_bytes()
    assert [action.kind for action in watch.actions(only_held=True)] == ["real"]
    assert watch.verdicts_on([alarm.id])[alarm.id].kind == "real"


def test_a_missed_range_alarms_from_now_on(make: Make) -> None:
    X, watch = stream(1500), make(threshold=50.0)
    feed(watch, X[:1000])
    assert not watch.alarms()
    assert watch.mark_missed("", 900, 912).taught
    assert state(watch) == told(X[:1000], [(1000, {"true_positives": range(900, 912)})], threshold=50.0).to_bytes()
    for start, stop in ((5, 5), (9, 8), (990, 1001)):
        with pytest.raises(SpecError):
            watch.mark_missed("", start, stop)
    assert not watch.mark_missed("", 0, 10).taught, "no detection there: a label only"


def test_thresholds_hold_from_their_place_and_can_be_taken_back(make: Make) -> None:
    X, watch = stream(1500), make()
    feed(watch, X[:450])
    number = watch.set_threshold(50.0, who="Ada")
    feed(watch, X[450:700], first=450)
    assert watch.threshold() == 50.0
    assert not watch.alarms()
    feed(watch, X[700:], first=700)
    watch.undo(number)
    assert watch.threshold() == 1.0
    assert state(watch) == told(X, []).to_bytes()
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(SpecError):
            watch.set_threshold(wrong)
    learned = make("learned.db", threshold=None, calibrate=300)
    feed(learned, X[:400])
    [action] = learned.actions()
    with pytest.raises(SpecError, match="must be a person's"):
        learned.undo(action.id)


def test_nothing_alarms_while_the_threshold_is_learnt(make: Make) -> None:
    X, watch = stream(1500), make(threshold=None, calibrate=450)
    feed(watch, X[:449])
    assert watch.threshold() is None
    assert not watch.alarms()
    feed(watch, X[449:], first=449)
    assert watch.threshold() is not None
    assert watch.alarms()


def test_a_learnt_threshold_forgives_a_few_anomalies(make: Make) -> None:
    X, watch = stream(1500), make(threshold=None)
    X[500:510] += 100
    feed(watch, X)
    # 1,000 samples; twice the .95 quantile: the anomaly among them does not count.
    level = RAMP(3, **RAMP_SETTINGS).calibrate(X[:1000], quantile=0.95)
    assert watch.threshold() == 2 * level
    assert [alarm.start for alarm in watch.alarms()] == [1300]


def test_a_long_reference_is_learnt_behind(make: Make) -> None:
    watch = make(threshold=None, reference=700)
    feed(watch, stream(1409))
    assert watch.threshold() is None
    feed(watch, stream(1), first=1409)
    assert watch.threshold() is not None  # 2 x (700 + 5)


def test_missing_samples_postpone_what_is_learnt(make: Make) -> None:
    X, watch = stream(1500), make(threshold=None, calibrate=300, quantile=0.999)
    X[:300] = np.nan
    feed(watch, X[:301])
    assert watch.threshold() is None
    feed(watch, X[301:], first=301)
    # The first block of ordinary samples is rows 300 to 599.
    assert watch.threshold() == RAMP(3, **RAMP_SETTINGS).calibrate(X[300:600], quantile=0.999)


def test_a_restart_goes_on_with_the_same_bits(make: Make) -> None:
    X, watch = stream(), make()
    feed(watch, X[:506], by=7)
    assert watch.alarms()[0].is_open
    watch = make()
    assert watch.key("").position == 506
    assert watch.key("").alarm == 1
    feed(watch, X[506:960], first=506)
    assert [(alarm.start, alarm.stop) for alarm in watch.alarms()][-1] == (500, 513)
    watch.feedback(2, real=False)
    watch = make()
    feed(watch, X[960:], first=960)
    assert state(watch) == told(X, [(960, {"false_positives": flagged(watch, 2)})]).to_bytes()


def test_keys_are_independent(make: Make) -> None:
    X, Y, watch = stream(700), stream(700, seed=1), make()
    for i in range(700):
        watch.update_many(np.stack([X[i], Y[i]]), ["a", "<b> ⚙"], t=[i, i])
    assert state(watch, "a") == told(X, []).to_bytes()
    assert state(watch, "<b> ⚙") == told(Y, []).to_bytes()
    assert {watch.key_name(alarm.key) for alarm in watch.alarms()} == {"a", "<b> ⚙"}
    assert watch.update(X[0], "a").first == 700
    with pytest.raises(UnknownKeyError):
        watch.key("c")


@pytest.mark.parametrize("learn", [False, True])
def test_threads_do_not_matter(make: Make, monkeypatch: pytest.MonkeyPatch, learn: bool) -> None:
    given = {"threshold": None, "calibrate": 300} if learn else {}
    X, keys, found = stream(1200), [f"m{i % 7}" for i in range(6 * 1200)], []
    many = np.repeat(X, 6, axis=0)
    for worth in (0, 1 << 60):
        monkeypatch.setattr("paranom_rs.watch.engine._WORTH_THREADS", worth)
        watch = make(f"{worth}.db", **given)
        for i in range(0, len(many), 1400):
            watch.update_many(many[i : i + 1400], keys[i : i + 1400], t=np.arange(i, i + len(many[i : i + 1400])))
        found.append([state(watch, f"m{i}") for i in range(7)] + [(a.key, a.start, a.stop) for a in watch.alarms()])
    assert found[0] == found[1]
    assert len(found[0]) > 7


@pytest.mark.parametrize(
    ("X", "keys", "t"),
    [
        (np.zeros((1, 2)), None, None),
        (np.zeros((2, 3)), ["a"], None),
        (np.zeros((1, 3)), None, [1.0, 2.0]),
        (np.zeros((1, 3)), ["x" * 201], None),
        (np.zeros((1, 3)), ["a\0b"], None),
        (np.zeros((1, 3)), ["\ud800"], None),
        (np.zeros((3, 3)), ["b", "c", "d"], None),
        ([[0.0, 0.0, float("nan")]], None, None),
    ],
    ids=["channels", "keys", "times", "long", "nul", "surrogate", "too many", "missing"],
)
def test_a_refused_update_changes_nothing(make: Make, X: Any, keys: Any, t: Any) -> None:
    watch = make(max_keys=3, nan_policy="raise")
    feed(watch, stream(300))
    before = state(watch)
    good = np.zeros((1, 3))
    with pytest.raises(ValueError, match="must"):
        if keys is None and t is None and np.shape(X)[1] == 3:
            watch.update_many(np.concatenate([good, X]), ["", "new"])
        else:
            watch.update_many(X, keys, t=t)
    assert [key.name for key in watch.states()] == [""]
    assert (watch.key("").position, state(watch)) == (300, before)
    watch.update_many(good, feed_position="here")
    assert (watch.key("").position, watch.feed_position) == (301, "here")


def test_what_a_full_disk_refuses_is_not_kept_in_memory(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    X, watch = stream(600), make()
    feed(watch, X[:300])

    def full(self: Any, rows: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("paranom_rs.watch.store.Store.add_rows", full)
        with pytest.raises(OSError, match="No space"):
            watch.update_many(np.concatenate([X[300:310], X[:1]]), [*[""] * 10, "new"])
    feed(watch, X[300:], first=300)
    assert state(watch) == told(X, []).to_bytes()
    assert [key.name for key in watch.states()] == [""]


def test_old_samples_are_thinned_and_too_old_verdicts_are_labels_only(make: Make) -> None:
    X, watch = stream(6000), make()
    feed(watch, X, by=100)
    rows = watch.rows()
    assert 2048 <= len(rows) <= 2048 + 256 + 2048 // 8 + 100
    buckets = watch.buckets("", 0, 6000, 16)
    assert buckets.width == 256
    assert buckets.number.tolist() == list(range(1, 24))
    for low, high, number in zip(buckets.low, buckets.high, buckets.number.tolist(), strict=True):
        part = X[number * 256 : (number + 1) * 256]
        np.testing.assert_array_equal(low, part.min(axis=0))
        np.testing.assert_array_equal(high, part.max(axis=0))
    fine = watch.buckets("", 5900, 6000, 16)
    assert (fine.width, fine.number.tolist()) == (16, list(range(368, 375)))
    np.testing.assert_array_equal(watch.rows("", 0, 200).X, X[:200])
    before = state(watch)
    old = watch.alarms()[-1]
    done = watch.feedback(old.id, real=False)
    assert not done.taught
    assert state(watch) == before
    assert watch.verdicts_on([old.id])[old.id].taught is False
    assert not watch.undo(done.action).taught
    assert not watch.verdicts_on([old.id])


def test_alarms_a_day(make: Make) -> None:
    X, watch = stream(2000), make()
    assert watch.update(X[0], t=0.0).first == 0
    assert watch.alarms_a_day("", [1.0]) == ([0.0], 0.0)
    feed(watch, X[1:], first=1)
    rates, days = watch.alarms_a_day("", [1.0, 100.0])
    assert days == pytest.approx(1795 / 86_400, rel=0.2)
    assert rates == [len(watch.alarms()) / days, 0.0]


def test_times_that_go_back_or_are_missing(make: Make) -> None:
    watch = make()
    watch.update_many(np.zeros((4, 3)), t=[5.0, 6.0, 2.0, float("nan")])
    assert watch.key("").backwards == 1
    assert watch.rows().t[:3].tolist() == [5.0, 6.0, 2.0]
    assert watch.rows().t[3] > 1e9


def test_listeners_hear_of_alarms_and_changes(make: Make) -> None:
    X, watch = stream(600), make()
    heard: list[tuple[str, int, bool]] = []
    counts: list[int] = []
    watch.alarm_listeners.append(lambda key, alarm: heard.append((key, alarm.id, alarm.is_open)))
    watch.listeners.append(lambda: counts.append(watch.samples))
    feed(watch, X, by=6)
    assert heard == [("", 1, True), ("", 1, False)]
    feed(watch, stream(1000)[600:], first=600, by=400)
    assert heard[2:] == [("", 2, True), ("", 2, False)]
    counts.pop()
    assert counts[-1] == 600
    before = len(counts)
    watch.feedback(1, real=True)
    assert len(counts) == before + 1


def test_a_store_is_of_one_process_and_of_one_kind(make: Make, tmp_path: Path) -> None:
    make()
    with pytest.raises(SpecError, match="must not be open in another process"):
        Watch(tmp_path / "watch.db", ["flow", "pressure", "speed"], **SETTINGS)
    with pytest.raises(SpecError, match="window: must be 5, as in the store, got 6"):
        make(window=6)
    with pytest.raises(SpecError, match="channels: must be"):
        Watch(tmp_path / "watch.db", ["flow", "pressure", "other"], **SETTINGS)
    with pytest.raises(SpecError, match="reference"):
        make(reference=201)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channels": []}, SpecTypeError),
        ({"channels": "ab"}, SpecTypeError),
        ({"channels": ["a", "a"]}, SpecError),
        ({"keep": 100}, SpecError),
        ({"window": 1}, SpecError),
        ({"threshold": 0.0}, SpecError),
        ({"threshold": None, "calibrate": 60}, SpecError),
        ({"threshold": None, "quantile": 1.5}, SpecError),
        ({"threshold": None, "mode": "author"}, SpecError),
        ({"processes": "infer"}, SpecTypeError),
        ({"store": "mysql://localhost/x"}, SpecError),
        ({"store": "://"}, SpecError),
        ({"store": "sqlite://"}, SpecError),
    ],
    ids=str,
)
def test_settings_are_checked(tmp_path: Path, arguments: dict[str, Any], error: type[Exception]) -> None:
    given: dict[str, Any] = {"store": tmp_path / "a.db", "channels": ["a", "b"]} | arguments
    with pytest.raises(error, match="must"):
        Watch(given.pop("store"), given.pop("channels"), **given)


def test_author_mode_takes_verdicts_and_takes_them_back(make: Make) -> None:
    X, watch = stream(1500), make(mode="author", threshold=0.5)
    feed(watch, X[:1350])
    alarm = watch.alarms()[0]
    done = watch.feedback(alarm.id, real=True)
    feed(watch, X[1350:], first=1350)
    watch.undo(done.action)
    assert state(watch) == told(X, [], mode="author", threshold=0.5).to_bytes()


def test_wrong_keywords_are_answered_with_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(SpecTypeError, match="window"):
        Watch(tmp_path / "a.db", ["a"], windw=5)


def test_what_is_no_store(tmp_path: Path) -> None:
    other = tmp_path / "notes.db"
    other.write_text("no database at all, but long enough to be looked at as one" * 20)
    for where in (other, tmp_path / "nowhere" / "a.db", tmp_path):
        with pytest.raises(OSError, match=r"cannot be opened|No such file|Is a directory"):
            Watch(where, ["a"])
    assert other.read_text().startswith("no database")


@pytest.mark.parametrize(("release", "min_gap"), [(1.0, 0), (1.0, 4), (0.7, 0), (0.7, 3)])
def test_alarms_a_day_count_alarms_as_the_detector_does(make: Make, release: float, min_gap: int) -> None:
    X, watch = stream(2000), make(release=release, min_gap=min_gap, p_limit=0.0, threshold=0.35, keep=10_000)
    feed(watch, X)
    rates, days = watch.alarms_a_day("", [0.35])
    assert rates == [len(watch.alarms()) / days]
    assert len(watch.alarms()) > 10
