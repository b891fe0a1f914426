"""Plain lines of CSV, which the core reads, are what the careful reader makes of them."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paranom_rs import SpecError, _core
from paranom_rs._internal import csv_lines
from paranom_rs._internal.frames import Frame
from paranom_rs.files.tables import open_lines, read_table

WRITINGS = (
    "|NA|n/a|NaN|-nan|null|None|<NA>|true|False| 1.5 |+3|.5|5.|1e5|1E-400|1_0|inf|-Infinity|0x10|high|#N/A|1 2|\t7|"
    "\uff13|--1|1e|1,5|-2,25e3|,5|1,2,3"
)
NUMBERS = st.one_of(
    st.floats().map(repr), st.integers(-(10**20), 10**20).map(str), st.sampled_from(WRITINGS.split("|"))
)
MOMENTS = (
    "2026-01-31|2026-01-31T08:00|2026-01-31 08:00:00.123456789|2026-02-29|2026/01/31 08:00:00|1600-01-01|"
    "2026-01-31 24:00|2026-01-31 8:00|2026-01-31 08:00:00,5|yesterday|2026-01-31 08:00:60"
)
DATES = st.one_of(
    st.datetimes(datetime(1678, 1, 1), datetime(2261, 12, 31)).map(lambda time: time.isoformat(" ")),
    st.sampled_from(MOMENTS.split("|")),
)


def outcome(text: str, delimiter: str, careful: bool, monkeypatch: pytest.MonkeyPatch) -> Any:
    with monkeypatch.context() as patch:
        patch.setattr(csv_lines, "_WORTH", 10**9 if careful else 1)
        try:
            table = open_lines(io.StringIO(text, newline=""), "a.csv", delimiter=delimiter, order="keep")
            return list(table.frames(7)), table.notes
        except SpecError as error:
            return str(error)


def same(a: Frame, b: Frame) -> bool:
    bits = np.array_equal(np.isnan(a.values), np.isnan(b.values)) and np.array_equal(
        np.nan_to_num(a.values, nan=0.5).view(np.uint64), np.nan_to_num(b.values, nan=0.5).view(np.uint64)
    )
    times = (a.times is None) == (b.times is None) and (
        a.times is None or (np.array_equal(a.times, b.times) and a.times.dtype == b.times.dtype)  # type: ignore[union-attr]
    )
    return bits and times and (a.names, a.zone, a.time_name) == (b.names, b.zone, b.time_name)


@given(
    rows=st.lists(st.tuples(DATES, NUMBERS, NUMBERS), max_size=30),
    zone=st.sampled_from(["", "Z", "+02:00"]),
    delimiter=st.sampled_from([",", ";", "\t"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    oddity=st.sampled_from(["", "", "", "\n", '"1"', ",,", "\0"]),
)
@settings(max_examples=150, deadline=None)
def test_the_core_reads_as_the_careful_reader(
    rows: list[tuple[str, str, str]], zone: str, delimiter: str, end: str, oddity: str
) -> None:
    lines = [delimiter.join([f"{time}{zone}", a, b]) for time, a, b in rows]
    good = [delimiter.join([f"2026-01-01 00:{i:02}:00{zone}", str(i), str(i / 8)]) for i in range(12)]
    text = end.join([delimiter.join(["time", "a", "b"]), *good, *lines, oddity])
    with pytest.MonkeyPatch.context() as monkeypatch:
        fast, careful = (outcome(text, delimiter, x, monkeypatch) for x in (False, True))
    if isinstance(fast, str) or isinstance(careful, str):
        assert fast == careful
        return
    assert fast[1] == careful[1]
    assert len(fast[0]) == len(careful[0])
    assert all(same(a, b) for a, b in zip(fast[0], careful[0], strict=True))


def test_plain_lines_are_read_by_the_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quotes in some lines make those careful, and no others."""
    text = '"time","a, b",note\n' + "".join(f"2026-01-01 00:00:{i:02},{i}.5,x\n" for i in range(60))
    (tmp_path / "a.csv").write_text(text + '2026-01-01 00:01:00,"7","q\nr"\n' + "2026-01-01 00:02:00,8,x\n" * 99)
    made = []
    of = _core.CsvBlock.of

    class Watched:
        @staticmethod
        def of(text: str, **options: Any) -> Any:
            found = of(text, **options)
            made.append(found is not None)
            return found

    monkeypatch.setattr(csv_lines, "_core", type("core", (), {"CsvBlock": Watched}))
    monkeypatch.setattr("paranom_rs.files.tables.Table.frames", lambda self: self.parts(40))
    frame = read_table(tmp_path / "a.csv")
    assert frame.names == ["a, b"]
    np.testing.assert_array_equal(frame.values[:, 0], [*(i + 0.5 for i in range(60)), 7.0, *[8.0] * 99])
    assert made == [True, False, True, True]


def test_errors_name_lines_behind_plain_ones(tmp_path: Path) -> None:
    for bad, message in (
        ("1,2", "line 20002: must have 3 fields"),
        ("2026-01-01,x,1", "line 20002: a: must be a number"),
    ):
        lines = ["time,a,b", *["2026-01-01,1,2"] * 20_000, bad, "2026-01-01,3,4"]
        (tmp_path / "a.csv").write_text("\n".join(lines))
        with pytest.raises(SpecError, match=message):
            read_table(tmp_path / "a.csv")


def test_clocks_that_go_back(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    clock = np.datetime64("2013-10-27T00:00") + np.arange(300) * np.timedelta64(5, "m")
    clock[30:] -= np.timedelta64(1, "h")
    path = tmp_path / "a.csv"

    def written(times: Any) -> Path:
        path.write_text("time,x\n" + "".join(f"{str(t).replace('T', ' ')},{i}\n" for i, t in enumerate(times)))
        return path

    with pytest.warns(
        UserWarning, match=r"a\.csv: line 32: time: the clock goes back from .* where summer time ends; rows stay"
    ):
        frame = read_table(written(clock))
    assert frame.values[:, 0].tolist() == list(range(300))
    clock[200:] -= np.timedelta64(5, "D")
    with pytest.warns(UserWarning, match="line 32"):
        read_table(path := written(clock))
    with pytest.raises(SpecError, match="line 32: time: must not be before the row above"):
        read_table(path, order="raise")
    with pytest.raises(SpecError, match=r'line 4: .*order "keep" or "sort"'):
        read_table(written(clock[:20][::-1]))
    assert read_table(path, order="sort").values[0, 0] == 19


def test_a_list_of_files_is_read_in_its_order(tmp_path: Path) -> None:
    for name, day in (("a.csv", 2), ("b.csv", 1)):
        (tmp_path / name).write_text(f"time,x\n2026-01-0{day},{day}\n")
    frame = read_table([tmp_path / "b.csv", tmp_path / "a.csv"])
    assert frame.values[:, 0].tolist() == [1, 2]
    with pytest.raises(SpecError, match="file: must be a file, or at least one"):
        read_table([])
