//! Bookmarket.
fn main() {}
