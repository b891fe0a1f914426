"""Run an audit: each batch goes to every accumulator, then their results become the report."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from paranom_rs import _core
from paranom_rs._internal.checks import whole
from paranom_rs.evaluate.audit.accumulators import Drift, Duplicates, Labels, Severity, Triviality
from paranom_rs.evaluate.audit.batches import BATCH, Batches
from paranom_rs.evaluate.audit.report import Audit
from paranom_rs.evaluate.audit.statistics import associations
from paranom_rs.generate.dataset import Dataset
from paranom_rs.generate.row_source import RowSource


def audit_dataset(data: Dataset) -> Audit:
    """Return the audit of a dataset.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Normal, Shift, Stochastic
    >>> from paranom_rs.evaluate.audit import audit_dataset
    >>> gen = Generator({"x": Stochastic(Normal())}, anomalies=Anomaly(events=[(500, 510)], values={"x": Shift(9.0)}))
    >>> audit_dataset(gen.generate(1_000)).triviality_of
    {'anomaly': 1.0}
    """
    return _run(Batches(data.source, data.intervals, data))


def audit_rows(source: RowSource, rows: int, *, start: int = 0, batch_rows: int = BATCH) -> Audit:
    """Return the audit of rows that are never held all at once.

    Parameters
    ----------
    source
        What makes the rows.
    rows, start
        How many, and the first one.
    batch_rows
        How many are held at once. Beside them a few numbers for each event are kept.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Normal, Shift, Stochastic
    >>> from paranom_rs.evaluate.audit import audit_rows
    >>> rules = {"x": Stochastic(normal=Normal(), anomalous=Shift(9.0))}
    >>> generator = Generator(rules, anomalies=Anomaly(frequency=0.05, duration=(5, 9)), seed=1)
    >>> audit_rows(generator.source, 10_000, batch_rows=4096).rows > 0
    True
    """
    rows, start = whole("rows", rows), whole("start", start)
    intervals = [(start, rows)] if rows else []
    return _run(Batches(source, intervals, batch_rows=whole("batch_rows", batch_rows, least=1)))


def _run(batches: Batches) -> Audit:
    schema = batches.schema
    labels, severity, triviality = Labels(schema, batches.rows), Severity(schema), Triviality(schema)
    duplicates, drift = Duplicates(schema), Drift(schema, batches.rows)
    accumulators = (labels, severity, triviality, duplicates, drift)
    # Each keeps to itself, and NumPy and the core work without the GIL.
    with ThreadPoolExecutor(min(_core.build_info()["threads"], len(accumulators))) as pool:
        for batch in batches:
            batch.prepare()
            for done in [pool.submit(accumulator.add, batch) for accumulator in accumulators]:
                done.result()
            del batch, done  # before the next one is made
    events = labels.table() | severity.table() | triviality.table()
    checked = labels.checked
    return Audit(
        **labels.result(),
        **severity.result(),
        **triviality.result(),
        **duplicates.result(),
        **drift.result(),
        associations=associations(
            events["kind"][checked],
            (events["stop"] - events["start"])[checked].astype(float),
            events["severity"][checked],
            events["position"][checked],
        ),
        table=events,
    )
