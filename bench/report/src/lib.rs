//! What the benchmarks have in common: figures of many rounds, the machine, and the page they write.

mod figures;
mod machine;
mod page;

pub use figures::{Figure, Figures, Spread, ratios};
pub use machine::{busy, machine};
pub use page::{root, write_json, write_page};
