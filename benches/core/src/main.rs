//! How a decision's time and memory grow: with the tokens remembered, the issuers, the keys and
//! the length of a token; and what a flood does to the cache.
//!
//! `growth` prints a line of JSON for each thing measured; `benches/run` keeps them.

mod allocator;
mod cached;
mod fake;
mod flood;
mod issuers;
mod keys;
mod payloads;
mod rounds;

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

fn main() {
    let only = std::env::args().nth(1);
    for (name, measure) in [
        ("cached", cached::measure as fn()),
        ("issuers", issuers::measure),
        ("keys", keys::measure),
        ("payloads", payloads::measure),
        ("flood", flood::measure),
    ] {
        if only.as_deref().is_none_or(|only| only == name) {
            measure();
        }
    }
}
