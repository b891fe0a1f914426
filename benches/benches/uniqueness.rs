//! Uniqueness: rows per second, one thread and two, against the same rows without it.

#![allow(missing_docs)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use paranom::generate::{Plan, RowRange};
use paranom::job::Job;
use paranom::spec::Value;

const ROWS: usize = 1 << 20;

fn table(entries: &[(&str, Value)]) -> Value {
    Value::Table(entries.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn plan(rule: Value, tries: Option<i128>) -> Plan {
    let variable = table(&[("kind", text("stochastic")), ("normal", rule)]);
    let mut spec = vec![("variables", table(&[("x", variable)]))];
    if let Some(tries) = tries {
        let soft = table(&[("kind", text("soft")), ("tries", Value::Whole(tries))]);
        spec.push(("uniqueness", table(&[("normal", soft)])));
    }
    Plan::new(&table(&spec)).expect("a valid spec")
}

fn uniqueness(c: &mut Criterion) {
    let floats = table(&[("kind", text("uniform")), ("low", Value::Whole(0)), ("high", Value::Whole(1))]);
    let whole =
        table(&[("kind", text("integers")), ("low", Value::Whole(0)), ("high", Value::Whole(1_000_000))]);
    let mut group = c.benchmark_group("uniqueness");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(10);
    let mut values = vec![0.0; ROWS];
    let mut labels = vec![0; ROWS];
    for (name, rule) in [("floats", floats), ("a million integers", whole)] {
        for (what, tries) in [("may repeat", None), ("soft, 5 tries", Some(5))] {
            let plan = plan(rule.clone(), tries);
            for threads in [1, 2] {
                group.bench_function(BenchmarkId::new(format!("{name}, {what}"), threads), |b| {
                    b.iter(|| {
                        let rows = [RowRange { start: 0, len: ROWS }];
                        paranom::pool::run(threads, || {
                            plan.fill::<f64>(&rows, false, vec![&mut values], &mut labels, &Job::new())
                        })
                    });
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, uniqueness);
criterion_main!(benches);
