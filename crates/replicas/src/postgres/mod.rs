//! What processes share over PostgreSQL.
//!
//! | module | subject |
//! |---|---|
//! | `connections` | connections, time limits |
//! | `sql` | names of the tables, values and time limits in statements |
//! | `revocation_log` | [`PostgresRevocationLog`] |

mod connections;
mod revocation_log;
mod sql;

pub use revocation_log::PostgresRevocationLog;
