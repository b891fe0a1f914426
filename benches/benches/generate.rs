//! Whole rows: values, events and labels, one thread, at the level in use (`PARANOM_SIMD`), into warm memory.

#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use paranom::generate::{Plan, RowRange, Time};
use paranom::job::Job;
use paranom::spec::Value;

fn table<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Table(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

fn rule<const N: usize>(kind: &str, numbers: [(&str, f64); N]) -> Value {
    let mut entries = vec![("kind".to_owned(), Value::Text(kind.into()))];
    entries.extend(numbers.into_iter().map(|(name, x)| (name.to_owned(), Value::Number(x))));
    Value::Table(entries)
}

/// One variable with a normal rule; anomalous rows, if any, are uniform.
fn listed(kind: &str, name: &str, numbers: &[f64]) -> Value {
    let numbers = Value::List(numbers.iter().copied().map(Value::Number).collect());
    table([("kind", Value::Text(kind.into())), (name, numbers)])
}

/// A recording of 20,000 rows in 100 blocks.
fn blocks() -> Value {
    let block = |i: i128| Value::List(vec![Value::Whole(200 * i), Value::Whole(200 * (i + 1))]);
    let values = (0..20_010).map(f64::from).collect();
    table([
        ("kind", Value::Text("blocks".into())),
        ("values", Value::Series(values)),
        ("blocks", Value::List((0..100).map(block).collect())),
        ("fade", Value::Whole(8)),
    ])
}

fn plan(normal: Value, share: Option<f64>) -> Plan {
    let variable = table([
        ("kind", Value::Text("stochastic".into())),
        ("normal", normal),
        ("anomalous", rule("uniform", [("low", 2.0), ("high", 5.0)])),
    ]);
    let anomalies = share.map(|share| {
        let duration = Value::List(vec![Value::Whole(50), Value::Whole(150)]);
        table([("frequency", Value::Number(share)), ("duration", duration)])
    });
    // A row a minute, for calendars.
    let time = table([
        ("kind", Value::Text("datetime".into())),
        ("start", Value::Whole(0)),
        ("step", Value::Whole(60_000_000_000)),
    ]);
    let spec = table([
        ("variables", table([("x", variable)])),
        ("anomalies", Value::List(anomalies.into_iter().collect())),
        ("time", time),
    ]);
    Plan::new(&spec).expect("a valid spec")
}

fn generate(c: &mut Criterion) {
    const ROWS: usize = 1 << 18; // values and labels stay in the second- and third-level cache
    let sine = || rule("sine", [("period", 300.0)]);
    let noise = || rule("normal", [("mean", 0.0), ("std", 0.1)]);
    let both = || {
        let terms = Value::List(vec![sine(), noise()]);
        table([("kind", Value::Text("sum".into())), ("of", terms)])
    };
    let mixture = || {
        let of = Value::List(vec![noise(), rule("normal", [("mean", 5.0)])]);
        let weights = Value::List(vec![Value::Number(0.75), Value::Number(0.25)]);
        table([("kind", Value::Text("mixture".into())), ("of", of), ("weights", weights)])
    };
    let choice = || {
        let values = Value::List((0..10).map(|i| Value::Number(f64::from(i))).collect());
        table([("kind", Value::Text("choice".into())), ("values", values)])
    };
    let pattern = || {
        let values = Value::List((0..10).map(|i| Value::Number(f64::from(i))).collect());
        table([("kind", Value::Text("pattern".into())), ("values", values), ("period", Value::Number(300.0))])
    };
    let calendar = || {
        let hour = Value::List((0..24).map(|i| Value::Number(f64::from(i))).collect());
        let step = Value::Whole(60_000_000_000);
        table([
            ("kind", Value::Text("calendar".into())),
            ("start", Value::Whole(0)),
            ("step", step),
            ("hour", hour),
        ])
    };
    let held = |kind: &str, name: &str, of: Value| {
        table([("kind", Value::Text(kind.into())), (name, of), ("length", Value::Whole(50))])
    };
    let whole = |low: i128, high: i128| {
        table([
            ("kind", Value::Text("integers".into())),
            ("low", Value::Whole(low)),
            ("high", Value::Whole(high)),
        ])
    };
    // Plans are large: not on the stack.
    let cases = vec![
        ("uniform", plan(rule("uniform", [("low", 0.0), ("high", 1.0)]), None)),
        ("normal", plan(noise(), None)),
        ("truncated normal", plan(rule("normal", [("low", -1.0), ("high", 2.0)]), None)),
        ("lognormal", plan(rule("lognormal", []), None)),
        ("exponential", plan(rule("exponential", []), None)),
        ("laplace", plan(rule("laplace", []), None)),
        ("student t", plan(rule("student_t", [("df", 3.0)]), None)),
        ("cauchy", plan(rule("cauchy", []), None)),
        ("gamma", plan(rule("gamma", [("shape", 2.5)]), None)),
        ("beta", plan(rule("beta", [("a", 2.0), ("b", 5.0)]), None)),
        ("poisson of 4", plan(rule("poisson", [("rate", 4.0)]), None)),
        ("poisson of 100", plan(rule("poisson", [("rate", 100.0)]), None)),
        ("mixture of 2", plan(mixture(), None)),
        ("integers", plan(whole(0, 1000), None)),
        ("bernoulli", plan(rule("bernoulli", [("p", 0.3)]), None)),
        ("choice of 10", plan(choice(), None)),
        ("sine", plan(sine(), None)),
        ("square", plan(rule("square", [("period", 300.0)]), None)),
        ("ecg", plan(rule("ecg", [("period", 300.0)]), None)),
        ("triangle", plan(rule("triangle", [("period", 300.0)]), None)),
        ("dirichlet", plan(rule("dirichlet", [("period", 300.0)]), None)),
        ("pattern of 10", plan(pattern(), None)),
        ("mls", plan(rule("mls", [("order", 10.0)]), None)),
        ("ar1", plan(rule("ar1", [("phi", 0.9)]), None)),
        ("steps of 50", plan(held("steps", "levels", noise()), None)),
        ("cylinder bell funnel", plan(held("cylinder_bell_funnel", "amplitude", noise()), None)),
        ("calendar", plan(calendar(), None)),
        ("logistic map", plan(rule("logistic_map", []), None)),
        ("coloured noise, 64 weights", plan(listed("coloured_noise", "weights", &[0.125; 64]), None)),
        ("empirical", plan(listed("empirical", "quantiles", &[-3.0, -1.0, 0.0, 1.0, 4.0]), None)),
        ("blocks of 200 rows", plan(blocks(), None)),
        ("random walk", plan(rule("random_walk", []), None)),
        ("sine + noise", plan(both(), None)),
        ("sine + noise + 1 % anomalies", plan(both(), Some(0.01))),
    ];
    let mut values = vec![0.0; ROWS];
    let mut labels = vec![0; ROWS];
    let mut group = c.benchmark_group(format!("generate/{}", paranom::simd::level().name()));
    group.throughput(Throughput::Elements(ROWS as u64));
    for (name, plan) in &cases {
        let mut start = 0;
        group.bench_function(*name, |b| {
            b.iter(|| {
                let rows = [RowRange { start, len: ROWS }];
                plan.fill(&rows, false, vec![&mut values[..]], &mut labels, &Job::new())
                    .expect("nothing to cancel");
                start += ROWS as u64;
                black_box(values[0]);
            });
        });
    }
    group.finish();
}

/// Sine and noise, nine rows in ten in events of 100 rows.
fn with_events(anomalous: Value, onset: Option<f64>) -> Plan {
    let terms =
        Value::List(vec![rule("sine", [("period", 300.0)]), rule("normal", [("mean", 0.0), ("std", 0.1)])]);
    let normal = table([("kind", Value::Text("sum".into())), ("of", terms)]);
    let variable =
        table([("kind", Value::Text("stochastic".into())), ("normal", normal), ("anomalous", anomalous)]);
    let mut anomaly = vec![
        ("frequency".to_owned(), Value::Number(0.9)),
        ("duration".to_owned(), Value::Whole(100)),
        ("gap".to_owned(), Value::Whole(0)),
    ];
    anomaly.extend(onset.map(|share| ("onset".to_owned(), Value::Number(share))));
    let anomalies = Value::List(vec![Value::Table(anomaly)]);
    let spec = table([("variables", table([("x", variable)])), ("anomalies", anomalies)]);
    Plan::new(&spec).expect("a valid spec")
}

fn transforms(c: &mut Criterion) {
    const ROWS: usize = 1 << 16;
    let smooth = table([("kind", Value::Text("smooth".into())), ("window", Value::Whole(11))]);
    let values = Value::List([0.0, 1.0, 0.5].map(Value::Number).to_vec());
    let shape = table([("kind", Value::Text("shape".into())), ("values", values)]);
    let cases = [
        ("shift", with_events(rule("shift", [("by", 1.0)]), None)),
        ("shift, creeping", with_events(rule("shift", [("by", 1.0)]), Some(1.0))),
        ("scale", with_events(rule("scale", [("factor", 2.0)]), None)),
        ("spike", with_events(rule("spike", [("height", 2.0)]), None)),
        ("noise", with_events(rule("noise", [("std", 0.5)]), None)),
        ("flatline", with_events(rule("flatline", []), None)),
        ("missing", with_events(rule("missing", []), None)),
        ("drift", with_events(rule("drift", [("by", 1.0)]), None)),
        ("clip", with_events(rule("clip", [("low", -0.5), ("high", 0.5)]), None)),
        ("smooth over 11 rows", with_events(smooth, None)),
        ("frequency change", with_events(rule("frequency_change", [("factor", 2.0)]), None)),
        ("phase shift", with_events(rule("phase_shift", [("by", 75.0)]), None)),
        ("reverse", with_events(rule("reverse", []), None)),
        ("time warp", with_events(rule("time_warp", []), None)),
        ("shape", with_events(shape, None)),
    ];
    let mut values = vec![0.0; ROWS];
    let mut labels = vec![0; ROWS];
    let mut group = c.benchmark_group(format!("transform/{}", paranom::simd::level().name()));
    group.throughput(Throughput::Elements(ROWS as u64));
    for (name, plan) in &cases {
        group.bench_function(*name, |b| {
            b.iter(|| {
                let rows = [RowRange { start: 0, len: ROWS }];
                plan.fill(&rows, false, vec![&mut values[..]], &mut labels, &Job::new())
                    .expect("nothing to cancel");
                black_box(values[0]);
            });
        });
    }
    group.finish();
}

/// Two variables, the second of which refers to the first; nine rows in ten of it in events of 100 rows.
fn related(anomalous: Option<Value>) -> Plan {
    let terms = |first: Value| {
        let of = Value::List(vec![first, rule("normal", [("mean", 0.0), ("std", 0.1)])]);
        let sum = table([("kind", Value::Text("sum".into())), ("of", of)]);
        table([("kind", Value::Text("stochastic".into())), ("normal", sum)])
    };
    let lagged = [
        ("kind", Value::Text("ref".into())),
        ("variable", Value::Text("pressure".into())),
        ("lag", Value::Whole(3)),
    ];
    let anomaly = |rule| {
        table([
            ("frequency", Value::Number(0.9)),
            ("duration", Value::Whole(100)),
            ("gap", Value::Whole(0)),
            ("values", table([("flow", rule)])),
        ])
    };
    let pressure = terms(rule("sine", [("period", 300.0)]));
    let variables = table([("pressure", pressure), ("flow", terms(table(lagged)))]);
    let anomalies = Value::List(anomalous.map(anomaly).into_iter().collect());
    Plan::new(&table([("variables", variables), ("anomalies", anomalies)])).expect("a valid spec")
}

fn references(c: &mut Criterion) {
    const ROWS: usize = 1 << 16;
    let of =
        |kind: &str| vec![("kind", Value::Text(kind.into())), ("variable", Value::Text("pressure".into()))];
    let named = |entries: Vec<(&str, Value)>| {
        Value::Table(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())
    };
    let decouple = [of("decouple"), vec![("by", Value::Number(500.0))]].concat();
    let cases = [
        ("ref", related(None)),
        ("swap", related(Some(named(of("swap"))))),
        ("decouple", related(Some(named(decouple)))),
    ];
    let mut values = [vec![0.0; ROWS], vec![0.0; ROWS]];
    let mut labels = vec![0; ROWS];
    let mut group = c.benchmark_group(format!("reference/{}", paranom::simd::level().name()));
    group.throughput(Throughput::Elements(ROWS as u64));
    for (name, plan) in &cases {
        group.bench_function(*name, |b| {
            b.iter(|| {
                let rows = [RowRange { start: 0, len: ROWS }];
                let columns = values.iter_mut().map(Vec::as_mut_slice).collect();
                plan.fill(&rows, false, columns, &mut labels, &Job::new()).expect("nothing to cancel");
                black_box(values[1][0]);
            });
        });
    }
    group.finish();
}

/// Timestamps, and values that are lost.
fn time(c: &mut Criterion) {
    const ROWS: usize = 1 << 16;
    let datetimes = |more: Vec<(&str, Value)>| {
        let mut entries = vec![
            ("kind", Value::Text("datetime".into())),
            ("start", Value::Whole(0)),
            ("step", Value::Whole(1_000_000_000)),
        ];
        entries.extend(more);
        Value::Table(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())
    };
    let gaps = table([("every", Value::Whole(1000)), ("length", Value::Whole(60_000_000_000))]);
    let jitter = Value::Whole(100_000_000);
    let clocks = [
        ("even", datetimes(vec![])),
        ("gaps", datetimes(vec![("gaps", gaps.clone())])),
        ("jitter", datetimes(vec![("jitter", jitter.clone())])),
        ("gaps and jitter", datetimes(vec![("gaps", gaps), ("jitter", jitter)])),
    ];
    let variables = |missing: Option<Value>| {
        let mut x = vec![
            ("kind".to_owned(), Value::Text("stochastic".into())),
            ("normal".to_owned(), Value::Number(0.0)),
        ];
        x.extend(missing.map(|missing| ("missing".to_owned(), missing)));
        table([("x", Value::Table(x))])
    };
    let mut group = c.benchmark_group(format!("time/{}", paranom::simd::level().name()));
    group.throughput(Throughput::Elements(ROWS as u64));
    let mut times = vec![0; ROWS];
    for (name, clock) in clocks {
        let plan =
            Plan::new(&table([("variables", variables(None)), ("time", clock)])).expect("a valid spec");
        let Time::Datetime(clock) = plan.time() else { unreachable!("a clock of datetimes") };
        group.bench_function(name, |b| b.iter(|| clock.fill(1 << 20, black_box(&mut times))));
    }
    let mut values = vec![0.0; ROWS];
    let mut labels = vec![0; ROWS];
    let lost = table([("frequency", Value::Number(0.01)), ("duration", Value::Whole(5))]);
    for (name, missing) in [("no value lost", None), ("1 % of the values lost", Some(lost))] {
        let plan = Plan::new(&table([("variables", variables(missing))])).expect("a valid spec");
        group.bench_function(name, |b| {
            b.iter(|| {
                let rows = [RowRange { start: 0, len: ROWS }];
                plan.fill(&rows, false, vec![&mut values[..]], &mut labels, &Job::new())
                    .expect("nothing to cancel");
                black_box(values[0]);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, generate, transforms, references, time);
criterion_main!(benches);
