//! The SQL of each call.

use std::time::Duration;

use mcp_auth_core::ConfigError;
use serde_json::json;

use crate::postgres::sql::{LIMITS, TablePrefix, after, literal};

/// The table as it is created with the default prefix.
const DDL: &str = include_str!("table.sql");

/// The table of a prefix.
#[derive(Debug, Clone, Default)]
pub(super) struct Table(TablePrefix);

impl Table {
    pub(super) fn new(prefix: &str) -> Result<Self, ConfigError> {
        TablePrefix::new(prefix).map(Self)
    }

    pub(super) fn ddl(&self) -> String {
        self.0.ddl(DDL)
    }

    pub(super) fn create(&self) -> String {
        self.0.create(DDL)
    }

    /// Inserts the claim, or takes the place of a row that has expired, then reads what stands
    /// there. No row means that it was deleted or has expired meanwhile.
    ///
    /// `NOT EXISTS` decides nothing, it spares those who wait a write: `ON CONFLICT` locks the row
    /// even where it changes nothing. The last statement has a snapshot of its own, which sees the
    /// claim that won. Deleting skips locked rows, so that it waits for nobody while it holds a
    /// lock.
    pub(super) fn claim(&self, key: &str, holder: &str, ttl: Duration) -> String {
        let (table, until) = (self.name(), after(ttl));
        let given = literal(&json!({ "key": key, "holder": holder }));
        format!(
            "{LIMITS}\
             INSERT INTO {table} AS known (key, holder, expires_at) \
             SELECT key, holder, {until} \
             FROM json_to_record({given}) AS given (key text, holder text) \
             WHERE NOT EXISTS ( \
                 SELECT FROM {table} AS other \
                 WHERE other.key = given.key AND other.expires_at > clock_timestamp() \
             ) \
             ON CONFLICT (key) DO UPDATE \
             SET holder = excluded.holder, outcome = NULL, expires_at = {until} \
             WHERE known.expires_at <= clock_timestamp(); \
             WITH old AS ( \
                 SELECT key FROM {table} WHERE expires_at < statement_timestamp() \
                 ORDER BY expires_at LIMIT 20 FOR UPDATE SKIP LOCKED \
             ) \
             DELETE FROM {table} AS known USING old WHERE known.key = old.key; \
             SELECT holder, outcome FROM {table} \
             WHERE key = {given} ->> 'key' AND expires_at > clock_timestamp()"
        )
    }

    /// Writes the outcome, unless another holder has the row and it has not expired.
    pub(super) fn finish(&self, key: &str, holder: &str, outcome: &str, keep: Duration) -> String {
        let (table, until) = (self.name(), after(keep));
        let given = literal(&json!({ "key": key, "holder": holder, "outcome": outcome }));
        format!(
            "{LIMITS}\
             INSERT INTO {table} AS known (key, holder, outcome, expires_at) \
             SELECT key, holder, outcome, {until} \
             FROM json_to_record({given}) AS given (key text, holder text, outcome text) \
             ON CONFLICT (key) DO UPDATE \
             SET holder = excluded.holder, outcome = excluded.outcome, expires_at = {until} \
             WHERE known.expires_at <= clock_timestamp() \
                 OR (known.holder = excluded.holder AND known.outcome IS NULL)"
        )
    }

    pub(super) fn abandon(&self, key: &str, holder: &str) -> String {
        let given = literal(&json!({ "key": key, "holder": holder }));
        format!(
            "{LIMITS}\
             DELETE FROM {} AS known \
             USING json_to_record({given}) AS given (key text, holder text) \
             WHERE known.key = given.key AND known.holder = given.holder \
                 AND known.outcome IS NULL",
            self.name()
        )
    }

    fn name(&self) -> String {
        format!("{}_refreshes", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ddl_has_the_prefix() {
        let ddl = Table::new("shop_auth").unwrap().ddl();
        assert!(ddl.contains("CREATE TABLE IF NOT EXISTS shop_auth_refreshes ("), "{ddl}");
        assert!(!ddl.contains("mcp_auth"), "{ddl}");
    }

    #[test]
    fn values_are_hexadecimal_digits() {
        let table = Table::new("a").unwrap();
        let value = "'; DROP TABLE a_refreshes; --";
        let second = Duration::from_secs(1);
        for sql in [
            table.claim(value, value, second),
            table.finish(value, value, value, second),
            table.abandon(value, value),
        ] {
            assert!(!sql.contains("DROP"), "{sql}");
        }
    }
}
