"""Feeds: whatever way lines come, none is lost and none is read twice."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import Generator, Normal, SpecError, Stochastic
from paranom_rs.watch import Watch
from paranom_rs.watch.feeds.files import CsvFile, CsvPipe
from paranom_rs.watch.feeds.iterators import Plant, Records
from paranom_rs.watch.feeds.lines import CsvLines
from paranom_rs.watch.feeds.pump import Pump
from paranom_rs.watch.feeds.samples import Samples, seconds

FIELDS = st.text(st.sampled_from('ab,"\n ü'), max_size=5)


def all_of(batches: Iterator[Samples]) -> Samples:
    """Samples of several batches as one."""
    parts = list(batches)
    return Samples(
        np.concatenate([part.X for part in parts]),
        np.concatenate([part.t for part in parts]),
        None if parts[0].keys is None else [key for part in parts for key in part.keys or ()],
        parts[-1].position,
        parts[-1].note,
        sum(part.refused for part in parts),
    )


@given(
    st.lists(st.tuples(FIELDS, st.floats(allow_nan=False, allow_infinity=False)), min_size=1, max_size=8),
    st.lists(st.integers(0, 200), max_size=6),
    st.sampled_from(["\n", "\r\n"]),
)
def test_lines_are_those_of_the_csv_module(rows: list[tuple[str, float]], cuts: list[int], end: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([("key", "x"), *rows])
    data = text.getvalue().encode()
    lines = CsvLines("feed", ["x"], "key", None)
    for start, stop in pairwise(sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})):
        lines.feed(data[start:stop])
        assert data[: lines.consumed].endswith(end.encode()) or lines.consumed == 0
    lines.feed(b"", is_end=True)
    assert lines.consumed == len(data)
    found = lines.take()
    assert found.keys == [key for key, _ in rows]
    assert found.X[:, 0].tolist() == [x for _, x in rows]


def test_what_is_no_sample_is_counted_and_said(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes(
        b"\xef\xbb\xbftime,x,y,key\n2026-01-01T00:00:00Z,1,2,a\n\n5,1,2\n7,one,2,a\n8,1,\xff,a\n9,,4,b\n,5,inf,b"
    )
    feed = CsvFile(path, key="key")
    assert feed.channels == ("x", "y")
    found = all_of(feed.batches(None, threading.Event()))
    np.testing.assert_array_equal(found.X, [[1, 2], [np.nan, 4], [5, np.inf]])
    assert found.keys == ["a", "b", "b"]
    assert found.t[:2].tolist() == [1767225600.0, 9.0]
    assert np.isnan(found.t[2])
    assert (found.refused, found.note.startswith("line 6")) == (3, True)


def test_a_key_may_be_called_what_a_channel_is_called() -> None:
    lines = CsvLines("feed", ["x", "y"], "key", None)
    lines.feed(b"key,x,y\nx,1,2\nx,,\ny,3,4\nkey,y,x\nx,6,5\n")
    found = lines.take()
    np.testing.assert_array_equal(found.X, [[1, 2], [np.nan, np.nan], [3, 4], [5, 6]])
    assert (found.keys, found.note) == (["x", "x", "y", "x"], "the columns changed")


@pytest.mark.parametrize(
    ("text", "arguments", "rule"),
    [
        ("", {}, "must have a line"),
        ("x,y\n", {}, "must have a line"),
        ("name\nAda\n", {}, "has no column of numbers"),
        ("x,y\n1,2\n", {"columns": ["z"]}, "must be in"),
        ("x,y\n1,2\n", {"key": "z"}, "must be in"),
        ("x,y\n1,2\n", {"time": "z"}, "must be in"),
        ("\xff\n1\n", {}, "must be CSV in UTF-8"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, text: str, arguments: dict[str, Any], rule: str) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SpecError, match=rule):
        CsvFile(path, **arguments)


def test_other_delimiters_and_decimal_commas(tmp_path: Path) -> None:
    path, stop = tmp_path / "feed.csv", threading.Event()
    path.write_text("time;flow, in l;mass;key\n0;1,5;-2,25e1;1,5\n1;;3;b\n")
    feed = CsvFile(path, key="key")
    assert feed.channels == ("flow, in l", "mass")
    [found] = feed.batches(None, stop)
    np.testing.assert_array_equal(found.X, [[1.5, -22.5], [np.nan, 3]])
    assert found.keys == ["1,5", "b"]  # a name stays as it is
    with path.open("a") as file:
        file.write("2;7,5;8;c\n")
    [more] = CsvFile(path, key="key").batches(found.position, stop)  # after a restart
    np.testing.assert_array_equal(more.X, [[7.5, 8]])
    path.write_text("a\tb\n1\t2\n")
    assert CsvFile(path).channels == ("a", "b")


def test_times() -> None:
    assert seconds("1970-01-01T00:00:10+00:00") == 10.0
    assert seconds("1970-01-01 01:00:10+01:00") == 10.0
    assert seconds("12.5") == seconds(12.5) == 12.5
    for nothing in ("yesterday", "", None, True, [1]):
        assert np.isnan(seconds(nothing))


class Following:
    """A thread that follows a file into a watch."""

    def __init__(self, watch: Watch, path: Path, **options: Any) -> None:
        self.pump = Pump(watch, CsvFile(path, follow=True, **options))
        self.pump.start()

    def wait(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not until():
            assert time.monotonic() < deadline, self.pump.status
            time.sleep(0.01)


def line(i: int) -> str:
    return f"{i},{i * 0.5},{-i}\n"


def test_no_line_is_lost_that_is_written_just_before_a_file_is_replaced(tmp_path: Path) -> None:
    path, stop = tmp_path / "feed.csv", threading.Event()

    class Late(CsvFile):
        """The file changes between the last look for lines and the look for another file."""

        changed = False

        def _was_replaced(self, file: Any) -> bool:
            if not self.changed:
                self.changed = True
                with path.open("a") as old:
                    old.write("2\n3")
                path.rename(tmp_path / "feed.csv.1")
                path.write_text("x\n4\n")
            return super()._was_replaced(file)

    path.write_text("x\n1\n")
    seen: list[float] = []
    for samples in Late(path, follow=True).batches(None, stop):
        seen += samples.X[:, 0].tolist()
        if seen[-1] == 4:
            stop.set()
    assert seen == [1, 2, 3, 4]


def test_a_file_that_grows_is_replaced_and_changes_its_columns(tmp_path: Path) -> None:
    path, total = tmp_path / "feed.csv", 0

    def write(text: str, mode: str = "a") -> None:
        with path.open(mode) as file:
            file.write(text)

    write("t,x,y\n" + "".join(line(i) for i in range(10)))
    with Watch(tmp_path / "a.db", ["x", "y"], threshold=1.0) as watch:
        following = Following(watch, path)
        following.wait(lambda: watch.samples == 10)
        for i in range(10, 40):  # half lines, and lines of several writes
            text = line(i)
            write(text[:3])
            time.sleep(0.002)
            write(text[3:])
        following.wait(lambda: watch.samples == 40)
        write("t,y,x,z\n40,-40,20.0,7\n")
        following.wait(lambda: watch.samples == 41)
        assert following.pump.status.message == "the columns changed"
        # The file is moved away and begun anew, without y; a last line without an end is counted.
        write("41,-41,20.5,7")
        path.rename(tmp_path / "feed.csv.1")
        write("t,x\n42,21\n", "w")
        following.wait(lambda: watch.samples == 43)
        assert "y is missing" in following.pump.status.message
        write("t,x,y\n43,21.5,-43\n", "w")  # cut short, in place
        following.wait(lambda: watch.samples == 44)
        write("5,1,2\n")
        following.wait(lambda: watch.samples == 45)
        total = watch.samples
        following.pump.stop()
        rows = watch.rows()
        assert watch.key("").backwards == 1
    np.testing.assert_array_equal(rows.t, [*range(44), 5])
    np.testing.assert_array_equal(rows.X[:42], [[i * 0.5, -i] for i in range(42)])
    assert np.isnan(rows.X[42, 1])
    assert total == 45


def test_a_stopped_feed_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text('t,x,key\n0,0,"a\nb"\n')
    for part in range(5):
        with path.open("a") as file:
            file.write("".join(f'{i},{i},"a\nb"\n' for i in range(part * 10 + 1, part * 10 + 11)))
        with Watch(tmp_path / "a.db", ["x"], threshold=1.0) as watch:
            following = Following(watch, path, key="key")
            wanted = part * 10 + 11
            following.wait(lambda watch=watch, wanted=wanted: wanted in [key.position for key in watch.states()])
            following.pump.stop()
    with Watch(tmp_path / "a.db", ["x"], threshold=1.0) as watch:
        np.testing.assert_array_equal(watch.rows("a\nb").t, np.arange(51.0))


def test_a_pipe(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"t,x,y\n0,1,2\n1,3,")
    pipe = os.fdopen(reading, "rb")
    feed = CsvPipe(pipe)
    assert feed.channels == ("x", "y")
    batches = feed.batches(None, threading.Event())
    assert next(batches).X.tolist() == [[1, 2]]
    os.write(writing, b"4\n")
    assert next(batches).X.tolist() == [[3, 4]]
    os.write(writing, b"2,5,6")
    os.close(writing)
    assert next(batches).X.tolist() == [[5, 6]]
    assert list(batches) == []
    stop = threading.Event()
    stop.set()
    assert list(feed.batches(None, stop)) == []
    pipe.close()


def test_records_and_a_plant(tmp_path: Path) -> None:
    records = [
        {"x": 1, "k": "a", "t": 5},
        {"k": "b", "x": None},
        {"x": "no", "k": "a"},
        {"x": 2},
        {"x": True, "k": "a"},
    ]
    found = all_of(Records(records, ["x"], key="k", time="t").batches(None, threading.Event()))
    np.testing.assert_array_equal(found.X, [[1], [np.nan]])
    assert (found.keys, found.refused) == (["a", "b"], 3)
    generator = Generator({"x": Stochastic(normal=Normal()), "y": Stochastic(normal=Normal())}, seed=1)
    plant = Plant(generator, rows_per_second=5000)
    stop = threading.Event()
    parts = []
    for part in plant.batches("7", stop):
        parts.append(part)
        if sum(len(part.X) for part in parts) > 200:
            stop.set()
    n = sum(len(part.X) for part in parts)
    np.testing.assert_array_equal(np.concatenate([part.X for part in parts]), generator.generate(n, start=7).X)
    assert parts[-1].position == str(7 + n)
    stop.clear()
    [first, *_] = itertools.islice(Plant(generator, history=3000).batches(None, stop), 1)
    assert len(first.X) == 3001  # what was before it was watched, and the first live row
    with pytest.raises(SpecError):
        Plant(generator, rows_per_second=0)


def test_what_the_watch_refuses_is_counted_and_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("t,x,key\n" + "".join(f"{i},1,k{i % 4}\n" for i in range(20)))
    with Watch(tmp_path / "a.db", ["x"], threshold=1.0, max_keys=3) as watch:
        pump = Pump(watch, CsvFile(path, key="key"))
        pump.start()
        pump.join()
        assert (watch.samples, pump.status.refused, pump.status.state) == (15, 5, "ended")
        assert "at most 3" in pump.status.message
        assert json.loads(watch.feed_position or "")["byte"] == path.stat().st_size


def test_a_store_that_takes_nothing_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("t,x\n0,1\n1,2\n")
    full = threading.Event()
    full.set()
    monkeypatch.setattr("paranom_rs.watch.feeds.pump._AGAIN", 0.01)
    with Watch(tmp_path / "a.db", ["x"], threshold=1.0) as watch:
        real = watch.update_many

        def update_many(*args: Any, **keywords: Any) -> Any:
            if full.is_set():
                raise OSError(28, "No space left on device")
            return real(*args, **keywords)

        monkeypatch.setattr(watch, "update_many", update_many)
        pump = Pump(watch, CsvFile(path))
        pump.start()
        while pump.status.state != "failed":
            time.sleep(0.01)
        assert "No space" in pump.status.message
        full.clear()
        pump.join()
        assert (watch.samples, pump.status.state, pump.status.message) == (2, "ended", "")


def test_a_feed_that_breaks_says_so(tmp_path: Path) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield {"x": 1}
        raise RuntimeError("the sensor is gone")

    with Watch(tmp_path / "a.db", ["x"], threshold=1.0) as watch:
        pump = Pump(watch, Records(broken(), ["x"]))
        pump.start()
        pump.join()
        assert (pump.status.state, pump.status.message, watch.samples) == ("failed", "the sensor is gone", 1)
