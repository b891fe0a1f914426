//! Epochs over windows, with a step behind each batch.

use std::ops::Range;

use super::adam::{Adam, cut};
use super::lanes::WINDOWS;
use super::model::{Group, Model, Windows};
use crate::error::{refuse_unless, try_copy, try_filled, try_vec};
use crate::job::Job;
use crate::{Error, Result, pool};

/// A network with its weights and how far it has come.
pub struct Trainer<M: Model> {
    model: M,
    weights: Vec<f32>,
    adam: Adam,
    gradient: Vec<f32>,
    rooms: Vec<Place<M::Room>>,
    rows: usize,
}

/// Where a group of windows is computed.
struct Place<R> {
    room: R,
    gradient: Vec<f32>,
    losses: [f64; WINDOWS],
}

/// How an epoch is gone through.
#[derive(Debug, Clone, Copy)]
pub struct Epoch<'a> {
    /// Numbers of windows, batch after batch.
    pub order: &'a [usize],
    /// Windows of a batch; the last one may have fewer.
    pub size: usize,
    /// The learning rate of each batch.
    pub rates: &'a [f64],
    /// The greatest length of a gradient.
    pub clip: Option<f64>,
    /// The weight of the part of the loss that is not the error.
    pub weight: f32,
    /// Numbers drawn from N(0, 1) for each window of `order`.
    pub noise: &'a [f32],
}

impl<M: Model> Trainer<M> {
    /// A trainer that goes on from weights and an optimiser.
    pub fn new(model: M, weights: &[f32], adam: Adam) -> Result<Self> {
        let count = model.weights();
        for (path, len) in
            [("weights", weights.len()), ("first", adam.first.len()), ("second", adam.second.len())]
        {
            refuse_unless(len == count, path, len, &format!("must be {count} numbers"))?;
        }
        let gradient = try_filled(0.0, count)?;
        let mut trainer =
            Self { model, weights: try_copy(weights)?, adam, gradient, rooms: Vec::new(), rows: 0 };
        trainer.model.take(weights);
        Ok(trainer)
    }

    /// The weights, in torch's order.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// The optimiser.
    pub fn adam(&self) -> &Adam {
        &self.adam
    }

    /// Goes through batches of windows, with a step behind each. Returns the sum of the windows' losses.
    pub fn epoch(
        &mut self,
        windows: Windows<'_>,
        epoch: Epoch<'_>,
        threads: usize,
        job: &Job,
    ) -> Result<f64> {
        let Epoch { order, size, rates, noise, .. } = epoch;
        self.check(windows, order)?;
        let batches = order.len().div_ceil(size.max(1));
        refuse_unless(size > 0, "size", size, "must be 1 or more")?;
        refuse_unless(rates.len() == batches, "rates", rates.len(), &format!("must be {batches} numbers"))?;
        let drawn = order.len() * self.model.noise();
        refuse_unless(noise.len() == drawn, "noise", noise.len(), &format!("must be {drawn} numbers"))?;
        self.prepare(windows.rows, threads.min(size.div_ceil(WINDOWS)))?;
        let mut work = || {
            let mut sum = 0.0;
            for (k, &rate) in rates.iter().enumerate() {
                let batch = k * size..order.len().min((k + 1) * size);
                sum += self.batch(windows, epoch, batch.clone())?;
                if let Some(most) = epoch.clip {
                    cut(&mut self.gradient, most);
                }
                self.adam.step(&mut self.weights, &self.gradient, rate);
                self.model.take(&self.weights);
                job.step(batch.len() as u64)?;
            }
            Ok(sum)
        };
        if threads > 1 { pool::run(threads, work)? } else { work() }
    }

    /// The loss and the gradient of a batch, which is left in `gradient`.
    fn batch(&mut self, windows: Windows<'_>, epoch: Epoch<'_>, batch: Range<usize>) -> Result<f64> {
        let Self { model, gradient, rooms, .. } = self;
        gradient.fill(0.0);
        let mut sum = 0.0;
        for firsts in batch.clone().step_by(WINDOWS).collect::<Vec<_>>().chunks(rooms.len()) {
            let work = |(&first, place): (&usize, &mut Place<M::Room>)| {
                let own = first..batch.end.min(first + WINDOWS);
                let noise = &epoch.noise[own.start * model.noise()..own.end * model.noise()];
                let which = &epoch.order[own];
                let group = Group { windows, which, noise, weight: epoch.weight, batch: batch.len() };
                place.losses = model.losses(&group, &mut place.room, Some(&mut place.gradient))?;
                Ok(())
            };
            pool::try_each(firsts.iter().zip(&mut *rooms).collect(), work)?;
            for (&first, place) in firsts.iter().zip(&*rooms) {
                for (sum, part) in gradient.iter_mut().zip(&place.gradient) {
                    *sum += part;
                }
                sum += place.losses[..WINDOWS.min(batch.end - first)].iter().sum::<f64>();
            }
        }
        Ok(sum)
    }

    /// The loss of each window, without noise.
    pub fn losses(
        &mut self,
        windows: Windows<'_>,
        weight: f32,
        threads: usize,
        job: &Job,
    ) -> Result<Vec<f64>> {
        let mut order = try_vec(windows.count())?;
        order.extend(0..windows.count());
        self.check(windows, &order)?;
        self.prepare(windows.rows, threads)?;
        let Self { model, rooms, .. } = self;
        let mut losses = try_vec(order.len())?;
        for groups in order.chunks(WINDOWS * rooms.len()) {
            let work = |(which, place): (&[usize], &mut Place<M::Room>)| {
                let group = Group { windows, which, noise: &[], weight, batch: which.len() };
                place.losses = model.losses(&group, &mut place.room, None)?;
                Ok(())
            };
            let tasks: Vec<_> = groups.chunks(WINDOWS).zip(&mut *rooms).collect();
            if tasks.len() > 1 {
                pool::run(threads, || pool::try_each(tasks, work))??;
            } else {
                tasks.into_iter().try_for_each(work)?;
            }
            for (which, place) in groups.chunks(WINDOWS).zip(&*rooms) {
                losses.extend_from_slice(&place.losses[..which.len()]);
            }
            job.step(groups.len() as u64)?;
        }
        Ok(losses)
    }

    /// The mean loss of a batch of windows, and its gradient.
    pub fn gradient(&mut self, windows: Windows<'_>, weight: f32, noise: &[f32]) -> Result<(f64, &[f32])> {
        let order: Vec<usize> = (0..windows.count()).collect();
        self.check(windows, &order)?;
        let drawn = order.len() * self.model.noise();
        refuse_unless(noise.len() == drawn, "noise", noise.len(), &format!("must be {drawn} numbers"))?;
        self.prepare(windows.rows, 1)?;
        let epoch = Epoch { order: &order, size: order.len(), rates: &[], clip: None, weight, noise };
        let sum = self.batch(windows, epoch, 0..order.len())?;
        Ok((sum / order.len().max(1) as f64, &self.gradient))
    }

    fn check(&self, windows: Windows<'_>, order: &[usize]) -> Result<()> {
        self.model.check(windows)?;
        let count = windows.count();
        match order.iter().find(|&&number| number >= count) {
            Some(number) => Err(Error::invalid("order", number, format!("must be below {count}"))),
            None => Ok(()),
        }
    }

    /// Makes as many places as groups are computed at once.
    fn prepare(&mut self, rows: usize, places: usize) -> Result<()> {
        if self.rows != rows {
            self.rooms.clear();
            self.rows = rows;
        }
        while self.rooms.len() < places.max(1) {
            let gradient = try_filled(0.0, self.weights.len())?;
            let losses = [0.0; WINDOWS];
            self.rooms.push(Place { room: self.model.room(rows)?, gradient, losses });
        }
        Ok(())
    }
}
