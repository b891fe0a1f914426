"""The experiments, run small: each command writes its table and its picture."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
matplotlib.use("Agg")

from paranom_rs.experiments import detectors, figure4, pump, report, shuttle  # noqa: E402


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
    out = str(tmp_path / "out")
    pump.main(
        [
            str(path),
            "--out",
            out,
            "--epochs",
            "2",
            "--article-epochs",
            "1",
            "--cells",
            "rnn",
            "--layers",
            "1",
            "--missing",
            "0.01",
        ]
    )
    head, _, *rows = lines(tmp_path / "out" / "pump.md", "Results")
    assert head[:7] == ["model", "recipe", "score", "TP", "FP", "TN", "FN"]
    assert [row[0] for row in rows] == ["RNN light"] * 4 + ["RNN light VAE"] * 4 + [
        "mean z-score", "PCA", "isolation forest",
    ]  # fmt: skip
    assert [row[1] for row in rows[:4]] == ["ours", "ours", "article 1e-3", "article 3e-4"]
    assert "60 values missing" in (tmp_path / "out" / "pump.md").read_text() or np.isnan(values).any()
    # The failures are gross: every model finds them all.
    assert all(row[head.index("FN")] == "0" for row in rows)
    assert "semi-real" not in capsys.readouterr().out
    assert (tmp_path / "out" / "pump.png").stat().st_size > 5000


@pytest.fixture(scope="module")
def valve(tmp_path_factory):
    """Three files of a wave with one event each, in the layout of the shuttle's."""
    folder = tmp_path_factory.mktemp("valve")
    rng = np.random.default_rng(0)
    t = np.arange(5000)
    wave = np.sin(2 * np.pi * t / 250) + rng.normal(0, 0.05, 5000)
    for name, first in zip(shuttle.FILES, (1100, 4270, 2100), strict=True):
        y = (t >= first) & (t < first + 60)
        x = np.where(y, 0.0, wave)
        np.savetxt(
            folder / f"{name}_labeled.csv", np.column_stack([x, y]), delimiter=",", header="value,label", comments=""
        )
    return folder


def test_shuttle(valve, tmp_path):
    shuttle.main([str(valve), "--out", str(tmp_path), "--seeds", "2", "--steps", "4", "--learn"])
    head, _, *rows = lines(tmp_path / "shuttle.md", "Results")
    assert head == ["anomalies", "accuracy", "recall", "precision", "F1", "F0.1", "events found of 4"]
    names = [row[0] for row in rows]
    assert names[:3] == ["paper: original", "paper: Paranom", "real"]
    assert names[-2:] == ["real, learned too", "generated shapes, learned too"]
    assert rows[0][1] == "0.899"
    assert "±" in rows[2][1]
    assert len(lines(tmp_path / "shuttle.md", "Every run")) == 2 + 2 * 3 * (len(names) - 2)
    head, _, *rows = lines(tmp_path / "shuttle.md", "Against real anomalies, run by run")
    assert {row[1] for row in rows} == {"6"}
    assert all(0 <= float(row[head.index("p of F1")]) <= 1 for row in rows)
    assert (tmp_path / "shuttle.png").stat().st_size > 5000


def test_shuttle_is_repeatable_by_seed(valve):
    data = shuttle.read(valve)
    part = shuttle.fold(data, "TEK16", 1)
    first, second = (shuttle.thresholds(shuttle.predictor(part.learn, part.first, 1, 4), part, 1) for _ in range(2))
    assert first == second


def test_shuttle_parts_the_cycles(valve):
    data = shuttle.read(valve)
    cycles = [data["TEK14"][0][a : a + 1000] for a in range(0, 5000, 1000)]
    part = shuttle.fold(data, "TEK14", 0)
    used = np.concatenate([part.learn, part.first, part.second]).reshape(-1, 1000)
    # Each normal cycle of the two other files once, though both hold most of them; none of the tested anomaly.
    assert len({cycle.tobytes() for cycle in used}) == len(used) == 5
    assert {c.tobytes() for c in used} >= {cycles[k].tobytes() for k in (0, 3)}
    x, y = part.anomalous
    assert (len(x), y.sum(), part.duration) == (2000, 120, (60, 60))
    assert (x[y == 1] == 0).all()


@pytest.mark.parametrize("kind", ["shapes", "uniform", "shifted", "beyond"])
def test_shuttle_generates_by_a_callback_variable(kind):
    normal = np.sin(np.arange(1000) / 20) + 0.01 * np.random.default_rng(0).normal(size=1000)
    x, y = shuttle.generated(normal, kind, 100_000, 0.05, (50, 150), 3)
    assert y.mean() == pytest.approx(0.05, rel=0.2)
    assert (x[y == 0] == np.resize(normal, 100_000)[y == 0]).all()
    assert (x != np.resize(normal, 100_000))[y == 1].mean() > 0.95
    # An event is the same however the rows are cut into blocks: its draws are its own.
    whole = shuttle.event_intervals(y)
    valve = shuttle.Valve(normal, 3)
    row = np.arange(*whole[0])
    offset, duration = row - row[0], np.full(len(row), len(row))
    from paranom_rs.generate.callback import Block

    def block(part):
        return Block(row[part], row[part], np.full(len(row), 7)[part], offset[part], duration[part], 0, (0, 0))

    made = getattr(valve, kind)(block(slice(None)))
    parts = [getattr(valve, kind)(block(part)) for part in (slice(0, 20), slice(20, None))]
    assert np.array_equal(made, np.concatenate(parts))
    # At least one event, even where its share is less.
    assert shuttle.generated(normal, kind, 10_000, 0.001, (50, 150), 0)[1].sum() >= 50


def distance(rows, seed, steps):
    """A detector that needs no training."""
    return figure4.Learnt(np.abs(rows), np.abs)


def test_figure_4(valve, tmp_path, monkeypatch):
    for name in figure4.DETECTORS:
        monkeypatch.setitem(figure4.DETECTORS, name, distance)
    figure4.main([str(valve), "--out", str(tmp_path), "--seeds", "2", "--steps", "4"])
    text = (tmp_path / "figure4.md").read_text()
    assert "2 seeds; LSTM-AD with 4 steps" in text
    head, _, *rows = lines(tmp_path / "figure4.md", "letter: figures")
    assert [row[head.index("detector")] for row in rows] == ["", "", *["LSTM-AD"] * 3, *["AnomalyNet"] * 3]
    assert [row[0] for row in rows[2:5]] == ["real", "generated shifts", "as many shifts as real events"]
    assert {row[head.index("of")] for row in rows[2:]} == {"1"}
    head, _, *rows = lines(tmp_path / "figure4.md", "cycles: figures")
    assert [row[0] for row in rows[2:6]] == ["real", *figure4.GENERATED]
    head, _, *rows = lines(tmp_path / "figure4.md", "cycles: generated against real, seeds above / below")
    assert len(rows) == 2 * len(figure4.GENERATED)


def test_figure_4_counts_what_it_says(valve):
    data = shuttle.read(valve)
    assert len(figure4.normal_cycles(data)) == 5 * 1000
    assert figure4.lengths(data, "TEK14") == (60, 60)
    x, y = data["TEK14"]
    scores = y + 0.0
    scores[:10] = scores[1000:1010] = 1.0  # in a normal cycle, and in the one with the anomaly
    found = figure4.figures((x, y), scores, 0.5)
    assert found["precision"] == pytest.approx(60 / 80)
    assert found["precision, sick cycles apart"] == pytest.approx(60 / 70)
    assert (found["recall"], found["events"], found["of"]) == (1.0, 1, 1)
    rows = figure4.cycles(data, "LSTM-AD", 1, 2)
    assert len(rows) == 3 * (1 + len(figure4.GENERATED))


@pytest.mark.parametrize("kind", ["shifted", "beyond"])
def test_generated_events_of_figure_4_leave_the_normal_values(kind):
    normal = np.sin(np.arange(1000) / 20)
    x, y = shuttle.generated(normal, kind, 20_000, 0.05, (50, 150), 3)
    shift = (x - np.resize(normal, 20_000))[y == 1]
    assert (np.abs(shift) >= 0.1 * np.ptp(normal) - 1e-12).mean() == 1.0 if kind == "shifted" else True
    if kind == "beyond":
        assert (np.abs(x[y == 1]) >= 0.999).all()


def test_detectors(tmp_path):
    detectors.main(["--out", str(tmp_path), "--only", "z-score", "left matrix profile", "RNN autoencoder, latent"])
    head, _, *rows = lines(tmp_path / "detectors.md", "ROC AUC")
    assert [row[0] for row in rows] == ["z-score", "left matrix profile", "RNN autoencoder, latent"]
    for row in rows:
        easy, hard = (float(row[head.index(f"generated, {grade}")]) for grade in ("easy", "hard"))
        # Half of the easy ones are shifts, which z-normalised windows do not see once inside.
        assert easy > (0.7 if row[0] == "left matrix profile" else 0.9)
        assert easy > hard
    assert (tmp_path / "detectors.png").stat().st_size > 5000
