//! The authority over real HTTP, as its clients meet it.
#![allow(clippy::unwrap_used)]

mod browser;
mod clients;
mod code_flow;
mod documents;
mod http;
mod pages;
mod tokens;
mod trouble;
