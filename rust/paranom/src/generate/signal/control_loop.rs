//! A closed loop: a controller (proportional and integral) keeps a plant (of first order) at a setpoint.
//!
//! A row follows from the rows before it, as far as the loop remembers them: each tile begins so many rows before its
//! first one that what came before has faded to 1e-12 of its size. How many follows from the loop's numbers.

use crate::error::refuse_unless;
use crate::fmath;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::{Key, TILE, normals};
use crate::spec::{Field, Table};
use crate::{Error, Result};

#[derive(Debug)]
struct ControlLoop {
    setpoint: Box<dyn Rule>,
    disturbance: Box<dyn Rule>,
    gain: f64,
    /// The share of its distance that the plant keeps in a row.
    keeps: f64,
    proportional: f64,
    integral: f64,
    noise: f64,
    gives: Signal,
    warmup: u64,
    /// Draws that loops of other variables share.
    group: Option<Key>,
    site: Site,
}

/// Which of its signals a loop gives.
#[derive(Debug, Clone, Copy)]
enum Signal {
    Measured,
    Control,
    Setpoint,
}

/// Most rows before a tile.
const MOST: u64 = 1 << 14;
/// What is left of a disturbance when it counts as forgotten.
const FORGOTTEN: f64 = 1e-12;

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let group = table.get("group").map(|field| field.text()).transpose()?;
    let group = group.map(|name| Key::new(scope.basis().seed, "control_loop", name));
    // Of a group, all loops draw in the same places.
    let own = scope.fresh();
    let scope = if group.is_some() { &own } else { scope };
    let positive = |name, default| {
        let value = table.number_or(name, default)?;
        refuse_unless(value > 0.0, &format!("{}.{name}", table.path), value, "must be > 0")?;
        Ok::<_, Error>(value)
    };
    let gain = positive("gain", 1.0)?;
    let keeps = fmath::exp(-1.0 / positive("time_constant", 20.0)?);
    let integral = positive("integral", 0.05)?;
    let proportional = table.number_or("proportional", 0.5)?;
    refuse_unless(
        proportional >= 0.0,
        &format!("{}.proportional", table.path),
        proportional,
        "must be >= 0",
    )?;
    let noise = table.number_or("noise", 0.0)?;
    refuse_unless(noise >= 0.0, &format!("{}.noise", table.path), noise, "must be >= 0")?;
    let setpoint = read_alone(&table.need("setpoint")?, scope)?;
    let disturbance = match table.get("disturbance") {
        Some(field) => read_alone(&field, scope)?,
        None => crate::generate::fixed::fixed(0.0),
    };
    let warmup = warmup(gain, keeps, proportional, integral).ok_or_else(|| {
        table.invalid(format!(
            "must be a stable loop that forgets within {MOST} rows: weaken the controller, or shorten the time constant"
        ))
    })?;
    let gives = match table.get("gives") {
        None => Signal::Measured,
        Some(field) => match field.text()? {
            "measured" => Signal::Measured,
            "control" => Signal::Control,
            "setpoint" => Signal::Setpoint,
            _ => return Err(field.invalid("must be measured, control or setpoint")),
        },
    };
    let site = scope.fixed_site(table)?;
    Ok(Box::new(ControlLoop {
        setpoint,
        disturbance,
        gain,
        keeps,
        proportional,
        integral,
        noise,
        gives,
        warmup,
        group,
        site,
    }))
}

/// Reads a rule that refers to no other variable: an event there would be felt in more rows than can be labelled.
fn read_alone(field: &Field, scope: &Scope) -> Result<Box<dyn Rule>> {
    let before = scope.references().len();
    let rule = scope.rule(field)?;
    if scope.references().len() > before {
        return Err(field.invalid("must not refer to other variables: the loop remembers what it was told"));
    }
    Ok(rule)
}

/// Rows until a loop has forgotten, by the larger of the two factors by which its state fades in a row.
fn warmup(gain: f64, keeps: f64, proportional: f64, integral: f64) -> Option<u64> {
    let moves = (1.0 - keeps) * gain;
    let own = keeps - moves * (proportional + integral);
    let (trace, determinant) = (own + 1.0, own + moves * integral);
    let square = trace * trace - 4.0 * determinant;
    let factor = if square < 0.0 {
        determinant.sqrt()
    } else {
        let root = square.sqrt();
        (0.5 * (trace + root)).abs().max((0.5 * (trace - root)).abs())
    };
    let (mut left, mut rows) = (1.0, 0);
    while left > FORGOTTEN {
        left *= factor;
        rows += 1;
        if rows > MOST || !left.is_finite() {
            return None;
        }
    }
    Some(rows)
}

impl Rule for ControlLoop {
    fn fill(&self, at: At, out: &mut [f64]) {
        let at = At { key: self.group.unwrap_or(at.key), attempt: 0, positions: None, ..at };
        let first = at.row - at.row % TILE as u64;
        let mut row = first.saturating_sub(self.warmup);
        let end = (at.row - first) as usize + out.len();
        let mut left = (first - row) as usize + end;
        let [mut setpoints, mut disturbances, mut noises] = [[0.0; TILE]; 3];
        let (mut plant, mut integral) = (0.0, 0.0);
        let mut is_new = true;
        while left > 0 {
            let n = left.min(TILE - (row % TILE as u64) as usize);
            let here = At { row, ..at };
            self.setpoint.fill(here, &mut setpoints[..n]);
            self.disturbance.fill(here, &mut disturbances[..n]);
            if self.noise > 0.0 {
                normals(here.source(self.site), row, 0.0, 1.0, &mut noises[..n]);
            }
            if is_new {
                // At rest: the plant is at the setpoint, and the controller keeps it there.
                (plant, integral) = (setpoints[0], setpoints[0] / self.gain);
                is_new = false;
            }
            for j in 0..n {
                let measured = plant + self.noise * noises[j];
                let error = setpoints[j] - measured;
                integral += self.integral * error;
                let control = self.proportional * error + integral;
                let target = self.gain * control + disturbances[j];
                if row + j as u64 >= at.row {
                    out[(row + j as u64 - at.row) as usize] = match self.gives {
                        Signal::Measured => measured,
                        Signal::Control => control,
                        Signal::Setpoint => setpoints[j],
                    };
                }
                plant = self.keeps * plant + (1.0 - self.keeps) * target;
            }
            row = row.wrapping_add(n as u64);
            left -= n;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::warmup;

    #[test]
    fn loops_forget_or_are_refused() {
        let rows = warmup(1.0, 0.95, 0.5, 0.05).unwrap();
        assert!((200..2000).contains(&rows), "{rows}");
        assert_eq!(warmup(1.0, 0.95, 100.0, 0.05), None, "it swings higher and higher");
        assert_eq!(warmup(1.0, 0.95, 0.5, 1e-9), None, "it never gets there");
    }
}
