"""``paranom detect`` and ``evaluate``: from a stranger's file to alarms with times and channels, without settings."""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import RAMP
from paranom_rs._internal.frames import Frame
from paranom_rs.cli import main
from paranom_rs.cli.engines import NAMES
from paranom_rs.cli.file_ramp_engine import FileRampEngine
from paranom_rs.cli.ramp_engine import make_ramp
from paranom_rs.cli.score_rows import Alarms
from paranom_rs.cli.verdicts import Verdicts
from paranom_rs.detect.covering import covering_mean_of_ends

ENTRY = [sys.executable, "-m", "paranom_rs"]
Printed = pytest.CaptureFixture[str]


def signals(rows: int = 2000) -> np.ndarray[Any, Any]:
    """Two channels; the second one jumps in rows 1500 to 1519."""
    rng = np.random.default_rng(0)
    X = np.sin(np.arange(rows)[:, None] / [3.0, 7.0]) + rng.normal(0, 0.05, (rows, 2))
    X[1500:1520, 1] += 5
    return X


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file as a stranger has it: semicolons, a nameless counter, dates, a text, a gap, labels."""
    monkeypatch.chdir(tmp_path)
    start = np.datetime64("2026-01-01T00:00:00")
    lines = [";when;flow;pressure;state;anomaly"]
    for i, (x, y) in enumerate(signals().tolist()):
        lines.append(f"{i};{start + i};{x if i != 50 else 'NA'};{y};ok;{int(1500 <= i < 1520)}")
    path = tmp_path / "feed.csv"
    path.write_text("\ufeff" + "\n".join(lines) + "\n\n", encoding="utf-8")
    return path


def detect(*arguments: object) -> int:
    return main(["detect", *map(str, arguments)])


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def assert_spans_the_jump(alarm: dict[str, str]) -> None:
    """The windows that cover its first row begin up to a window before it."""
    assert 1500 - 20 < int(alarm["row"]) <= 1500
    assert 1519 <= int(alarm["last"]) < 1520 + 20
    assert alarm["from"] == str(np.datetime64("2026-01-01T00:00:00") + int(alarm["row"])).replace("T", " ")


def test_one_command_finds_the_jump(feed: Path, capsys: Printed) -> None:
    assert detect(feed) == 0
    printed = capsys.readouterr()
    (alarm,) = table(printed.out)
    assert alarm["channels"].startswith("pressure:")
    assert_spans_the_jump(alarm)
    for said in (
        "delimiter: ';'",
        "time: when (dates)",
        "left out: column 1 (row numbers)",
        "left out: state (text)",
        "left out: anomaly (labels)",
        "channels: flow, pressure",
        "2,000 rows: 1 alarms",
    ):
        assert said in printed.err


def test_rows_are_those_of_ramp(feed: Path, capsys: Printed) -> None:
    options = ("--threshold", 2, "--window", 5, "--reference", 60, "--refresh", "never", "--scale", "std", "--rows")
    assert detect(feed, *options, "--state", "state") == 0
    rows = table(capsys.readouterr().out)
    X = signals()
    X[50, 0] = np.nan
    found = RAMP(2, window=5, reference=60, threshold=2.0, min_gap=5).score(X)
    assert [float(row["score"] or "nan") for row in rows] == pytest.approx(found.score.tolist(), abs=0, nan_ok=True)
    assert [int(row["alarm"]) for row in rows] == found.alarm.astype(int).tolist()
    assert {row["channel"] for row in rows[1501:1505]} == {"pressure"}
    assert rows[3]["when"] == "2026-01-01 00:00:03"
    assert detect(feed, *options, "--format", "jsonl", "--state", "another") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["score"] for line in lines] == [float(row["score"]) if row["score"] else None for row in rows]
    assert list(lines[0]) == list(rows[0])


@pytest.mark.parametrize("sizes", [(2000,), (1, 3, 1000, 2, 994), (1500, 500)])
def test_in_a_finished_file_windows_on_both_sides_count(sizes: tuple[int, ...]) -> None:
    X, names = signals(), ["a", "b"]
    X[1700:1715] = np.nan
    options = dict.fromkeys(("window", "reference", "scale", "refresh", "threshold", "quantile"))
    engine = make_ramp(argparse.Namespace(**options), Frame(X[:1000], names), names, FileRampEngine)
    edges = np.cumsum([0, *sizes]).tolist()
    parts = [Frame(X[a:b], names) for a, b in itertools.pairwise(edges)]
    answers = list(engine.answers(iter(parts)))
    assert [frame for frame, _ in answers] == parts
    score, flags, alarm, shares = (np.concatenate(x) for x in zip(*(found for _, found in answers), strict=True))
    own = RAMP(2, window=20, reference=500, threshold=1.0, scale="mad", refresh="sliding", p_limit=0.0).score(X)
    for row in range(2000):
        covering = [k for k in range(row, min(row + 20, 2000)) if not np.isnan(own.score[k])]
        if not covering:
            assert np.isnan(score[row])
            continue
        total = sum(own.score[k] for k in covering)
        assert score[row] == pytest.approx(total / len(covering), rel=1e-12)
        assert flags[row] == alarm[row] == (score[row] > engine.threshold)
        wanted = sum(own.score[k] * own.contributions[k] for k in covering) / total if flags[row] else np.zeros(2)
        assert shares[row] == pytest.approx(wanted, rel=1e-9)
    assert flags[1500:1520].all()
    assert flags.sum() < 60


@given(st.lists(st.floats(0, 1e6) | st.just(np.nan), max_size=40), st.integers(1, 12))
def test_covering_means_leave_out_what_is_missing(scores: list[float], window: int) -> None:
    found = covering_mean_of_ends(np.array(scores), window)
    assert len(found) == len(scores)
    for row, mean in enumerate(found.tolist()):
        held = [x for x in scores[row : row + window] if not np.isnan(x)]
        assert mean == pytest.approx(sum(held) / len(held) if held else np.nan, rel=1e-12, nan_ok=True)


def test_files_of_rows_and_figures(feed: Path, capsys: Printed) -> None:
    for suffix in ("csv", "jsonl", "parquet"):
        assert detect(feed, "--label", "anomaly", "--out", f"rows.{suffix}") == 0
        assert re.search(r"events found +1\n", capsys.readouterr().err)
    by_csv = table(Path("rows.csv").read_text())
    by_json = [json.loads(line) for line in Path("rows.jsonl").read_text().splitlines()]
    by_parquet = pq.read_table("rows.parquet").to_pylist()
    assert by_json == by_parquet
    assert [row["score"] for row in by_csv] == ["" if row["score"] is None else repr(row["score"]) for row in by_json]
    assert by_json[-1]["when"] == by_csv[-1]["when"] == "2026-01-01 00:33:19"
    found = []
    for suffix in ("csv", "parquet"):
        assert main(["evaluate", f"rows.{suffix}", "--label", "label", "--json"]) == 0
        printed = capsys.readouterr()
        assert "without a score" in printed.err
        found.append(json.loads(printed.out))
    assert found[0] == found[1]
    assert found[0]["events found"] == 1
    assert found[0]["recall"] > 0.9
    assert main(["evaluate", "rows.csv", "--label", "label", "--threshold", "1e9"]) == 0
    assert re.search(r"^recall +0\.0000$", capsys.readouterr().out, re.MULTILINE)
    assert main(["evaluate", "rows.csv"]) == 2
    assert "--label: must name" in capsys.readouterr().err
    assert main(["evaluate", "feed.csv", "--label", "anomaly"]) == 2
    assert "must be in feed.csv, which has column 1, when" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["png", "svg", "html"])
def test_pictures(feed: Path, suffix: str, capsys: Printed) -> None:
    assert detect(feed, "--label", "anomaly", "--plot", f"out.{suffix}") == 0
    content = Path(f"out.{suffix}").read_bytes()
    assert len(content) > 10_000
    if suffix != "png":
        assert b"pressure" in content
    assert detect(feed, "--plot", "out.doc") == 2
    assert "--plot: must end in .png" in capsys.readouterr().err


def test_ordinary_rows_may_be_a_file_of_their_own(feed: Path, tmp_path: Path, capsys: Printed) -> None:
    lines = feed.read_text(encoding="utf-8").splitlines(keepends=True)
    normal = tmp_path / "normal.csv"
    normal.write_text("".join(lines[:1001]), encoding="utf-8")
    assert detect(feed, "--calibrate", normal) == 0
    (alarm,) = table(capsys.readouterr().out)
    assert_spans_the_jump(alarm)
    normal.write_text("flow\n1\n2\n")
    assert detect(feed, "--calibrate", normal) == 2
    assert "--calibrate: must have the channels of" in capsys.readouterr().err
    assert detect(feed, "--calibrate", 5, "--reference", 5) == 2
    assert (
        "--calibrate: must leave rows behind the reference of 5 and a window of 2, got 5 rows"
        in capsys.readouterr().err
    )
    assert detect(feed, "--window", 10**6) == 2  # no table of rows and windows is made
    assert "--calibrate: must leave rows behind the reference" in capsys.readouterr().err


def test_channels_without_a_value_are_left_out(tmp_path: Path, capsys: Printed) -> None:
    rows = "".join(f"{i % 7},,5\n" for i in range(200))
    (tmp_path / "x.csv").write_text("a,b,c\n" + rows)
    assert detect(tmp_path / "x.csv") == 0
    said = capsys.readouterr().err
    assert "left out: b (no value in the first rows)" in said
    assert "channels: a, c" in said
    assert "constant in the first rows: c (any change of them counts)" in said
    (tmp_path / "x.csv").write_text("a,b\n" + ",\n" * 100)
    assert detect(tmp_path / "x.csv") == 2
    assert "must have a channel with values in the first rows" in capsys.readouterr().err


def test_a_few_rows_are_too_few(tmp_path: Path, capsys: Printed) -> None:
    (tmp_path / "x.csv").write_text("a,b\n" + "1,2\n" * 59 + "1,9\n")
    assert detect(tmp_path / "x.csv") == 0  # a short file is learnt from as a whole
    (alarm,) = table(capsys.readouterr().out)
    assert (alarm["row"], alarm["channels"]) == ("59", "b:100%")
    for text in ("a,b\n", "a,b\n1,2\n"):
        (tmp_path / "x.csv").write_text(text)
        assert detect(tmp_path / "x.csv") == 2
        assert "--calibrate: must leave rows behind the reference" in capsys.readouterr().err


def test_a_feed_goes_on_from_its_state(feed: Path, tmp_path: Path, capsys: Printed) -> None:
    options = ("--rows", "--threshold", 2)
    assert detect(feed, *options, "--state", "whole") == 0
    whole = [list(row.values())[1:] for row in table(capsys.readouterr().out)]
    lines = feed.read_text(encoding="utf-8-sig").splitlines()
    parts = []
    for part in (lines[1:120], lines[120:]):
        (tmp_path / "part.csv").write_text("\n".join([lines[0], *part]))
        assert detect(tmp_path / "part.csv", *options, "--state", "state") == 0
        parts += [list(row.values())[1:] for row in table(capsys.readouterr().out)]
    assert parts == whole
    # The columns in another order are found by name; one that is gone is missed.
    swapped = [";".join(np.array(line.split(";"))[[0, 1, 3, 2, 4, 5]]) for line in lines[:50]]
    (tmp_path / "part.csv").write_text("\n".join(swapped))
    assert detect(tmp_path / "part.csv", "--state", "state") == 0
    (tmp_path / "part.csv").write_text("\n".join(swapped).replace("pressure", "volume"))
    assert detect(tmp_path / "part.csv", "--state", "state") == 2
    assert "--state: must be of channels in" in capsys.readouterr().err
    for option, value, words in (
        ("--reference", "61", "--reference: must be 60, as in"),
        ("--quantile", "0.9", "--quantile: must not be given"),
    ):
        assert detect(feed, "--state", "state", option, value) == 2
        assert words in capsys.readouterr().err


def test_processes_are_apart(tmp_path: Path, capsys: Printed) -> None:
    lines = [f"{x},{y}" for x, y in signals()]
    (tmp_path / "one.csv").write_text("\n".join(["a,b", *lines]))
    (tmp_path / "two.csv").write_text("\n".join(["a,b,machine", *(f"{x},{key}" for x in lines for key in "pq")]))
    assert detect(tmp_path / "one.csv", "--threshold", 1, "--state", tmp_path / "one") == 0
    (alone,) = table(capsys.readouterr().out)
    assert detect(tmp_path / "two.csv", "--threshold", 1, "--process", "machine") == 0
    both = table(capsys.readouterr().out)
    assert [row["process"] for row in both] == ["p", "q"]
    assert [int(row["row"]) for row in both] == [2 * int(alone["row"]), 2 * int(alone["row"]) + 1]
    assert {(row["score"], row["channels"]) for row in both} == {(alone["score"], alone["channels"])}
    assert detect(tmp_path / "two.csv", "--process", "machine") == 0


def lines_of(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().rstrip("\n") for _ in range(count)]


def start(*arguments: object) -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([*ENTRY, "detect", *map(str, arguments)], text=True, bufsize=1, **pipes)  # type: ignore[call-overload,no-any-return]


def test_a_live_feed_is_scored_line_by_line(feed: Path, tmp_path: Path) -> None:
    """Each sample has its answer before the next one comes; Ctrl-C saves the state of what was answered."""
    lines = feed.read_text(encoding="utf-8").splitlines(keepends=True)
    with start("-", "--threshold", 2, "--state", tmp_path / "state") as process:
        assert process.stdin is not None
        process.stdin.write(lines[0])
        for i, line in enumerate(lines[1:100]):
            process.stdin.write(line)
            process.stdin.flush()
            if i == 0:
                assert lines_of(process, 1) == ["row,when,score,is_anomaly,alarm,channel"]
            assert lines_of(process, 1)[0].startswith(f"{i},2026-01-01 00:0{i // 60}:{i % 60:02},")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert len(RAMP.load(tmp_path / "state").processes) == 1


def test_a_live_feed_calibrates_itself(feed: Path) -> None:
    lines = feed.read_text(encoding="utf-8").splitlines(keepends=True)
    with start("-", "--calibrate", 400) as process:
        printed, said = process.communicate("".join(lines))
    rows = table(printed)
    assert len(rows) == 2000
    assert {row["score"] for row in rows[:400]} == {""}
    assert all(row["score"] for row in rows[400:])
    flagged = [i for i, row in enumerate(rows) if row["alarm"] == "1"]
    assert flagged[0] == 1500
    assert flagged[-1] < 1560
    assert "the first 400 rows are learnt from" in said


def test_a_growing_file_is_followed(feed: Path) -> None:
    lines = feed.read_text(encoding="utf-8").splitlines(keepends=True)
    feed.write_text("".join(lines[:10]), encoding="utf-8")
    with start(feed, "--follow", "--threshold", 2) as process:
        assert len(lines_of(process, 10)) == 10
        with feed.open("a", encoding="utf-8") as file:
            file.write(lines[10] + lines[11][:5])
            file.flush()
            assert lines_of(process, 1)[0].startswith("9,2026-01-01 00:00:09,")
            time.sleep(0.2)
            file.write(lines[11][5:])
            file.flush()
            assert lines_of(process, 1)[0].startswith("10,2026-01-01 00:00:10,")
        feed.write_text(lines[0], encoding="utf-8")
        assert process.wait(20) == 2
        assert process.stderr is not None
        assert "must not become shorter while it is followed" in process.stderr.read()


def test_times_that_go_back_name_the_line(feed: Path, capsys: Printed) -> None:
    lines = feed.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[20], lines[21] = lines[21], lines[20]
    feed.write_text("".join(lines), encoding="utf-8")
    assert detect(feed, "--order", "raise") == 2
    assert "feed.csv: line 22: when: must not be before the row above" in capsys.readouterr().err
    assert detect(feed) == 0
    assert "feed.csv: line 22: when: the clock goes back from 2026-01-01" in capsys.readouterr().err
    assert detect(feed, "--order", "keep") == 0
    assert detect(feed, "--order", "sort") == 0
    first = table(capsys.readouterr().out)
    assert_spans_the_jump(first[0])
    assert detect("-", "--order", "sort") == 2


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("pq")), max_size=25), st.lists(st.integers(1, 7), min_size=25))
def test_alarms_do_not_depend_on_parts(rows: list[tuple[bool, str]], sizes: list[int]) -> None:
    """By hand: a run of flags of one process is an alarm, whatever the parts in which it comes."""
    flags = np.array([flag for flag, _ in rows], bool)
    keys = [key for _, key in rows]
    score = np.arange(len(rows)) + 1.0
    frame = Frame(score[:, None], ["x"], np.arange(len(rows)), keys=keys)
    found = Verdicts(score, flags, flags, np.ones((len(rows), 1)))
    alarms, got, done = Alarms(["x"]), [], 0
    for size in sizes:
        part = slice(done, done + size)
        if len(frame[part]):
            got += alarms.add(frame[part], Verdicts(*(x[part] for x in found)), done)
        done += size
    got += alarms.end()
    want = []
    for key in "pq":
        own = [i for i, k in enumerate(keys) if k == key]
        runs: list[list[int]] = []
        for before, i in zip([None, *own], own, strict=False):
            if flags[i]:
                if before is None or not flags[before]:
                    runs.append([])
                runs[-1].append(i)
        want += [(run[0], run[-1], str(run[0]), str(run[-1]), run[-1] + 1.0, key) for run in runs]
    seen = [(a["row"], a["last"], a["from"], a["to"], a["score"], a["process"]) for a in got]
    assert sorted(seen) == sorted(want)
    assert alarms.rows == flags.sum()


DEEP = ["anomaly-net", "autoencoder", "lstm-ad"]


@pytest.mark.parametrize("name", DEEP)
def test_deep_detectors_find_the_jump(feed: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr("paranom_rs.deep.base.STEPS", 60)
    monkeypatch.setattr("paranom_rs.deep.base.FEWEST_EPOCHS", 2)
    assert detect(feed, "--detector", name, "--state", "state", "--out", "all.csv") == 0
    alarms = table(capsys.readouterr().out)
    strongest = max(alarms, key=lambda alarm: float(alarm["score"]))
    assert 1400 < int(strongest["row"]) < 1520 <= int(strongest["last"]) + 1
    # The state goes on, part by part with the same scores.
    Path("state").rename("before")
    lines = feed.read_text(encoding="utf-8-sig").splitlines()
    rows = []
    for first, last in ((1, 7), (7, 150)):
        Path("part.csv").write_text("\n".join([lines[0], *lines[first:last]]))
        state = Path("before" if first == 1 else "after")
        state.rename("state")
        assert detect(Path("part.csv"), "--state", "state", "--rows", "--detector", name) == 0
        rows += table(capsys.readouterr().out)
        Path("state").rename("after")
    assert len(rows) == 149
    assert all(np.isfinite(float(row["score"])) for row in rows)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("auto", *DEEP)])
def test_each_detector_finds_the_jump(feed: Path, name: str, capsys: Printed) -> None:
    if name == "isolation-forest":
        pytest.importorskip("sklearn")
    assert detect(feed, "--detector", name, "--state", "state", "--out", "all.csv") == 0
    alarms = table(capsys.readouterr().out)
    strongest = max(alarms, key=lambda alarm: float(alarm["score"]))
    # An isolation forest finds a jump only once more of the window lies behind it.
    assert int(strongest["row"]) < 1540
    assert int(strongest["last"]) >= 1519
    # Line by line, it is the same; and a state goes on.
    Path("state").unlink()
    lines = feed.read_text(encoding="utf-8-sig").splitlines()
    for first, last in ((1, 1600), (1600, 2001)):
        Path("part.csv").write_text("\n".join([lines[0], *lines[first:last]]))
        with start("-", "--detector", name, "--state", "state", "--calibrate", "1000") as process:
            printed, said = process.communicate(Path("part.csv").read_text())
            assert process.returncode == 0, said
        rows = table(printed)
        if first == 1:
            whole = table(Path("all.csv").read_text())
            for i in (1100, 1505, 1598):
                assert rows[i]["score"] == whole[i]["score"]
            # An alarm in a feed has a channel to blame, too.
            blamed = {row["channel"] for row in rows[1500:1600] if row["alarm"] == "1"}
            assert "pressure" in blamed <= {"flow", "pressure"}
    assert rows[0]["score"] == whole[1599]["score"]
    # A file of many rows goes on where the state stopped, too.
    Path("state").unlink()
    for first, last in ((1, 1300), (1300, 2001)):
        Path("part.csv").write_text("\n".join([lines[0], *lines[first:last]]))
        assert detect(Path("part.csv"), "--detector", name, "--state", "state", "--rows", "--calibrate", "1000") == 0
        rows = table(capsys.readouterr().out)
    assert [row["score"] for row in rows] == [row["score"] for row in whole[1299:]]
    if name != "ramp":
        for option, value, words in (
            ("--reference", "60", "--reference: must not be given"),
            ("--window", "7", "--window: must be"),
            ("--detector", "ramp", "--detector: must be that of state"),
        ):
            assert detect(feed, "--state", "state", option, value) == 2
            assert words in capsys.readouterr().err
        assert detect(feed, "--detector", name, "--reference", "60") == 2
        assert detect(feed, "--detector", name, "--calibrate", "1") == 2
        assert "--calibrate: must have at least" in capsys.readouterr().err
