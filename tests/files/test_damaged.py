"""Files that are damaged or hostile: a SpecError that names the file, no panic, no raw exception, no endless work."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paranom_rs import Anomaly, Generator, Normal, Shift, Sine, SpecError, Stochastic, TimeIndex, verify
from paranom_rs.errors import InternalError, ParanomError

KEY = "paranom_rs."
BASE = "stream=1\nseed=1\n[variables.x]\nkind='stochastic'\nnormal={kind='normal'}\n"


def plant() -> Generator:
    return Generator(
        {"x": Stochastic(Sine(50) + Normal(0, 0.1), Shift(3.0))}, anomalies=Anomaly(frequency=0.02, duration=3), seed=3
    )


def refused(call: Callable[[], Any]) -> None:
    """Passes for a result, for an error of ours and for one of the system; fails for a panic or anything raw."""
    try:
        call()
    except InternalError as error:
        pytest.fail(f"a bug: {error}")
    except (ParanomError, OSError):
        pass


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_flipped_bytes_are_told_from_bugs(suffix: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path, generator = tmp_path / f"a{suffix}", plant()
    generator.write(path, 40)
    content = path.read_bytes()
    for at in range(0, len(content), 5):
        for value in (content[at] ^ 0x80, 255):
            path.write_bytes(content[:at] + bytes([value]) + content[at + 1 :])
            refused(lambda: verify(path, generator))
            refused(lambda: Generator.from_parquet(path))
    assert "panicked" not in capfd.readouterr().err


def with_metadata(path: Path, metadata: dict[str, str]) -> Path:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"t": pa.array([0, 1])}).replace_schema_metadata(metadata), path)
    return path


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        ("[[[", "must be TOML"),
        ("seed = " + "1" * 5000, "must be TOML"),
        ("a = " + "[" * 5000 + "]" * 5000, "must not be nested so deep"),
    ],
)
def test_a_spec_in_a_file_that_is_no_toml(spec: str, rule: str, tmp_path: Path) -> None:
    path = with_metadata(tmp_path / "x.parquet", {f"{KEY}spec": spec, f"{KEY}fingerprint": "0"})
    for call in (Generator.from_parquet, verify):
        with pytest.raises(SpecError, match=rf"x\.parquet: {rule}"):
            call(path)
    toml = tmp_path / "x.toml"
    toml.write_text(spec, encoding="utf-8")
    with pytest.raises(SpecError, match=rf"x\.toml: {rule}"):
        Generator.from_toml(toml)


@pytest.mark.parametrize("start", ["abc", "-5", "", str(2**70), "9" * 5000, "1.5"])
def test_the_first_row_of_a_file_is_checked(start: str, tmp_path: Path) -> None:
    facts = {f"{KEY}spec": BASE, f"{KEY}fingerprint": Generator.from_spec({
        "stream": 1, "seed": 1, "variables": {"x": {"kind": "stochastic", "normal": {"kind": "normal"}}}
    }).fingerprint}  # fmt: skip
    path = with_metadata(tmp_path / "x.parquet", facts | {f"{KEY}start": start})
    with pytest.raises(SpecError, match=r"must say in its metadata, under paranom_rs\.start"):
        verify(path)


CHANGES: list[dict[str, Any]] = [
    {"shards": 0}, {"shards": -3}, {"shards": 10**12}, {"shards": True}, {"shards": 2.0}, {"rows": "30"}, {"rows": -1},
    {"rows": 10**30}, {"rows": 1.5}, {"rows": None}, {"start": "0"}, {"start": -1}, {"start": 2**64}, {"start": None},
    {"dtype": "float16"}, {"dtype": None}, {"parts": None}, {"parts": [1, 2, 3]}, {"parts": []}, {"format": "zip"},
    {"partition_by": ["day"]}, {"spec": 7}, {"fingerprint": []},
    {"parts": [{"name": "../../etc/passwd", "rows": 10, "sha256": ""}] * 3},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_manifest_is_checked_before_work(change: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "x"
    plant().write(folder, 30, shards=3)
    path = folder / "_manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in (manifest | change).items() if v is not None}))
    for call in (verify, Generator.from_parquet):
        with pytest.raises(SpecError, match=r"_manifest\.json: must be a list of parts|must be finished"):
            call(folder)


def test_devices_and_folders_are_no_specs(tmp_path: Path) -> None:
    for path in (Path("/dev/zero"), tmp_path):
        if path.exists():
            with pytest.raises(SpecError, match="must be a regular file"):
                Generator.from_toml(path)


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 400 + ".5"])
def test_lengths_of_time_are_bounded(number: str) -> None:
    with pytest.raises(SpecError, match=r"must be (less than|a number)"):
        Generator({"x": Stochastic(Normal())}, time=TimeIndex("2026-01-01", f"{number}s"))


def test_numbers_of_thousands_of_digits_are_refused() -> None:
    for name in ("rows", "start"):
        with pytest.raises(SpecError, match=name):
            plant().generate(**{"rows": 1, "start": 0} | {name: 10**5000})
