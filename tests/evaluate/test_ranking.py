"""The study of rankings, run small: recordings are read as they lie, ranks and correlations are the textbook's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from paranom_rs.experiments import ranking, recordings
from paranom_rs.experiments.ranking import Measured, Ranking
from paranom_rs.experiments.recordings import Task
from paranom_rs.suites import Suite, load
from paranom_rs.suites.graded_1 import FAMILIES, GRADES

pytest.importorskip("sklearn", reason="scikit-learn is not installed")


def folder(path: Path) -> Path:
    """Each set in its layout, small; its anomaly is a jump to 9."""
    rng = np.random.default_rng(0)
    for name in ("nab", "shuttle", "skab/valve1", "ucr", "ecg", "power_demand"):
        (path / name).mkdir(parents=True)

    def series(rows: int, spans: list[tuple[int, int]]) -> np.ndarray:
        x = np.sin(np.arange(rows) / 9) + rng.normal(0, 0.1, rows)
        x[recordings.marked(rows, spans) == 1] = 9.0
        return x

    x = series(2600, [(2300, 2310)])
    stamps = np.datetime64("2014-01-01T00:00:00") + np.arange(2600) * np.timedelta64(300, "s")
    lines = [f"{str(t).replace('T', ' ')},{v}" for t, v in zip(stamps, x, strict=True)]
    name = "machine_temperature_system_failure.csv"
    (path / "nab" / name).write_text("timestamp,value\n" + "\n".join(lines) + "\n")
    window = [f"{str(stamps[k]).replace('T', ' ')}.000000" for k in (2300, 2310)]
    (path / "nab" / "combined_windows.json").write_text(json.dumps({f"realKnownCause/{name}": [window]}))
    for k in (14, 16, 17):
        spans = [(2200, 2240)]
        both = np.column_stack([series(2600, spans), recordings.marked(2600, spans)])
        np.savetxt(path / "shuttle" / f"TEK{k}_labeled.csv", both, delimiter=",", header="value,label", comments="")
    for k in (2, 10):
        x = np.column_stack([*(series(800, [(600, 700)]) for _ in range(8)), recordings.marked(800, [(600, 700)])])
        text = ["datetime;" + ";".join("abcdefgh") + ";anomaly;changepoint"]
        text += ["2020-03-09 10:34:33;" + ";".join(map(str, row)) + ";0.0" for row in x.tolist()]
        (path / "skab" / "valve1" / f"{k}.csv").write_text("\n".join(text) + "\n")
    np.savetxt(path / "ucr" / "135_UCR_Anomaly_Bleeding_1200_1500_1519.txt", series(2000, [(1500, 1519)]))
    for name, spans in recordings.ECG.items():
        x = np.column_stack([np.arange(3000) / 250, series(3000, spans), series(3000, spans)])
        np.savetxt(path / "ecg" / f"{name}.txt", x)
    np.savetxt(path / "power_demand" / "power_data.txt", series(35_040, recordings.POWER))
    return path


def test_recordings_are_read_with_their_labels(tmp_path: Path) -> None:
    assert list(ranking.recorded(tmp_path)) == []
    tasks = list(ranking.recorded(folder(tmp_path)))
    assert [name for _, _, name, _ in tasks] == [
        "NAB machine temperature", "shuttle TEK14", "shuttle TEK16", "shuttle TEK17", "SKAB valve1/2",
        "SKAB valve1/10", "UCR 135", *(f"ECG {name}" for name in recordings.ECG), "power demand 1997",
    ]  # fmt: skip
    for _, _, name, task in tasks:
        assert len(task.test) == len(task.y)
        assert task.train.shape[1] == task.test.shape[1] == {"S": 8, "E": 2}.get(name[0], 1)
        # What is anomalous is at 9, and only that.
        assert ((task.test > 5).all(axis=1) == task.y).all()
        assert (task.train < 5).all()


def test_each_rule_is_ranked_on_in_each_grade_and_families_take_turns() -> None:
    suite = load(ranking.SUITE)
    chosen = list(ranking.generated(suite))
    rules = dict.fromkeys(name.split("-")[0] for name in suite)
    assert [(group, grade) for group, grade, _, _ in chosen] == [(rule, grade) for rule in rules for grade in GRADES]
    families = [name.split("-")[1] for _, _, name, _ in chosen if not name.startswith("linked")]
    assert len({families.count(family) for family in FAMILIES}) == 1
    for group, grade, name, task in chosen[:4]:
        assert (name.split("-")[0], suite[name].grade) == (group, grade)
        assert (task.test == suite[name].test).all()


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=30))
def test_correlations_are_scipys(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array(pairs, float).T
    rho, tau = ranking.correlations(x, y)
    if len(set(x)) > 1 and len(set(y)) > 1:
        assert rho == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
        assert tau == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)
    else:
        assert np.isnan([rho, tau]).all()


def measured(group: str, *figures: float, grade: str = "easy") -> Measured:
    return Measured(group, grade, group, np.array(figures), 0.1, 0.0)


def test_ranks_are_averaged_over_series_then_over_groups() -> None:
    # In "b" the order is turned round, in one series; "a" has three.
    side = Ranking.of([*(measured("a", 0.9, 0.5, 0.5) for _ in range(3)), measured("b", 0.1, 0.2, 0.3)])
    assert side.mean().tolist() == [(1 + 3) / 2, (2.5 + 2) / 2, (2.5 + 1) / 2]
    assert side.agreement() == pytest.approx(stats.spearmanr([1, 2.5, 2.5], [3, 2, 1]).statistic)
    same = Ranking.of([measured(name, 0.9, 0.5, 0.3) for name in "abcde"])
    assert same.agreement() == 1.0
    rng = np.random.default_rng(0)
    assert same.drawn(rng, series=True).tolist() == [1.0, 2.0, 3.0]
    assert ranking.compared(same, same, 0)["Kendall's tau"] == (1.0, 1.0, 1.0)
    simple = np.array([True, False, False])
    assert ranking.separation([measured("a", 0.1, 0.5, 0.7)], simple, 0) == pytest.approx((0.5, 0.5, 0.5))


def test_the_moving_z_score_is_its_definition() -> None:
    rng = np.random.default_rng(1)
    task = Task(rng.normal(size=(100, 2)), rng.normal(size=(50, 2)), np.zeros(50, np.int8))
    rows = np.concatenate([task.train, task.test])
    for i, score in enumerate(ranking.moving_z_score(task, 0)):
        before = rows[100 + i - 60 : 100 + i]
        assert score == pytest.approx(np.abs((task.test[i] - before.mean(axis=0)) / before.std(axis=0)).max())
    flat = Task(np.ones((100, 1)), np.ones((50, 1)), np.zeros(50, np.int8))
    assert (ranking.moving_z_score(flat, 0) == 0).all()


def test_missing_values_take_the_one_before() -> None:
    x = np.array([[np.nan, 1.0], [2.0, np.nan], [np.nan, np.nan], [4.0, 5.0]])
    assert ranking._filled(x).tolist() == [[0, 1], [2, 1], [2, 1], [4, 5]]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite of the first two normal rules, and few draws."""
    series = list(load(ranking.SUITE).values())[: 2 * len(FAMILIES) * len(GRADES)]
    monkeypatch.setattr(ranking, "load", lambda name: Suite(name, series))
    monkeypatch.setattr(ranking, "DRAWS", 50)


def test_the_command_writes_tables_and_a_picture(small: None, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    data = folder(tmp_path / "data")
    only = ["z-score", "moving z-score", "isolation forest"]
    ranking.main(["--data", str(data), "--out", str(tmp_path / "out"), "--jobs", "1", "--only", *only])
    text = (tmp_path / "out" / "ranking.md").read_text()
    body = text.split("## Mean rank\n\n")[1].split("\n\n")[0].split("\n")
    head = [cell.strip() for cell in body[0].strip("|").split("|")]
    assert head == ["detector", *GRADES, "suite", *recordings.SETS, "real"]
    table = np.array([[float(cell) for cell in line.strip("|").split("|")[1:]] for line in body[2:]])
    assert table.mean(axis=0) == pytest.approx(2.0, abs=0.1)
    # A jump to 9 is what a z-score is for.
    assert table[0, -1] < 1.9
    assert "| medium | " in text.split("## What a line of code finds")[1]
    assert "Spearman's rho" in text
    assert (tmp_path / "out" / "ranking.png").stat().st_size > 5000


def test_networks_rank_the_same_twice(small: None) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    task = next(ranking.generated(ranking.load("")))[3]
    short = Task(task.train[:600], task.test[:1500], task.y[:1500])
    assert short.y.any()
    first, second = (
        ranking.measure([("a", "easy", "a", short)], ["LSTM-AD", "LSTM autoencoder", "RAMP"], 0)[0] for _ in range(2)
    )
    assert (first.figures == second.figures).all()
    assert ((first.figures > 0) & (first.figures <= 1)).all()
