"""Folders of parts: a killed run resumes with the same bytes; nothing is mixed; verify finds what was changed."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paranom_rs import (
    Anomaly,
    Callback,
    Distinct,
    Generator,
    Hard,
    Integers,
    MismatchError,
    Normal,
    Shift,
    Sine,
    SpecError,
    Stochastic,
    TimeIndex,
    Uniform,
    Uniqueness,
    Verified,
    verify,
)
from paranom_rs._internal.atomic import whole_file

#: Raise it for a longer run.
KILLS = int(os.environ.get("PARANOM_TEST_KILLS", "4"))
SUFFIXES = [".parquet", ".arrow", ".csv", ".jsonl"]


def plant(seed: int = 7, **options: Any) -> Generator:
    return Generator(
        {
            "pressure": Stochastic(Sine(period=300) + Normal(0.0, 0.05), Uniform(2.0, 5.0)),
            'a, "b"': Stochastic(Normal(), Shift(3.0)),
        },
        anomalies=Anomaly(frequency=0.02, duration=(5, 40)),
        seed=seed,
        **options,
    )


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_parts_are_the_rows(tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / f"plant{suffix}"
    plant().write(folder, 1003, start=50, shards=4, batch_rows=100)
    names = [f"part-0000{i}{suffix}" for i in range(4)]
    assert sorted(path.name for path in folder.iterdir()) == ["_manifest.json", *names]
    for i, name in enumerate(names):
        first, last = 50 + 1003 * i // 4, 50 + 1003 * (i + 1) // 4
        plant().write(tmp_path / f"alone{suffix}", last - first, start=first, batch_rows=100, overwrite=True)
        assert (folder / name).read_bytes() == (tmp_path / f"alone{suffix}").read_bytes()
    manifest = json.loads((folder / "_manifest.json").read_text())
    assert [part["sha256"] for part in manifest["parts"]] == [hashes(folder)[name] for name in names]
    assert manifest["fingerprint"] == plant().fingerprint
    assert Generator.from_parquet(folder) == plant()
    assert verify(folder) == Verified(4, 1003, 1003)


def test_a_folder_is_one_table_to_others(tmp_path: Path) -> None:
    pl = pytest.importorskip("polars")
    pd = pytest.importorskip("pandas")
    pq = pytest.importorskip("pyarrow.parquet")
    duckdb = pytest.importorskip("duckdb")
    folder = tmp_path / "plant"
    plant().write(folder, 5000, shards=3)
    expected = plant().generate(5000)
    frames = [
        pd.read_parquet(folder),
        pq.read_table(folder).to_pandas(),
        pl.read_parquet(folder / "*.parquet"),
        duckdb.sql(f"select * from '{folder}/*.parquet' order by t").df(),
    ]
    for frame in frames:
        np.testing.assert_array_equal(np.asarray(frame["pressure"]), expected["pressure"])


def test_asking_again_changes_nothing_and_lost_parts_come_back(tmp_path: Path) -> None:
    folder = tmp_path / "plant"
    plant().write(folder, 1000, shards=5)
    before, times = hashes(folder), {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    plant().write(folder, 1000, shards=5)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == times
    (folder / "part-00003.parquet").unlink()
    with pytest.raises(FileNotFoundError):
        verify(folder)
    plant().write(folder, 1000, shards=5)
    assert hashes(folder) == before


def test_parts_of_another_spec_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "plant"
    plant().write(folder, 1000, shards=2)
    before = hashes(folder)
    others: list[Callable[..., None]] = [
        lambda **more: plant(seed=8).write(folder, 1000, shards=2, **more),
        lambda **more: plant().write(folder, 1001, shards=2, **more),
        lambda **more: plant().write(folder, 1000, shards=3, **more),
        lambda **more: plant().write(folder, 1000, shards=2, dtype=np.float32, **more),
        lambda **more: plant().write(folder, 1000, shards=2, compression="zstd", **more),
    ]
    for write, what in zip(others, ["fingerprint|spec", "rows", "shards", "dtype", "compression"], strict=True):
        with pytest.raises(FileExistsError, match=what):
            write()
        assert hashes(folder) == before
    others[0](overwrite=True)
    assert Generator.from_parquet(folder) == plant(seed=8)
    assert len(hashes(folder)) == 3
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.csv").write_text("keep")
    with pytest.raises(FileExistsError, match=r"notes\.csv"):
        plant().write(tmp_path / "mine", 10, shards=2, overwrite=True)
    with pytest.raises(FileExistsError):
        plant().write(tmp_path / "mine" / "notes.csv", 10, shards=2)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.csv"]


def test_parts_alone_make_the_same_folder(tmp_path: Path) -> None:
    plant().write(tmp_path / "whole", 1000, shards=3)
    for part in (2, 0, 1):
        with pytest.raises(SpecError, match="manifest|finished|No such" if part == 2 else "must be finished"):
            verify(tmp_path / "parts") if part != 2 else verify(_empty(tmp_path / "none"))
        plant().write(tmp_path / "parts", 1000, shards=3, part=part)
    assert hashes(tmp_path / "parts") == hashes(tmp_path / "whole")
    with pytest.raises(SpecError, match="part: must be a whole number from 0 to 2, got 3"):
        plant().write(tmp_path / "parts", 1000, shards=3, part=3)
    with pytest.raises(SpecError, match="must be None without shards"):
        plant().write(tmp_path / "x.parquet", 1000, part=0)


def _empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_rows_that_depend_on_lower_ones_are_refused(tmp_path: Path) -> None:
    unique = Generator({"x": Stochastic(Integers(0, 10**6))}, uniqueness=Uniqueness(normal=Hard()))
    with pytest.raises(SpecError, match="Distinct"):
        unique.write(tmp_path / "x", 10, shards=2)
    walk = Generator({"x": Callback(normal=lambda ctx: 1.0, sequential=True)})
    with pytest.raises(SpecError, match="warmup"):
        walk.write(tmp_path / "x", 10, shards=2)
    with pytest.raises(SpecError, match="Distinct"):
        Generator({"x": Stochastic(Distinct(Integers(0, 100)))}).write(tmp_path / "x", 101, shards=2)
    assert list(tmp_path.iterdir()) == []


def child(folder: Path, rows: int, shards: int) -> subprocess.Popen[bytes]:
    program = tmp_program(folder.parent)
    return subprocess.Popen([sys.executable, str(program), str(folder), str(rows), str(shards)])


def tmp_program(home: Path) -> Path:
    plant().to_toml(home / "plant.toml")
    program = home / "program.py"
    program.write_text(
        "import sys\nfrom pathlib import Path\nfrom paranom_rs import Generator\n"
        "gen = Generator.from_toml(Path(__file__).with_name('plant.toml'))\n"
        "print('ready', flush=True)\n"
        "gen.write(sys.argv[1], int(sys.argv[2]), shards=int(sys.argv[3]), batch_rows=5000)\n"
    )
    return program


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
@pytest.mark.timeout(3600)
def test_a_killed_run_resumes_with_the_same_bytes(tmp_path: Path) -> None:
    rows, shards, rng = 300_000, 24, random.Random(5)
    plant().write(tmp_path / "whole", rows, shards=shards, batch_rows=5000)
    expected = hashes(tmp_path / "whole")
    folder, kills, spread = tmp_path / "killed", 0, 0.1
    for _ in range(20 * KILLS):
        if kills == KILLS:
            break
        program = [sys.executable, str(tmp_program(tmp_path)), str(folder), str(rows), str(shards)]
        with subprocess.Popen(program, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(rng.uniform(0.0, spread))
            process.kill()
            ended = process.wait() == 0
        if ended:
            # Too late to be killed: begin anew, and be quicker.
            assert hashes(folder) == expected
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
            spread *= 0.7
            continue
        kills += 1
        if folder.exists():
            for name, digest in hashes(folder).items():
                assert name.startswith((".", "_")) or digest == expected[name], "a part is whole or absent"
    assert kills == KILLS
    plant().write(folder, rows, shards=shards, batch_rows=5000)
    assert hashes(folder) == expected
    assert verify(folder).rows == rows


def test_what_a_run_left_that_was_killed_between_two_renames_goes(tmp_path: Path) -> None:
    """Killed before the manifest had its name, or after, when the order still lay beside it."""
    folder = tmp_path / "parts"
    plant().write(folder, 1000, shards=2)
    expected = hashes(folder)
    manifest = (folder / "_manifest.json").read_bytes()
    for name in ("._manifest.json.0123abcd.json", "._writing.json.0123abcd.json", "_writing.json"):
        (folder / name).write_bytes(manifest)
        plant().write(folder, 1000, shards=2)
        assert hashes(folder) == expected


def test_an_overwrite_that_was_killed_can_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "parts"
    plant().write(folder, 1000, shards=2)
    unlink = Path.unlink

    def killed(path: Path, missing_ok: bool = False) -> None:
        if path.name == "part-00001.parquet":
            raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "unlink", killed)
        plant().write(folder, 2000, shards=2, overwrite=True)
    with pytest.raises(FileExistsError, match="other rows"):
        plant().write(folder, 2000, shards=2)
    plant().write(folder, 2000, shards=2, overwrite=True)
    assert verify(folder).rows == 2000


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_room_is_told_and_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    """A limit on the size of files stands for a full disk: the same error of the same call, with another number."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        for threads in (1, 3):
            with pytest.raises(OSError, match=rf"plant\{suffix}'"):
                plant().write(tmp_path / f"plant{suffix}", 300_000, batch_rows=10_000, threads=threads)
        with pytest.raises(OSError, match=rf"part-00000\{suffix}'"):
            plant().write(tmp_path / f"parts{suffix}", 300_000, shards=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.rglob("*")] == [f"parts{suffix}", "_writing.json"]
    plant().write(tmp_path / f"parts{suffix}", 300_000, shards=2)
    assert verify(tmp_path / f"parts{suffix}", blocks=1).rows == 300_000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_device_is_told() -> None:
    from paranom_rs import _core

    options: Any = {
        "whole_last": 0,
        **dict.fromkeys(("clean", "event_names", "labels", "timeeval"), False),
        "packing": None,
        "single": False,
        "group_rows": None,
        "zstd": False,
        "metadata": [],
        "threads": 2,
        "progress": None,
    }
    for form in ("parquet", "arrow", "csv", "jsonl"):
        with pytest.raises(OSError, match="No space left"):
            _core.write_generated(plant().source.plan, "/dev/full", 0, 200_000, format=form, **options)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_verify_accepts_what_was_written(tmp_path: Path, suffix: str, dtype: Any) -> None:
    path = tmp_path / f"x{suffix}"
    generator = plant(time=TimeIndex("2026-01-01", "1s"))
    generator.write(path, 200_000, start=77_777, dtype=dtype, batch_rows=50_000)
    options: dict[str, Any] = {} if suffix in (".parquet", ".arrow") else {"start": 77_777, "dtype": dtype}
    assert verify(path, generator, blocks=3, **options) == Verified(1, 200_000, 2 * 32_768 + 200_000 % 32_768)
    assert verify(path, generator, blocks=99, **options).compared == 200_000
    with (
        pytest.raises(SpecError, match="must give the data of")
        if not options
        else pytest.raises(MismatchError, match="pressure")
    ):
        verify(path, plant(seed=1, time=TimeIndex("2026-01-01", "1s")), **options)
    if options:
        with pytest.raises(SpecError, match="generator: must be given"):
            verify(path)
        with pytest.raises(MismatchError, match="row 77778, t"):
            verify(path, generator, start=77_778, dtype=dtype)
    else:
        assert verify(path).files == 1
    generator.write(path, 0, overwrite=True, dtype=dtype)
    assert verify(path, generator) == Verified(1, 0, 0)


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
@pytest.mark.parametrize("row", [0, 40_000, 99_999])
def test_verify_names_the_row_and_the_column(tmp_path: Path, suffix: str, row: int) -> None:
    data = plant().generate(100_000, start=1000)
    value = data['a, "b"'][row]
    data['a, "b"'][row] = np.nextafter(value, np.inf)
    data.write(tmp_path / f"x{suffix}")
    with pytest.raises(MismatchError, match=f"row {1000 + row}, a, ") as caught:
        verify(tmp_path / f"x{suffix}")
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.row, error.column, error.path) == (1000 + row, 'a, "b"', tmp_path / f"x{suffix}")
    assert float(error.expected) == value


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_verify_reads_text(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    plant().write(path, 40_000)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    at = 39_990 + (suffix == ".csv")
    for old, new, column in (('"event":-1', '"event":0', "event"), (",-1\n", ",0\n", "event"), ("39990", "39991", "t")):
        changed = [*lines[:at], lines[at].replace(old, new, 1), *lines[at + 1 :]]
        if changed == lines:
            continue
        path.write_text("".join(changed), encoding="utf-8")
        with pytest.raises(MismatchError, match=f"row 39990, {column}: must be"):
            verify(path, plant())
    path.write_text("".join(lines)[:-3], encoding="utf-8")
    with pytest.raises(SpecError, match="cut off"):
        verify(path, plant())
    if suffix == ".csv":
        path.write_text("".join(["t,other,is_anomaly,event\n", *lines[1:]]), encoding="utf-8")
        with pytest.raises(MismatchError, match="columns"):
            verify(path, plant())


def test_verify_of_other_files(tmp_path: Path) -> None:
    (tmp_path / "cut.parquet").write_bytes(b"PAR1")
    with pytest.raises(SpecError, match="must be a Parquet or Arrow file"):
        verify(tmp_path / "cut.parquet")
    chosen = plant().generate(normal=100, anomalous=100)
    chosen.write(tmp_path / "x.parquet")
    with pytest.raises(SpecError, match="start: must be given"):
        verify(tmp_path / "x.parquet")
    function = Generator({"x": Callback(normal=lambda ctx: float(ctx.row))})
    function.write(tmp_path / "f.parquet", 100)
    with pytest.raises(SpecError, match="functions"):
        verify(tmp_path / "f.parquet")
    assert verify(tmp_path / "f.parquet", function).compared == 100
    with pytest.raises(FileNotFoundError, match=r"none\.csv"):
        verify(tmp_path / "none.csv", plant())


def test_verify_of_a_folder_finds_changed_bytes(tmp_path: Path) -> None:
    plant().write(tmp_path / "x", 1000, shards=3)
    part = tmp_path / "x" / "part-00001.parquet"
    content = bytearray(part.read_bytes())
    content[100] ^= 1
    part.write_bytes(content)
    with pytest.raises(MismatchError, match=r"part-00001\.parquet: its bytes"):
        verify(tmp_path / "x")


def test_parts_on_both_sides_of_the_largest_int64_have_one_schema(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    plant().write(tmp_path / "x", 100, start=2**63 - 50, shards=4)
    assert verify(tmp_path / "x").rows == 100
    t = pq.read_table(tmp_path / "x")["t"].to_numpy()
    np.testing.assert_array_equal(t, np.arange(2**63 - 50, 2**63 + 50, dtype=np.uint64))


JOB = """
import sys
from paranom_rs import Anomaly, Generator, Normal, Shift, Stochastic
gen = Generator({"x": Stochastic(Normal(), Shift(3.0))}, anomalies=Anomaly(frequency=0.01, duration=4), seed=1)
sys.stdin.readline()
gen.write(sys.argv[1], 4000, shards=4, part=int(sys.argv[2]), threads=1)
"""


def test_jobs_that_begin_a_folder_together_all_finish(tmp_path: Path) -> None:
    """Each writes a part of a new folder; two of them the same one."""
    for attempt in range(4):
        folder = tmp_path / f"run{attempt}"
        jobs = [
            subprocess.Popen(
                [sys.executable, "-c", JOB, str(folder), str(part)],
                stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for part in (0, 1, 2, 3, 3)
        ]  # fmt: skip
        time.sleep(0.5)
        for job in jobs:
            assert job.stdin is not None
            job.stdin.write("go\n")
            job.stdin.flush()
        errors = [job.communicate(timeout=60)[1] for job in jobs]
        assert not any(job.returncode for job in jobs), errors
        assert verify(folder).files == 4
        assert not [
            entry.name for entry in folder.iterdir() if entry.name.startswith(".") or entry.name == "_writing.json"
        ]


def test_a_living_writer_keeps_its_temporary_file_and_a_dead_one_loses_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    dead = tmp_path / ".a.txt.0123abcd.txt"
    other = tmp_path / ".b.txt.0123abcd.txt"
    for stray in (dead, other):
        stray.write_text("left by a killed process")
    with whole_file(path) as first:
        assert not dead.exists()
        first.write_text("first")
        with whole_file(path) as second:
            second.write_text("second")
            assert first.exists()
    assert path.read_text() == "first"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [other.name, "a.txt"]


def test_a_file_that_comes_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with pytest.raises(FileExistsError, match=r"a\.txt"), whole_file(path, overwrite=False) as temporary:
        temporary.write_text("mine")
        path.write_text("another's")
    assert path.read_text() == "another's"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_that_leads_nowhere_is_there(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        plant().write(tmp_path / "a.parquet", 10)
    assert (tmp_path / "a.parquet").is_symlink()


def test_names_as_long_as_the_system_allows(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 247 + ".parquet")
    plant().write(path, 10)
    assert verify(path).rows == 10
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_an_overwrite_rewrites_every_part(tmp_path: Path) -> None:
    """Also those that the manifest there does not count."""
    folder = tmp_path / "x"
    for shards, damage in ((3, {"shards": 1}), (5, {}), (2, {"rows": "many"})):
        plant().write(folder, 300, shards=shards, overwrite=True)
        manifest = folder / "_manifest.json"
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | damage))
        other = Generator({"x": Stochastic(Uniform(5.0, 6.0))})
        other.write(folder, 300, shards=3, overwrite=True)
        assert verify(folder, other).compared == 300
        assert sorted(entry.name for entry in folder.iterdir()) == [
            "_manifest.json", "part-00000.parquet", "part-00001.parquet", "part-00002.parquet",
        ]  # fmt: skip
