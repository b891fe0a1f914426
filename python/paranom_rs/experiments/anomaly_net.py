"""AnomalyNet with a part of it changed: kinds of anomalies left out one by one, the twin, the number of steps.

VUS-PR on the series of `paranom_rs.experiments.defaults`, means over series, then over sources; all other settings are
the defaults. --series takes every n-th series of each table only.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from paranom_rs.evaluate.metrics import vus
from paranom_rs.experiments import report
from paranom_rs.experiments.defaults import Work, means_of, works


def variants(kinds: bool) -> dict[str, tuple[dict[str, Any], str | None]]:
    """What is changed, by name: settings, and the kind that is left out."""
    found: dict[str, tuple[dict[str, Any], str | None]] = {
        "defaults": ({}, None),
        "no training": ({"steps": 0}, None),
        "100 steps": ({"steps": 100}, None),
        "500 steps": ({"steps": 500}, None),
        "a third from the twin": ({"twin": True}, None),
    }
    if kinds:
        from paranom_rs.deep.training_events import KINDS

        found |= {f"without {kind}": ({}, kind) for kind in KINDS}
    return found


def score(work: Work, settings: dict[str, Any], without: str | None, seed: int) -> float:
    """VUS-PR of a variant on a series."""
    from paranom_rs.deep import AnomalyNet
    from paranom_rs.deep.training_events import KINDS

    class Variant(AnomalyNet):
        """Learns from some of the kinds only."""

        _kinds = tuple(kind for kind in KINDS if kind != without)

    detector = Variant(random_state=seed, **settings).fit(work.train)
    return float(vus(work.y, detector.decision_function(work.scored), window=work.buffer).pr)


def means(found: list[tuple[Work, float]]) -> dict[str, report.Cell]:
    """By table, the mean over series of each source, then over sources."""
    return {
        table: means_of((work.group, value) for work, value in found if work.table == table)["mean"]
        for table in dict.fromkeys(work.table for work, _ in found)
    }


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m paranom_rs.experiments.anomaly_net",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="as for paranom_rs.experiments.recordings")
    parser.add_argument("--out", type=Path, default=Path("out/anomaly_net"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--series", type=int, default=1, help="every so many-th series")
    parser.add_argument("--kinds", action="store_true", help="leave out each kind, too: fourteen more variants")
    given = parser.parse_args(arguments)
    chosen = list(works(given.data))[:: given.series]
    rows: list[dict[str, report.Cell]] = []
    for name, (settings, without) in variants(given.kinds).items():
        found = [(work, score(work, settings, without, given.seed)) for work in chosen]
        rows.append({"variant": name, **means(found)})
        print(report.table(rows[-1:]), flush=True)
    notes = [f"Seed {given.seed}, {len(chosen)} series."]
    report.write(given.out, "anomaly_net", "AnomalyNet with a part changed", notes, {"VUS-PR": report.table(rows)})


if __name__ == "__main__":
    main()
