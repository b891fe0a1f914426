//! Files of generated rows, into the void: what each format costs beside the rows themselves. One thread.

#![allow(missing_docs)]

use std::fs::File;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use paranom::generate::Plan;
use paranom::job::Job;
use paranom::spec::Value;
use paranom_io::source::{Chosen, Generated};
use paranom_io::{Format, Options};

fn table<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Table(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

fn noise() -> Value {
    let rule = table([("kind", Value::Text("normal".into()))]);
    table([("kind", Value::Text("stochastic".into())), ("normal", rule)])
}

fn files(c: &mut Criterion) {
    const ROWS: u64 = 1 << 18;
    let spec =
        table([("variables", table([("a", noise()), ("b", noise()), ("c", noise()), ("d", noise())]))]);
    let plan = Plan::new(&spec).expect("a valid spec");
    let mut group = c.benchmark_group("files");
    group.throughput(Throughput::Elements(ROWS));
    for (name, format) in [
        ("parquet", Format::Parquet),
        ("arrow", Format::Arrow),
        ("csv", Format::Csv),
        ("json lines", Format::JsonLines),
    ] {
        let options = Options { threads: 1, ..Options::default() };
        group.bench_function(name, |b| {
            b.iter(|| {
                let source = Generated::<f64>::new(&plan, 0, ROWS, 0, Chosen::default(), 1)
                    .expect("rows that are there");
                let void = File::create("/dev/null").expect("a system that has it");
                paranom_io::write(&source, format, &options, void, &Job::new()).expect("room for all");
            });
        });
    }
    group.finish();
}

criterion_group!(benches, files);
criterion_main!(benches);
