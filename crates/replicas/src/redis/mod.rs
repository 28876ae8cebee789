//! What processes share over Redis.
//!
//! | module | subject |
//! |---|---|
//! | `keys` | names of the keys |
//! | `server` | connections, time limits |
//! | `revocation_log` | [`RedisRevocationLog`] |
//! | `refresh_lock` | [`RedisRefreshLock`] |

mod keys;
mod refresh_lock;
mod revocation_log;
mod server;

pub use refresh_lock::RedisRefreshLock;
pub use revocation_log::RedisRevocationLog;
