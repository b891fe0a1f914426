//! One RAMP step at the three sizes of the comparison in `benches/peers/ramp.py`, and many processes at once.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use paranom::detect::ramp::{Config, Mode, ProcessName, Ramp, Scale};
use paranom::pool;

/// A noisy wave: a cheap pseudo-random stream that does not repeat.
fn samples(count: usize) -> Vec<f64> {
    let mut state = 1_u64;
    let noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    std::iter::repeat_with(noise)
        .enumerate()
        .map(|(i, e)| ((i / 3) % 50) as f64 / 25.0 + e)
        .take(count)
        .collect()
}

fn update(c: &mut Criterion) {
    let mut group = c.benchmark_group("update");
    for (d, m, reference) in [(3, 5, 60), (8, 32, 1024), (32, 64, 4096)] {
        for scale in ["std", "relative"] {
            let mut config = Config::new(Mode::Default, d, m, reference, 1e3);
            if scale == "relative" {
                config.scale = Scale::Relative;
            }
            let mut ramp = Ramp::new(config).expect("good settings");
            let rows = samples(d * (reference + m + 4096));
            let mut shares = vec![0.0; d];
            for row in rows.chunks_exact(d).take(reference + m) {
                ramp.update(None, row, &mut shares).expect("good rows");
            }
            let mut next = rows.chunks_exact(d).skip(reference + m).cycle();
            group.bench_function(BenchmarkId::new(scale, format!("{d}x{m}x{reference}")), |b| {
                b.iter(|| ramp.update(None, black_box(next.next().expect("endless")), &mut shares));
            });
        }
    }
}

fn many(c: &mut Criterion) {
    const PROCESSES: usize = 10_000;
    let (d, m, reference) = (3, 5, 60);
    let mut group = c.benchmark_group("update_many");
    let keys: Vec<ProcessName> = (0..PROCESSES as i64).map(ProcessName::Number).collect();
    let rows = samples(d * PROCESSES);
    let mut ramp = Ramp::new(Config::new(Mode::Default, d, m, reference, 1e3)).expect("good settings");
    for _ in 0..reference + m {
        ramp.update_many(&keys, &rows, None, None).expect("good rows");
    }
    eprintln!("{} bytes per process", ramp.bytes_per_process());
    group.throughput(Throughput::Elements(PROCESSES as u64));
    for threads in [1, pool::thread_count(None).expect("a good count")] {
        group.bench_function(BenchmarkId::new("3x5x60", format!("{threads} threads")), |b| {
            b.iter(|| ramp.update_many(&keys, black_box(&rows), Some(threads), None));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = update, many
}
criterion_main!(benches);
