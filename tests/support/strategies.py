"""Random specs that are legal, and slices of rows: what the properties of the generator are tried on.

Specs are plain dicts, as `paranom_rs._core.Plan` and `reference.generator.generate` read them.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Spec = dict[str, Any]

# Edges of numbers: zeros, the smallest, the largest, and what lies between.
EDGES = [0.0, -0.0, 1.0, -1.0, 5e-324, -2.2250738585072014e-308, 1e-9, 0.1, 1e9, -3.7e15, 1e150, -1e300]
NUMBERS = st.one_of(st.floats(-100.0, 100.0), st.integers(-100, 100), st.sampled_from(EDGES), st.floats(-1e300, 1e300))
POSITIVE = st.one_of(st.floats(0.01, 100.0), st.integers(1, 50), st.sampled_from([1e-300, 1e-6, 1e6, 1e200]))
NOT_NEGATIVE = st.one_of(POSITIVE, st.just(0), st.just(0.0))
SHARES = st.one_of(st.floats(0.0, 1.0), st.sampled_from([0, 1]))
PERIODS = st.one_of(st.floats(1.0, 2000.0), st.integers(1, 2000), st.sampled_from([1e-6, 0.3, 512, 1e15, 1e300]))

NAMES = st.one_of(
    st.sampled_from(["x", "y", "z", "pressure", "Druck", "flöw", "温度", "a.b", "x y", "🦀", "Tm", '"', "e\u0301"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6).filter(
        lambda name: name.lower() not in ("t", "is_anomaly", "event")
    ),
)

# Rows that are the first, in the middle of tiles and blocks, beyond the whole floats, and the last there are.
LAST = 2**64
STARTS = st.one_of(
    st.integers(0, 2000),
    st.sampled_from([0, 511, 512, 513, 32_768, 2**32 - 100, 2**53 + 1, 2**60 + 100, 2**63 - 1]),
    st.integers(0, LAST - 3000),
    st.integers(LAST - 5000, LAST - 1),
)


@st.composite
def slices(draw: st.DrawFn, most: int = 700) -> tuple[int, int]:
    """(start, rows), near 0, near 2^64 and anywhere between; sometimes no row, often few."""
    start = draw(STARTS)
    rows = draw(st.one_of(st.integers(0, most), st.sampled_from([1, 2, most])))
    return start, min(rows, LAST - start)


@st.composite
def bounded(draw: st.DrawFn, low: float, high: float, depth: int, scope: str) -> Any:
    """A number or a distribution whose values stay within [low, high]."""
    x, y = sorted(draw(st.tuples(st.floats(low, high), st.floats(low, high))))
    choices: list[Any] = [x]
    if depth > 0 and y > x:
        choices += [
            {"kind": "uniform", "low": x, "high": y},
            {"kind": "choice", "values": [x, y]},
            {"kind": "sum", "of": [{"kind": "constant", "value": x}]},
        ]
        if y - x > 1e-6:  # else no probability to speak of is left between them
            choices.append({"kind": "normal", "mean": x, "std": max(y - x, 1e-3), "low": x, "high": y})
    part = draw(st.sampled_from(choices))
    if isinstance(part, dict) and scope == "anomalous" and draw(st.booleans()):
        part = {"kind": "each_row", "of": part}
    return part


@st.composite
def parameters(draw: st.DrawFn, numbers: st.SearchStrategy[Any], depth: int, scope: str) -> Any:
    """A number, or (where depth is left) any rule. `scope`: normal, anomalous, or event (drawn once per event)."""
    if depth <= 0 or draw(st.integers(0, 3)) > 0:
        return draw(numbers)
    if scope != "event" and draw(st.booleans()):
        return {"kind": "each_row", "of": draw(rule_tables(depth - 1, scope))}
    return draw(rule_tables(depth - 1, "event" if scope == "anomalous" else scope))


def optional(draw: st.DrawFn, table: Spec, name: str, part: st.SearchStrategy[Any]) -> None:
    if draw(st.booleans()):
        table[name] = draw(part)


#: Kinds of rules that stand alone, and of those made of others.
RULES = [
    "uniform", "normal", "lognormal", "exponential", "laplace", "student_t", "cauchy", "gamma", "beta",
    "poisson", "integers", "bernoulli", "choice", "empirical",
    "constant", "sine", "cosine", "square", "sawtooth", "triangle", "dirichlet", "pattern", "mls", "ecg", "trend",
    "random_walk", "ar1", "steps", "cylinder_bell_funnel", "calendar", "logistic_map", "coloured_noise", "blocks",
    "markov", "regimes", "stochastic_volatility", "random_season", "control_loop",
]  # fmt: skip
JOINS = ["sum", "product"]
CHANGES = ["limited", "rounded", "logistic", "concepts"]


@st.composite
def rule_tables(draw: st.DrawFn, depth: int, scope: str, only: str | None = None) -> Spec:
    """A distribution or a signal of any kind, or of one."""
    kinds = [only] if only else [*RULES, "truncated"]
    if depth > 0 and not only:
        kinds += JOINS * 2 + ["mixture", *CHANGES]
    kind = draw(st.sampled_from(kinds))
    table: Spec = {"kind": kind}
    match kind:
        case "uniform":
            low = draw(st.one_of(st.floats(-50.0, 50.0), st.sampled_from([-1e307, -5e-324, 0])))
            width = draw(st.one_of(st.floats(1e-3, 100.0), st.sampled_from([5e-324, 1e307])))
            table["low"] = low
            table["high"] = low + width if low + width > low else low + 1.0 + abs(low)
            if depth > 0 and draw(st.booleans()):
                table["low"] = draw(bounded(-9.0, 1.0, depth - 1, scope))
                table["high"] = draw(bounded(1.5, 9.0, depth - 1, scope))
        case "normal":
            optional(draw, table, "mean", parameters(NUMBERS, depth, scope))
            optional(draw, table, "std", st.one_of(NOT_NEGATIVE, bounded(0.0, 5.0, depth, scope)))
        case "truncated":
            table["kind"] = "normal"
            optional(draw, table, "mean", bounded(-5.0, 5.0, depth, scope))
            # Limits so far out that hardly anything lies between them are refused.
            optional(draw, table, "std", st.one_of(st.floats(0.5, 50.0), bounded(0.5, 5.0, depth, scope)))
            limits = sorted(draw(st.tuples(st.floats(-10.0, 10.0), st.floats(-10.0, 10.0))))
            which = draw(st.integers(1, 3))
            if which & 1:
                table["low"] = limits[0]
            if which & 2:
                table["high"] = max(limits[1], limits[0] + 1e-6)
        case "lognormal":
            optional(draw, table, "mean", parameters(NUMBERS, depth, scope))
            optional(draw, table, "sigma", st.one_of(NOT_NEGATIVE, bounded(0.0, 2.0, depth, scope)))
        case "exponential":
            optional(draw, table, "scale", st.one_of(POSITIVE, bounded(0.5, 5.0, depth, scope)))
        case "laplace" | "student_t" | "cauchy":
            optional(draw, table, "loc", parameters(NUMBERS, depth, scope))
            optional(draw, table, "scale", st.one_of(NOT_NEGATIVE, bounded(0.0, 5.0, depth, scope)))
            if kind == "student_t":
                table["df"] = draw(st.one_of(st.floats(0.2, 1e3), st.just(1e300), bounded(0.2, 9.0, depth, scope)))
        case "gamma":
            table["shape"] = draw(st.one_of(POSITIVE, bounded(0.01, 5.0, depth, scope)))
            optional(draw, table, "scale", st.one_of(NOT_NEGATIVE, bounded(0.0, 5.0, depth, scope)))
        case "beta":
            table["a"] = draw(st.one_of(POSITIVE, bounded(0.01, 5.0, depth, scope)))
            table["b"] = draw(st.one_of(POSITIVE, bounded(0.01, 5.0, depth, scope)))
        case "poisson":
            rates = st.one_of(st.floats(0.0, 1e12), st.floats(0.0, 100.0), st.sampled_from([0, 30, 1e12]))
            table["rate"] = draw(
                st.one_of(rates, bounded(0.0, 90.0, depth, scope), st.just({"kind": "lognormal", "mean": 30}))
            )
        case "integers":
            low = draw(st.one_of(st.integers(-50, 50), st.sampled_from([-(2**53), 0])))
            table["low"] = low
            table["high"] = draw(st.one_of(st.integers(low + 1, low + 100), st.just(2**53)))
        case "bernoulli":
            table["p"] = draw(st.one_of(SHARES, bounded(0.0, 1.0, depth, scope)))
        case "choice":
            table["values"] = draw(st.lists(NUMBERS, min_size=1, max_size=6))
            if draw(st.booleans()):
                parts = draw(st.lists(st.integers(0, 9), min_size=len(table["values"]), max_size=len(table["values"])))
                if sum(parts) > 0:
                    table["weights"] = [part / sum(parts) for part in parts]
        case "constant":
            table["value"] = draw(parameters(NUMBERS, depth, scope))
        case "sine" | "cosine" | "square" | "sawtooth" | "triangle" | "dirichlet" | "pattern" | "mls" | "ecg":
            per_event = scope in ("anomalous", "event") and depth > 0
            drawn = bounded(2.0, 500.0, depth, "event") if per_event else PERIODS
            if kind not in ("pattern", "mls") or draw(st.booleans()):
                table["period"] = draw(st.one_of(PERIODS, drawn))
            shifts = st.one_of(st.floats(-3.0, 3.0), st.sampled_from([-1e-20, 0.25, 1e18, 1e300]))
            optional(draw, table, "phase", parameters(shifts, depth, "event") if per_event else shifts)
            optional(draw, table, "amplitude", parameters(NUMBERS, depth, scope))
            if kind == "square":
                optional(draw, table, "duty", SHARES)
            elif kind == "triangle":
                optional(draw, table, "peak", SHARES)
            elif kind == "dirichlet":
                optional(draw, table, "harmonics", st.sampled_from([1, 2, 7, 1000]))
            elif kind == "pattern":
                table["values"] = draw(st.lists(NUMBERS, min_size=1, max_size=20))
                optional(draw, table, "held", st.booleans())
            elif kind == "mls":
                table["order"] = draw(st.integers(2, 8))
                optional(draw, table, "walk", st.booleans())
        case "trend":
            table["coefficients"] = draw(st.lists(NUMBERS, min_size=1, max_size=8))
            optional(draw, table, "per", POSITIVE)
        case "random_walk":
            optional(draw, table, "std", NOT_NEGATIVE)
            optional(draw, table, "start", NUMBERS)
            optional(draw, table, "drift", NUMBERS)
        case "ar1":
            table["phi"] = draw(st.one_of(st.floats(-0.999, 0.999), st.sampled_from([0, 1 - 1e-9, -1 + 1e-16, 5e-324])))
            optional(draw, table, "std", NOT_NEGATIVE)
            optional(draw, table, "mean", NUMBERS)
        case "steps":
            table["levels"] = draw(levels(depth, scope))
            table["length"] = draw(st.one_of(st.integers(1, 900), st.sampled_from([[1, 2], [3, 80], [700, 2**40]])))
        case "cylinder_bell_funnel":
            optional(draw, table, "amplitude", levels(depth, scope))
            table["length"] = draw(st.one_of(st.integers(1, 900), st.sampled_from([[1, 2], [3, 80], [700, 2**40]])))
            if isinstance(table["length"], int):
                optional(draw, table, "every", st.integers(table["length"], 1500))
        case "calendar":
            table["start"] = draw(st.one_of(st.integers(-(2**63), 2**63 - 1), st.just(1_767_225_600 * 10**9)))
            steps = [1, 60 * 10**9, 3600 * 10**9, 86_400 * 10**9, 2**62 + 1]
            table["step"] = draw(st.one_of(st.sampled_from(steps), st.integers(1, 10**15)))
            if draw(st.booleans()):
                table |= draw(clocks("datetime")) | {"kind": kind}
            for name, count in (("hour", 24), ("weekday", 7), ("month", 12)):
                optional(draw, table, name, st.lists(NUMBERS, min_size=count, max_size=count))
            if not table.keys() & {"hour", "weekday", "month"} or draw(st.booleans()):
                near = (table["start"] // (86_400 * 10**9)) + draw(st.integers(0, 5))
                table["holidays"] = draw(
                    st.lists(st.one_of(st.just(near), st.integers(0, 30_000)), min_size=1, max_size=4)
                )
                table["holiday"] = draw(NUMBERS)
        case "empirical":
            table["quantiles"] = sorted(draw(st.lists(NUMBERS, min_size=2, max_size=9)))
            if depth > 0:
                optional(draw, table, "of", rules(depth - 1, scope))
        case "coloured_noise":
            table["weights"] = draw(st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=9))
            if draw(st.integers(0, 9)) == 0:
                table["weights"] = [0.125] * 512
            optional(draw, table, "mean", st.floats(-1e3, 1e3))
            optional(draw, table, "group", st.sampled_from(["a", "", "粒"]))
        case "blocks":
            table |= draw(recorded_blocks())
        case "markov" | "regimes":
            n = draw(st.integers(2, 4))
            table |= draw(chains(kind, draw(st.lists(st.integers(-9, 9), min_size=n, max_size=n, unique=True))))
        case "stochastic_volatility":
            optional(draw, table, "std", NOT_NEGATIVE)
            optional(draw, table, "persistence", st.one_of(st.floats(0.0, 0.999), st.just(0)))
            optional(draw, table, "spread", st.one_of(st.floats(0.0, 5.0), st.just(0)))
            optional(draw, table, "mean", NUMBERS)
        case "random_season":
            table["period"] = draw(st.one_of(st.integers(2, 900), st.sampled_from([2, 512, 2**40])))
            table["amplitude"] = draw(levels(depth, scope))
            table["phase"] = draw(levels(depth, scope))
        case "control_loop":
            table["setpoint"] = draw(bounded(-5.0, 5.0, 1, "event"))
            optional(draw, table, "disturbance", bounded(-5.0, 5.0, 1, "event"))
            optional(draw, table, "gain", st.floats(0.5, 2.0))
            optional(draw, table, "noise", st.floats(0.0, 2.0))
            table |= draw(st.sampled_from([{"time_constant": 3.0}, {"integral": 0.3, "proportional": 0}]))
            optional(draw, table, "gives", st.sampled_from(["measured", "control", "setpoint"]))
            optional(draw, table, "group", st.sampled_from(["a", "", "粒"]))
        case "limited":
            table["of"] = draw(rules(depth - 1, scope))
            limits = sorted(draw(st.tuples(NUMBERS, NUMBERS)))
            which = draw(st.integers(1, 3))
            table |= {name: limits[i] for i, name in enumerate(("low", "high")) if which >> i & 1}
        case "rounded":
            table["of"] = draw(rules(depth - 1, scope))
            optional(draw, table, "step", st.one_of(POSITIVE, st.sampled_from([0.1, 0.001, 1 / 3, 1e-300, 1e300])))
        case "concepts":
            table["of"] = draw(st.lists(rules(depth - 1, scope), min_size=2, max_size=3))
            table["length"] = draw(st.one_of(st.integers(1, 900), st.sampled_from([[3, 80], [700, 2**40]])))
            shortest = table["length"] if isinstance(table["length"], int) else table["length"][0]
            optional(draw, table, "fade", st.integers(0, shortest - 1))
        case "logistic":
            table["of"] = draw(rules(depth - 1, scope))
            optional(draw, table, "middle", NUMBERS)
            optional(draw, table, "width", st.one_of(NOT_NEGATIVE, st.just(1e-9)))
        case "mixture":
            table["of"] = draw(st.lists(rules(depth - 1, scope), min_size=1, max_size=3))
            parts = draw(st.lists(st.integers(0, 9), min_size=len(table["of"]), max_size=len(table["of"])))
            if sum(parts) > 0:
                table["weights"] = [part / sum(parts) for part in parts]
        case "sum" | "product":
            table["of"] = draw(st.lists(rules(depth - 1, scope), min_size=1, max_size=3))
    return table


@st.composite
def probabilities(draw: st.DrawFn, n: int, *, stays: bool) -> list[list[float]]:
    """Transitions between ``n`` states, each of which leads to the next one; to itself only if it ``stays``."""
    rows = []
    for i in range(n):
        parts = draw(st.lists(st.sampled_from([0, 0, 1, 5]), min_size=n, max_size=n))
        parts[(i + 1) % n] += 1
        if not stays:
            parts[i] = 0
        rows.append([part / sum(parts) for part in parts])
    return rows


@st.composite
def chains(draw: st.DrawFn, kind: str, states: list[Any]) -> Spec:
    """A Markov chain or regimes with these states."""
    table: Spec = {"kind": kind, "states": states}
    if kind == "markov":
        return table | {"transitions": draw(probabilities(len(states), stays=True))}
    shape = draw(st.sampled_from([1, 2, 3]))
    times = st.floats(shape, 900.0)
    table["dwell"] = draw(st.one_of(times, st.lists(times, min_size=len(states), max_size=len(states))))
    if shape > 1 or draw(st.booleans()):
        table["shape"] = shape
    optional(draw, table, "transitions", probabilities(len(states), stays=False))
    return table


STATE_NAMES = ["idle", "run", "fault", "läuft", 'a "b", c', "false"]


@st.composite
def state_rules(draw: st.DrawFn, depth: int = 1) -> Spec:
    """A rule that gives states."""
    names = draw(st.lists(st.sampled_from(STATE_NAMES), min_size=2, max_size=4, unique=True))
    match draw(st.sampled_from(["choice", "state", "markov", "regimes"] + ["steps", "mixture"] * depth)):
        case "choice":
            return {"kind": "choice", "values": names}
        case "state":
            return {"kind": "state", "name": names[0]}
        case "steps":
            return {"kind": "steps", "levels": draw(state_rules(0)), "length": draw(st.sampled_from([3, [5, 80]]))}
        case "mixture":
            return {"kind": "mixture", "of": [draw(state_rules(0)), draw(state_rules(0))], "weights": [0.25, 0.75]}
        case kind:
            return draw(chains(kind, names))


@st.composite
def state_specs(draw: st.DrawFn) -> Spec:
    """A spec with states, what they drive, whole numbers, hidden variables, and anomalies on all of these."""
    mode = draw(st.sampled_from(["mode", "温度"]))
    flags = {"kind": "choice", "values": [True, False], "weights": [0.25, 0.75]}
    variables: Spec = {mode: {"kind": "stochastic", "normal": draw(state_rules())}}
    variables["on"] = {"kind": "stochastic", "normal": draw(st.one_of(st.just(flags), chains("markov", [False, True])))}
    variables["count"] = {
        "kind": "stochastic",
        "normal": {"kind": "poisson", "rate": 3.5},
        "anomalous": {"kind": "shift", "by": draw(st.floats(-3.0, 3.0))},
        "dtype": "int64",
    }
    named = draw(st.lists(st.sampled_from(states_in(variables[mode]["normal"])), unique=True))
    driven: Spec = {"kind": "by_state", "variable": mode, "values": {name: draw(rules(1, "normal")) for name in named}}
    driven |= {"other": draw(rules(0, "normal")), "lag": draw(st.sampled_from([0, 0, 1, 600]))}
    variables["flow"] = {"kind": "stochastic", "normal": driven}
    alarm = {"kind": "by_state", "variable": "on", "values": {"true": {"kind": "state", "name": "high"}}}
    alarm["other"] = {"kind": "choice", "values": ["low", "high"]}
    variables["alarm"] = {"kind": "stochastic", "normal": alarm}
    for name in draw(st.lists(st.sampled_from([mode, "on", "flow"]), max_size=2, unique=True)):
        variables[name]["hidden"] = True
    if draw(st.booleans()):
        variables[mode]["missing"] = draw(dropouts(together=False))
    anomalies = []
    for number in range(draw(st.integers(0, 3))):
        normal = variables[mode]["normal"]
        kinds: list[Any] = [{"kind": "state", "name": "never"}, {"kind": "flatline"}, {"kind": "missing"}]
        kinds += [draw(state_rules())]
        if normal["kind"] in ("markov", "regimes", "steps"):
            kinds += [{"kind": "reverse"}, {"kind": "time_warp"}]
        # In regimes, a state may follow on itself, although that is not listed.
        zeros = {"regimes": 2, "markov": 1}.get(normal["kind"])
        if zeros and all(row.count(0) >= zeros for row in normal.get("transitions", [[]])):
            kinds += [{"kind": "forbidden_transition"}] * 3
        values: Spec = {mode: draw(st.sampled_from(kinds))}
        if draw(st.booleans()):
            values["on"] = draw(st.sampled_from([1, flags, {"kind": "flatline"}]))
        if draw(st.booleans()):
            values["alarm"] = {"kind": "decouple", "variable": "on", "by": 100}
        anomaly: Spec = {"name": f"a{number}", "values": values, "duration": [2, 30]}
        anomalies.append(anomaly | {"frequency": draw(st.sampled_from([0.1, 0.01]))})
    anomalies.append({"name": "counts", "variables": ["count"], "frequency": 0.05, "onset": "creeping", "duration": 9})
    return in_stream({"seed": draw(st.integers(0, 9)), "variables": variables, "anomalies": anomalies})


def states_in(rule: Spec) -> list[str]:
    """The states that a rule gives, in order."""
    own = [*rule.get("states", []), *(rule["values"] if rule["kind"] == "choice" else [])]
    own += [rule["name"]] if rule["kind"] == "state" else []
    parts = [*rule.get("of", []), *([rule["levels"]] if rule["kind"] == "steps" else [])]
    return list(dict.fromkeys([*own, *(name for part in parts for name in states_in(part))]))


@st.composite
def recorded_blocks(draw: st.DrawFn) -> Spec:
    """What a rule of blocks holds: any recording, with values that are missing, and blocks that may overlap."""
    values = draw(st.lists(st.one_of(NUMBERS, st.just(float("nan"))), min_size=1, max_size=30))
    fade = draw(st.integers(0, min(3, len(values) - 1)))
    ends = st.lists(st.integers(0, len(values) - fade), min_size=2, max_size=2, unique=True).map(sorted)
    blocks = draw(st.lists(ends, min_size=1, max_size=9))
    table: Spec = {"values": values, "blocks": blocks}
    shortest = min(stop - start for start, stop in blocks)
    optional(draw, table, "fade", st.integers(0, min(fade, shortest)))
    optional(draw, table, "reach", st.sampled_from([1, 2, 3, 512]))
    share = st.floats(0.0, 1.0)
    optional(draw, table, "mix", st.one_of(share, st.lists(share, min_size=len(blocks), max_size=len(blocks))))
    optional(draw, table, "group", st.sampled_from(["a", "", "粒"]))
    return table


def levels(depth: int, scope: str) -> st.SearchStrategy[Any]:
    """What is held for some rows."""
    plain = bounded(-5.0, 5.0, 1, "event")
    return st.one_of(plain, rule_tables(0, "normal" if scope == "normal" else "event")) if depth > 0 else plain


def rules(depth: int, scope: str) -> st.SearchStrategy[Any]:
    """A rule: a table, or now and then a bare number."""
    return st.one_of(*[rule_tables(depth, scope)] * 4, NUMBERS)


# Transforms that move the normal rule's signals, and signals that they move.
TRANSFORMS = ["shift", "scale", "spike", "noise", "flatline", "missing", "drift", "clip", "smooth"]
COURSES = ["frequency_change", "phase_shift", "reverse", "time_warp"]
SIGNALS = {
    "sine", "cosine", "square", "sawtooth", "triangle", "dirichlet", "pattern", "mls", "ecg", "trend", "random_walk",
    "ar1", "steps", "cylinder_bell_funnel", "calendar", "logistic_map", "coloured_noise", "blocks", "markov", "regimes",
    "stochastic_volatility", "random_season", "control_loop",
}  # fmt: skip


def fewest_rows(rule: Any) -> int:
    """The rows that an event must have for an anomalous rule to change anything."""
    kind = rule.get("kind") if isinstance(rule, dict) else None
    is_stuck = kind == "flatline" and "value" not in rule
    return 2 if is_stuck or kind in ("frequency_change", "reverse", "time_warp") else 1


def lengthen(anomaly: Spec, variables: Spec) -> None:
    """Make the events of an anomaly long enough for what they do."""
    named = anomaly.get("variables", [] if "values" in anomaly else list(variables))
    rules_of = [variables[name].get("anomalous") for name in named] + list(anomaly.get("values", {}).values())
    fewest = max(map(fewest_rows, rules_of), default=1)
    if "events" in anomaly:
        anomaly["events"] = [[start, stop] for start, stop in anomaly["events"] if stop - start >= fewest]
        return
    duration = anomaly.get("duration", 1)
    if isinstance(duration, list):
        anomaly["duration"] = [max(end, fewest) for end in duration]
    elif duration < fewest:
        anomaly["duration"] = fewest


def has_signals(rule: Any) -> bool:
    """Whether there is a signal in a rule, or in what it is made of."""
    if isinstance(rule, dict):
        return rule.get("kind") in SIGNALS or any(has_signals(part) for part in rule.values())
    return isinstance(rule, list) and any(has_signals(part) for part in rule)


@st.composite
def anomalous(draw: st.DrawFn, depth: int = 2, only: str | None = None, signals: bool = False) -> Any:
    """An anomalous rule: a transform, or a rule that replaces the value. `signals`: the normal rule has some."""
    kinds = [*TRANSFORMS, "shape"]
    kinds += ["rule"] * 3 + (COURSES if signals else [])
    kind = only or draw(st.sampled_from(kinds))
    table: Spec = {"kind": kind}
    match kind:
        case "rule":
            return draw(rules(depth, "anomalous"))
        case "shift" | "drift":
            table["by"] = draw(parameters(NUMBERS, depth, "anomalous"))
        case "scale":
            table["factor"] = draw(parameters(NUMBERS, depth, "anomalous"))
            optional(draw, table, "center", parameters(NUMBERS, depth, "anomalous"))
        case "spike":
            table["height"] = draw(parameters(NUMBERS, depth, "anomalous"))
        case "noise":
            table["std"] = draw(st.one_of(NOT_NEGATIVE, bounded(0.0, 5.0, depth, "anomalous")))
        case "flatline":
            optional(draw, table, "value", parameters(NUMBERS, depth, "anomalous"))
        case "clip":
            which = draw(st.integers(1, 3))
            if which & 1:
                table["low"] = draw(bounded(-5.0, 0.0, depth, "anomalous"))
            if which & 2:
                table["high"] = draw(bounded(0.5, 5.0, depth, "anomalous"))
        case "smooth":
            table["window"] = draw(st.sampled_from([3, 5, 31, 511]))
        case "shape":
            table["values"] = draw(st.lists(NUMBERS, min_size=2, max_size=6))
        case "frequency_change":
            table["factor"] = draw(st.one_of(st.floats(0.01, 50.0), st.sampled_from([1, 1e-300, 1000])))
        case "phase_shift":
            far = st.sampled_from([0, -0.5, 1e9, -1e300, 2.0**64])
            table["by"] = draw(st.one_of(far, parameters(st.floats(-900.0, 900.0), depth, "event")))
        case "time_warp":
            optional(draw, table, "strength", bounded(-1.0, 1.0, depth, "event"))
    return table


@st.composite
def intervals(draw: st.DrawFn, end: int, most: int = 4) -> list[list[int]]:
    """[start, stop] pairs in order, apart from each other, below `end`."""
    ends = draw(st.lists(st.integers(0, end), min_size=0, max_size=2 * most, unique=True).map(sorted))
    return [[start, stop] for start, stop in zip(ends[::2], ends[1::2], strict=False)]


@st.composite
def dropouts(draw: st.DrawFn, together: bool = True) -> Spec:
    """When values are lost: with a frequency, counted, listed, or by chance; of single variables, or of whole rows."""
    shortest = draw(st.integers(1, 12))
    longest = draw(st.integers(shortest, shortest + 30))
    gap = draw(st.integers(0, 6))
    spec: Spec = {"gap": gap} | ({"together": True} if together and draw(st.integers(0, 4)) == 0 else {})
    match draw(st.sampled_from(["frequency", "count", "events", "chance"])):
        case "chance":
            chance = st.one_of(SHARES, rules(1, "normal"))
            return {"chance": draw(chance)} | ({"together": True} if together and draw(st.booleans()) else {})
        case "frequency":
            most = (shortest + longest) / 2 / (longest + gap)
            return spec | {"duration": [shortest, longest], "frequency": draw(st.floats(most / 90, most * 0.9))}
        case "count":
            return spec | {"duration": longest, "count": draw(st.integers(1, 900 // (longest + gap))), "within": 900}
    return {"events": draw(intervals(draw(st.sampled_from([3000, 2**60 + 1000, LAST - 1]))))}


def lengths(numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A length, or the shortest and the longest."""
    return st.one_of(numbers, st.lists(numbers, min_size=2, max_size=2).map(sorted))


@st.composite
def clocks(draw: st.DrawFn, kind: str | None = None) -> Spec:
    """The time of a spec: numbers or datetimes, even, uneven, or by chance."""
    table: Spec = {"kind": kind or draw(st.sampled_from(["number", "datetime"]))}
    every = draw(st.one_of(st.integers(1, 2000), st.sampled_from([1, 2, 512, 2**53])))
    if table["kind"] == "number":
        step = draw(st.one_of(st.floats(1e-3, 1e3), st.integers(1, 9)))
        table |= {"start": draw(st.floats(-1e6, 1e6)), "step": step}
        optional(draw, table, "jitter", st.sampled_from([0.0, 0.3 * step, 0.49 * step]))
        gaps = {"every": every, "length": draw(lengths(st.one_of(st.floats(0.0, 1e4), st.integers(0, 9))))}
    else:
        start = st.one_of(st.integers(-(2**62), 2**62), st.just(1_767_225_600 * 10**9))
        step = draw(st.one_of(st.sampled_from([1, 2, 3, 60 * 10**9, 3600 * 10**9]), st.integers(1, 10**15)))
        table |= {"start": draw(start), "step": step}
        optional(draw, table, "jitter", st.integers(0, (step - 1) // 2))
        gaps = {"every": every, "length": draw(lengths(st.one_of(st.integers(0, 10**14), st.sampled_from([0, 2**62]))))}
    optional(draw, table, "gaps", st.just(gaps))
    if table.get("jitter", 0) == 0 and (table["step"] >= 1000 or isinstance(table["step"], float)):
        optional(draw, table, "arrivals", st.just("poisson"))
    return table


@st.composite
def calendar_clocks(draw: st.DrawFn) -> Spec:
    """Clocks in time zones, and by the calendar, whose rows are few: datetimes of the years 1950 to 2120."""
    day, hour = 86_400 * 10**9, 3600 * 10**9
    start = draw(st.integers(-(20 * 365 * day), 80 * 365 * day))
    table: Spec = {"kind": "datetime", "start": start}
    if draw(st.booleans()):
        changes = draw(st.lists(st.integers(start - 900 * day, start + 900 * day), max_size=6, unique=True).map(sorted))
        changes = [x for i, x in enumerate(changes) if i == 0 or x - changes[i - 1] > 3 * day]
        lengths = draw(st.lists(st.integers(-14, 14), min_size=len(changes) + 1, max_size=len(changes) + 1))
        pairs = zip([-(2**63), *changes], lengths, strict=True)
        table |= {"zone": "Some/Where", "offsets": [[at, length * hour] for at, length in pairs]}
    unit = draw(st.sampled_from(["D", "W", "M", "MS", "B", ""]))
    if unit:
        table["step"] = f"{draw(st.integers(1, 5))}{unit}"
    else:
        table["step"] = draw(st.sampled_from([hour, day, 10**9]))
    if unit == "B" and draw(st.booleans()):
        table["days_off"] = draw(st.lists(st.integers(start // day - 3, start // day + 60), max_size=40, unique=True))
    return table


def in_stream(spec: Spec) -> Spec:
    """A spec with calendars is one of stream 1: there they have clocks of their own, which show any row.

    Rules drawn at random overflow: that is allowed, for what is asked here is that all parts compute the same.
    """
    spec = spec | {"allow_infinite": True}
    return spec | {"stream": 1} if "'calendar'" in repr(spec) else spec


@st.composite
def specs(draw: st.DrawFn, depth: int = 2) -> Spec:
    """A whole spec: variables of both kinds, several anomalies of every way of placing."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.lower))
    series = draw(st.lists(st.one_of(NUMBERS.map(float), st.just(float("nan"))), min_size=2, max_size=90))
    labels = draw(st.one_of(st.just([]), intervals(len(series))))
    variables: Spec = {}
    for name in names:
        variable: Spec
        if draw(st.integers(0, 3)) == 0:
            variable = {"kind": "recorded", "values": series}
            if labels and draw(st.booleans()):
                variable["labels"] = labels
        else:
            variable = {"kind": "stochastic", "normal": draw(rules(depth, "normal"))}
        moving = variable["kind"] == "recorded" or has_signals(variable["normal"])
        optional(draw, variable, "anomalous", anomalous(depth, signals=moving))
        if draw(st.integers(0, 3)) == 0:
            variable["missing"] = draw(dropouts(together=False))
        variables[name] = variable
    spec: Spec = {"seed": draw(st.one_of(st.integers(0, 9), st.integers(0, 2**64 - 1))), "variables": variables}
    if draw(st.integers(0, 3)) == 0:
        spec["missing"] = draw(dropouts())
    has_labels = any("labels" in variable for variable in variables.values())

    anomalies = []
    within = draw(st.integers(600, 2000))
    explicit_left = not has_labels
    kinds = draw(st.lists(st.sampled_from(["frequency", "count", "events"]), max_size=4))
    for i, way in enumerate(kinds):
        anomaly: Spec = {}
        if i > 0 or draw(st.booleans()):
            anomaly["name"] = f"{draw(NAMES)}{i}"
        if way == "events":
            if not explicit_left:
                continue
            explicit_left = False
            anomaly["events"] = draw(intervals(draw(st.sampled_from([3000, 2**60 + 1000, LAST - 1]))))
        else:
            # All fit: each way may take an eighth of the rows, its gaps included.
            shortest = draw(st.integers(1, 12))
            longest = draw(st.integers(shortest, shortest + 30))
            gap = draw(st.integers(0, 6))
            optional(draw, anomaly, "gap", st.just(gap))
            room = max(longest, 2) + anomaly.get("gap", 1)
            if (shortest, longest) != (1, 1) or draw(st.booleans()):
                anomaly["duration"] = longest if shortest == longest else [shortest, longest]
            if draw(st.integers(0, 5)) == 0:
                shocks = {"mean": draw(st.floats(0.1, 0.9)), "delay": draw(st.floats(0.1, 9.0))}
                anomaly["aftershocks"] = shocks | {"within": draw(st.integers(1, 20))}
                room += anomaly["aftershocks"]["within"]
            if way == "count":
                anomaly |= {"count": draw(st.integers(1, max(within // (8 * room), 1))), "within": within}
            else:
                share = (shortest + longest) / 2 / room / 8
                tiny = st.sampled_from([1e-9, 1e-300])
                anomaly["frequency"] = draw(st.one_of(st.floats(share / 50, share), tiny))
        optional(draw, anomaly, "onset", st.sampled_from(["creeping", 1, 0.5, 1e-3]))
        touched = draw(st.sampled_from(["default", "variables", "values", "both"]))
        able = [name for name in names if "anomalous" in variables[name]]
        if touched == "default" and able:
            pass
        elif touched == "variables" and able:
            anomaly["variables"] = draw(st.lists(st.sampled_from(able), min_size=1, unique=True))
        else:
            chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
            moving = {name for name in chosen if has_signals(variables[name].get("normal", {"kind": "sine"}))}
            anomaly["values"] = {name: draw(anomalous(depth, signals=name in moving)) for name in chosen}
            if touched == "both" and able:
                anomaly["variables"] = [draw(st.sampled_from(able))]
        lengthen(anomaly, variables)
        anomalies.append(anomaly)
    if anomalies:
        spec["anomalies"] = anomalies
    return in_stream(spec)


LAGS = st.one_of(st.integers(0, 40), st.sampled_from([0, 1, 511, 512, 40_000, 2**40]))


@st.composite
def related_specs(draw: st.DrawFn) -> Spec:
    """A spec whose variables refer to each other, with anomalies that swap and decouple them."""
    names = draw(st.lists(NAMES, min_size=2, max_size=4, unique_by=str.lower))
    variables: Spec = {}
    for i, name in enumerate(names):
        if i == 0 and draw(st.booleans()):
            series = draw(st.lists(st.floats(-9.0, 9.0), min_size=2, max_size=90))
            variables[name] = {"kind": "recorded", "values": series}
            if draw(st.booleans()):
                variables[name]["labels"] = draw(intervals(len(series)))
            continue
        terms: list[Any] = [draw(rules(1, "normal"))]
        if i > 0:
            ref = st.fixed_dictionaries({"kind": st.just("ref"), "variable": st.sampled_from(names[:i]), "lag": LAGS})
            terms += draw(st.lists(ref, max_size=2))
        mean = {"kind": "sum", "of": draw(st.permutations(terms))}
        normal = draw(st.sampled_from([mean, {"kind": "normal", "mean": mean, "std": 0.5}]))
        variables[name] = {"kind": "stochastic", "normal": normal}
    anomalies = []
    for number in range(draw(st.integers(1, 3))):
        i = draw(st.integers(0, len(names) - 1))
        sources = [term["variable"] for term in references(variables[names[i]])]
        other = draw(st.sampled_from(names))
        kinds: list[Any] = [draw(anomalous(1)), {"kind": "swap", "variable": other}]
        if sources:
            by = draw(
                st.one_of(st.integers(-900, 900), st.sampled_from([1e30, -1e30, 0.5]), bounded(-90, 90, 1, "event"))
            )
            kinds.append({"kind": "decouple", "variable": draw(st.sampled_from(sources)), "by": by})
        if i > 0:
            kinds.append({"kind": "ref", "variable": names[draw(st.integers(0, i - 1))], "lag": draw(LAGS)})
        anomaly: Spec = {"name": f"a{number}", "values": {names[i]: draw(st.sampled_from(kinds))}}
        optional(draw, anomaly, "onset", st.just(0.5))
        if number == 0 and "labels" not in variables[names[0]] and draw(st.booleans()):
            anomaly["events"] = [[0, 7], [2**60, 2**60 + 900]]
        else:
            anomaly |= {"frequency": draw(st.sampled_from([0.1, 0.01])), "duration": [1, 30]}
        lengthen(anomaly, variables)
        anomalies.append(anomaly)
    order = draw(st.permutations(names))
    return in_stream({"seed": 4, "variables": {name: variables[name] for name in order}, "anomalies": anomalies})


def references(rule: Any) -> list[Spec]:
    """The references in a rule, wherever they stand."""
    if isinstance(rule, list):
        return [found for part in rule for found in references(part)]
    if not isinstance(rule, dict):
        return []
    return [rule] if rule.get("kind") == "ref" else [found for part in rule.values() for found in references(part)]
