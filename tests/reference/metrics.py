"""What the metrics mean, row by row and slowly. Only NumPy."""

from __future__ import annotations

import itertools

import numpy as np


def events(y):
    """Runs of ones as [(first, last)], both included."""
    found, start = [], None
    for i, value in enumerate(y):
        if value and start is None:
            start = i
        if not value and start is not None:
            found.append((start, i - 1))
            start = None
    if start is not None:
        found.append((start, len(y) - 1))
    return found


def vus(y, scores, window, thresholds):
    """VUS-ROC and VUS-PR by their definition (Paparrizos et al. 2022), with a weight for every row."""
    n, spans = len(y), events(y)
    ranked = sorted(scores, reverse=True)
    cuts = [ranked[int(i)] for i in np.linspace(0, n - 1, thresholds)]
    areas = []
    for w in range(window + 1):
        half = w // 2
        # Label of each row: 1 inside an event, sqrt(1 - distance / w) in its buffer, summed and capped.
        label = []
        for i in range(n):
            total = 0.0
            for first, last in spans:
                distance = max(first - i, i - last, 0)
                if distance == 0:
                    total += 1.0
                elif distance <= half:
                    total += np.sqrt(1 - distance / w)
            label.append(min(total, 1.0))
        # Widened events; those that touch are one.
        widened = []
        for first, last in spans:
            if widened and first - half <= widened[-1][1]:
                widened[-1][1] = last + half
            else:
                widened.append([first - half, last + half])
        points = [(0.0, 0.0)]
        precisions = []
        for cut in cuts:
            pred = [s >= cut for s in scores]
            hit = sum(weight for weight, p in zip(label, pred, strict=True) if p)
            # The buffer counts as positive only where it is predicted; the mass is the mean with and
            # without it.
            with_buffer = sum(
                1.0 if truth else (weight if p else 0.0) for truth, weight, p in zip(y, label, pred, strict=True)
            )
            mass = (sum(y) + with_buffer) / 2
            touched = [any(pred[max(a, 0) : b + 1]) for a, b in widened]
            recall = min(hit / mass, 1.0) * sum(touched) / len(touched)
            points.append(((sum(pred) - hit) / (n - mass), recall))
            precisions.append(hit / sum(pred))
        points.append((1.0, 1.0))
        roc = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in itertools.pairwise(points))
        pr = sum((b[1] - a[1]) * p for a, b, p in zip(points, points[1:-1], precisions, strict=False))
        areas.append((roc, pr))
    return tuple(np.mean(areas, axis=0))


def range_score(ranges, other, alpha):
    """Tatbul et al. 2018: recall of `ranges` by `other` (equations 4 to 7), flat bias, cardinality 1 / k."""
    spans, pieces = events(ranges), events(other)
    if not spans:
        return 0.0
    total = 0.0
    for first, last in spans:
        overlapping = [(a, b) for a, b in pieces if a <= last and b >= first]
        if not overlapping:
            continue
        overlap = sum(min(b, last) - max(a, first) + 1 for a, b in overlapping) / (last - first + 1)
        total += alpha + (1 - alpha) * overlap / len(overlapping)
    return total / len(spans)


def point_adjusted_f1(y, pred):
    adjusted = list(pred)
    for first, last in events(y):
        if any(pred[first : last + 1]):
            adjusted[first : last + 1] = [1] * (last - first + 1)
    tp = sum(1 for a, b in zip(y, adjusted, strict=True) if a and b)
    return 2 * tp / (sum(y) + sum(adjusted)) if sum(y) + sum(adjusted) else 0.0


def best_f_beta(y, scores, beta):
    """The largest F-beta that any rule `score > t` reaches."""
    best = 0.0
    for cut in set(scores):
        pred = [s >= cut for s in scores]
        tp = sum(1 for a, b in zip(y, pred, strict=True) if a and b)
        best = max(best, (1 + beta**2) * tp / (sum(pred) + beta**2 * sum(y)))
    return best


def alarms(scores, threshold, release=1.0, min_gap=1):
    """Alarms: each starts above the threshold and ends after `min_gap` scores at or below `release * threshold`."""
    count, on, quiet = 0, False, 0
    for s in scores:
        quiet = 0 if s > release * threshold else quiet + 1
        if quiet >= min_gap:
            on = False
        if s > threshold and not on:
            on = True
            count += 1
    return count


def event_report(y, pred, tolerance):
    """(found, alarms, false alarms, delays) by their definition, row by row; tolerance None is an event's length."""
    n, runs = len(y), events(pred)
    buffers, delays = [], []
    for first, last in events(y):
        margin = last - first + 1 if tolerance is None else tolerance
        buffers.append((first - margin, last + margin))
        delay = -1
        for start, stop in runs:
            if start >= first - margin and start <= last and stop >= first and delay < 0:
                delay = max(start, first) - first
        delays.append(delay)
    near = [any(a <= i <= b for a, b in buffers) for i in range(n)]
    of_found = [any(a <= i <= b for (a, b), d in zip(buffers, delays, strict=True) if d >= 0) for i in range(n)]
    alarms = []
    for i in range(n):
        if pred[i]:
            if i == 0 or not pred[i - 1] or near[i] != near[i - 1]:
                alarms.append(False)
            alarms[-1] = alarms[-1] or of_found[i]
    return sum(d >= 0 for d in delays), len(alarms), alarms.count(False), delays
