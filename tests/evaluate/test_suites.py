"""The suites are what was published, and what they promise of themselves holds."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

from paranom_rs.errors import SpecError, UnknownKeyError
from paranom_rs.experiments import suite_rules
from paranom_rs.generate.rule import Transform
from paranom_rs.suites import Series, load, names
from paranom_rs.suites.graded_1 import GRADES

KINDS = {
    *("shift", "spike", "drift", "clip", "scale", "noise", "smooth", "flatline"),
    *("phase_shift", "frequency_change", "reverse", "time_warp", "missing", "shape", "replace"),
    *("creeping_shift", "creeping_noise", "decouple", "swap", "source_shift"),
}
#: Those that a line of code always finds: easy by their nature, or in what they do to the variable behind.
ALWAYS_EASY = {"missing", "source_shift"}


def test_every_series_is_the_published_one() -> None:
    for name in names():
        suite = load(name)
        assert list(suite.published) == list(suite)
        assert suite.verify() == []


def test_graded_1_is_as_its_page_says() -> None:
    suite = load("graded-1")
    assert len(suite) == 147
    assert {series.grade for series in suite.values()} == set(GRADES)
    assert len({series.train.shape[1] for series in suite.values()}) == 3
    events: dict[str, set[str]] = {grade: set() for grade in GRADES}
    for series in suite.values():
        assert series.train.shape[0] == 4_000
        assert series.test.shape[0] == len(series.y) == 12_000
        assert len(series.data.events) > 0, series.name
        events[series.grade] |= {event.name for event in series.data.events}
    assert events["easy"] == KINDS
    assert events["hard"] == KINDS - ALWAYS_EASY
    assert events["medium"] >= KINDS - ALWAYS_EASY - {"flatline"}


KINDS_2 = {
    *("beyond", "plateau", "wakes", "level", "drift", "noise", "stuck", "faster", "warped"),
    *("spike", "burst", "dip", "shift of several", "several stuck", "decoupled"),
}


def test_graded_2_is_as_its_page_says() -> None:
    suite = load("graded-2")
    assert len(suite) == 112
    assert {series.grade for series in suite.values()} == set(GRADES)
    assert {series.train.shape[1] for series in suite.values()} == {1, 2, 8, 25, 55}
    events: set[str] = set()
    for series in suite.values():
        assert series.train.shape[0] == 2_000
        assert series.test.shape[0] == len(series.y) == 6_000
        assert 0 < series.y.sum() < 3_000, series.name
        events |= {event.name for event in series.data.events}
    assert events == KINDS_2


def test_values_that_training_has_not_seen_and_long_levels_are_in_graded_2() -> None:
    suite = load("graded-2")
    outside = dict.fromkeys(("unseen", "course"), 0.0)
    for family in outside:
        shares = []
        for series in (x for x in suite.values() if f"-{family}-easy" in x.name):
            rows = series.test[series.y == 1]
            shares.append(((rows > series.train.max(axis=0)) | (rows < series.train.min(axis=0))).any(axis=1).mean())
        outside[family] = float(np.mean(shares))
    assert outside["unseen"] > 0.9
    assert outside["course"] < 0.3
    lengths = [len(event) for x in suite.values() if "-level-" in x.name for event in whole_events(x)]
    assert np.median(lengths) > 350
    several = [event for event in suite["valve-together-easy"].data.events if event.name == "shift of several"]
    assert {len(event.variables) for event in several} == {8}


def whole_events(series: Series) -> list[range]:
    """The events that the rows to score hold wholly."""
    last = series.learnt + series.scored
    return [range(e.start, e.stop) for e in series.data.events if e.start >= series.learnt and e.stop <= last]


def test_rules_of_graded_2_say_where_they_are_from() -> None:
    text = resources.files("paranom_rs.suites").joinpath("graded_2_rules.json").read_text(encoding="utf-8")
    rules = json.loads(text)["rules"]
    sources = {held["source"] for held in rules.values()}
    assert sources == {suite_rules.NAB, suite_rules.NASA, suite_rules.ECG_SOURCE, suite_rules.WRITTEN}
    for name, made in suite_rules.written().items():
        wanted = suite_rules.entry(suite_rules.WRITTEN, suite_rules.generator_of(made))
        assert json.loads(json.dumps(wanted)) == rules[name]


def test_shorter_rules_mean_the_same() -> None:
    weights = [1 / 3, 1 / 3, 1 - 2 / 3]
    rule = {"kind": "choice", "values": [0.123456789, 1.0, 2.0], "weights": weights}
    assert suite_rules.shorter(rule) == rule
    assert suite_rules.shorter({"kind": "empirical", "quantiles": [0.123456789]})["quantiles"] == [0.123457]


#: Kinds of transforms that are younger than the suite, which never changes.
YOUNGER = {"forbidden_transition"}


def test_every_transform_is_in_the_suite() -> None:
    """And other rules in a variable's place, and creeping onsets."""
    transforms = {kind.kind for kind in Transform.__subclasses__()}
    assert len(transforms) > 10
    for anomaly in (a for x in load("graded-1").values() for a in x.generator.to_spec()["anomalies"]):
        transforms -= {rule.get("kind") for rule in anomaly["values"].values()}
    assert transforms == YOUNGER


def test_links_break_and_nothing_else_does() -> None:
    series = load("graded-1")["linked-links-hard"]
    broken = {event.name: event.broken for event in series.data.events}
    assert broken["decouple"] == (("a", "b"),)
    a, b = series.test[:, 0], series.test[:, 1]
    normal, cut = (np.corrcoef(a[:-7][mine[7:]], b[7:][mine[7:]])[0, 1] for mine in (series.y == 0, where(series)))
    assert normal > 0.75
    assert abs(cut) < 0.3
    # Alone, b looks as it did: only its relation is another.
    assert b[where(series)].std() == pytest.approx(b[series.y == 0].std(), rel=0.15)


def where(series: Series) -> np.ndarray:
    """Rows of the events that cut b off a."""
    rows = np.zeros(len(series.y), bool)
    for event in series.data.events:
        if event.name == "decouple":
            rows[event.start - 4_000 : event.stop - 4_000] = True
    return rows


def test_a_name_that_is_not_there_is_named() -> None:
    suite = load("graded-1")
    assert "nope" not in suite
    with pytest.raises(UnknownKeyError, match="'nope' is no series of graded-1"):
        suite["nope"]


@pytest.mark.parametrize("name", ["wave-value-medium", "ecg-course-hard", "mixed-spread-hard", "square-other-medium"])
def test_no_one_liner_finds_what_is_not_easy(name: str) -> None:
    series = load("graded-1")[name]
    audit = series.data.audit()
    assert audit.changed_unlabelled == 0
    assert audit.found_by_any == 0.0
    assert audit.decoys > 0
    assert (series.data.clean.X[series.y == 0] == series.test[series.y == 0]).all()


def test_training_rows_are_normal_and_come_before() -> None:
    series = load("graded-1")["plant-value-easy"]
    clean = series.generator.generate(4_000).clean
    np.testing.assert_array_equal(series.train, clean.X)


def test_unknown_suites_are_refused() -> None:
    with pytest.raises(SpecError, match="name: must be one of 'graded-1', 'graded-2', got 'graded-0'"):
        load("graded-0")
