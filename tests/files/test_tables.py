"""Tables of users: what CSV, Parquet, Arrow and frames say is what arrives, and what is not understood is named."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import Recorded, SpecError, SpecTypeError
from paranom_rs._internal.frames import Frame
from paranom_rs._internal.times import NotADateError, epoch_unit, from_epoch, parse_dates, time_texts
from paranom_rs.detect.z_score import ZScore
from paranom_rs.evaluate import metrics, thresholds
from paranom_rs.files.tables import open_lines, read_table

PLAIN = "time,flow,pressure\n2026-01-01 00:00:00,1.5,2\n2026-01-01 00:00:01,,3\n"


def write(folder: Path, text: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def read(folder: Path, text: str | bytes, **options: Any) -> Frame:
    return read_table(write(folder, text), **options)


def refused(folder: Path, text: str | bytes, **options: Any) -> str:
    with pytest.raises(SpecError) as caught:
        read(folder, text, **options)
    return str(caught.value).replace(f"{folder}/", "")


def is_plain(frame: Frame) -> None:
    assert frame.names == ["flow", "pressure"]
    assert frame.time_name == "time"
    np.testing.assert_array_equal(frame.values, [[1.5, 2], [np.nan, 3]])
    assert frame.time_texts() == ["2026-01-01 00:00:00", "2026-01-01 00:00:01"]


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        PLAIN.replace(",", ";").replace("1.5", "1,5"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\n\n \n"),
        "\ufeff" + PLAIN,
        PLAIN.replace("01,,", "01,NA,"),
        PLAIN.replace("01,,", "01,null,"),
        PLAIN.replace("01,,", '01, "N/A" ,'),
        PLAIN.replace("\n", ",\n").replace("pressure,", "pressure"),
        PLAIN.replace("time", "").replace("x", ""),
        PLAIN.replace("2026-01-01 00:00:0", "176722560").replace("time", "Time (s)"),
        PLAIN.replace("2026-01-01 00:00:00", "1767225600000").replace("2026-01-01 00:00:01", "1767225601000"),
        ",time,flow,pressure\n0,2026-01-01T00:00:00,1.5,2\n1,2026-01-01T00:00:01,,3\n",
        "time,flow,pressure\n0,2026-01-01T00:00:00,1.5,2\n1,2026-01-01T00:00:01,,3\n",
        "flow,time,anomaly,pressure\n1.5,2026/01/01 0:00,0,2\nnan,2026/01/01 0:00:01,1,3\n",
        "status,flow,time,pressure\nok,1.5,2026-01-01,2\nbad,NaN,2026-01-01 00:00:01.000,3\n",
    ],
)
def test_one_table_in_many_writings(tmp_path: Path, text: str) -> None:
    frame = read(tmp_path, text)
    frame = Frame(frame.values, frame.names, frame.times, None, "time")  # other names and zones have tests of their own
    is_plain(frame)


def test_files_of_each_kind(tmp_path: Path) -> None:
    is_plain(read(tmp_path, PLAIN))
    write(tmp_path, gzip.compress(PLAIN.encode()), "a.csv.gz")
    is_plain(read_table(tmp_path / "a.csv.gz"))
    table = pa.table(
        {"time": np.array(["2026-01-01", "2026-01-01T00:00:01"], "M8[us]"), "flow": [1.5, None], "pressure": [2, 3]}
    )
    pq.write_table(table, tmp_path / "a.parquet")
    is_plain(read_table(tmp_path / "a.parquet"))
    for new in (pa.ipc.new_file, pa.ipc.new_stream):
        with new(tmp_path / "a.arrow", table.schema) as file:
            file.write_table(table)
        is_plain(read_table(tmp_path / "a.arrow"))
    texts = table.set_column(0, "time", table["time"].cast(pa.string()))
    pq.write_table(texts, tmp_path / "a.parquet")
    is_plain(read_table(tmp_path / "a.parquet"))
    folder = tmp_path / "parts"
    folder.mkdir()
    head, first, second = PLAIN.splitlines(keepends=True)
    write(folder, head + first, "1.csv")
    write(folder, head + second, "2.csv")
    write(folder, "what", "_SUCCESS")
    is_plain(read_table(folder))
    write(folder, "time,other\n2026-01-02,1\n", "3.csv")
    with pytest.raises(SpecError, match=r"3\.csv: must have the columns of .*1\.csv, flow, pressure, got other"):
        read_table(folder)


def test_values_of_other_kinds(tmp_path: Path) -> None:
    frame = read(tmp_path, "a,b\nTrue,1e3\nfalse,-inf\nNone,+5\n")
    np.testing.assert_array_equal(frame.values, [[1, 1000], [0, -np.inf], [np.nan, 5]])
    assert frame.times is None


def test_no_header_and_blanks_between(tmp_path: Path) -> None:
    frame = read(tmp_path, "   6.37e+01  1\n  2 -3\n\n", delimiter="space")
    assert frame.names == ["column 1", "column 2"]
    np.testing.assert_array_equal(frame.values, [[63.7, 1], [2, -3]])
    np.testing.assert_array_equal(read(tmp_path, "   6.37e+01  1\n  2 -3\n").values, frame.values)
    rising = "".join(f"{i / 8},{i % 3}\n" for i in range(20))
    frame = read(tmp_path, rising)  # what has no name and always goes up is a time
    assert (frame.time_name, frame.names) == ("column 1", ["column 2"])
    assert frame.time_texts()[:2] == ["0.0", "0.125"]
    assert read(tmp_path, rising, columns=["column 1"]).times is None
    assert read(tmp_path, "3\n4\n").values.tolist() == [[3], [4]]


def test_empty_tables(tmp_path: Path) -> None:
    assert read(tmp_path, "time,a,b\n").values.shape == (0, 2)
    assert read(tmp_path, "a\n5\n").values.shape == (1, 1)
    assert read(tmp_path, "a,b\n5,\n6,\n").values.shape == (2, 2)  # b holds nothing: a channel all the same
    for text in ("", "\n\n", "\ufeff"):
        assert refused(tmp_path, text) == "a.csv: must have a first line that names the columns, got nothing"


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    head = "time,flow\n2026-01-01,1\n\n"
    rule = "must be a number, true or false, or missing (empty, NA, null); columns leaves it out"
    many = "".join(f"2026-01-01 00:{i // 60:02}:{i % 60:02},1\n" for i in range(300))
    assert refused(tmp_path, f"time,flow\n{many}2026-01-02,high\n") == f"a.csv: line 302: flow: {rule}, got 'high'"
    assert "line 302: flow" in refused(tmp_path, f"time,flow\n{many}2026-01-02,1_0\n")
    assert "line 4: must have 2 fields delimited by ',', as the header has" in refused(tmp_path, head + "1,2,3\n")
    assert "line 302: time: must be a date like" in refused(tmp_path, f"time,flow\n{many}yesterday,1\n")
    assert "time_format reads others" in refused(tmp_path, f"time,flow\n{many}01.02.2026,1\n")
    assert "line 302: time: must be a date" in refused(tmp_path, f"time,flow\n{many}2026-02-30 00:00:00,1\n")
    assert "line 302: time: must be a date" in refused(tmp_path, f"time,flow\n{many},1\n")
    back = refused(tmp_path, f"time,flow\n{many}2026-01-01 00:04:58,1\n", order="raise")
    assert back == (
        'a.csv: line 302: time: must not be before the row above, 2026-01-01 00:04:59; order "keep" or "sort" takes '
        "such rows, got 2026-01-01 00:04:58"
    )
    assert refused(tmp_path, "name,place\nx,y\n") == (
        "a.csv: must have a column of numbers beside time and labels, got name, place"
    )
    assert refused(tmp_path, "start,end,x\n2026-01-01,2026-01-02,1\n") == (
        "time: must say which column of a.csv is the time, got 'start', 'end'"
    )
    assert "must have one column 'x', got 2 of them" in refused(tmp_path, "x,x\n1,2\n")
    assert "must be in a.csv, which has time, flow, got 'flo'" in refused(tmp_path, head, columns=["flo"])
    assert "columns: must be columns of numbers" in refused(tmp_path, head, columns=["time"], time="flow")
    assert "delimiter: must be one character" in refused(tmp_path, head, delimiter=";;")
    assert "must be CSV in UTF-8" in refused(tmp_path, "a,b\n1,\xe9\n".encode("latin-1"))
    assert "order: must be one of" in refused(tmp_path, head, order="any")
    assert "time_unit: must be one of" in refused(tmp_path, head, time_unit="weeks")
    write(tmp_path, b"\x1f\x8b\x08", "b.csv.gz")
    with pytest.raises(SpecError, match=r"b\.csv\.gz: must be a whole gzip file"):
        read_table(tmp_path / "b.csv.gz")
    write(tmp_path, b"PAR1", "b.parquet")
    with pytest.raises(SpecError, match=r"b\.parquet: must be a Parquet or Arrow file"):
        read_table(tmp_path / "b.parquet")
    with pytest.raises(SpecError, match=r"file: must end in \.csv"):
        read_table(write(tmp_path, "", "a.xlsx"))
    (tmp_path / "none").mkdir()
    with pytest.raises(SpecError, match=r"must hold a \.csv"):
        read_table(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / "missing.csv")


def test_lines_are_counted_through_quotes(tmp_path: Path) -> None:
    rows = 'a,note\n1,"x\ny"\n' + "2,z\n" * 300 + 'high,"p\nq\nr"\n'
    assert "a.csv: line 304: a: must be a number" in refused(tmp_path, rows)


def test_the_order_of_rows(tmp_path: Path) -> None:
    text = "t,k,x\n1,a,10\n3,a,30\n2,b,20\n2,b,21\n"
    assert read(tmp_path, text, order="keep").values[:, 0].tolist() == [10, 30, 20, 21]
    sorted_rows = read(tmp_path, text, time="t", order="sort", process="k", label=None)
    assert sorted_rows.values[:, 0].tolist() == [10, 20, 21, 30]
    assert sorted_rows.keys == ["a", "b", "b", "a"]
    by_process = read(tmp_path, text, time="t", process="k")  # each process goes forward
    assert by_process.keys == ["a", "a", "b", "b"]
    assert by_process.times is not None
    assert by_process.times.tolist() == [1, 3, 2, 2]
    assert "line 4: t" in refused(tmp_path, text, time="t", order="raise")


def test_labels(tmp_path: Path) -> None:
    for words in ("0,1", "false,TRUE", "normal,broken", "0.0,1.0"):
        normal, anomalous = words.split(",")
        frame = read(tmp_path, f"x,state\n1,{normal}\n2,{anomalous}\n", label="state")
        assert frame.labels is not None
        assert frame.labels.tolist() == [False, True]
        assert frame.names == ["x"]
    assert "line 3: state: must be a label" in refused(tmp_path, "x,state\n1,0\n2,2\n", label="state")
    assert "line 3: state: must be a label" in refused(tmp_path, "x,state\n1,0\n2,\n", label="state")


def test_live_lines_are_not_waited_for(tmp_path: Path) -> None:
    def lines() -> Any:
        yield "a;b\n"
        yield "1;2\n"
        raise AssertionError("a line was asked for before the first was used")

    frames = open_lines(lines(), "standard input", sample=1).frames(1)
    assert next(frames).values.tolist() == [[1, 2]]


@given(st.data())
def test_csv_is_what_pandas_wrote(data: st.DataObject) -> None:
    rows, width = data.draw(st.integers(1, 30)), data.draw(st.integers(2, 4))
    number = st.one_of(st.floats(allow_nan=False), st.integers(-9, 9), st.none())
    columns = {f"c{j}": data.draw(st.lists(number, min_size=rows, max_size=rows)) for j in range(width)}
    sep = data.draw(st.sampled_from([",", ";", "\t", "|"]))
    frame = pd.DataFrame(columns, dtype=np.float64)
    text = frame.to_csv(index=False, sep=sep, na_rep=data.draw(st.sampled_from(["", "NA", "null"])))
    table = open_lines(io.StringIO(text), "t", sample=data.draw(st.integers(1, 40)))
    parts = [part.values for part in table.frames(data.draw(st.integers(1, 40)))]
    got = np.concatenate([np.empty((0, width)), *parts])
    np.testing.assert_array_equal(got, frame.to_numpy())


@given(
    st.lists(st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)), min_size=1, max_size=5),
    st.sampled_from(["", "Z", "+02:00", "-0330", "+05"]),
    st.sampled_from([" ", "T"]),
)
def test_dates_are_those_of_python(stamps: list[datetime], zone: str, between: str) -> None:
    texts = [stamp.isoformat(sep=between) + zone for stamp in stamps]
    times, found = parse_dates(texts)
    aware = [datetime.fromisoformat(text) for text in texts]
    want = [(stamp.astimezone(UTC) if zone else stamp).replace(tzinfo=None) for stamp in aware]
    assert times.tolist() == np.array(want, "M8[ns]").tolist()
    assert found == {"": None, "Z": "UTC", "+02:00": "+02:00", "-0330": "-03:30", "+05": "+05:00"}[zone]
    again, _ = parse_dates(time_texts(times, found))
    assert again.tolist() == times.tolist()


def test_no_dates() -> None:
    for text in ("now", "NaT", "2026", "2026-13-01", "12020-01-01", "1600-01-01", "01.02.2026", "2026-01-01 25:00", ""):
        with pytest.raises(NotADateError) as caught:
            parse_dates(["2026-01-01", text])
        assert caught.value.at == 1
    with pytest.raises(NotADateError):
        parse_dates(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00"])
    times, _ = parse_dates(["3.2.2026 10:00"], "%d.%m.%Y %H:%M")
    assert time_texts(times) == ["2026-02-03 10:00:00"]
    assert parse_dates(["2026-07-01T00:00:00+02:00", "2026-12-01T00:00:00+01:00"])[1] == "UTC"


@pytest.mark.parametrize(("unit", "scale"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_epoch_units(unit: str, scale: int) -> None:
    stamp = np.array([1_767_225_600 * scale, 1_767_225_601 * scale])
    assert epoch_unit(stamp) == unit
    assert time_texts(from_epoch("t", stamp, unit)) == ["2026-01-01 00:00:00", "2026-01-01 00:00:01"]
    assert epoch_unit(np.array([0, 1])) is None
    assert time_texts(from_epoch("t", np.array([0.25]), "s")) == ["1970-01-01 00:00:00.25"]
    with pytest.raises(SpecError, match=r"t\[1\]: must be a time between 1678 and 2261"):
        from_epoch("t", np.array([0.0, 1e300]), "s")


def test_zones_of_tables() -> None:
    index = pd.date_range("2026-03-29 00:30", periods=3, freq="1h", tz="Europe/Berlin")
    frame = Frame.of("X", pd.DataFrame({"x": range(3)}, index=index))
    assert frame.zone == "Europe/Berlin"
    # The clock is put forward at two.
    assert frame.time_texts() == ["2026-03-29 00:30:00+01:00", "2026-03-29 01:30:00+01:00", "2026-03-29 03:30:00+02:00"]
    polars = Frame.of(
        "X",
        pl.DataFrame({"at": index.to_pydatetime().tolist(), "x": range(3)}).with_columns(
            pl.col("at").dt.convert_time_zone("Europe/Berlin")
        ),
    )
    assert polars.time_texts() == frame.time_texts()
    arrow = Frame.of("X", pa.table({"at": pa.array(index), "x": range(3)}))
    assert arrow.time_texts() == frame.time_texts()
    assert arrow.time_name == "at"
    offset = Frame.of("X", pd.DataFrame({"x": range(3)}, index=index.tz_convert("-02:30")))
    assert (offset.zone, offset.time_texts()[0]) == ("-02:30", "2026-03-28 21:00:00-02:30")


def frames() -> dict[str, Any]:
    a, b = [1.5, None, 3.0], [True, False, True]
    pandas = pd.DataFrame({"a": [1.5, np.nan, 3.0], "b": b})
    polars = pl.DataFrame({"a": a, "b": b})
    arrow = pa.table({"a": a, "b": b})
    return {
        "pandas": pandas,
        "nullable": pandas.convert_dtypes(),
        "object": pd.DataFrame({"a": pd.Series(a, dtype=object), "b": pd.Series([1, Decimal(0), True], dtype=object)}),
        "NA": pd.DataFrame({"a": pd.Series([1.5, pd.NA, 3], dtype=object), "b": b}),
        "arrow-backed": pandas.convert_dtypes(dtype_backend="pyarrow"),
        "float32": pandas.astype("float32"),
        "categories": pd.DataFrame({"a": pandas["a"], "b": pd.Categorical([1, 0, 1])}),
        "polars": polars,
        "decimal": polars.with_columns(pl.col("a").cast(pl.Decimal(10, 2))),
        "arrow": arrow,
        "dictionary": pa.table({"a": pa.array(a).dictionary_encode(), "b": pa.array(b)}),
        "chunks": pa.concat_tables([arrow[:1], arrow[1:]]),
        "batch": arrow.to_batches()[0],
        "list": [[1.5, 1], [None, 0], [3.0, 1]],
        "Fortran": np.asfortranarray([[1.5, 1], [np.nan, 0], [3.0, 1]]),
        "big-endian": np.array([[1.5, 1], [np.nan, 0], [3.0, 1]], ">f4"),
        "masked": np.ma.masked_invalid([[1.5, 1], [np.nan, 0], [3.0, 1]]),
        "objects": np.array([[1.5, True], [None, 0], [3.0, np.float32(1)]], dtype=object),
    }


@pytest.mark.parametrize("kind", list(frames()))
def test_one_frame_of_many_kinds(kind: str) -> None:
    X = frames()[kind]
    frame = Frame.of("X", X)
    np.testing.assert_array_equal(frame.values, [[1.5, 1], [np.nan, 0], [3, 1]])
    assert frame.values.flags.c_contiguous
    assert frame.values.dtype == np.float64
    is_named = not isinstance(X, list | np.ndarray)
    assert frame.names == (["a", "b"] if is_named else None)


def test_results_come_back_in_the_callers_kind() -> None:
    index = pd.date_range("2026-01-01", periods=3, freq="1min", tz="Asia/Tokyo", name="at")
    scores = np.array([0.5, 1, 2])
    frame = Frame.of("X", pd.DataFrame({"a": range(3), "b": range(3)}, index=index))
    back = frame.wrap(scores)
    pd.testing.assert_series_equal(back, pd.Series(scores, index=index, name="score"))
    pd.testing.assert_index_equal(frame.wrap(scores[1:], rows=slice(1, None)).index, index[1:])
    assert list(frame.wrap(np.zeros((3, 2))).columns) == ["a", "b"]
    assert list(frame.wrap(np.zeros((3, 3))).columns) == ["0", "1", "2"]
    with pytest.raises(SpecError, match="must have a result for each of 3 rows"):
        frame.wrap(scores[1:])
    series = Frame.of("X", pd.Series([1, 2, 3], index=list("xyz"), name="flow"))
    assert series.names == ["flow"]
    assert series.wrap(scores).loc["y"] == 1
    polars = Frame.of("X", pl.DataFrame({"a": [1, 2, 3]}))
    assert polars.wrap(scores).equals(pl.Series("score", scores))
    assert polars.wrap(np.zeros((3, 2))).columns == ["0", "1"]
    assert Frame.of("X", pa.table({"a": [1, 2, 3]})).wrap(scores).equals(pa.array(scores))
    assert isinstance(Frame.of("X", [1, 2, 3]).wrap(scores), np.ndarray)


def test_frames_that_are_none() -> None:
    with pytest.raises(SpecTypeError, match=r"X\['s'\]: must hold real numbers, got str '1'"):
        Frame.of("X", pd.DataFrame({"s": pd.Series(["1", "2"], dtype=object)}))
    with pytest.raises(SpecTypeError, match=r"X\['s'\]: must hold real numbers"):
        Frame.of("X", pl.DataFrame({"s": ["1", "2"]}))
    with pytest.raises(
        SpecTypeError, match=r"X.columns: must be numbers; one column of dates can be the time.*'p', 'q'"
    ):
        Frame.of("X", pd.DataFrame({"p": pd.to_datetime(["2026"]), "q": pd.to_datetime(["2027"]), "x": [1]}))
    with pytest.raises(SpecError, match="must be different names, got 'a'"):
        Frame.of("X", pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(SpecError, match="must have a column of numbers"):
        Frame.of("X", pd.DataFrame({"p": pd.to_datetime(["2026"])}))
    with pytest.raises(SpecError, match=r"must have shape \(n,\) or \(n, d\)"):
        Frame.of("X", np.zeros((2, 2, 2)))
    with pytest.raises(SpecTypeError, match="must hold real numbers"):
        Frame.of("X", [["a", 1]])
    for empty in ([], np.empty((0, 2)), pd.DataFrame({"a": []}), pl.DataFrame({"a": []})):
        assert len(Frame.of("X", empty)) == 0


def test_labels_scores_and_recordings_of_tables() -> None:
    index = pd.date_range("2026-01-01", periods=4, freq="1min")
    y = pd.Series([0, 1, 1, 0], index=index, dtype="Int64")
    scores = pd.Series([0.1, 0.9, 0.8, 0.2], index=index)
    found = metrics.evaluate(y, scores=scores, threshold=0.5)
    assert found.f == {1.0: 1, 0.1: 1}
    assert metrics.evaluate(pl.DataFrame({"y": y.tolist()}), scores=pa.array(scores.tolist())).roc_auc == 1
    for job in (
        lambda: metrics.evaluate(y, scores=scores[::-1]),
        lambda: metrics.vus(y, scores[::-1]),
        lambda: metrics.event_report(y, (scores > 0.5)[::-1]),
        lambda: thresholds.Quantile().fit(scores, y[::-1]),
    ):
        with pytest.raises(SpecError, match="must be in the order of the other's index"):
            job()
    rule = thresholds.Quantile(0.5).fit(scores)
    pd.testing.assert_series_equal(rule.predict(scores), pd.Series([0, 1, 1, 0], index, np.int8, name="is_anomaly"))
    assert isinstance(rule.predict([0.5, 1]), np.ndarray)
    nullable = pd.Series([1.0, None, 3.0, 4.0], dtype="Float64")
    labels = pd.Series([False, True, True, False], dtype="boolean")
    recorded = Recorded(nullable, labels=labels)
    np.testing.assert_array_equal(np.asarray(recorded.values), [1, np.nan, 3, 4])
    assert recorded.labels.tolist() == [[1, 3]]


def test_rows_of_a_frame() -> None:
    index = pd.date_range("2026-01-01", periods=4, freq="1min")
    frame = Frame.of("X", pd.DataFrame({"a": range(4)}, index=index))
    part = frame[1:3]
    assert part.values.ravel().tolist() == [1, 2]
    assert list(part.index) == list(index[1:3])
    assert frame.take(np.array([3, 0])).time_texts() == ["2026-01-01 00:03:00", "2026-01-01 00:00:00"]
    frame.check_order("X")
    with pytest.raises(SpecError, match=r"X\[1\]: must not be before the row above it, 2026-01-01 00:03:00"):
        frame.take(np.array([3, 0])).check_order("X")


def test_offsets_of_times() -> None:
    stamp = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))
    assert parse_dates([stamp.isoformat()])[0].tolist() == np.array(["2026-01-01T03:30"], "M8[ns]").tolist()


def test_detectors_give_scores_back_with_the_index() -> None:
    index = pd.date_range("2026-01-01", periods=300, freq="1min", tz="Asia/Tokyo", name="at")
    values = np.random.default_rng(0).normal(size=(300, 2))
    frame = pd.DataFrame(values, index=index, columns=["a", "b"])
    plain = ZScore().fit(values)
    scores = plain.decision_function(values)
    detector = ZScore().fit(frame)
    pd.testing.assert_series_equal(detector.decision_function(frame), pd.Series(scores, index, name="score"))
    pd.testing.assert_series_equal(detector.score_samples(frame), pd.Series(-scores, index, name="score"))
    flags = pd.Series(plain.predict(values), index, name="is_anomaly")
    pd.testing.assert_series_equal(detector.predict(frame), flags)
    pd.testing.assert_index_equal(ZScore().fit_predict(frame).index, index)
    # A column of dates is the time, no channel.
    for table in (frame.reset_index(), pl.from_pandas(frame.reset_index()), pa.table(frame.reset_index())):
        found = ZScore().fit(table)
        assert list(found.feature_names_in_) == ["a", "b"]
        np.testing.assert_array_equal(np.asarray(found.decision_function(table)), scores)
    assert isinstance(detector.decision_function(values), np.ndarray)
