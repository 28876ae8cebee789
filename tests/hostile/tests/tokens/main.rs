//! Hostile tokens: every rule of the verifier by its obligation's ID (docs/obligations.md), every
//! algorithm with every kind of key, and input that no decent client would send.
#![allow(clippy::unwrap_used)]

mod claims;
mod credentials;
mod dates;
mod flips;
mod foreign;
mod issuers;
mod matrix;
mod numbers;
mod scopes;
mod types;
mod vectors;
