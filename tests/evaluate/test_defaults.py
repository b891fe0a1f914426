"""The experiment with default settings: what it reads, what it counts, and that it is repeatable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paranom_rs.experiments import defaults, recordings


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
    assert all(x.alarms[4] == 1.0 for x in found)
    again = [defaults.measure((work, "RAMP")) for work in defaults.works(folder)]
    assert [x[:4] for x in again] == [x[:4] for x in found]
    means = defaults.over_groups(found[:2], lambda x: x.vus_pr)
    assert means["mean"] == pytest.approx((means["MSL"] + means["NAB"]) / 2)
