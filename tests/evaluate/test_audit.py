"""The audit: what it counts is there, in batches as at once; its statistics are the textbook's."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from paranom_rs import (
    Anomaly,
    Callback,
    Choice,
    Decouple,
    Decoys,
    Generator,
    Noise,
    Normal,
    RandomWalk,
    Ref,
    Scale,
    Shift,
    Sine,
    Soft,
    Stochastic,
    Uniform,
    Uniqueness,
    _core,
    one_liners,
    triviality,
)
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.evaluate.audit.statistics import PAGE, cramer, evenness, noise, spearman
from paranom_rs.evaluate.one_line_detectors import found_in


def plant(seed: int = 7, difficulty: str | None = "nontrivial") -> Generator:
    wave = Stochastic(Sine(period=100) + Normal(0.0, 0.2), anomalous=Scale(Uniform(0.4, 1.6)))
    walk = Stochastic(RandomWalk(std=0.02), anomalous=Noise(0.05))
    hard = Anomaly(name="hard", frequency=0.01, duration=(10, 80), variables=["x"], difficulty=difficulty)  # type: ignore[arg-type]
    decoys = Decoys(frequency=0.01, duration=(5, 10), values={"x": Shift(Uniform(1.0, 2.0))})
    easy = Anomaly(frequency=0.01, duration=(10, 80))
    return Generator({"x": wave, "y": walk}, anomalies=[easy, hard, decoys], seed=seed)


@pytest.mark.parametrize(("rows", "start", "size"), [(60_000, 0, 7_000), (30_000, 12_345, 1 << 18), (3, 99, 1)])
def test_batches_find_what_all_rows_at_once_give(rows: int, start: int, size: int) -> None:
    gen = plant()
    once, batches = gen.generate(rows, start=start).audit(), gen.audit(rows, start=start, batch_rows=size)
    assert once.to_json() == batches.to_json()
    for name, column in once.table.items():
        np.testing.assert_array_equal(column, batches.table[name])


def test_nontrivial_events_are_found_by_none() -> None:
    audit = plant().generate(100_000).audit()
    assert audit.triviality_of["hard"] == 0.0
    assert audit.triviality_of["anomaly"] > 0.9
    assert audit.left_out == len(plant().generate(100_000).left_out)
    assert audit.decoys == len(plant().generate(100_000).decoys)
    easy = plant(difficulty=None).generate(100_000).audit()
    assert easy.triviality_of["hard"] > 0.4
    assert easy.left_out == 0


def test_one_liners_pay_for_alarms_on_decoys() -> None:
    """Each decoy is checked as an event is: alone in the normal rows around it."""
    gen = plant()
    data = gen.generate(60_000, start=3_000)
    audit = data.audit()
    bare = Generator.from_spec({k: v for k, v in gen.to_spec().items() if k != "anomalies"})
    normal, values = bare.generate(90_000)["x"], gen.generate(90_000)["x"]
    alarms = found_in(0, normal, values, np.array([(d.start, d.stop) for d in data.decoys]))
    assert audit.decoy_alarms == dict(zip(one_liners(), alarms.mean(axis=0).tolist(), strict=True))
    assert 0 < max(audit.decoy_alarms.values()) <= audit.decoys_alarmed_on == alarms.any(axis=1).mean()
    assert "which alarms on" in str(audit)
    assert "one-liners alarm on" in str(audit)
    without = plant(difficulty=None).audit(0)
    assert (without.decoy_alarms, without.decoys_alarmed_on) == ({}, 0.0)


def test_kinds_in_the_table_are_those_of_the_list() -> None:
    wave = Stochastic(Sine(period=100) + Normal(0.0, 0.2), anomalous=Shift(3.0))
    rare = Decoys(frequency=0.01, duration=5, values={"x": Shift(1.0)})
    audit = Generator(
        {"x": wave}, anomalies=[rare, Anomaly(frequency=0.01, duration=9), Anomaly(name="b", count=1, within=5000)]
    ).audit(20_000)
    assert list(audit.kinds.values()) == np.bincount(audit.table["kind"]).tolist()
    assert list(audit.kinds) == ["anomaly", "b"]


def test_severity_is_the_change_over_the_noise() -> None:
    noise = Stochastic(Normal(5.0, 0.5), anomalous=Shift(2.0))
    data = Generator({"x": noise}, anomalies=Anomaly(frequency=0.01, duration=25), seed=2).generate(100_000)
    assert data.severity.shape == (len(data.events), 1)
    assert np.allclose(data.severity, 4.0, rtol=0.15)
    audit = data.audit()
    assert np.allclose(audit.table["energy"], 4.0 * 5.0, rtol=0.15)
    assert audit.events_undetectable == 0
    weak = Generator(
        {"x": Stochastic(Normal(5.0, 0.5), anomalous=Shift(0.25))}, anomalies=Anomaly(frequency=0.01, duration=9)
    )
    assert weak.audit(50_000).events_undetectable == len(weak.generate(50_000).events)


def test_duplicate_events_are_counted() -> None:
    pattern = Stochastic(Normal(0.0, 1.0), anomalous=Choice([8.0, 9.0, 10.0]))
    data = Generator({"x": pattern}, anomalies=Anomaly(frequency=0.01, duration=2), seed=1).generate(20_000)
    contents = [data["x"][e.start : e.stop].tobytes() for e in data.events]
    audit = data.audit()
    assert audit.duplicate_events == len(contents) - len(set(contents)) > 0
    assert audit.near_duplicate_events >= audit.duplicate_events
    fresh = Generator({"x": Stochastic(Normal(), Shift(9.0))}, anomalies=Anomaly(frequency=0.01, duration=20))
    assert (fresh.audit(20_000).duplicate_events, fresh.audit(20_000).near_duplicate_events) == (0, 0)


def test_lengths_of_kinds_with_exact_counts_have_nothing_to_do_with_each_other() -> None:
    """Each 6,000 rows have one of each: were these as long as each other, length would go with position."""
    kinds = [Anomaly(name=name, count=1, within=6_000, duration=(30, 90)) for name in "abcd"]
    gen = Generator({"x": Stochastic(Normal(), anomalous=Shift(1.0))}, anomalies=kinds, seed=4)
    table = gen.audit(600_000).table
    by_kind = np.array([(table["stop"] - table["start"])[table["kind"] == kind].astype(float) for kind in range(4)])
    assert by_kind.shape == (4, 100)
    apart = np.corrcoef(by_kind)[np.triu_indices(4, 1)]
    assert np.abs(apart).max() < 0.35
    assert by_kind.mean(axis=1).tolist() == pytest.approx([60] * 4, abs=1)


def test_drift_and_ties_are_seen() -> None:
    walk = Generator({"x": Stochastic(RandomWalk(std=1.0))}, seed=3).audit(50_000)
    noise = Generator({"x": Stochastic(Normal())}, seed=3).audit(50_000)
    assert walk.drift["x"] > 0.5
    assert noise.drift["x"] < 0.05
    both = plant().audit(100_000)
    assert both.associations["kind and severity"].p < 1e-6
    assert both.associations["length and position"].p > 0.001
    assert both.position_p > 0.001


def test_what_depends_on_lower_rows_is_audited_as_it_is() -> None:
    noise = Stochastic(Normal(), anomalous=Uniform(3.0, 4.0))
    unique = Generator({"x": noise}, anomalies=Anomaly(frequency=0.1), uniqueness=Uniqueness(normal=Soft(tries=3)))
    called = Generator(
        {"x": Callback(normal=lambda ctx: ctx.rng.normal(), anomalous=lambda ctx: 9.0)},
        anomalies=Anomaly(frequency=0.1),
    )
    for gen in (unique, called):
        data = gen.generate(3000)
        assert data.audit().changed_unlabelled == 0
        assert data.audit().events == len(data.events)


def test_variables_that_refer_to_others() -> None:
    """An event goes on along the references, some rows later, labels with it; a cut edge changes what depends on it."""
    variables = {
        "pressure": Stochastic(Sine(period=90) + Normal(0.0, 0.1), anomalous=Shift(2.0)),
        "flow": Stochastic(
            Ref("pressure", lag=3) * 0.5 + Normal(0.0, 0.1), anomalous=Decouple("pressure", by=Uniform(100, 1000))
        ),
        "level": Stochastic(Ref("flow", lag=2) + Normal(0.0, 0.1)),
    }
    anomalies = [
        Anomaly(name="source", frequency=0.01, duration=(10, 40), variables=["pressure"]),
        Anomaly(name="cut", frequency=0.01, duration=(10, 40), variables=["flow"]),
    ]
    gen = Generator(variables, anomalies=anomalies, seed=3)
    data = gen.generate(50_000)
    audit = data.audit()
    # Rows that an event goes on to lie behind it, and are changed.
    assert (data.labels[:, 2] & ~data.labels[:, 0] & ~data.labels[:, 1]).any()
    assert audit.changed_unlabelled == 0
    assert audit.share == data.y.mean()
    # An event is checked in the variables that it touches.
    assert set(audit.effect) == {"pressure", "flow"}
    assert audit.kinds == {name: [e.name for e in data.events].count(name) for name in ("source", "cut")}
    in_batches = gen.audit(50_000, batch_rows=5_000)
    assert in_batches.to_json() == audit.to_json()


def test_chosen_rows_far_apart() -> None:
    gen = Generator({"x": Stochastic(Normal(), Shift(9.0))}, anomalies=Anomaly(frequency=1e-5, duration=(2, 9)), seed=5)
    audit = gen.generate(normal=100, anomalous=20).audit()
    assert audit.rows == 120
    assert audit.share == 20 / 120
    assert audit.changed_unlabelled == 0
    assert audit.found_by_any == 1.0


def test_events_without_end() -> None:
    forever = Anomaly(events=[(5, 2**63)])
    audit = Generator({"x": Stochastic(Normal(), Shift(9.0))}, anomalies=forever).generate(50).audit()
    assert audit.events == 1
    assert audit.share == 45 / 50


def test_pages_and_json_stand_alone(tmp_path: Path) -> None:
    audit = plant().audit(30_000)
    audit.to_html(tmp_path / "audit.html")
    text = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in text
    assert "http" not in text
    audit.to_json(tmp_path / "audit.json")
    figures = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert figures["rows"] == 30_000
    assert list(figures["one_liners"]) == one_liners()
    Generator({"x": Stochastic(1.0)}).audit(0).to_html(tmp_path / "nothing.html")
    assert json.loads(Generator({"x": Stochastic(1.0)}).audit(0).to_json())["lengths"] == [None, None, None]


def test_pages_and_json_appear_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full half-way leaves the file that was there, and no other."""
    audit = plant().audit(3_000)
    before = audit.to_json(tmp_path / "audit.json")
    (tmp_path / "audit.html").write_text("before", encoding="utf-8")

    def half(path: Path, text: str, **_: object) -> int:
        with path.open("w", encoding="utf-8") as file:
            file.write(text[: len(text) // 2])
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_text", half)
    for write, name in ((audit.to_json, "audit.json"), (audit.to_html, "audit.html"), (audit.to_html, "new.html")):
        with pytest.raises(OSError, match=name):
            write(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audit.html", "audit.json"]
    assert (tmp_path / "audit.json").read_text(encoding="utf-8") == before
    assert (tmp_path / "audit.html").read_text(encoding="utf-8") == "before"


def test_triviality_of_any_series() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 1, (20_000, 2)), np.zeros(20_000, int)
    for start in (3_000, 9_000, 15_000):
        y[start : start + 20] = 1
        x[start : start + 20, 1] += 8.0
    found = triviality(x, y)
    assert found.shape == (3, 48)
    assert found[:, one_liners().index("x")].all()
    assert not found[:, one_liners().index("isnan(x)")].any()
    only_first = np.tile([1, 0], (20_000, 1))
    assert not triviality(x, y, per_variable=only_first)[:, one_liners().index("mean(x, 16)")].any()
    clean = x.copy()
    clean[y == 1, 1] -= 8.0
    assert triviality(x, y, clean=clean)[:, one_liners().index("x")].all()
    assert triviality(x, np.zeros(20_000)).shape == (0, 48)
    assert triviality(np.empty(0), np.empty(0)).shape == (0, 48)
    with pytest.raises(SpecError, match="y: must have 20000 rows, as X has, got 5"):
        triviality(x, y[:5])
    with pytest.raises(SpecError, match="clean: must have the shape of X"):
        triviality(x, y, clean=x[:5])
    with pytest.raises(SpecError, match="per_variable: must have the shape of X"):
        triviality(x, y, per_variable=[1])
    with pytest.raises(SpecTypeError, match="X: must hold real numbers, got dtype"):
        triviality(["a"], [1])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=8, max_size=200))
def test_associations_are_scipys(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array(pairs).T
    if len(set(x)) > 1 and len(set(y)) > 1:
        table = np.array([[((x == a) & (y == b)).sum() for b in set(y)] for a in set(x)])
        expected = stats.chi2_contingency(table, correction=False)
        found = cramer(x, y)
        assert found.measure == pytest.approx(stats.contingency.association(table), abs=1e-12)
        assert found.p == pytest.approx(expected.pvalue, abs=1e-12)
        assert spearman(x, y).measure == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    at = np.sort(np.array(pairs)[:, 0] / 7 + np.arange(len(pairs)) * 1e-6)
    assert evenness(at).measure == pytest.approx(stats.kstest(at, "uniform").statistic, abs=1e-12)


def test_the_spearman_p_value_is_near_the_exact_one() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=60)
    y = x + rng.normal(0, 3, 60)
    assert spearman(x, y).p == pytest.approx(stats.spearmanr(x, y).pvalue, rel=0.2)


def test_the_last_rows_of_all_are_audited() -> None:
    generator = Generator(
        {"x": Stochastic(Normal(), Shift(3.0))}, anomalies=Anomaly(frequency=0.05, duration=(5, 20)), seed=1
    )
    data = generator.generate(500, start=2**64 - 500)
    found = data.audit()
    assert (found.rows, found.events) == (500, len(data.events))
    assert generator.audit(500, start=2**64 - 500).to_dict() == found.to_dict()


@given(st.lists(st.integers(0, 9) | st.integers(0, 2**64 - 1), max_size=300))
def test_duplicates_are_what_is_more_than_unique(numbers: list[int]) -> None:
    hashes = np.array(numbers, np.uint64)
    assert _core.duplicates(hashes) == len(numbers) - len(set(numbers))


@pytest.mark.parametrize("rows", [0, 1, 2, 3, PAGE - 1, PAGE, PAGE + 300, 3 * PAGE + 17])
def test_noise_is_that_of_its_page_or_of_all(rows: int) -> None:
    rng = np.random.default_rng(rows)
    clean = rng.normal(size=rows)
    clean[rng.random(rows) < 0.01] = np.nan
    clean[2 * PAGE : 3 * PAGE - 100] = np.nan  # a page with next to nothing
    clean[5:rows:1000] = np.inf
    bend = np.full(rows, np.nan)
    for i in range(1, rows - 1):
        with np.errstate(invalid="ignore"):
            bend[i] = abs((clean[i + 1] - clean[i]) - (clean[i] - clean[i - 1]))
    bend[~np.isfinite(bend)] = np.nan
    asked = [0, *range(max(rows - 1, 0) // PAGE + 1), 0]
    expected = []
    for page in asked:
        here = bend[page * PAGE : (page + 1) * PAGE]
        known = here if np.isfinite(here).sum() >= PAGE // 16 else bend
        known = known[np.isfinite(known)]
        expected.append(np.median(known) / 0.6745 / np.sqrt(6) if len(known) else 0.0)
    assert noise(clean, np.array(asked)).tolist() == expected
