//! What the statements of all tables have in common.
//!
//! A call is one message of the simple query protocol: an implicit transaction that commits by
//! itself, with `SET LOCAL` for its time limits. It needs no prepared statement and no state of the
//! session, so it works behind PgBouncer in transaction mode. Values are JSON in hexadecimal
//! digits, which cannot end a literal.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use mcp_auth_core::ConfigError;
use serde_json::Value;

/// How long a statement may take, and how long it may wait for a lock.
pub(super) const LIMITS: &str =
    "SET LOCAL statement_timeout = 2000; SET LOCAL lock_timeout = 1000; ";

/// What the names of all tables begin with: a plain identifier.
#[derive(Debug, Clone)]
pub(super) struct TablePrefix(Box<str>);

impl Default for TablePrefix {
    fn default() -> Self {
        Self(Self::DEFAULT.into())
    }
}

impl TablePrefix {
    const DEFAULT: &str = "mcp_auth";

    pub(super) fn new(prefix: &str) -> Result<Self, ConfigError> {
        let is_letter = |c: char| c.is_ascii_lowercase() || c == '_';
        let is_allowed = |c: char| is_letter(c) || c.is_ascii_digit();
        // An identifier has at most 63 bytes; this is the longest one.
        let fits = prefix.len() + "_revocations_changed_in".len() <= 63;
        if !prefix.starts_with(is_letter) || !prefix.chars().all(is_allowed) || !fits {
            return Err(ConfigError::invalid(
                "table_prefix",
                prefix,
                "must consist of a-z, 0-9 and _, not begin with a digit, and have at most 40 \
                 characters",
                Self::DEFAULT,
            ));
        }
        Ok(Self(prefix.into()))
    }

    /// Statements that are written for the default prefix, with this one.
    pub(super) fn ddl(&self, statements: &str) -> String {
        statements.replace(Self::DEFAULT, &self.0)
    }

    /// Processes that start at once create the tables one after the other: `IF NOT EXISTS` alone
    /// fails where two do it at the same time.
    pub(super) fn create(&self, statements: &str) -> String {
        let ddl = self.ddl(statements);
        format!(
            "SET LOCAL client_min_messages = warning; SET LOCAL lock_timeout = 20000; \
             SELECT pg_advisory_xact_lock(hashtext('{self}_revocations')); {ddl}"
        )
    }
}

impl fmt::Display for TablePrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A time after now, as an SQL expression by the clock of the server.
pub(super) fn after(time: Duration) -> String {
    // An interval of more than a century would be none that the server can add.
    let seconds = time.as_secs_f64().min(3e9);
    format!("clock_timestamp() + interval '1 second' * {seconds}")
}

/// A JSON value as an SQL expression.
pub(super) fn literal(value: &Value) -> String {
    let mut hex = String::new();
    for byte in value.to_string().bytes() {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    format!("convert_from(decode('{hex}', 'hex'), 'UTF8')::json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_that_is_no_plain_identifier_is_rejected() {
        let long = "a".repeat(41);
        for prefix in ["", "1a", "A", "a-b", "a.b", "a\"b", "a;b", "ä", &long] {
            let error = TablePrefix::new(prefix).unwrap_err().to_string();
            assert!(error.contains("table_prefix") && error.contains("mcp_auth"), "{error}");
        }
        assert!(TablePrefix::new(&long[1..]).is_ok());
    }
}
