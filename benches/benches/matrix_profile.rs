//! Pairs of windows per second of the matrix profile, one thread; and one streaming update.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use paranom::detect::matrix_profile::{Distance, Settings, StreamingProfiles, multidimensional, self_join};
use paranom::job::Job;

/// A random walk.
fn walk(n: usize, mut state: u64) -> Vec<f64> {
    let mut level = 0.0;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            level += (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
            level
        })
        .collect()
}

fn joins(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matrix_profile");
    group.sample_size(10);
    let settings = |distance, window| Settings { window, distance, k: 1, fraction: 1.0, threads: 1 };
    let x = walk(1 << 14, 1);
    for distance in [Distance::ZNormalized, Distance::L1, Distance::L2, Distance::Relative] {
        for window in [64, 256] {
            let windows = (x.len() - window + 1) as u64;
            group.throughput(Throughput::Elements(windows * windows / 2));
            group.bench_function(format!("{distance:?} window={window}"), |bench| {
                bench.iter(|| self_join(&x, &settings(distance, window), &Job::new()));
            });
        }
    }
    for d in [3, 8] {
        let x: Vec<Vec<f64>> = (0..d).map(|t| walk(1 << 12, t)).collect();
        let windows = (x[0].len() - 63) as u64;
        group.throughput(Throughput::Elements(windows * windows / 2 * d));
        group.bench_function(format!("multidimensional d={d} window=64"), |bench| {
            bench.iter(|| multidimensional(&x, &[], &settings(Distance::ZNormalized, 64), &Job::new()));
        });
    }
    group.finish();
}

fn updates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matrix_profile_stream");
    for (history, d) in [(1024, 1), (4096, 1), (16384, 1), (4096, 3)] {
        let x = walk(1 << 16, 2);
        let mut stream = StreamingProfiles::new(&[64], history, d).unwrap();
        let mut scores = vec![0.0; d];
        let mut samples = x.chunks_exact(d).cycle();
        for _ in 0..history {
            stream.update(samples.next().unwrap(), &mut scores).unwrap();
        }
        group.throughput(Throughput::Elements((history * d) as u64));
        group.bench_function(format!("history={history} d={d}"), |bench| {
            bench.iter(|| stream.update(samples.next().unwrap(), &mut scores));
        });
    }
    group.finish();
}

criterion_group!(benches, joins, updates);
criterion_main!(benches);
