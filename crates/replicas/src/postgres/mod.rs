//! What processes share over PostgreSQL.
//!
//! | module | subject |
//! |---|---|
//! | `connections` | connections, time limits |
//! | `sql` | names of the tables, values and time limits in statements |
//! | `revocation_log` | [`PostgresRevocationLog`] |
//! | `refresh_lock` | [`PostgresRefreshLock`] |

mod connections;
mod refresh_lock;
mod revocation_log;
mod sql;

pub use refresh_lock::PostgresRefreshLock;
pub use revocation_log::PostgresRevocationLog;
