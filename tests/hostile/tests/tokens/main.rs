//! Hostile tokens: every rule of the verifier by its obligation's ID (docs/obligations.md), every
//! algorithm with every kind of key, and malformed input.
#![allow(clippy::unwrap_used)]

mod claims;
mod credentials;
mod dates;
mod flips;
mod foreign;
mod headers;
mod issuers;
mod lengths;
mod malformed;
mod matrix;
mod numbers;
mod refusals;
mod scopes;
mod texts;
mod types;
mod vectors;
