//! The draws under every column: values per second, one thread, at the level in use (`PARANOM_SIMD`).

#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use paranom::random::{Key, Source, TILE, normals, uniforms};

fn random(c: &mut Criterion) {
    let source = Source { key: Key::new(7, "variable", "x"), site: 0, attempt: 0 };
    let mut out = vec![0.0; 64 * TILE];
    let mut group = c.benchmark_group(format!("random/{}", paranom::simd::level().name()));
    group.throughput(Throughput::Elements(out.len() as u64));
    group.bench_function("plain fill", |b| b.iter(|| black_box(&mut out).fill(1.0)));
    group.bench_function("uniforms", |b| {
        b.iter(|| {
            for (i, tile) in out.chunks_exact_mut(TILE).enumerate() {
                uniforms(source, (i * TILE) as u64, 2.0, 5.0, tile);
            }
        });
    });
    group.bench_function("normals", |b| {
        b.iter(|| {
            for (i, tile) in out.chunks_exact_mut(TILE).enumerate() {
                normals(source, (i * TILE) as u64, 0.0, 0.1, tile);
            }
        });
    });
    group.finish();
}

criterion_group!(benches, random);
criterion_main!(benches);
