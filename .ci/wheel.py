"""Build the files of a release and check them. The workflow `wheels.yml` and `.ci/run` call this; so can you.

::

    pip install ".[wheels]"                          # or the extra's packages alone
    python .ci/wheel.py build                        # a wheel for this machine, in dist/
    python .ci/wheel.py build manylinux_2_28         # for any Linux of that libc or newer, compiled through zig
    python .ci/wheel.py build musllinux_1_2          # for Alpine; `rustup target add x86_64-unknown-linux-musl` first
    python .ci/wheel.py build manylinux_2_28 aarch64 # for another processor; its target likewise
    python .ci/wheel.py sdist                        # the source, as an archive
    python .ci/wheel.py check                        # tags, symbols, contents, list of crates of all that is in dist/
    python .ci/wheel.py test -- -n auto              # the tests against the installed wheel, outside the checkout
    python .ci/wheel.py source                       # builds a wheel from the archive, and imports it
    python .ci/wheel.py bits FILE                    # writes what the wheel computes here, as SHA-256 sums
    python .ci/wheel.py compare FILE FILE ...        # whether all machines computed the same bits
    python .ci/wheel.py emulate FOLDER -- TESTS      # bits and tests of a wheel for another processor, in an emulator

A free-threaded interpreter builds and tests its own wheel; every other one builds that of the stable ABI.
``--dist FOLDER`` takes another folder than dist/. `.ci/sysroot` makes the folder that ``emulate`` wants.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: What each wheel must hold, beside the code.
NEEDED = [
    "paranom_rs/py.typed",
    "paranom_rs/_core.pyi",
    "paranom_rs/specs/plant.toml",
    "paranom_rs/suites/graded_1.json",
    "paranom_rs/watch/pages/NOTICE",
    ".dist-info/licenses/LICENSE-MIT",
    ".dist-info/licenses/LICENSE-APACHE",
    ".dist-info/entry_points.txt",
]
#: What the archive of the source must hold: enough to build, and to know what it is.
NEEDED_SOURCE = ["pyproject.toml", "Cargo.lock", "README.md", "LICENSE-MIT", "LICENSE-APACHE", "PKG-INFO"]
NAME = re.compile(r"paranom_rs-(?P<version>[^-]+)-(?P<python>cp311-abi3|cp3\d\d-cp3\d\dt)-(?P<platform>.+)\.whl")
#: Packages of the extra "test" that have no wheel for a free-threaded Python 3.14; tests that want them skip.
NOT_FREE_THREADED = ("duckdb", "polars", "psycopg")
IMPORT = "import sys, paranom_rs; assert paranom_rs.__file__.startswith(sys.prefix); print(paranom_rs.build_info())"


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run a command; what it says is shown, and an error of it ends this program."""
    print("+", *command, flush=True)
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=os.environ | (env or {}), check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def require(holds: bool, what: str) -> None:
    """End with a message where something does not hold."""
    if not holds:
        raise SystemExit(what)


def build(dist: Path, compatibility: str | None, machine: str) -> None:
    """Build the wheel of this interpreter: abi3, or its own where it is free-threaded."""
    command = [sys.executable, "-m", "maturin", "build", "--release", "--locked", "--out", str(dist)]
    if compatibility is not None:
        libc = "musl" if compatibility.startswith("musl") else "gnu"
        command += ["--zig", "--target", f"{machine}-unknown-linux-{libc}"]
        command += ["--compatibility", compatibility, "--auditwheel", "check"]
    if is_free_threaded():
        command += ["--interpreter", sys.executable]
    run(*command)


def is_free_threaded() -> bool:
    """Whether this interpreter has no GIL, and so no stable ABI before Python 3.15."""
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def sdist(dist: Path) -> None:
    """Write the archive of the source."""
    run(sys.executable, "-m", "maturin", "sdist", "--out", dist)


def check(dist: Path) -> None:
    """Check everything in the folder."""
    wheels, archives = sorted(dist.glob("*.whl")), sorted(dist.glob("*.tar.gz"))
    require(bool(wheels or archives), f"{dist}: no wheel and no archive")
    for wheel in wheels:
        check_wheel(wheel)
    for archive in archives:
        check_archive(archive)


def check_wheel(wheel: Path) -> None:
    """Check one wheel: its name, what is in it, and what its core asks of the system."""
    name = NAME.fullmatch(wheel.name)
    if name is None:
        raise SystemExit(f"{wheel.name}: not a wheel for the stable ABI of Python 3.11, nor a free-threaded one")
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        for needed in NEEDED:
            require(any(path.endswith(needed) for path in names), f"{wheel.name}: {needed} is missing")
        require(not any(path.startswith(("tests", "docs")) for path in names), f"{wheel.name}: tests or docs are in it")
        lists = [path for path in names if ".dist-info/sboms/" in path and path.endswith(".json")]
        require(bool(lists), f"{wheel.name}: no list of crates (SBOM)")
        crates = {part["name"] for path in lists for part in json.loads(packed.read(path)).get("components", [])}
        require({"paranom", "pyo3", "arrow-array"} <= crates, f"{wheel.name}: its list of crates lacks some")
    if "linux" in name["platform"]:
        check_linux(wheel, name["platform"])
    if name["python"] == "cp311-abi3":
        run(sys.executable, "-m", "abi3audit", "--strict", "--report", wheel)
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, {len(crates)} crates")


def check_linux(wheel: Path, claimed: str) -> None:
    """Check that the symbols which the core wants are those of the Linux that the name claims."""
    if "musllinux" in claimed:
        needed = libraries(wheel)
        require(needed == {"libc.so"}, f"{wheel.name}: it needs {', '.join(sorted(needed))}")
        print(f"{wheel.name}: needs libc.so only")
        return
    command = [sys.executable, "-m", "auditwheel", "show", str(wheel)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r'platform\s+tag:\s+"([^"]+)"', shown)
    require(found is not None, f"{wheel.name}: auditwheel finds no tag\n{shown}")
    assert found is not None
    print(f"{wheel.name}: auditwheel says {found[1]}")
    real, said = _libc(found[1]), [_libc(tag) for tag in claimed.split(".")]
    if not all(said):  # a plain "linux" tag claims nothing
        return
    oldest = min(tag for tag in said if tag is not None)
    require(real is not None and real <= oldest, f"{wheel.name}: it needs {found[1]}")


def libraries(wheel: Path) -> set[str]:
    """Return the shared libraries that the core wants. auditwheel looks for them here, where libc may be another."""
    from elftools.elf.dynamic import DynamicSection
    from elftools.elf.elffile import ELFFile

    found: set[str] = set()
    with zipfile.ZipFile(wheel) as packed:
        for name in packed.namelist():
            if name.endswith(".so"):
                for section in ELFFile(io.BytesIO(packed.read(name))).iter_sections():
                    if isinstance(section, DynamicSection):
                        found |= {tag.needed for tag in section.iter_tags("DT_NEEDED")}
    return found


def _libc(tag: str) -> tuple[str, int, int] | None:
    """The libc of a tag and its version; None for a tag that claims none."""
    found = re.match(r"(manylinux|musllinux)_(\d+)_(\d+)", tag)
    old = {"manylinux2014": ("manylinux", 2, 17)}
    return (found[1], int(found[2]), int(found[3])) if found else old.get(tag.split("_")[0])


def check_archive(archive: Path) -> None:
    """Check that an archive holds what a build needs, and no more than the repository has."""
    with tarfile.open(archive) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    for needed in NEEDED_SOURCE:
        require(needed in names, f"{archive.name}: {needed} is missing")
    kept = subprocess.run(["git", "ls-files", "rust", "python"], cwd=ROOT, capture_output=True, text=True, check=True)
    ours = set(kept.stdout.splitlines()) - {"rust/README.md", "rust/clippy.toml"}
    missing = {path for path in ours - names if "/tests/" not in path}
    require(not missing, f"{archive.name}: not in it: {sorted(missing)[:5]}")
    strange = {path for path in names if path.startswith(("rust/", "python/"))} - ours
    require(not {path for path in strange if "." in Path(path).name}, f"{archive.name}: in it: {sorted(strange)[:5]}")
    print(f"{archive.name}: {archive.stat().st_size / 1e6:.1f} MB, {len(names)} files")


def only(dist: Path, pattern: str) -> Path:
    """The one file of a kind in the folder."""
    found = sorted(dist.glob(pattern))
    require(len(found) == 1, f"{dist}: one {pattern} is needed, got {[path.name for path in found]}")
    return found[0].resolve()


def environment(folder: Path, *install: str) -> Path:
    """Make a fresh virtual environment, install into it, and give its Python."""
    run(sys.executable, "-m", "venv", folder)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *install, cwd=folder)
    return python


def test(dist: Path, arguments: Sequence[str]) -> None:
    """Run the tests against the installed wheel, where nothing of the checkout can be imported."""
    with tempfile.TemporaryDirectory() as made:
        python = environment(Path(made) / "venv", str(only(dist, "*.whl")), *needed_by_tests())
        outside = tests_in(Path(made) / "outside")
        run(python, "-c", IMPORT, cwd=outside)
        env = {"PYTHON_GIL": "0"} if is_free_threaded() else None
        run(python, "-m", "pytest", "--ignore", "tests/test_architecture.py", *arguments, cwd=outside, env=env)


def needed_by_tests() -> list[str]:
    """Return the packages of the extra "test" that have wheels for this interpreter."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra: list[str] = project["optional-dependencies"]["test"]
    left_out = NOT_FREE_THREADED if is_free_threaded() else ()
    return [needed for needed in extra if not needed.startswith(left_out)]


def tests_in(outside: Path) -> Path:
    """Copy the tests, and what they read, to a folder outside the checkout."""
    outside.mkdir()
    shutil.copy(ROOT / "pyproject.toml", outside)
    for folder in ("tests", "examples"):
        shutil.copytree(ROOT / folder, outside / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return outside


def bits(dist: Path, file: Path) -> None:
    """Write the sums of what the installed wheel computes to a file."""
    with tempfile.TemporaryDirectory() as made:
        python = environment(Path(made) / "venv", str(only(dist, "*.whl")))
        write_bits([python], tests_in(Path(made) / "outside"), file)


def write_bits(python: Sequence[str | Path], outside: Path, file: Path, env: dict[str, str] | None = None) -> None:
    """Write what `tests/support/bits.py` prints, under a Python, to a file."""
    command = [str(word) for word in (*python, "-m", "support.bits")]
    print("+", *command, flush=True)
    with file.open("w", encoding="utf-8") as out:
        subprocess.run(command, cwd=outside / "tests", env=os.environ | (env or {}), stdout=out, check=True)


def compare(files: Sequence[Path]) -> None:
    """Compare the sums of several machines; end with the names of what differs."""
    sums = {file: dict(line.split("  ", 1)[::-1] for line in file.read_text("utf-8").splitlines()) for file in files}
    first, *others = sums.values()
    names = {name for each in sums.values() for name in each}
    different = sorted(name for name in names if any(each.get(name) != first.get(name) for each in others))
    require(bool(first), f"{files[0]}: no sums")
    require(not different, "\n".join(["These differ:", *different]))
    print(f"{len(first)} sums are the same in {', '.join(map(str, files))}")


def emulate(dist: Path, root: Path, arguments: Sequence[str]) -> None:
    """Run a wheel for another processor in qemu: its bits must be those of this machine, and its tests pass."""
    wheel = only(dist, "*.whl")
    machine = next((name for name in ("aarch64", "x86_64") if wheel.stem.endswith(name)), "")
    emulator = shutil.which(f"qemu-{machine}-static", path=f"{root / 'usr/bin'}{os.pathsep}{os.environ['PATH']}")
    interpreters = [path for path in root.glob("usr/bin/python3.*") if re.fullmatch(r"python3\.\d+", path.name)]
    if emulator is None or not interpreters:
        raise SystemExit(f"{root}: must hold usr/bin/python3.N, and qemu-{machine}-static there or in PATH")
    python = [emulator, "-L", root, interpreters[0]]
    with tempfile.TemporaryDirectory() as made:
        site, outside = Path(made) / "site", tests_in(Path(made) / "outside")
        foreign = [f"--platform={tag}_{machine}" for tag in ("manylinux_2_28", "manylinux_2_27", "manylinux2014")]
        version = interpreters[0].name.removeprefix("python")
        foreign += ["--only-binary=:all:", f"--python-version={version}"]
        needed = ["pytest", "pytest-timeout", "hypothesis", "scipy"]
        run(sys.executable, "-m", "pip", "install", "--quiet", "--target", site, *foreign, wheel, *needed, cwd=outside)
        there = {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
        write_bits([sys.executable], outside, Path(made) / "here")
        write_bits(python, outside, Path(made) / machine, there)
        compare([Path(made) / "here", Path(made) / machine])
        if arguments:
            run(*python, "-m", "pytest", *arguments, cwd=outside, env=there)


def source(dist: Path) -> None:
    """Build a wheel from the archive, as pip does where there is none, and import it."""
    with tempfile.TemporaryDirectory() as made:
        python = environment(Path(made) / "venv", str(only(dist, "*.tar.gz")))
        run(python, "-c", IMPORT, cwd=Path(made))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dist", type=Path, default=ROOT / "dist")
    jobs = parser.add_subparsers(dest="job", required=True)
    built = jobs.add_parser("build")
    built.add_argument("compatibility", nargs="?")
    built.add_argument("machine", nargs="?", default=platform.machine())
    jobs.add_parser("bits").add_argument("file", type=Path)
    jobs.add_parser("compare").add_argument("files", type=Path, nargs="+")
    emulated = jobs.add_parser("emulate")
    emulated.add_argument("root", type=Path)
    emulated.add_argument("arguments", nargs="*")
    for job in ("sdist", "check", "source"):
        jobs.add_parser(job)
    jobs.add_parser("test").add_argument("arguments", nargs="*")
    asked = parser.parse_args()
    match asked.job:
        case "build":
            build(asked.dist, asked.compatibility, asked.machine)
        case "bits":
            bits(asked.dist, asked.file)
        case "compare":
            compare(asked.files)
        case "emulate":
            emulate(asked.dist, asked.root.resolve(), asked.arguments)
        case "test":
            test(asked.dist, asked.arguments)
        case job:
            {"sdist": sdist, "check": check, "source": source}[job](asked.dist)


if __name__ == "__main__":
    main()
