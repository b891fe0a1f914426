"""The build says what it is."""

from __future__ import annotations

import paranom_rs


def test_build_info_names_version_and_level() -> None:
    info = paranom_rs.build_info()
    assert info["version"] == paranom_rs.__version__
    assert info["simd"] in {"baseline", "avx2", "avx512"}
    assert info["threads"] >= 1
