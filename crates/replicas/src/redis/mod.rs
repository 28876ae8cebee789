//! What processes share over Redis.
//!
//! | module | subject |
//! |---|---|
//! | `keys` | names of the keys |
//! | `server` | connections, time limits |
//! | `revocation_log` | [`RedisRevocationLog`] |

mod keys;
mod revocation_log;
mod server;

pub use revocation_log::RedisRevocationLog;
