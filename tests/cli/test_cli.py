"""The command line: each command does its work, errors are one line, exit codes are as --help says."""

from __future__ import annotations

import csv
import gzip
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from paranom_rs import Generator
from paranom_rs.cli import main

ENTRY = [sys.executable, "-m", "paranom_rs"]


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    return tmp_path / "plant.toml"


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """Two channels of 300 samples, a missing one, a jump, and a column that is no number."""
    rng = np.random.default_rng(0)
    X = np.sin(np.arange(300)[:, None] / [3.0, 7.0]) + rng.normal(0, 0.05, (300, 2))
    X[200:205, 1] += 5
    rows = [["t", "a", "b", "name"], *([str(i), repr(x), repr(y), f"n{i}"] for i, (x, y) in enumerate(X.tolist()))]
    rows[50][1] = ""
    path = tmp_path / "feed.csv"
    path.write_text("\n".join(map(",".join, rows)) + "\n")
    return path


def test_init_writes_the_example_once(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(Generator.from_toml(spec).names) == 4
    assert main(["init"]) == 3
    assert "plant.toml exists" in capsys.readouterr().err
    assert main(["init", "--overwrite"]) == 0


def test_generate_writes_the_generators_rows(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "plant.toml", "--rows", "2e3", "--start", "10", "--out", "plant.csv"]) == 0
    assert capsys.readouterr().out == ""
    with Path("plant.csv").open() as file:
        rows = list(csv.DictReader(file))
    data = Generator.from_toml(spec).generate(2000, start=10)
    assert [float(row["pressure"]) for row in rows] == data["pressure"].tolist()
    assert [int(row["is_anomaly"]) for row in rows] == data.y.tolist()
    assert main(["generate", "plant.toml", "--rows", "10", "--out", "plant.csv"]) == 3
    assert main(["generate", "plant.toml", "--rows", "10", "--out", "plant.csv", "--overwrite"]) == 0
    assert len(Path("plant.csv").read_text().splitlines()) == 11


def test_shards_go_on_and_verify(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["generate", "plant.toml", "--rows", "1e5", "--shards", "3", "--out", "plant"]
    assert main([*command, "--part", "1"]) == 0
    assert len(list(Path("plant").glob("part-*.parquet"))) == 1
    assert main(command) == 0
    assert main(["verify", "plant"]) == 0
    assert "100,000 rows in 3 files" in capsys.readouterr().out
    part = sorted(Path("plant").glob("part-*.parquet"))[1]
    part.write_bytes(part.read_bytes()[:-1] + b"?")
    assert main(["verify", "plant"]) in (1, 2)
    assert "part-00001.parquet" in capsys.readouterr().err.splitlines()[-1]


def test_folders_grow_and_say_more(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--part-rows", "1e3", "--event-names", "--labels", "--events", "--out", "plant.csv.gz"]
    for rows in ("1500", "2500"):
        assert main(["generate", "plant.toml", "--rows", rows, *more]) == 0
    names = sorted(path.name for path in Path("plant.csv.gz").iterdir())
    assert names == ["_events.csv.gz", "_manifest.json", *(f"part-{i:06}.csv.gz" for i in range(3))]
    with gzip.open("plant.csv.gz/part-000000.csv.gz", "rt", encoding="utf-8") as file:
        assert "event_name,pressure_is_anomaly" in file.readline()
    assert main(["generate", "plant.toml", "--rows", "10", "--clean", "--out", "clean.jsonl.zst"]) == 0


def test_a_spec_of_another_format_is_named(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("plant.yaml").write_text("timeseries: []\n")
    assert main(["generate", "plant.yaml", "--rows", "10", "--out", "plant.csv"]) == 2
    assert "plant.yaml: must be a spec in TOML" in capsys.readouterr().err


def test_verify_finds_a_changed_value(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "plant.toml", "--rows", "100", "--start", "7", "--out", "plant.csv"]) == 0
    assert main(["verify", "plant.csv", "--spec", "plant.toml", "--start", "7"]) == 0
    assert main(["verify", "plant.csv"]) == 2
    lines = Path("plant.csv").read_text().splitlines()
    t, pressure, rest = lines[50].split(",", 2)
    lines[50] = f"{t},{float(pressure) + 1},{rest}"
    Path("plant.csv").write_text("\n".join(lines) + "\n")
    capsys.readouterr()
    assert main(["verify", "plant.csv", "--spec", "plant.toml", "--start", "7"]) == 1
    assert "pressure" in capsys.readouterr().err
    assert main(["generate", "plant.toml", "--rows", "100", "--out", "p.parquet", "--dtype", "float32"]) == 0
    assert main(["verify", "p.parquet"]) == 0


@pytest.mark.parametrize("suffix", ["png", "svg", "html"])
def test_preview_draws(spec: Path, suffix: str) -> None:
    assert main(["preview", "plant.toml", "--rows", "500", "--out", f"p.{suffix}"]) == 0
    start = Path(f"p.{suffix}").read_bytes()[:200]
    assert {"png": b"PNG", "svg": b"<?xml", "html": b"<!DOCTYPE html>"}[suffix] in start


def test_the_page_needs_nothing_from_outside_and_escapes_names(tmp_path: Path) -> None:
    from paranom_rs import Anomaly, Normal, Shift, Stochastic

    generator = Generator(
        {"<b>x": Stochastic(normal=Normal(0, 1), anomalous=Shift(9))},
        anomalies=Anomaly(frequency=0.1, duration=5, name="<script>alert(1)</script>"),
    )
    for rows in (0, 1, 3000):
        page = generator.generate(rows).to_html()
        assert "<script>alert(1)" not in page
        assert "src=" not in page.lower().partition("<body")[0].replace("<script type", "")
        assert f"{rows:,} rows" in page


def test_audit_says_what_it_found(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "plant.toml", "--rows", "5000", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == 5000
    assert found["changed_unlabelled"] == 0
    assert main(["audit", "plant.toml", "--rows", "5000", "--html", "audit.html"]) == 0
    assert "<html" in Path("audit.html").read_text()[:200].lower()
    assert "5,000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["generate", "missing.toml", "--rows", "1", "--out", "x.csv"], 3, "missing.toml: No such file"),
        (["generate", "bad.toml", "--rows", "1", "--out", "x.csv"], 2, "bad.toml: variables.x.normal"),
        (["generate", "broken.toml", "--rows", "1", "--out", "x.csv"], 2, "broken.toml: must be TOML"),
        (["generate", "plant.toml", "--rows", "1", "--out", "x.doc"], 2, "--out: must end in"),
        (["generate", "plant.toml", "--rows", "1", "--out", "no/folder/x.csv"], 3, "No such file"),
        (["preview", "plant.toml", "--out", "x.gif"], 2, "--out: must end in"),
        (["preview", "plant.toml", "--variables", "nope"], 2, "'nope' is no variable"),
        (["detect", "bad.csv"], 2, "bad.csv: line 3: a: must be a number"),
        (["detect", "short.csv"], 2, "line 3: must have 2 fields delimited by ',', as the header has, got 1"),
        (["detect", "empty.csv"], 2, "empty.csv: must have a first line that names the columns"),
        (["detect", "text.csv"], 2, "must have a column of numbers"),
        (
            ["detect", "short.csv", "--columns", "z"],
            2,
            "--columns: must be in short.csv, which has a, b",
        ),
        (["detect", "short.csv", "--reference", "3", "--threshold", "1"], 2, "--window: must be less than reference"),
        (["detect", "short.csv", "--quantile", "0.5"], 2, "line 3: must have 2 fields"),
        (["detect", "x.xls"], 2, "file: must end in .csv, .tsv"),
    ],
)
def test_errors_are_one_line(
    spec: Path, arguments: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.toml").write_text(spec.read_text().replace("period = 300", "period = -300").replace("pressure", "x"))
    Path("broken.toml").write_text("[[[")
    Path("bad.csv").write_text("a,b\n1,2\nx,3\n")
    Path("short.csv").write_text("a,b\n1,2\n3\n")
    Path("empty.csv").write_text("")
    Path("text.csv").write_text("a,b\nx,y\n")
    before = sorted(Path().iterdir())
    capsys.readouterr()
    assert main(arguments) == status
    err = capsys.readouterr().err.splitlines()
    assert err[-1].startswith("paranom: ")
    assert message in err[-1]
    assert "Traceback" not in "".join(err)
    assert sorted(Path().iterdir()) == before


def test_functions_are_imported_only_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("valves.py").write_text("def healthy(ctx):\n    return 1.0\n")
    Path("valves.toml").write_text('[variables.x]\nkind = "callback"\nnormal = "valves:healthy"\n')
    command = ["generate", "valves.toml", "--rows", "3", "--out", "x.csv"]
    assert main(command) == 2
    assert "valves" not in sys.modules
    assert "import" in capsys.readouterr().err
    assert main([*command, "--import-functions"]) == 0
    assert len(Path("x.csv").read_text().splitlines()) == 4


@pytest.mark.parametrize("rows", ["1.5", "-1", "many", "nan", "1e999"])
def test_rows_are_whole_numbers(spec: Path, rows: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["generate", "plant.toml", "--rows", rows, "--out", "x.csv"])
    assert refused.value.code == 2
    assert "--rows" in capsys.readouterr().err


def test_ctrl_c_leaves_nothing_half_done(spec: Path) -> None:
    with subprocess.Popen(
        [*ENTRY, "generate", "plant.toml", "--rows", "5e9", "--out", "plant.csv"], stderr=subprocess.PIPE, text=True
    ) as process:
        while not any(path.name.startswith(".plant.csv") for path in Path().iterdir()):
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr is not None
        assert process.stderr.read() == "paranom: interrupted\n"
    assert [path.name for path in Path().iterdir()] == ["plant.toml"]


def test_a_reader_that_has_enough_is_no_error(feed: Path) -> None:
    many = feed.read_text() + "".join(f"{i},1,2,n\n" for i in range(300, 50_000))
    feed.write_text(many)
    with subprocess.Popen(
        [*ENTRY, "detect", str(feed), "--rows", "--threshold", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(30) == 141
        assert "Traceback" not in process.stderr.read()


def test_demo_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--rows", "2000", "--out", str(tmp_path / "out")]) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"plant.parquet", "plant.png"}
    assert "anomalous rows" in capsys.readouterr().out


def test_float32_text_is_verified_and_errors_name_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, out = str(tmp_path / "plant.toml"), str(tmp_path / "x.csv")
    assert main(["init", spec]) == 0
    assert main(["generate", spec, "--rows", "100", "--out", out, "--dtype", "float32"]) == 0
    assert main(["verify", out, "--spec", spec, "--dtype", "float32"]) == 0
    capsys.readouterr()
    assert main(["verify", out]) == 2
    assert "--spec: must be given" in capsys.readouterr().err
    assert main(["generate", spec, "--rows", "100", "--out", out]) == 3
    assert "--overwrite replaces it" in capsys.readouterr().err


def test_a_function_that_fails_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "x.toml"
    spec.write_text('[variables.x]\nkind = "callback"\nnormal = "os:getcwd"\n', encoding="utf-8")
    assert main(["generate", str(spec), "--rows", "5", "--out", str(tmp_path / "x.csv"), "--import-functions"]) == 2
    assert "getcwd() takes no arguments" in capsys.readouterr().err


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pump's pressure and its states, a minute apart, with a labelled fault."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    lines = ["when,pressure,pump,fault"]
    for i in range(500):
        value = 50.0 if 300 <= i < 320 else np.sin(i / 8) + 0.1 * rng.normal()
        lines.append(f"2026-01-01T{i // 60:02}:{i % 60:02}:00,{value:.6f},{int(i % 100 < 50)},{int(300 <= i < 320)}")
    path = tmp_path / "plant.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_fit_writes_a_spec_and_a_report(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit = ["fit", str(recording), "--time", "when", "--labels", "fault", "--method", "blocks"]
    assert main([*fit, "--out", "p.toml", "--report", "fit.html", "--anomalies"]) == 0
    assert "told apart (AUC)" in capsys.readouterr().out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fit.html", "p.recordings.parquet", "p.toml", "plant.csv"]
    generator = Generator.from_toml(tmp_path / "p.toml")
    assert generator.names == ["pressure", "pump"]
    assert generator.generate(100_000).y.any()
    assert generator.generate(1000).clean["pressure"].max() < 2.0
    # What is there stays, unless it may be replaced.
    assert main([*fit, "--out", "p.toml"]) == 3
    assert "p.toml exists; --overwrite replaces it" in capsys.readouterr().err
    assert main([*fit, "--out", "p.toml", "--report", "fit.json", "--overwrite"]) == 0
    assert json.loads((tmp_path / "fit.json").read_text())["method"] == "blocks"


def test_fit_refuses_by_option(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", str(recording), "--time", "no such", "--out", "p.toml"]) == 2
    assert main(["fit", "nowhere.csv", "--out", "p.toml"]) == 3
    assert "nowhere.csv" in capsys.readouterr().err
