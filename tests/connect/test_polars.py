"""polars: a lazy frame has the rows of one local run, and a query makes only the blocks and values that it needs."""

from __future__ import annotations

import pytest

from paranom_rs import Anomaly, Callback, Generator, Hard, Integers, Normal, Ref, SpecError, Stochastic, Uniqueness
from paranom_rs.generate.row_source import RowSource

pl = pytest.importorskip("polars")

from paranom_rs.connect.polars import scan_paranom  # noqa: E402

ROWS, START, BLOCKS = 10_000, 50, 7


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of rows whose values were made, call by call."""
    counts: list[int] = []
    fill = RowSource.fill

    def counting(self: RowSource, intervals: list[tuple[int, int]], *rest: object, **more: object) -> object:
        counts.append(sum(length for _, length in intervals))
        return fill(self, intervals, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(RowSource, "fill", counting)
    return counts


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
@pytest.mark.parametrize(
    "query",
    [
        lambda frame: frame,
        lambda frame: frame.head(10),
        lambda frame: frame.slice(3_000, 20),
        lambda frame: frame.tail(5),
        lambda frame: frame.head(0),
        lambda frame: frame.select("läuft"),
        lambda frame: frame.select("event", "t"),
        lambda frame: frame.filter(pl.col("is_anomaly") == 1),
        lambda frame: frame.filter(pl.col("event") >= 0).select("pressure"),
        lambda frame: frame.filter(pl.col("t").dt.second() == 7, pl.col("pressure") > 0),
        lambda frame: frame.filter(pl.col("t").dt.minute() % 2 == 0),
        lambda frame: frame.filter(pl.col("pressure") > 2).head(10),
        lambda frame: frame.filter(pl.lit(value=False)),
        lambda frame: frame.filter(pl.lit(value=None, dtype=pl.Boolean)),
        lambda frame: frame.group_by("is_anomaly").agg(pl.col("pressure").min()).sort("is_anomaly"),
        lambda frame: frame.select(pl.len()),
    ],
)
def test_queries_are_those_of_the_whole_table(generator: Generator, query: object, engine: str) -> None:
    whole = pl.DataFrame(generator.generate(ROWS, start=START).table()).lazy()
    lazy = scan_paranom(generator, ROWS, start=START, blocks=BLOCKS)
    assert query(lazy).collect(engine=engine).equals(query(whole).collect())
    assert lazy.collect_schema() == whole.collect_schema()


def test_labels_that_references_carry_on() -> None:
    variables = {"a": Stochastic(Normal(0, 1), anomalous=5.0), "b": Stochastic(Ref("a", lag=3) + 1.0)}
    generator = Generator(variables, anomalies=Anomaly(variables=["a"], frequency=0.1, duration=(1, 9)))
    whole = pl.DataFrame(generator.generate(2_000).table())
    lazy = scan_paranom(generator, 2_000, blocks=9)
    for columns in (["is_anomaly", "event"], ["b", "is_anomaly"]):
        assert lazy.select(columns).collect().equals(whole.select(columns))
    chosen = lazy.filter(pl.col("is_anomaly") == 1).collect()
    assert chosen.equals(whole.filter(pl.col("is_anomaly") == 1))


def test_a_query_for_few_rows_makes_few(generator: Generator, filled: list[int]) -> None:
    lazy = scan_paranom(generator, 1_000_000)
    filled.clear()
    assert len(lazy.head(10).collect()) == 10
    assert filled == [10]
    filled.clear()
    found = lazy.filter(pl.col("pressure") > 2.5).head(10).collect(engine="streaming")
    assert len(found) == 10
    assert sum(filled) < 1_000_000


def test_values_are_made_for_rows_that_a_filter_leaves(generator: Generator, filled: list[int]) -> None:
    lazy = scan_paranom(generator, 100_000, blocks=10)
    filled.clear()
    lazy.select("t", "is_anomaly", "event").collect()
    assert filled == []
    lazy.filter(pl.col("t") < pl.datetime(2024, 1, 1, 0, 20)).collect()
    assert filled == [1_200]
    filled.clear()
    lazy.filter(pl.col("event") == generator.generate(100_000).events.id[0]).collect()
    assert len(filled) == 2  # the line above, and one block or a part of it


def test_functions_are_called_for_whole_blocks() -> None:
    generator = Generator(
        {"x": Callback(normal=float_of_row, anomalous=float_of_row)}, anomalies=Anomaly(frequency=0.1, duration=20)
    )
    whole = pl.DataFrame(generator.generate(300).table())
    found = scan_paranom(generator, 300, blocks=4).filter(pl.col("is_anomaly") == 1).collect()
    assert found.equals(whole.filter(pl.col("is_anomaly") == 1))


def float_of_row(ctx: object) -> float:
    return float(ctx.row)  # type: ignore[attr-defined]


def test_no_rows_and_bad_input(generator: Generator) -> None:
    assert scan_paranom(generator, 0).collect().shape == (0, 5)
    with pytest.raises(SpecError, match="rows"):
        scan_paranom(generator, -1)
    unique = Generator({"x": Stochastic(Integers(0, 10**9))}, uniqueness=Uniqueness(normal=Hard(tries=9)))
    with pytest.raises(SpecError, match="uniqueness"):
        scan_paranom(unique, 10)
