"""What generated files say of themselves: the spec that made them."""

from __future__ import annotations

from pathlib import Path

from paranom_rs import _core
from paranom_rs.errors import SpecError
from paranom_rs.files.folders import LocalFolder
from paranom_rs.files.format import FORMATS
from paranom_rs.files.manifest import read_manifest
from paranom_rs.generate.row_source import FINGERPRINT, SPEC

__all__ = ["file_metadata", "read_spec"]


def read_spec(path: Path) -> tuple[str | None, str | None]:
    """Return the spec as TOML, and its fingerprint, from a Parquet or Arrow file or a folder of parts.

    Examples
    --------
    >>> from pathlib import Path
    >>> from paranom_rs import Generator, Normal, Stochastic
    >>> from paranom_rs.files.read import read_spec
    >>> gen = Generator({"x": Stochastic(Normal())}, seed=1)
    >>> _ = gen.write("x.parquet", rows=100)
    >>> text, fingerprint = read_spec(Path("x.parquet"))
    >>> fingerprint == gen.fingerprint
    True
    """
    if path.is_dir():
        manifest = read_manifest(LocalFolder(path))
        return manifest.get("spec"), manifest.get("fingerprint")
    facts = file_metadata(path)
    return facts.get(SPEC), facts.get(FINGERPRINT)


def file_metadata(path: Path) -> dict[str, str]:
    """Return what a Parquet or Arrow file says of itself.

    Examples
    --------
    >>> from pathlib import Path
    >>> from paranom_rs import Generator, Sine, Stochastic
    >>> from paranom_rs.files.read import file_metadata
    >>> Generator({"x": Stochastic(normal=Sine(period=20))}, seed=1).write("a.parquet", 100)
    >>> "paranom_rs.spec" in file_metadata(Path("a.parquet"))
    True
    """
    form = FORMATS.get(path.suffix, "arrow")
    if form not in ("parquet", "arrow"):
        raise SpecError(path, "must be a Parquet or Arrow file: no other carries its spec")
    try:
        return _core.file_metadata(path, format=form)
    except SpecError as error:
        raise SpecError(path, f"must be a Parquet or Arrow file ({error.rule})") from None
    except OSError as error:
        if error.errno is None:
            raise SpecError(path, f"must be a Parquet or Arrow file ({error})") from None
        raise OSError(error.errno, error.strerror, str(path)) from None
