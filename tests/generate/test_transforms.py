"""What each anomaly does to the normal values, and that its labels say so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import paranom_rs as pr
from paranom_rs import (
    Anomaly,
    Clip,
    Dataset,
    Flatline,
    FrequencyChange,
    Generator,
    Noise,
    Normal,
    PhaseShift,
    Recorded,
    Reverse,
    Scale,
    Shape,
    Shift,
    Sine,
    Smooth,
    Stochastic,
    TimeWarp,
    Uniform,
)

FIRST, STOP = 1000, 1201
SINE = Sine(period=300, amplitude=2.0)
NOISE = Normal(0.0, 0.1)
Floats = NDArray[np.float64]


def struck(anomalous: Any, normal: Any = SINE + NOISE, onset: Any = None, stop: int = STOP) -> Dataset:
    """2000 rows with one event."""
    anomaly = Anomaly(events=[(FIRST, stop)], onset=onset)
    return Generator({"x": Stochastic(normal, anomalous)}, anomalies=anomaly, seed=3).generate(2000)


def event(data: Dataset, stop: int = STOP) -> Floats:
    """The values in the event; outside of it, they are the clean copy's."""
    outside = np.r_[0:FIRST, stop : len(data)]
    np.testing.assert_array_equal(data["x"][outside], data.clean["x"][outside])
    assert data.y.sum() == stop - FIRST
    return data["x"][FIRST:stop]


def sine(place: Floats) -> Floats:
    return 2.0 * np.sin(2 * np.pi * place / 300)


ROWS = np.arange(FIRST, STOP, dtype=float)


@pytest.mark.parametrize(
    ("transform", "places"),
    [
        (FrequencyChange(2.5), FIRST + (ROWS - FIRST) * 2.5),
        (FrequencyChange(0.3), FIRST + (ROWS - FIRST) * 0.3),
        (PhaseShift(75), ROWS + 75),
        (PhaseShift(-0.25), ROWS - 0.25),
        (Reverse(), FIRST + STOP - 1 - ROWS),
        (TimeWarp(0.8), ROWS + 0.8 * 202 / (2 * np.pi) * np.sin(2 * np.pi * (ROWS - FIRST + 1) / 202)),
    ],
    ids=["faster", "slower", "ahead", "behind", "reverse", "warp"],
)
def test_signals_are_moved_and_noise_is_not(transform: Any, places: Floats) -> None:
    data = struck(transform)
    noise = data.clean["x"][FIRST:STOP] - sine(ROWS)
    np.testing.assert_allclose(event(data), sine(places) + noise, atol=1e-8)


def test_a_warp_does_not_jump() -> None:
    for strength in (-1.0, 0.5, 1.0):
        assert np.abs(np.diff(struck(TimeWarp(strength), SINE)["x"])).max() < 2.01 * np.abs(np.diff(sine(ROWS))).max()


def test_signals_inside_parameters_are_moved() -> None:
    """The mean of a normal, the amplitude of a sine: they are signals too."""
    inside = struck(PhaseShift(75), Normal(mean=SINE, std=0.1))
    outside = struck(PhaseShift(75), SINE + Normal(0.0, 0.1))
    np.testing.assert_allclose(event(inside), event(outside), atol=1e-12)
    amplitude = struck(PhaseShift(40), Sine(period=50, amplitude=SINE))
    places = ROWS + 40
    np.testing.assert_allclose(event(amplitude), sine(places) * np.sin(2 * np.pi * places / 50), atol=1e-8)


KINDS = {
    "cosine": pr.Cosine(period=77),
    "square": pr.Square(period=77),
    "sawtooth": pr.Sawtooth(period=77),
    "ecg": pr.ECG(period=77),
    "trend": pr.Trend(0.01),
    "random walk": pr.RandomWalk(0.5),
}


@pytest.mark.parametrize("transform", [FrequencyChange(1.7), PhaseShift(13.5), Reverse(), TimeWarp()], ids=str)
@pytest.mark.parametrize("name", KINDS)
def test_every_signal_can_be_moved(name: str, transform: Any) -> None:
    data = struck(transform, KINDS[name] + NOISE)
    assert (event(data) != data.clean["x"][FIRST:STOP]).mean() > (0.05 if name == "square" else 0.9)


def test_recordings_are_moved_along_straight_lines() -> None:
    values = np.random.default_rng(1).normal(size=2000)
    anomaly = Anomaly(events=[(FIRST, STOP)], values={"x": PhaseShift(0.25)})
    data = Generator({"x": Recorded(values)}, anomalies=anomaly).generate(2000)
    expected = values[FIRST:STOP] + 0.25 * np.diff(values)[FIRST:STOP]
    np.testing.assert_allclose(event(data), expected, rtol=1e-12)


def test_the_row_axis_ends() -> None:
    """Before row 0 and after the last row, the value at the end stands."""
    for start, by in ((0, -1e9), (2**64 - 10, 1e30)):
        anomaly = Anomaly(events=[(start, start + 9)])
        generator = Generator({"x": Stochastic(pr.RandomWalk(1e-9), PhaseShift(by))}, anomalies=anomaly)
        end = 0 if by < 0 else 2**64 - 1
        assert (generator.generate(9, start=start)["x"] == generator.generate(1, start=end)["x"][0]).all()


def test_an_event_of_one_row() -> None:
    for transform in (FrequencyChange(2), Reverse()):
        with pytest.raises(pr.SpecError, match="must be at least 2 rows: one alone stays as it is"):
            struck(transform, stop=FIRST + 1)
    assert event(struck(Shape([7.0, 9.0]), stop=FIRST + 1), FIRST + 1) == 7.0


def test_clip() -> None:
    data = struck(Clip(low=-1.0, high=0.5))
    np.testing.assert_array_equal(event(data), data.clean["x"][FIRST:STOP].clip(-1.0, 0.5))
    assert (data["x"] != data.clean["x"]).sum() < STOP - FIRST == data.y.sum(), "rows between the limits stay, labelled"


def test_smooth_is_a_moving_mean() -> None:
    data = struck(Smooth(21))
    mean = np.convolve(data.clean["x"], np.ones(21) / 21, "same")
    np.testing.assert_allclose(event(data), mean[FIRST:STOP], rtol=1e-12)


def test_a_shape_is_stretched_over_the_event() -> None:
    data = struck(Shape([0.0, 2.0, -1.0]) * 3.0)
    np.testing.assert_allclose(event(data), 3 * np.interp(np.arange(201), [0, 100, 200], [0, 2, -1]), rtol=1e-12)


@pytest.mark.parametrize("onset", ["creeping", 1, 0.25])
@pytest.mark.parametrize(
    "anomalous", [Shift(5.0), Scale(3.0), Flatline(9.0), Uniform(5.0, 6.0), Noise(2.0), 8.0], ids=str
)
def test_an_effect_that_grows(anomalous: Any, onset: Any) -> None:
    sudden, creeping = struck(anomalous), struck(anomalous, onset=onset)
    grown = np.minimum((ROWS - FIRST + 1) / ((1.0 if onset == "creeping" else onset) * (STOP - FIRST)), 1.0)
    normal = sudden.clean["x"][FIRST:STOP]
    np.testing.assert_allclose(event(creeping), normal + grown * (event(sudden) - normal), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(event(creeping)[grown == 1.0], event(sudden)[grown == 1.0])
    assert (event(creeping) != normal).all(), "the first row has some effect already"


def test_an_effect_of_a_function_that_grows() -> None:
    """The function's value and the normal one are mixed, whoever gives them."""
    rows: list[int] = []

    def five(context: pr.Context) -> float:
        rows.append(context.row)
        return 5.0

    anomaly = Anomaly(events=[(10, 20)], onset="creeping")
    for normal in (pr.Callback(normal=lambda c: 1.0, anomalous=five), Stochastic(1.0, five)):  # type: ignore[arg-type]
        rows.clear()
        data = Generator({"x": normal}, anomalies=anomaly).generate(30, threads=1)
        np.testing.assert_allclose(data["x"][10:20], 1.0 + 4.0 * np.arange(1, 11) / 10)
        assert rows == list(range(10, 20))
        assert data["x"][:10].tolist() == [1.0] * 10


@pytest.mark.parametrize("transform", [FrequencyChange(2.0), Reverse(), Smooth(5)], ids=str)
def test_functions_cannot_be_asked_for_other_rows(transform: Any) -> None:
    with pytest.raises(
        pr.SpecError, match=r'variables\.x\.anomalous: must read no other rows of "x": a function gives'
    ):
        Generator({"x": pr.Callback(normal=lambda c: 1.0, anomalous=transform)})
