//! The SQL of each call.
//!
//! A call is one message of the simple query protocol: an implicit transaction that commits by
//! itself, with `SET LOCAL` for its time limits. It needs no prepared statement and no state of the
//! session, so it works behind PgBouncer in transaction mode. Values are JSON in hexadecimal
//! digits, which cannot end a literal.

use std::{fmt::Write as _, time::Duration};

use mcp_auth_core::{ConfigError, revocation::LogEntry};
use serde_json::{Value, json};

/// The tables as they are created with the default prefix.
const DDL: &str = include_str!("tables.sql");

/// How long a statement may take, and how long it may wait for a lock.
const LIMITS: &str = "SET LOCAL statement_timeout = 2000; SET LOCAL lock_timeout = 1000; ";
/// The same for reading, of which each row has a limit at the client.
const READ_LIMITS: &str = "SET LOCAL statement_timeout = 30000; SET LOCAL lock_timeout = 1000; ";

/// The tables of a prefix, which is a plain identifier.
#[derive(Debug, Clone)]
pub(super) struct Tables(Box<str>);

impl Default for Tables {
    fn default() -> Self {
        Self(Self::DEFAULT_PREFIX.into())
    }
}

impl Tables {
    const DEFAULT_PREFIX: &str = "mcp_auth";

    pub(super) fn new(prefix: &str) -> Result<Self, ConfigError> {
        let is_letter = |c: char| c.is_ascii_lowercase() || c == '_';
        let is_allowed = |c: char| is_letter(c) || c.is_ascii_digit();
        // An identifier has at most 63 bytes.
        let fits = prefix.len() + "_revocations_changed_in".len() <= 63;
        if !prefix.starts_with(is_letter) || !prefix.chars().all(is_allowed) || !fits {
            return Err(ConfigError::invalid(
                "table_prefix",
                prefix,
                "must consist of a-z, 0-9 and _, not begin with a digit, and have at most 40 \
                 characters",
                Self::DEFAULT_PREFIX,
            ));
        }
        Ok(Self(prefix.into()))
    }

    pub(super) fn ddl(&self) -> String {
        DDL.replace(Self::DEFAULT_PREFIX, &self.0)
    }

    /// Processes that start at once create the tables one after the other: `IF NOT EXISTS` alone
    /// fails where two do it at the same time.
    pub(super) fn create(&self) -> String {
        let ddl = self.ddl();
        format!(
            "SET LOCAL client_min_messages = warning; SET LOCAL lock_timeout = 20000; \
             SELECT pg_advisory_xact_lock(hashtext('{}_revocations')); {ddl}",
            self.0
        )
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
        // An interval of more than a century would be none that the server can add.
        let seconds = time.as_secs_f64().min(3e9);
        let until = format!("clock_timestamp() + interval '1 second' * {seconds}");
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

/// A JSON value as an SQL expression.
fn literal(value: &Value) -> String {
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
            let error = Tables::new(prefix).unwrap_err().to_string();
            assert!(error.contains("table_prefix") && error.contains("mcp_auth"), "{error}");
        }
        assert!(Tables::new(&long[1..]).is_ok());
    }

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
