"""What the metrics of events and of nearness mean, row by row and slowly. Only NumPy."""

from __future__ import annotations

import itertools

import numpy as np

from reference.metrics import events


def affiliation(y, pred):
    """(precision, recall) of Huet et al. 2022; row i is the time from i to i + 1.

    All lengths are multiples of 1 / 4, and between such times everything is linear: the midpoints give exact integrals.
    """
    n, spans = len(y), [(a, b + 1) for a, b in events(y)]
    predicted = [(a, b + 1) for a, b in events(pred)]
    times = (np.arange(4 * n) + 0.5) / 4
    precisions, recalls = [], []
    for k, (start, stop) in enumerate(spans):
        low = 0.0 if k == 0 else (spans[k - 1][1] + start) / 2
        high = n if k == len(spans) - 1 else (stop + spans[k + 1][0]) / 2
        zone = [t for t in times if low < t < high]
        runs = [(max(a, low), min(b, high)) for a, b in predicted if a < high and b > low]
        near = []
        for t in zone:
            if any(a < t < b for a, b in runs):
                d = max(start - t, t - stop, 0.0)
                # How much of the zone is nearer to the event than d.
                nearer = 0.0 if d == 0 else min(stop + d, high) - max(start - d, low)
                near.append(1 - nearer / (high - low))
        if near:
            precisions.append(np.mean(near))
        found = []
        for t in zone:
            if start < t < stop:
                d = min((max(a - t, t - b, 0.0) for a, b in runs), default=np.inf)
                found.append(1 - (min(t + d, high) - max(t - d, low)) / (high - low))
        recalls.append(np.mean(found))
    return (np.mean(precisions) if precisions else np.nan), (np.mean(recalls) if recalls else np.nan)


def pate(y, scores, early, late, thresholds):
    """PATE of Ghorbani et al. 2024: the mean area under four weighted precision-recall curves."""
    distinct = sorted(set(scores), reverse=True)
    found = [sum(label for label, s in zip(y, scores, strict=True) if s >= cut) for cut in distinct]
    kept = [
        cut
        for i, cut in enumerate(distinct)
        if i in (0, len(distinct) - 1) or found[i] != found[i - 1] or found[i] != found[i + 1]
    ]
    cuts = np.percentile(kept, np.linspace(100, 0, thresholds))
    areas = []
    for before in (0, early):
        for after in (0, late):
            points = [(0.0, 1.0)]
            for cut in cuts:
                recall, precision = weighted([s >= cut for s in scores], y, before, after)
                if recall >= points[-1][0]:
                    points.append((recall, precision))
            areas.append(sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in itertools.pairwise(points)))
    return np.mean(areas)


def weighted(pred, y, early, late):
    """Recall and precision with weights for each row (equations 2 to 6 of the paper)."""
    n, spans = len(y), events(y)
    true, false, missed = 0.0, 0.0, 0.0
    weight, last = np.zeros(n), -1
    for k, (start, stop) in enumerate(spans):
        rows = range(start, stop + 1)
        end = min(stop + late, spans[k + 1][0] - 1 if k + 1 < len(spans) else n - 1)
        begin = max(start - early, last + 1, 0)
        hit = [i for i in rows if pred[i]]
        for i in range(stop + 1, end + 1):
            weight[i] = 1 - sum(abs(i - j) for j in rows) / sum(abs(end - j) for j in rows)
        if hit:
            for i in range(begin, start):
                weight[i] = 1 - sum(abs(i - j) for j in rows) / sum(abs(begin - j) for j in rows)
        last = end
        weight[start : stop + 1] = 1.0
        if not hit:
            missed += len(rows)
            continue
        run = 1
        while hit[0] + run <= stop and pred[hit[0] + run]:
            run += 1
        for i in rows:
            if not pred[i] and i <= start + run:
                missed += 1
            elif not pred[i]:
                far = sum(abs(i - j) for j in range(start, start + run + 1))
                missed += 1 - far / sum(abs(stop - j) for j in rows)
    for i in range(n):
        if pred[i]:
            true += weight[i]
            false += 1 - weight[i]
    return true / (true + missed), true / (true + false)


def ucr_score(y, scores, slack):
    """Wu & Keogh 2021: the highest score, strictly nearer than max(length, slack) to the event."""
    best = [i for i, s in enumerate(scores) if s == max(scores)]
    right = 0
    for i in best:
        right += any(a - max(b - a + 1, slack) < i < b + max(b - a + 1, slack) or a <= i <= b for a, b in events(y))
    return right / len(best)


def pa_k_f1(y, pred, k):
    """Kim et al. 2022: an event of which more than the share k is predicted is wholly predicted; then F1."""
    adjusted = list(pred)
    for first, last in events(y):
        if sum(pred[first : last + 1]) > k * (last - first + 1):
            adjusted[first : last + 1] = [1] * (last - first + 1)
    hit = sum(1 for a, b in zip(y, adjusted, strict=True) if a and b)
    return 2 * hit / (sum(y) + sum(adjusted)) if sum(y) + sum(adjusted) else 0.0


def nab_score(y, pred, found, false_alarm, missed, probation):
    """Lavin & Ahmad 2015, equations 1 to 5."""

    def sigmoid(x):
        return 2 / (1 + np.exp(5 * x)) - 1 if x < 3 else -1.0

    quiet = min(int(0.15 * len(y)), 750) if probation is None else probation
    spans = events(y)
    total, counted = 0.0, 0
    for first, last in spans:
        if last < quiet:
            continue
        counted += 1
        hit = [i for i in range(first, last + 1) if pred[i] and i >= quiet]
        width = last - first + 1
        total += found * sigmoid((hit[0] - last - 1) / width) / sigmoid(-1) if hit else -missed
    if not counted:
        return np.nan
    for i in range(quiet, len(y)):
        if pred[i] and not y[i]:
            before = [(a, b) for a, b in spans if b < i]
            position = (i - before[-1][1]) / max(before[-1][1] - before[-1][0], 1) if before else 3.0
            total += false_alarm * sigmoid(position)
    return 100 * (total + missed * counted) / ((found + missed) * counted)


def warning_delays(y, pred, horizon):
    """For each event, the rows from its start to the first alarm that begins in it or just before it."""
    delays, previous = [], 0
    for first, last in events(y):
        begins = [a for a, _ in events(pred) if max(first - horizon, previous) <= a <= last]
        delays.append(begins[0] - first if begins else np.nan)
        previous = last + 1
    return delays
