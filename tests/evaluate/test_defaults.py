"""The experiment with default settings: what it reads, what it counts, and that it is repeatable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paranom_rs.experiments import defaults, ramp_windows, recordings
from paranom_rs.experiments.alarms import alarms


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for part, d in (("uni", 1), ("multi", 6)):
        where = tmp_path / "tsbad" / part
        where.mkdir(parents=True)
        for source in ("NAB", "MSL"):
            X = np.sin(np.arange(800) / 9)[:, None] + 0.1 * rng.normal(size=(800, d))
            y = np.zeros(800, np.int8)
            y[600:620] = 1
            X[600:620] += 4
            np.savez(where / f"001_{source}_x.npz", X=X, y=y, train=400, window=30)
        text = "file,Good,Bad,ts_len\n001_NAB_x.csv,0.5,0.1,800\n001_MSL_x.csv,0.7,0.1,800\nother.csv,1,1,1\n"
        (tmp_path / "tsbad" / f"published_{part}_VUS-PR.csv").write_text(text)
    return tmp_path


def test_series_are_read(folder: Path) -> None:
    series = list(recordings.tsbad(folder, "uni"))
    assert [x.source for x in series] == ["MSL", "NAB"]
    assert series[0].X.shape == (800, 1)
    assert (series[0].train, series[0].window) == (400, 30)


def test_the_tables(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--data", str(folder), "--out", str(folder / "out"), "--only", "RAMP", "ZScore", "--jobs", "1"]
    defaults.main(arguments)
    text = capsys.readouterr().out
    assert "Good (published) | 0.700 | 0.500 | 0.600" in text.replace("  ", " ")
    assert "ts_len" not in text
    found = [defaults.measure((work, "RAMP")) for work in defaults.works(folder)]
    assert all(x.vus_pr > 0.5 for x in found)
    assert all(x.alarms.events == 1.0 for x in found)
    again = [defaults.measure((work, "RAMP")) for work in defaults.works(folder)]
    assert [repr(x[:4]) for x in again] == [repr(x[:4]) for x in found]
    means = defaults.over_groups(found[:2], lambda x: x.vus_pr)
    assert means["mean"] == pytest.approx((means["MSL"] + means["NAB"]) / 2)


def test_alarms_are_counted_as_said() -> None:
    y = np.repeat([0, 1, 0, 1, 0], [4, 4, 4, 2, 2])
    flagged = np.repeat([0, 1, 0, 1, 0], [3, 1, 2, 1, 9]).astype(bool)
    found = alarms(y, flagged, "power demand")
    # Row 3 is normal, row 6 lies in the first event, which begins at row 4.
    assert found[:5] == (1 / 2, 1 / 6, 2 / 8, 1 / 10, 1 / 2)
    assert (found.per_1000, found.a_day, found.delay) == (125.0, 2 / (16 / 96), 2.0)
    silent = alarms(y, np.zeros(16, bool), "shuttle")
    assert silent[:6] == (0, 0, 0, 0, 0, 0)
    assert np.isnan([silent.a_day, silent.delay]).all()


def test_each_recording_has_a_row(folder: Path) -> None:
    pytest.importorskip("river")
    names = ["ZScore", "sklearn:IsolationForest", "river:HalfSpaceTrees"]
    found = defaults.measured(folder, names, 1)
    made = defaults.each_recording(found, names)
    assert list(made) == list(defaults.TITLES.values())
    assert made["events found"].count("\n| MSL | 001_MSL_x | 1.00 |") == 2
    # Only NAB has a clock.
    assert made["alarms a day"].count("\n| NAB") == 2
    assert "MSL" not in made["alarms a day"]


def test_windows_from_periods(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = next(recordings.tsbad(folder, "uni")).X[:400]
    period, likeness = ramp_windows.clearest_period(train)
    assert period in (56, 57)
    assert likeness > 0.5
    # A channel without a period changes nothing.
    assert ramp_windows.clearest_period(np.column_stack([np.random.default_rng(0).random(400), train]))[0] == period
    assert ramp_windows.Rule(0.5, 16, 250, 0.5).window(train, (57, 0.6)) == 28
    assert ramp_windows.Rule(0.5, 30, 250, 0.5).window(train, (57, 0.6)) == 30
    assert ramp_windows.Rule(2, 30, 250, 0.5).window(train[:120], (57, 0.6)) == 40
    assert ramp_windows.Rule(0.5, 16, 250, 0.5).window(train, (57, 0.4)) is None
    ramp_windows.main(["--data", str(folder), "--out", str(folder / "out")])
    assert capsys.readouterr().out.count("| 60 rows | 0 |") == 2


def test_every_second_run_of_skab_is_ranked(folder: Path) -> None:
    where = folder / "skab" / "valve1"
    where.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for run in range(3):
        rows = np.column_stack([rng.normal(size=(600, 8)), np.arange(600) // 50 == 9, np.zeros(600)])
        lines = [f"t;{';'.join(map(str, row))}" for row in rows.tolist()]
        (where / f"{run}.csv").write_text("\n".join(["head", *lines]))
    names = [[w.name for w in defaults.works(folder, every=every) if w.group == "SKAB"] for every in (False, True)]
    assert names == [["valve1/0", "valve1/2"], ["valve1/0", "valve1/1", "valve1/2"]]
    found = [defaults.measure((w, "ZScore")) for w in defaults.works(folder, every=True) if w.group == "SKAB"]
    assert np.isnan([x.vus_pr for x in found]).tolist() == [False, True, False]
    assert not np.isnan([x.alarms.f1 for x in found]).any()
