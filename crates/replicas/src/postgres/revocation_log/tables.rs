//! The SQL of each call.

use std::time::Duration;

use mcp_auth_core::{ConfigError, revocation::LogEntry};
use serde_json::{Value, json};

use crate::postgres::sql::{self, LIMITS, TablePrefix, literal};

/// The tables as they are created with the default prefix.
const DDL: &str = include_str!("tables.sql");

/// Limits for reading, of which each row has a limit at the client.
const READ_LIMITS: &str = "SET LOCAL statement_timeout = 30000; SET LOCAL lock_timeout = 1000; ";

/// The tables of a prefix.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables(TablePrefix);

impl Tables {
    pub(super) fn new(prefix: &str) -> Result<Self, ConfigError> {
        TablePrefix::new(prefix).map(Self)
    }

    pub(super) fn ddl(&self) -> String {
        self.0.ddl(DDL)
    }

    pub(super) fn create(&self) -> String {
        self.0.create(DDL)
    }

    /// Writes entries whose slot has none that is as late. Rows are locked in one order, so that
    /// two appends cannot wait for each other.
    ///
    /// The row without a slot is the epoch: a random value that is lost with the records.
    pub(super) fn append(&self, entries: &[LogEntry]) -> String {
        let (table, entries) = (self.revocations(), literal(&rows(entries)));
        format!(
            "{LIMITS}\
             INSERT INTO {table} (id, slot, time, text, changed_in, changed_at) \
             SELECT '', '', 0, gen_random_uuid()::text, pg_current_xact_id(), clock_timestamp() \
             WHERE NOT EXISTS (SELECT FROM {table} WHERE id = '') \
             ON CONFLICT (id) DO NOTHING; \
             INSERT INTO {table} AS known (id, slot, time, text, changed_in, changed_at) \
             SELECT id, slot, time, text, pg_current_xact_id(), clock_timestamp() FROM ( \
                 SELECT DISTINCT ON (id) sha256(convert_to(slot, 'UTF8')) AS id, slot, time, text \
                 FROM json_to_recordset({entries}) AS entry (slot text, time bigint, text text) \
                 ORDER BY id, time DESC \
             ) AS latest ORDER BY id \
             ON CONFLICT (id) DO UPDATE SET time = excluded.time, text = excluded.text, \
                 changed_in = excluded.changed_in, changed_at = clock_timestamp() \
             WHERE excluded.time > known.time"
        )
    }

    /// Deletes entries whose slot has none that is later, locked in the order of `append`.
    pub(super) fn delete(&self, entries: &[LogEntry]) -> String {
        let (table, entries) = (self.revocations(), literal(&rows(entries)));
        format!(
            "{LIMITS}\
             WITH old AS ( \
                 SELECT known.id FROM {table} AS known \
                 JOIN json_to_recordset({entries}) AS entry (slot text, time bigint) \
                     ON known.id = sha256(convert_to(entry.slot, 'UTF8')) \
                 WHERE known.time <= entry.time \
                 ORDER BY known.id FOR UPDATE OF known \
             ) \
             DELETE FROM {table} AS known USING old WHERE known.id = old.id"
        )
    }

    /// First a row of which server, which epoch and which snapshot; then the entries, of which
    /// those that `snapshot` has seen are left out.
    ///
    /// A transaction that has written an entry may commit at any time later: a commit can wait for
    /// a replica for minutes, whatever the time limit of a statement. So neither the time of a row
    /// nor a number from a sequence says what is new. The snapshot does: it names exactly the
    /// transactions that were committed when it was taken, and a row names its transaction. The
    /// second statement may see more than the snapshot of the first: it is read again.
    pub(super) fn read(&self, snapshot: Option<&str>) -> String {
        let table = self.revocations();
        let is_new = match snapshot {
            // A restored dump has transactions of another server, which may lie ahead of this one.
            Some(snapshot) => format!(
                "AND changed_in >= pg_snapshot_xmin('{snapshot}'::pg_snapshot) \
                 AND changed_in < pg_snapshot_xmax(pg_current_snapshot()) \
                 AND NOT pg_visible_in_snapshot(changed_in, '{snapshot}'::pg_snapshot)"
            ),
            None => String::new(),
        };
        format!(
            "{READ_LIMITS}\
             SELECT pg_postmaster_start_time()::text || ' ' || pg_is_in_recovery()::text, \
                 (SELECT text FROM {table} WHERE id = ''), pg_current_snapshot()::text; \
             SELECT slot, time, text FROM {table} WHERE id <> '' {is_new}"
        )
    }

    pub(super) fn checkpoint(&self, name: &str) -> String {
        let name = literal(&json!({ "name": name }));
        format!("{LIMITS}SELECT value FROM {}_checkpoints WHERE name = {name} ->> 'name'", self.0)
    }

    pub(super) fn set_checkpoint(&self, name: &str, value: &str) -> String {
        let given = literal(&json!({ "name": name, "value": value }));
        format!(
            "{LIMITS}\
             INSERT INTO {}_checkpoints (name, value, changed_at) \
             SELECT name, value, clock_timestamp() \
             FROM json_to_record({given}) AS given (name text, value text) \
             ON CONFLICT (name) DO UPDATE \
             SET value = excluded.value, changed_at = clock_timestamp()",
            self.0
        )
    }

    /// Gives a row where the lease is the holder's.
    pub(super) fn lease(&self, name: &str, holder: &str, time: Duration) -> String {
        let given = literal(&json!({ "name": name, "holder": holder }));
        let until = sql::after(time);
        format!(
            "{LIMITS}\
             INSERT INTO {}_leases AS known (name, holder, expires_at) \
             SELECT name, holder, {until} \
             FROM json_to_record({given}) AS given (name text, holder text) \
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = {until} \
             WHERE known.expires_at < clock_timestamp() OR known.holder = excluded.holder \
             RETURNING holder",
            self.0
        )
    }

    fn revocations(&self) -> String {
        format!("{}_revocations", self.0)
    }
}

fn rows(entries: &[LogEntry]) -> Value {
    let row = |entry: &LogEntry| {
        let time = i64::try_from(entry.time).unwrap_or(i64::MAX);
        json!({ "slot": entry.slot, "time": time, "text": entry.text })
    };
    entries.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ddl_has_the_prefix() {
        let ddl = Tables::new("shop_auth").unwrap().ddl();
        assert!(ddl.contains("CREATE TABLE IF NOT EXISTS shop_auth_revocations ("), "{ddl}");
        assert!(!ddl.contains("mcp_auth"), "{ddl}");
    }

    #[test]
    fn values_are_hexadecimal_digits() {
        let tables = Tables::new("a").unwrap();
        let value = "'; DROP TABLE a_leases; --";
        let entry = LogEntry::new(value, 1, value);
        for sql in [
            tables.append(std::slice::from_ref(&entry)),
            tables.delete(&[entry]),
            tables.checkpoint(value),
            tables.set_checkpoint(value, value),
            tables.lease(value, value, Duration::from_secs(1)),
        ] {
            assert!(!sql.contains("DROP"), "{sql}");
        }
    }
}
