//! Tests of the authority over real HTTP.
#![allow(clippy::unwrap_used)]

mod browser;
mod clients;
mod code_flow;
mod documents;
mod http;
mod pages;
mod persist;
mod tokens;
mod trouble;
mod user_management;
mod workos;
