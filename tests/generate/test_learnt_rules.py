"""Rules for what is learnt from recordings: blocks, noise, quantiles, limits, steps. Recordings beside TOML."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from paranom_rs import (
    AR1,
    Blocks,
    ColouredNoise,
    Empirical,
    FrequencyChange,
    Generator,
    Limited,
    Normal,
    Recorded,
    Rounded,
    SpecError,
    Stochastic,
)

LEAST = 1e-4


def column(rule: object, rows: int, start: int = 0) -> np.ndarray:
    return Generator({"x": Stochastic(rule)}, seed=3).generate(rows, start=start)["x"]  # type: ignore[arg-type]


def test_a_round_plays_each_block_once() -> None:
    blocks = [(0, 7), (7, 20), (20, 21), (30, 64)]
    x = column(Blocks(np.arange(64.0), blocks), 4 * 55)
    inside = sorted(row for start, stop in blocks for row in range(start, stop))
    orders = set()
    for played in x.reshape(4, 55):
        assert sorted(played) == inside
        orders.add(tuple(played))
    assert len(orders) > 1, "another order in each round"


def test_reach_says_how_far_blocks_move() -> None:
    n = 200
    blocks = [(5 * i, 5 * i + 5) for i in range(n)]
    x = column(Blocks(np.arange(5.0 * n), blocks, reach=4), 5 * n)
    moved = x[::5] / 5 - np.arange(n)
    assert np.abs(moved).max() <= 4
    assert (moved != 0).mean() > 0.4
    far = column(Blocks(np.arange(5.0 * n), blocks), 5 * n)
    assert np.abs(far[::5] / 5 - np.arange(n)).max() > 100


def test_a_block_fades_in() -> None:
    """From 0 at the end of either block to the first rows of the next, which are 8."""
    values = np.array([8.0, 8, 8, 8, 0, 0, 0, 8, 8, 8, 8, 0, 0, 0])
    x = column(Blocks(values, [(0, 4), (7, 11)], fade=3), 400)
    assert list(x[:4]) == [8, 8, 8, 8], "nothing comes before row 0"
    np.testing.assert_array_equal(x[4:].reshape(-1, 4), np.tile([2.0, 4, 6, 8], (99, 1)))


def test_blocks_are_mixed() -> None:
    """A row of a mixed block is on the line through its own value and the other block's, the share from its own."""
    values = np.concatenate([np.full(11, 1.0), np.full(21, 5.0), np.full(5, 100.0)])
    blocks = [(0, 10), (11, 31), (32, 37)]
    x = column(Blocks(values, blocks, mix=[0.25, 0.25, 0.0]), 35 * 500)
    assert (x == 100.0).sum() == 5 * 500, "a share of 0: as recorded"
    low, high = x[x < 3.0], x[(x > 3.0) & (x < 10.0)]
    assert len(low) == 10 * 500
    assert len(high) == 20 * 500
    for drawn, own, other in ((low, 1.0, 5.0), (high, 5.0, 1.0)):
        shares = np.unique(drawn - own) / (other - own)
        assert len(shares) == 500, "one share for each block of each round"
        assert np.abs(shares).max() <= 0.25
        assert stats.kstest(shares, stats.uniform(-0.25, 0.5).cdf).pvalue > LEAST


def test_another_block_is_stretched() -> None:
    """Lines from 0 to 8 in 4 and in 8 rows: at every place they have the same value, so no mixture changes it."""
    values = np.concatenate([np.arange(0.0, 8.0, 2.0), np.arange(8.0)])
    x = column(Blocks(values, [(0, 4), (4, 12)], mix=1.0), 12)
    long = x[:8] if x[1] == 1.0 else x[4:]
    # From row 6 of the short block's stretched rows on, what follows is the next recorded row: 0.
    np.testing.assert_array_equal(long[:7], np.arange(7.0))


def test_mixtures_keep_channels_together() -> None:
    values = np.random.default_rng(0).normal(size=100)
    blocks = [(10 * i, 10 * i + 10) for i in range(10)]
    rules = {"a": Blocks(values, blocks, group="plant", mix=0.5), "b": Blocks(-values, blocks, group="plant", mix=0.5)}
    data = Generator({name: Stochastic(rule) for name, rule in rules.items()}).generate(1000)
    np.testing.assert_array_equal(data["a"], -data["b"])
    assert not np.isin(data["a"], values).any()


def test_what_is_missing_mixes_nothing() -> None:
    values = np.array([1.0, np.nan, 1.0, 1.0, 3.0, 3.0, np.nan, 3.0])
    x = column(Blocks(values, [(0, 4), (4, 8)], mix=0.5), 80).reshape(20, 4)
    assert np.isnan(x).sum() == 20, "one of each block"
    first = np.isnan(x[:, 1])
    assert (x[first, 2] == 1.0).all()
    assert (x[~first, 1] == 3.0).all()


def test_a_group_keeps_channels_together() -> None:
    values = np.arange(100.0)
    blocks = [(10 * i, 10 * i + 10) for i in range(10)]
    rules = {
        "a": Blocks(values, blocks, group="plant"),
        "b": Normal() * 0.0 + Blocks(-values, blocks, group="plant"),
        "c": Blocks(values, blocks, group="other"),
        "d": Blocks(values, blocks),
    }
    data = Generator({name: Stochastic(rule) for name, rule in rules.items()}).generate(1000)
    np.testing.assert_array_equal(data["a"], -data["b"])
    assert (data["a"] != data["c"]).any()
    assert (data["a"] != data["d"]).any()


def test_channels_share_noise() -> None:
    shared = ColouredNoise([1.0, 0.5], group="plant")
    data = Generator(
        {"a": Stochastic(shared), "b": Stochastic(shared * 2.0 + Normal()), "c": Stochastic(ColouredNoise([1.0, 0.5]))}
    ).generate(50_000)
    assert np.corrcoef(data["a"], data["b"])[0, 1] == pytest.approx(2 / np.sqrt(4 + 1 / 1.25), abs=0.02)
    assert abs(np.corrcoef(data["a"], data["c"])[0, 1]) < 0.03


def test_coloured_noise_has_the_autocovariance_of_its_weights() -> None:
    weights = np.array([1.0, -0.8, 0.6, 0.0, 0.3])
    x = column(ColouredNoise(list(weights), mean=5.0), 200_000)
    assert x.mean() == pytest.approx(5.0, abs=0.02)
    z = x - 5.0
    for h in range(7):
        expected = float(weights[: max(5 - h, 0)] @ weights[h:])
        assert (z[: len(z) - h] @ z[h:]) / len(z) == pytest.approx(expected, abs=0.03), h


def test_quantiles_are_those_of_the_table() -> None:
    recorded = np.random.default_rng(0).gamma(2.0, size=5000)
    table = list(np.quantile(recorded, np.linspace(0, 1, 257)))
    assert stats.kstest(column(Empirical(table), 20_000), recorded).pvalue > LEAST
    red = column(Empirical(table, of=AR1(0.9)), 400_000)
    np.testing.assert_allclose(np.quantile(red, [0.1, 0.5, 0.9]), np.quantile(recorded, [0.1, 0.5, 0.9]), rtol=0.05)
    ranks = stats.norm.ppf((stats.rankdata(red) - 0.5) / len(red))
    assert np.corrcoef(ranks[1:], ranks[:-1])[0, 1] == pytest.approx(0.9, abs=0.01)


def test_limits_and_steps() -> None:
    x = column(Rounded(Limited(Normal(), low=-1.0, high=1.5), step=0.1), 5000)
    assert set(x) == {round(0.1 * i, 1) for i in range(-10, 16)}
    assert (x == 1.5).mean() == pytest.approx(stats.norm.sf(1.45), abs=0.02)


def test_events_run_faster_through_blocks() -> None:
    """Blocks are signals: an event takes them from other places of the row axis."""
    rule = Blocks(np.arange(100.0), [(0, 50), (50, 100)])
    variable = Stochastic(rule, anomalous=FrequencyChange(2.0))
    from paranom_rs import Anomaly

    data = Generator({"x": Stochastic(rule)} | {"x": variable}, anomalies=Anomaly(events=[(10, 20)])).generate(100)
    np.testing.assert_array_equal(data["x"][10:20], data.clean["x"][10:30:2])


@pytest.mark.parametrize("rows", [50, 30_000])
def test_recordings_lie_beside_the_toml(rows: int, tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=rows)
    x[3] = np.nan
    variables = {
        "a b": Stochastic(Blocks(x, [(0, 20), (20, 50)], group="g") + 1.0),
        "温度": Stochastic(Blocks(x[: rows // 2], [(0, 20)])),
        "r": Recorded(x),
    }
    generator = Generator(variables, seed=5)
    generator.to_toml(tmp_path / "plant.toml")
    again = Generator.from_toml(tmp_path / "plant.toml")
    np.testing.assert_array_equal(again.generate(300).X, generator.generate(300).X)
    assert again.fingerprint == generator.fingerprint
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == (
        ["plant.toml"] if rows == 50 else ["plant.recordings-2.parquet", "plant.recordings.parquet", "plant.toml"]
    )
    # What stays in its file is named from anywhere.
    again.to_toml(tmp_path / "copy.toml")
    assert Generator.from_toml(tmp_path / "copy.toml").fingerprint == generator.fingerprint


def test_long_recordings_need_a_place() -> None:
    generator = Generator({"x": Stochastic(Blocks(np.zeros(30_000), [(0, 9)]))})
    with pytest.raises(SpecError, match=r"variables\.x\.normal\.values: must have at most 20000"):
        generator.to_toml()
