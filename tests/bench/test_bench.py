"""The bench: whole runs with good and bad detectors, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import paranom_rs
from paranom_rs.bench import BenchResult, Limits, run_bench
from paranom_rs.bench.detectors import make
from paranom_rs.bench.figures import measure
from paranom_rs.cli import main
from paranom_rs.errors import MismatchError, SpecError, SpecTypeError
from paranom_rs.suites import load
from support import bench_detectors

BAD = Path(bench_detectors.__file__)
SERIES = ["wave-value-easy", "saw-value-hard"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Public series: two sources, one of them with two series, and a table of published figures."""
    home = tmp_path_factory.mktemp("public")
    (home / "uni").mkdir()
    rng = np.random.default_rng(0)
    for name in ("001_A_x", "002_A_y", "003_B_z"):
        x, y = rng.normal(size=(900, 1)), np.zeros(900, np.int8)
        y[600:630] = 1
        x[600:630] += 4
        np.savez(home / "uni" / f"{name}.npz", X=x, y=y, train=300, window=20)
    lines = ["file,Best,Worst,ts_len", "001_A_x.csv,0.9,0.1,900", "002_A_y.csv,0.7,0.1,900", "003_B_z.csv,1.0,0.0,900"]
    (home / "published_uni_VUS-PR.csv").write_text("\n".join(lines))
    return home


@pytest.fixture(scope="module")
def ran(folder, tmp_path_factory) -> tuple[BenchResult, Path]:
    out = tmp_path_factory.mktemp("out") / "bench"
    names = ["ZScore", f"{BAD}:Raises", f"{BAD}:Short", f"{BAD}:Missing", f"{BAD}:Random"]
    return run_bench(names, seed=5, series=SERIES, data=folder, out=out, jobs=2), out


def test_figures_are_those_of_the_detector_and_the_seed(ran):
    series = load("graded-1").with_seed(5)["saw-value-hard"]
    detector = paranom_rs.ZScore().fit(series.train)
    wanted = measure(series.y, detector.decision_function(series.test), detector.threshold_, 100)
    found = next(run for run in ran[0].runs if run.series == "saw-value-hard" and run.detector == "ZScore")
    assert found.status == "ok"
    assert found.figures == pytest.approx(wanted)
    assert found.seconds >= 0
    assert ran[0].series["suite/saw-value-hard"] == series.generator.fingerprint


def test_a_bad_detector_is_reported_and_disturbs_nobody(ran):
    status = {(run.detector.rpartition(":")[2], run.series): (run.status, run.message) for run in ran[0].runs}
    for name in SERIES:
        assert status["ZScore", name] == ("ok", "")
        assert status["Raises", name] == ("failed", "ValueError: no <b>good</b>")
        assert status["Short", name][1].startswith("decision_function: must give a number for each of 12000 rows, got")
        assert status["Missing", name][1].endswith("got 12000 NaN")
    assert len(ran[0].runs) == 5 * (len(SERIES) + 3)


def test_what_hangs_or_takes_too_much_memory_is_ended():
    names = [f"{BAD}:{name}" for name in ("Hangs", "Eats", "Grows", "Plain")]
    found = run_bench(names, seed=1, series=SERIES[:1], jobs=1, limits=Limits(seconds=5, memory=500)).runs
    assert [run.status for run in found] == ["timeout", "memory", "memory", "ok"]
    assert [run.message for run in found[:3]] == [
        "took more than 5 s",
        "asked for more memory than it may have",
        "used more than 500 MiB",
    ]


def test_what_crashes_is_given_up_after_three_series():
    series = [f"{base}-value-easy" for base in ("wave", "beat", "saw", "square")]
    found = run_bench([f"{BAD}:Ends"], seed=1, series=series, jobs=1).runs
    assert [(run.status, run.message) for run in found] == [
        *[("crashed", "its process ended: exit status 7")] * 3,
        ("given up", "after 3 in a row"),
    ]


def test_the_same_seed_gives_the_same_figures_in_any_number_of_processes(ran, folder):
    again = run_bench([f"{BAD}:Random"], seed=5, series=SERIES, data=folder, jobs=1)
    first = {(run.detector, run.table, run.series): run.figures for run in ran[0].runs}
    for run in again.runs:
        assert run.figures == first[run.detector, run.table, run.series]
    assert again.series == ran[0].series


def test_other_seeds_are_other_rows():
    suite, one, two = load("graded-1"), load("graded-1").with_seed(1), load("graded-1").with_seed(2)
    assert list(one) == list(suite)
    hashes = {x["heart-other-hard"].sha256 for x in (suite, one, two, load("graded-1").with_seed(1))}
    assert len(hashes) == 3
    assert one.published == {}
    assert repr(one) == "Suite('graded-1', 147 series, seed=1)"
    with pytest.raises(SpecError, match="seed: must be a whole number from 0 to"):
        suite.with_seed(2**63)


def test_an_interrupted_bench_goes_on(ran, folder, tmp_path):
    lines = (ran[1] / "runs.jsonl").read_text().splitlines(keepends=True)
    marked = json.loads(lines[1]) | {"message": "from before"}
    (tmp_path / "runs.jsonl").write_text("".join([lines[0], json.dumps(marked) + "\n", lines[2][:20]]))
    result = run_bench([marked["detector"]], series=SERIES, data=folder, out=tmp_path, jobs=1)
    assert result.seed == 5
    assert len(result.runs) == len(SERIES) + 3
    assert [run.message for run in result.runs].count("from before") == 1
    with pytest.raises(SpecError, match="out: must hold runs of the same seed, or be another folder, got"):
        run_bench(["ZScore"], seed=6, series=SERIES, data=folder, out=tmp_path)


def test_public_series_are_scored_whole_and_averaged_by_source(ran, folder):
    result = ran[0]
    with np.load(folder / "uni" / "003_B_z.npz") as held:
        x, y = held["X"], held["y"]
    detector = paranom_rs.ZScore().fit(x[:300])
    wanted = measure(y, detector.decision_function(x), detector.threshold_, 20)
    runs = {run.series: run for run in result.of("tsb-ad, one channel") if run.detector == "ZScore"}
    assert runs["003_B_z"].figures == pytest.approx(wanted)
    row = next(row for row in result.table("tsb-ad, one channel") if row["detector"] == "ZScore")
    values = [runs[name].figures["VUS-PR"] for name in ("001_A_x", "002_A_y", "003_B_z")]
    assert row["VUS-PR"] == pytest.approx(((values[0] + values[1]) / 2 + values[2]) / 2)


def test_a_result_is_signed(ran, tmp_path):
    path = tmp_path / "result.json"
    signature = ran[0].save(path)
    assert BenchResult.load(path) == ran[0]
    assert json.loads(path.read_text())["sha256"] == signature
    path.write_text(path.read_text().replace('"status": "failed"', '"status": "ok"', 1))
    with pytest.raises(MismatchError, match="was changed"):
        BenchResult.load(path)
    path.write_text("{}")
    with pytest.raises(SpecError, match="must be a result of paranom bench"):
        BenchResult.load(path)


@pytest.mark.parametrize(
    ("detector", "says"),
    [
        ("nonsense", "must be a detector of ours"),
        ("no_such_module:X", "no module no_such_module"),
        ("no_file.py:X", "no file no_file.py"),
        (f"{BAD}:Nobody", "has no class Nobody"),
        (f"{BAD}:WithoutScores", r"must have decision_function\(X\)"),
        ("ZScore(alarm_share=2)", "alarm_share: must be"),
        ("ZScore(f())", "must be a name, or a name"),
        ("ZScore(3)", "must be a name, or a name"),
    ],
)
def test_a_detector_that_cannot_be_made_is_refused(detector, says):
    with pytest.raises(SpecError, match=says):
        make(detector, 0)


def test_a_detector_is_refused_before_any_work(tmp_path):
    with pytest.raises(SpecError, match=r"detectors: must be a detector that can be made, got .* has no class Nobody"):
        run_bench(["ZScore", f"{BAD}:Nobody"], seed=1, series=SERIES, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_bad_arguments_are_named(tmp_path):
    with pytest.raises(SpecError, match="detectors: must name a detector"):
        run_bench([])
    with pytest.raises(SpecTypeError, match="detectors: must be names or classes"):
        run_bench([3])
    with pytest.raises(SpecError, match="detectors: must be a class that another process can import"):
        run_bench([type("Local", (), {"__qualname__": "f.<locals>.Local"})])
    with pytest.raises(SpecError, match="series: must be series of graded-1"):
        run_bench(["ZScore"], series=["nothing"])
    with pytest.raises(SpecError, match="data: must be a folder with uni"):
        run_bench(["ZScore"], data=tmp_path)
    with pytest.raises(SpecError, match="data: must be a folder of public series"):
        run_bench(["ZScore"], tables=["tsb-ad"])
    with pytest.raises(SpecError, match=r"limits\.seconds: must be"):
        run_bench(["ZScore"], limits=Limits(seconds=0))


def test_the_command_prints_tables_beside_published_figures_and_writes_a_report(ran, folder, capsys):
    given = ["bench", "ZScore", f"{BAD}:Raises", "--series", ",".join(SERIES), "--data", str(folder)]
    assert main([*given, "--out", str(ran[1]), "--seed", "5"]) == 0
    out, err = capsys.readouterr()
    table = out.partition("tsb-ad, one channel: VUS-PR by source\n")[2].splitlines()
    assert table[0].split() == ["detector", "A", "B", "mean", "from"]
    assert ["Best", "0.800", "1", "0.900", "published"] in [line.split() for line in table]
    assert "seed 5" in err
    assert "failed: " in err
    page = (ran[1] / "report.html").read_text(encoding="utf-8")
    assert "no &lt;b&gt;good&lt;/b&gt;" in page
    assert "<b>good" not in page
    assert "http" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    ).replace("https://matplotlib.org", "")
    assert "prefers-color-scheme: dark" in page
    assert page.count("<svg") == 2
    assert BenchResult.load(ran[1] / "result.json").seed == 5


def test_the_command_refuses_in_one_line(capsys):
    assert main(["bench", "nonsense"]) == 2
    assert main(["bench", "--table", "tsb-ad"]) == 2
    assert "--data: must be the folder of the public series" in capsys.readouterr().err


def test_a_library_that_is_not_there_is_named_with_its_pip_line(capsys, monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['pyod'] = None\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["bench", "pyod:IForest"]) == 3
    assert "pyod:IForest: pyod is not installed: pip install pyod" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_ends_the_bench_and_its_processes(tmp_path):
    command = [sys.executable, "-m", "paranom_rs", "bench", f"{BAD}:Hangs", "--jobs", "1", "--out", str(tmp_path / "b")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    until = time.monotonic() + 60
    while not (tmp_path / "b" / "runs.jsonl").exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(1.0)
    workers = children(child.pid)
    child.send_signal(signal.SIGINT)
    assert child.wait(30) == 130
    assert "interrupted" in child.stderr.read()
    child.stderr.close()
    assert workers
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(x) for x in found.stdout.split()]
