"""Generated windows in torch's DataLoader: the same batches for any number of workers, from any place on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.utils.data import DataLoader  # noqa: E402

from paranom_rs import (  # noqa: E402
    Anomaly,
    Generator,
    Hard,
    Integers,
    Normal,
    Sine,
    SpecError,
    SpecTypeError,
    Stochastic,
    Uniform,
    Uniqueness,
)
from paranom_rs.connect.torch import GeneratedDataset  # noqa: E402


def plant() -> Generator:
    return Generator(
        {"a": Stochastic(Sine(period=30) + Normal(0.0, 0.1), Uniform(3.0, 4.0)), "b": Stochastic(Normal())},
        anomalies=Anomaly(frequency=0.1, duration=(3, 9)),
        seed=3,
    )


def batches(dataset: GeneratedDataset, **options: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(x.numpy(), y.numpy()) for x, y in DataLoader(dataset, batch_size=None, **options)]


@pytest.mark.parametrize("step", [None, 1, 7, 50])
def test_windows_are_those_of_the_rows(step: int | None) -> None:
    found = batches(GeneratedDataset(plant(), window=20, batches=4, batch_size=5, stride=step, start=100))
    rows = step or 20
    data = plant().generate(20 * rows + 40, start=100, dtype=np.float32)
    x, y = np.concatenate([x for x, _ in found]), np.concatenate([y for _, y in found])
    assert x.shape == (20, 20, 2)
    assert x.dtype == np.float32
    assert y.dtype == np.int8
    for i in range(20):
        np.testing.assert_array_equal(x[i], data.X[i * rows : i * rows + 20])
        np.testing.assert_array_equal(y[i], data.y[i * rows : i * rows + 20])


@pytest.mark.parametrize("context", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forking a process with threads
def test_any_number_of_workers_gives_the_same(context: str) -> None:
    plant().generate(500_000)  # the parent has a pool of its own, which a fork must not use
    dataset = GeneratedDataset(plant(), window=16, batches=7, batch_size=3)
    alone = batches(dataset)
    for workers in (1, 2):
        together = batches(dataset, num_workers=workers, multiprocessing_context=context)
        assert len(together) == len(alone) == len(dataset)
        for (x, y), (other_x, other_y) in zip(alone, together, strict=True):
            np.testing.assert_array_equal(x, other_x)
            np.testing.assert_array_equal(y, other_y)


def test_epochs_follow_each_other_and_resume() -> None:
    dataset = GeneratedDataset(plant(), window=16, batches=5, batch_size=3)
    twice_as_long = batches(GeneratedDataset(plant(), window=16, batches=10, batch_size=3))
    both = batches(dataset)
    dataset.set_epoch(1)
    both += batches(dataset)
    for (x, _), (other, _) in zip(twice_as_long, both, strict=True):
        np.testing.assert_array_equal(x, other)
    dataset.set_epoch(1, batch=3)
    assert len(dataset) == 2
    for (x, _), (other, _) in zip(twice_as_long[8:], batches(dataset, num_workers=2), strict=True):
        np.testing.assert_array_equal(x, other)
    dataset.set_epoch(1, batch=5)
    assert batches(dataset) == []


def test_arguments_are_checked() -> None:
    with pytest.raises(SpecTypeError, match="generator"):
        GeneratedDataset("plant", window=3, batches=3)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="window"):
        GeneratedDataset(plant(), window=0, batches=3)
    with pytest.raises(SpecTypeError, match=r'GeneratedDataset\.step: .*did you mean "stride"'):
        GeneratedDataset(plant(), window=3, batches=3, step=1)  # type: ignore[call-arg]
    with pytest.raises(SpecError, match="epoch"):
        GeneratedDataset(plant(), window=3, batches=3).set_epoch(2**62)
    unique = Generator({"x": Stochastic(Integers(0, 10**6))}, uniqueness=Uniqueness(normal=Hard()))
    with pytest.raises(SpecError, match="Distinct"):
        GeneratedDataset(unique, window=3, batches=3)
