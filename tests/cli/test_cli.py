"""The command line: each command does its work, errors are one line, exit codes are as --help says."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from paranom_rs import RAMP, Generator
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


def test_detect_prints_what_ramp_finds(feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", "ramp", str(feed), "--threshold", "2"]) == 0
    printed = capsys.readouterr()
    assert "channels: a, b" in printed.err
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    with feed.open() as file:
        X = np.array([[float(row["a"] or "nan"), float(row["b"])] for row in csv.DictReader(file)])
    found = RAMP(2, window=5, reference=60, threshold=2.0).score(X)
    assert [row["t"] for row in rows] == [str(i) for i in range(300)]
    assert [float(row["score"] or "nan") for row in rows] == pytest.approx(found.score.tolist(), abs=0, nan_ok=True)
    assert [int(row["alarm"]) for row in rows] == found.alarm.astype(int).tolist()
    assert {row["channel"] for row in rows if 201 <= int(row["row"]) < 205} == {"b"}
    assert main(["detect", "ramp", str(feed), "--threshold", "2", "--alarms", "--out", "alarms.csv"]) == 0
    with Path("alarms.csv").open() as file:
        assert [int(row["row"]) for row in csv.DictReader(file)] == np.flatnonzero(found.alarm).tolist()
    Path("alarms.csv").unlink()


def test_detect_calibrates_and_reads_parquet(feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pyarrow.csv
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.csv.read_csv(feed), feed.with_suffix(".parquet"))
    outputs = []
    for path in (feed, feed.with_suffix(".parquet")):
        assert main(["detect", "ramp", str(path), "--quantile", "0.99", "--calibrate", "150"]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    rows = list(csv.DictReader(io.StringIO(outputs[0])))
    assert len(rows) == 300
    assert all(row["alarm"] == "1" for row in rows[200:205])


def test_detect_goes_on_from_its_state(feed: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["detect", "ramp", str(feed)]) == 0
    whole = [line.partition(",")[2] for line in capsys.readouterr().out.splitlines()[1:]]
    lines = feed.read_text().splitlines()
    parts = []
    for part in (lines[1:120], lines[120:]):
        (tmp_path / "part.csv").write_text("\n".join([lines[0], *part]))
        assert main(["detect", "ramp", str(tmp_path / "part.csv"), "--state", str(tmp_path / "state")]) == 0
        parts += [line.partition(",")[2] for line in capsys.readouterr().out.splitlines()[1:]]
    assert parts == whole


def test_processes_are_apart(feed: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = feed.read_text().splitlines()
    doubled = [f"{line},{key}" for line in lines[1:] for key in ("p", "q")]
    (tmp_path / "two.csv").write_text("\n".join([f"{lines[0]},machine", *doubled]))
    assert main(["detect", "ramp", str(feed)]) == 0
    one = [line.partition(",")[2] for line in capsys.readouterr().out.splitlines()[1:]]
    assert main(["detect", "ramp", str(tmp_path / "two.csv"), "--process", "machine"]) == 0
    two = [line.partition(",")[2] for line in capsys.readouterr().out.splitlines()[1:]]
    assert two == [line for line in one for _ in range(2)]


def test_a_live_feed_is_scored_line_by_line(feed: Path, tmp_path: Path) -> None:
    """Each sample has its answer before the next one comes; Ctrl-C saves the state of what was answered."""
    state = tmp_path / "state"
    command = [*ENTRY, "detect", "ramp", "-", "--threshold", "2", "--state", str(state)]
    lines = feed.read_text().splitlines(keepends=True)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(lines[0])
        for i, line in enumerate(lines[1:100]):
            process.stdin.write(line)
            process.stdin.flush()
            if i == 0:
                assert process.stdout.readline().startswith("row,t,score")
            assert process.stdout.readline().startswith(f"{i},{i},")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert len(RAMP.load(state).processes) == 1


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
        (["detect", "ramp", "bad.csv"], 2, "bad.csv: line 3: a: must be a number"),
        (["detect", "ramp", "short.csv"], 2, "line 3: must have 2 fields, as the header has, got 1"),
        (["detect", "ramp", "empty.csv"], 2, "empty.csv: must have a first line that names the columns"),
        (["detect", "ramp", "text.csv"], 2, "must have a column of numbers"),
        (
            ["detect", "ramp", "short.csv", "--columns", "z"],
            2,
            "--columns: must be in short.csv, which has a, b",
        ),
        (["detect", "ramp", "short.csv", "--reference", "3"], 2, "reference"),
        (["detect", "ramp", "short.csv", "--quantile", "0.5"], 2, "line 3: must have 2 fields"),
        (["detect", "ramp", "x.xls"], 2, "file: must end in .csv or .parquet"),
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
        [*ENTRY, "detect", "ramp", str(feed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
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


HEADER = "a,b\n" + "".join(f"{i % 7},{i % 5}\n" for i in range(200))


def detect(*arguments: str) -> int:
    return main(["detect", "ramp", *arguments])


def test_detect_refuses_columns_that_are_not_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.csv"
    file.write_text(HEADER.replace("a,b", "a,a"), encoding="utf-8")
    assert detect(str(file)) == 2
    assert "must have one column 'a', got 2 of them" in capsys.readouterr().err
    file.write_text(HEADER, encoding="utf-8")
    assert detect(str(file), "--columns", "a,a") == 2
    assert "--columns: must name each column once, got 'a'" in capsys.readouterr().err


def test_detect_goes_on_with_the_same_settings_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, state = tmp_path / "x.csv", str(tmp_path / "s")
    file.write_text(HEADER, encoding="utf-8")
    assert detect(str(file), "--state", state, "--reference", "50") == 0
    assert detect(str(file), "--state", state) == detect(str(file), "--state", state, "--reference", "50") == 0
    capsys.readouterr()
    for option, value, words in (
        ("--reference", "60", "--reference: must be 50, as in"),
        ("--quantile", "0.9", "--quantile: "),
    ):
        assert detect(str(file), "--state", state, option, value) == 2
        assert words in capsys.readouterr().err


def test_detect_says_what_is_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content, words in (
        ("x.csv", b"\xff\xfea,b\n1,2\n", "must be CSV in UTF-8"),
        ("x.parquet", b"a,b\n1,2\n", "must be a Parquet file"),
    ):
        (tmp_path / name).write_bytes(content)
        assert detect(str(tmp_path / name)) == 2
        assert words in capsys.readouterr().err
    (tmp_path / "bom.csv").write_bytes(b"\xef\xbb\xbf" + HEADER.encode())
    assert detect(str(tmp_path / "bom.csv"), "--columns", "a") == 0


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
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fit.html", "p.parquet", "p.toml", "plant.csv"]
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
