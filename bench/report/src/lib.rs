//! What the benchmarks have in common: figures of many rounds, the machine, and the page they write.

mod chart;
mod figures;
mod machine;
mod page;

pub use chart::{Bar, Chart, Panel};
pub use figures::{Figure, Figures, Spread, number, ratios};
pub use machine::{busy, machine};
pub use page::{root, write_json, write_page};
