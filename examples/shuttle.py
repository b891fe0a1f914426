"""Real data in, labelled anomalies injected: the space-shuttle valve with 1 % more anomalies than it had.

    python examples/shuttle.py --out out

writes the dataset (CSV), its picture (PNG) and its audit (printed). Rows that the recording labels as anomalous stay
labelled and are not hit.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from paranom_rs import Anomaly, Drift, Flatline, Generator, Normal, Recorded, Shift, Uniform

DATA = Path(__file__).parent / "data" / "shuttle_tek14.csv"


def shuttle_generator(seed: int = 14) -> Generator:
    """Return the generator: one recorded variable, three kinds of anomalies, 1 % of the rows in all."""
    current = Recorded.from_file(DATA, "value", labels="label", repeat=False)
    kinds = {"shifted": Shift(Uniform(0.6, 1.5)), "stuck": Flatline(), "drifting": Drift(Normal(0.0, 1.5))}
    return Generator(
        {"current": current},
        anomalies=[
            Anomaly(name=name, frequency=0.01 / 3, duration=(4, 12), values={"current": rule})
            for name, rule in kinds.items()
        ],
        seed=seed,
    )


def main() -> None:
    """Write, draw and audit the dataset."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the files (default: out)")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    data = shuttle_generator().generate(5000)
    print(data.head())
    print()
    print(data.audit())
    data.write(out / "shuttle.csv", overwrite=True)
    data.plot().savefig(out / "shuttle.png", dpi=110)
    print(f"\nwrote {out / 'shuttle.csv'} and {out / 'shuttle.png'}")


if __name__ == "__main__":
    main()
