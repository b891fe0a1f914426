//! One of the anomalies of a plan.

/// An anomaly; its events happen again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    /// Its name.
    pub name: String,
    /// The variables it affects, by position.
    pub variables: Vec<usize>,
    /// Whether it is a decoy: rare, but normal.
    pub decoy: bool,
}
