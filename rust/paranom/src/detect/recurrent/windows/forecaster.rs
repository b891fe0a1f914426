//! A forecaster: layers of LSTM, and a linear map that predicts, behind each row, all numbers of the next rows.

use super::dense::Dense;
use super::lanes::{Lane, WINDOWS, ZERO, lanes, padded};
use super::layer::Input;
use super::model::{Group, Model, Windows};
use super::stack::{Stack, Tapes};
use crate::detect::recurrent::Cell;
use crate::error::refuse_unless;
use crate::{Error, Result};

/// The network; its loss is the mean squared error.
pub struct Forecaster {
    features: usize,
    horizon: usize,
    layers: Stack,
    output: Dense,
}

/// Memory for some windows.
pub struct Room {
    x: Vec<Lane>,
    tapes: Tapes,
    predicted: Vec<Lane>,
}

impl Forecaster {
    /// A network; each layer begins in its part of `hidden` and `cells`, (layers, units).
    pub fn new(
        features: usize,
        units: usize,
        layers: usize,
        horizon: usize,
        hidden: &[f32],
        cells: &[f32],
    ) -> Result<Self> {
        let all = layers * units;
        refuse_unless(
            hidden.len() == all && cells.len() == all,
            "start",
            hidden.len(),
            "must fit the layers",
        )?;
        let mut stack = Stack::new(Cell::Lstm, features, units, layers)?;
        let starts = hidden.chunks_exact(units).zip(cells.chunks_exact(units));
        for (layer, (hidden, cells)) in stack.layers.iter_mut().zip(starts) {
            layer.start = [hidden, cells].concat();
        }
        let output = Dense::new(units, horizon * features)?;
        Ok(Self { features, horizon, layers: stack, output })
    }

    /// The error of each window; its gradient comes in place of what was predicted.
    fn errors(&self, group: &Group<'_>, room: &mut Room, rows: usize) -> [f64; WINDOWS] {
        let (d, wide, broad) = (self.features, padded(self.features), padded(self.output.outputs));
        let count = rows * self.output.outputs;
        let share = 1.0 / (count * group.batch) as f32;
        let taken: [f32; WINDOWS] = std::array::from_fn(|l| f32::from(l < group.which.len()));
        let mut errors = [0.0; WINDOWS];
        for (t, predicted) in room.predicted.chunks_exact_mut(broad).take(rows).enumerate() {
            for (i, y) in predicted[..self.output.outputs].iter_mut().enumerate() {
                // Number i is channel i % d of the row that comes i / d + 1 rows later.
                let wanted = &room.x[(t + 1 + i / d) * wide + i % d];
                for l in 0..WINDOWS {
                    let gap = (y.0[l] - wanted.0[l]) * taken[l];
                    errors[l] += f64::from(gap * gap);
                    y.0[l] = 2.0 * gap * share;
                }
            }
        }
        errors.map(|sum| sum / count as f64)
    }
}

impl Model for Forecaster {
    type Room = Room;

    fn weights(&self) -> usize {
        self.layers.weights() + self.output.weights()
    }

    fn take(&mut self, weights: &[f32]) {
        let rest = self.layers.take(weights);
        self.output.take(rest);
    }

    fn room(&self, rows: usize) -> Result<Room> {
        let taken = rows - self.horizon;
        Ok(Room {
            x: lanes(rows * padded(self.features))?,
            tapes: self.layers.tapes(taken)?,
            predicted: lanes(taken * padded(self.output.outputs))?,
        })
    }

    fn check(&self, windows: Windows<'_>) -> Result<()> {
        if windows.rows > self.horizon && windows.columns == self.features {
            return Ok(());
        }
        let rule = format!("must have more than {} rows, and {} columns", self.horizon, self.features);
        Err(Error::invalid("windows", format!("{} x {}", windows.rows, windows.columns), rule))
    }

    fn losses(
        &self,
        group: &Group<'_>,
        room: &mut Room,
        gradient: Option<&mut [f32]>,
    ) -> Result<[f64; WINDOWS]> {
        let (d, wide, units) = (self.features, padded(self.features), self.layers.units);
        let broad = padded(self.output.outputs);
        let rows = group.windows.rows - self.horizon;
        room.x.fill(ZERO);
        for (l, &number) in group.which.iter().enumerate() {
            for (t, row) in group.windows.at(number).chunks_exact(d).enumerate() {
                for (i, &value) in row.iter().enumerate() {
                    room.x[t * wide + i].0[l] = value;
                }
            }
        }
        self.layers.forward(Input::Rows(&room.x[..rows * wide], wide), &mut room.tapes);
        let outputs = room.tapes.outputs(units).chunks_exact(padded(units));
        for (hidden, y) in outputs.zip(room.predicted.chunks_exact_mut(broad)) {
            self.output.forward(hidden, y);
        }
        let errors = self.errors(group, room, rows);
        if let Some(gradient) = gradient {
            let (for_layers, for_output) = gradient.split_at_mut(self.layers.weights());
            let (outputs, to_outputs) = room.tapes.outputs_and_gradient(units);
            to_outputs.fill(ZERO);
            for (y, to) in room.predicted.chunks_exact(broad).zip(to_outputs.chunks_exact_mut(padded(units)))
            {
                self.output.back(y, to);
            }
            self.output.gradient(&room.predicted, outputs, for_output)?;
            let x = Input::Rows(&room.x[..rows * wide], wide);
            self.layers.backward(x, None, &mut room.tapes, for_layers);
        }
        Ok(errors)
    }
}
