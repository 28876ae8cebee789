//! What people and their agents did, in memory.

use std::collections::HashMap;

use serde::Serialize;

use super::{Error, Store, User};
use crate::activity::{AgentUse, Cursor, Through};

/// The most rows, so that they do not fill the memory. The oldest go first.
const MAX_ROWS: usize = 100_000;

/// Something that was done: see [`crate::activity`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "`crate::activity` has a table of them")]
pub struct Activity {
    pub id: String,
    pub time_ms: i64,
    pub user_id: Option<i64>,
    pub subject: String,
    pub credential: String,
    pub kind: String,
    pub client_id: Option<String>,
    pub client_name: Option<String>,
    pub client_name_source: Option<String>,
    pub method: String,
    pub target_kind: Option<String>,
    pub target: Option<String>,
    pub decision: String,
    pub reason: Option<String>,
    pub outcome: String,
    pub code: Option<i64>,
    pub duration_us: i64,
}

impl Store {
    /// Keeps what was done.
    ///
    /// # Errors
    /// Never.
    pub async fn add_activity(&self, row: Activity) -> Result<(), Error> {
        let mut kept = self.kept();
        kept.activity.insert(row.id.clone(), row);
        if kept.activity.len() > MAX_ROWS {
            kept.activity.pop_first();
        }
        Ok(())
    }

    /// At most `count` rows of a person, the newest first.
    ///
    /// # Errors
    /// Never.
    pub async fn activity_of(
        &self,
        person: &User,
        through: &Through,
        from: &Cursor,
        count: usize,
    ) -> Result<Vec<Activity>, Error> {
        let kept = self.kept();
        let is_meant = |row: &&Activity| {
            row.user_id == Some(person.id)
                && match through {
                    Through::Any => true,
                    Through::Browser => row.is_by_browser(),
                    Through::Agent(client_id) => row.client_id.as_ref() == Some(client_id),
                }
        };
        let rows = kept.activity.values().filter(is_meant);
        let mut rows: Vec<_> = match from {
            Cursor::Newest => rows.rev().take(count).cloned().collect(),
            Cursor::Before(id) => {
                rows.rev().filter(|row| row.id < *id).take(count).cloned().collect()
            }
            Cursor::After(id) => rows.filter(|row| row.id > *id).take(count).cloned().collect(),
        };
        rows.sort_by(|one, other| other.id.cmp(&one.id));
        Ok(rows)
    }

    /// The agents that have called for a person, the last used first; at most `count`.
    ///
    /// # Errors
    /// Never.
    pub async fn agents_of(&self, person: &User, count: usize) -> Result<Vec<AgentUse>, Error> {
        let rows = self.activity_of(person, &Through::Any, &Cursor::Newest, MAX_ROWS).await?;
        let mut ids: Vec<(String, String)> = Vec::new();
        let mut seen = HashMap::new();
        for row in &rows {
            let Some(client_id) = &row.client_id else { continue };
            let place = *seen.entry(client_id).or_insert_with(|| {
                ids.push((row.id.clone(), row.id.clone()));
                ids.len() - 1
            });
            ids[place].0.clone_from(&row.id);
        }
        ids.truncate(count);
        Ok(AgentUse::all(&ids, &rows))
    }

    /// At most `count` rows of a subject after the one with this id, the oldest first.
    ///
    /// # Errors
    /// Never.
    pub async fn activity_of_subject(
        &self,
        subject: &str,
        after: &str,
        count: usize,
    ) -> Result<Vec<Activity>, Error> {
        let kept = self.kept();
        let own = kept.activity.values().filter(|row| row.subject == subject && *row.id > *after);
        Ok(own.take(count).cloned().collect())
    }

    /// Deletes everybody's rows with a smaller id.
    ///
    /// # Errors
    /// Never.
    pub async fn delete_activity_before(&self, id: &str) -> Result<(), Error> {
        let mut kept = self.kept();
        kept.activity = kept.activity.split_off(id);
        Ok(())
    }
}
