//! Bookmarket keeps bookmarks for people and their agents: an MCP server on Actix-web, protected by
//! [`actix_mcp_auth`], with people and bookmarks in a database.
//!
//! It is an example of an application, in the order in which it starts:
//!
//! | step | module |
//! |---|---|
//! | read the environment | [`settings`] |
//! | open port and database, serve until told to stop | [`start`] |
//! | sign in without an account at WorkOS, to try it | [`demo`] |
//! | authenticate callers, and find their users | [`auth`] |
//! | let people sign in with a browser | [`site`] |
//! | the tools that agents call | [`tools`] |
//! | the pages that people see | [`pages`] |
//! | what both do with bookmarks | [`actions`] |
//! | what is kept of what people and agents did | [`activity`] |
//! | what a bookmark is | [`bookmark`] |
//! | tell whether it can decide | [`health`] |
//! | the agents of people, and what disconnecting one does | [`agents`] |
//! | what happens in WorkOS, and the check of the set-up there | [`workos`] |
//! | revocations, and the log that servers share | [`revocations`] |
//! | the command that prints what a person and their agents did | [`audit`] |
//! | where people and bookmarks are stored | [`store`] |
#![forbid(unsafe_code)]

pub mod actions;
pub mod activity;
pub mod agents;
pub mod audit;
pub mod auth;
pub mod bookmark;
pub mod demo;
pub mod health;
pub mod pages;
pub mod revocations;
pub mod settings;
pub mod site;
pub mod start;
pub mod store;
pub mod tools;
pub mod workos;

pub use settings::Settings;
pub use start::{Bookmarket, StartError};
