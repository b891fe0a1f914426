"""The experiments, run small: each command writes its table and its picture."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
matplotlib.use("Agg")

from paranom_rs.experiments import detectors, pump, report, shuttle  # noqa: E402


def lines(path, heading):
    """The body of a table in a report, as lists of cells."""
    text = path.read_text().split(f"## {heading}\n\n")[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|\n").split("|")] for line in text.strip().split("\n")]


def test_tables():
    text = report.table([{"a": 1, "b": 0.12345}, {"b": None, "c": "x"}], digits=2)
    assert text == "| a | b | c |\n| --- | --- | --- |\n| 1 | 0.12 |  |\n|  |  | x |"


def test_pump(tmp_path, capsys):
    n = 6000
    t = np.arange(n)
    y = (t % 1500) > 1300
    x = np.where(y, 30.0, 50 + np.sin(t / 9)) + np.random.default_rng(0).normal(0, 0.2, n)
    path = tmp_path / "sensor.csv.gz"
    with gzip.open(path, "wt", newline="") as file:
        out = csv.writer(file)
        out.writerow(["", "timestamp", "sensor_02", "machine_status"])
        for i in range(n):
            out.writerow([i, f"t{i}", "" if i == 7 else f"{x[i]:.4f}", "RECOVERING" if y[i] else "NORMAL"])
    values, labels = pump.read(path)
    assert np.isnan(values[7])
    assert np.isnan(values).sum() == 1
    assert (labels == y).all()
    pump.main([str(path), "--out", str(tmp_path / "out"), "--epochs", "2", "--cells", "rnn", "--layers", "1"])
    head, _, *rows = lines(tmp_path / "out" / "pump.md", "Results")
    assert head[:6] == ["model", "score", "TP", "FP", "TN", "FN"]
    assert [row[0] for row in rows] == ["RNN light"] * 2 + ["RNN light VAE"] * 2 + [
        "mean z-score", "PCA", "isolation forest",
    ]  # fmt: skip
    # The failures are gross: every model finds them all.
    assert all(row[head.index("FN")] == "0" for row in rows)
    assert "semi-real" not in capsys.readouterr().out
    assert (tmp_path / "out" / "pump.png").stat().st_size > 5000


def test_shuttle(tmp_path):
    rng = np.random.default_rng(0)
    t = np.arange(5000)
    for name, first in zip(shuttle.FILES, (1100, 4270, 2100), strict=True):
        y = (t >= first) & (t < first + 60)
        x = np.where(y, 0.0, np.sin(2 * np.pi * t / 250)) + rng.normal(0, 0.05, 5000)
        np.savetxt(
            tmp_path / f"{name}_labeled.csv", np.column_stack([x, y]), delimiter=",", header="value,label", comments=""
        )
    out = tmp_path / "out"
    shuttle.main([str(tmp_path), "--out", str(out), "--seeds", "2", "--steps", "5", "--long", "20000"])
    head, _, *rows = lines(out / "shuttle.md", "Results")
    assert head == ["anomalies", "accuracy", "recall", "precision", "F1", "F0.1", "events found of 4"]
    names = [row[0] for row in rows]
    assert names[:3] == ["paper: original", "paper: Paranom", "real"]
    assert names[-1] == "best F1"
    assert rows[0][1] == "0.899"
    assert "±" in rows[2][1]
    assert len(lines(out / "shuttle.md", "Every run")) == 2 + 2 * 3 * (len(names) - 2)
    assert (out / "shuttle.png").stat().st_size > 5000
    # Repeatable by seed.
    data = shuttle.read(tmp_path)
    first, second = (shuttle.fold(data, "TEK16", 1, steps=5, long=20000)[0] for _ in range(2))
    assert first == second


def test_detectors(tmp_path):
    detectors.main(["--out", str(tmp_path), "--only", "z-score", "RNN autoencoder, latent"])
    head, _, *rows = lines(tmp_path / "detectors.md", "ROC AUC")
    assert [row[0] for row in rows] == ["z-score", "RNN autoencoder, latent"]
    for row in rows:
        easy, hard = (float(row[head.index(f"generated, {grade}")]) for grade in ("easy", "hard"))
        assert easy > 0.9
        assert easy > hard
    assert (tmp_path / "detectors.png").stat().st_size > 5000
