//! What the measurements share.

mod material;
mod ours;
mod time;

pub use material::{ALGORITHMS, AUDIENCE, ISSUER, Material};
pub use ours::{AcceptAll, Ours};
pub use time::thread_time;
