"""Specs that ask for too much work are refused with the numbers; ends of the row axis; memory that specs share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paranom_rs import (
    Anomaly,
    Decouple,
    Decoys,
    Generator,
    Normal,
    Recorded,
    Ref,
    Shift,
    SpecError,
    Stochastic,
    verify,
)

PLAIN = Generator({"x": Stochastic(Normal())})


@pytest.mark.parametrize("duration", [2**27, 2**30, (1, 2**28)])
def test_events_too_long_to_be_checked_are_refused(duration: Any) -> None:
    rare = Anomaly(frequency=0.5, duration=duration, difficulty="nontrivial")
    with pytest.raises(SpecError, match=r"difficulty: must ask for checks of at most 67108864 rows"):
        Generator({"x": Stochastic(Normal(), Shift(3.0))}, anomalies=rare)


def decoupled(n: int) -> Generator:
    variables = {"v0": Stochastic(Normal())}
    for i in range(1, n):
        variables[f"v{i}"] = Stochastic(Ref(f"v{i - 1}") + Normal(), Decouple(f"v{i - 1}", by=50))
    return Generator(variables, anomalies=Decoys(frequency=0.1, duration=5))


def test_decoys_that_decouple_within_each_other_are_refused() -> None:
    decoupled(4).generate(1000)
    with pytest.raises(SpecError, match="at most 4 deep"):
        decoupled(12)


@pytest.mark.parametrize(
    "call",
    [
        lambda path: PLAIN.write(path / "a.csv", 0, start=2**64),
        lambda path: PLAIN.write(path / "a.csv", 1, start=2**70),
        lambda path: PLAIN.generate(0, start=2**64),
        lambda path: PLAIN.generate(normal=0, anomalous=0, start=2**65),
        lambda path: PLAIN.batches(0, start=2**64),
    ],
)
def test_a_first_row_lies_below_the_end_of_the_axis(call: Any, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"start: must be a row below 2"):
        call(tmp_path)
    assert not list(tmp_path.iterdir())


def test_more_blocks_than_there_are_compare_all_rows(tmp_path: Path) -> None:
    PLAIN.write(tmp_path / "a.parquet", 100)
    assert verify(tmp_path / "a.parquet", blocks=2**70).rows == 100
    with pytest.raises(SpecError, match=r"start: must be a row below 2"):
        verify(tmp_path / "a.parquet", generator=PLAIN, start=2**64)


def test_a_spec_shares_no_memory_that_can_be_written_to() -> None:
    recording = Recorded([1.0, 2.0, 3.0])
    generator = Generator({"r": recording})
    for array in (recording.values, recording.to_spec()["values"], generator.to_spec()["variables"]["r"]["values"]):
        assert isinstance(array, np.ndarray)
        with pytest.raises(ValueError, match=r"(?i)writ"):
            array.flags.writeable = True
    assert generator.generate(3)["r"].tolist() == [1.0, 2.0, 3.0]


def test_few_pools_are_kept() -> None:
    tasks = Path("/proc/self/task")
    if not tasks.exists():
        pytest.skip("needs /proc")
    generator = Generator({name: Stochastic(Normal()) for name in "abcd"})
    for threads in range(2, 42):
        generator.generate(100_000, threads=threads)
    # Four pools of at most 41 threads; those that were not kept may be about to end.
    assert len(list(tasks.iterdir())) < 4 * 41 + 2 * 41
