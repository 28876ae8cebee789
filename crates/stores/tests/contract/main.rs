//! The contract of identity stores, on real databases: every store, on every database.
//!
//! SQLite needs nothing. PostgreSQL and MariaDB are behind the features `test-postgres` and
//! `test-mysql`, and their servers at `TEST_POSTGRES_URL` and `TEST_MYSQL_URL`; each test makes a
//! schema or a database of its own there, and drops it.
#![allow(clippy::unwrap_used, missing_docs)]

#[macro_use]
mod tests;
mod database;
mod diesel;
mod diesel_async;
mod diesel_people;
mod memory;
mod over;
mod place;
mod proxy;
mod sea_orm;
mod sqlx;
mod table;
mod wrappers;
