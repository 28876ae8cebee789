//! Hostile requests to the sign-in in the browser, and a hostile issuer behind it.
#![allow(clippy::unwrap_used)]

mod answers;
mod application;
mod browser;
mod caches;
mod cookies;
mod cross_site;
mod endings;
mod fixation;
mod issuer;
mod return_to;
mod store;
