//! What people and their agents did, in the table `activity`.

use diesel::{
    dsl::{max, min},
    prelude::*,
};
use serde::Serialize;

use super::{AnyConnection, Error, Store, User};
use crate::activity::{AgentUse, Cursor, Through};

type Backend = <AnyConnection as Connection>::Backend;

diesel::table! {
    /// What people and their agents did.
    activity (id) {
        id -> Text,
        time_ms -> BigInt,
        user_id -> Nullable<BigInt>,
        subject -> Text,
        credential -> Text,
        kind -> Text,
        client_id -> Nullable<Text>,
        client_name -> Nullable<Text>,
        client_name_source -> Nullable<Text>,
        method -> Text,
        target_kind -> Nullable<Text>,
        target -> Nullable<Text>,
        decision -> Text,
        reason -> Nullable<Text>,
        outcome -> Text,
        code -> Nullable<BigInt>,
        duration_us -> BigInt,
    }
}

/// Something that was done: see [`crate::activity`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = activity)]
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
    /// The database is out of reach.
    pub async fn add_activity(&self, row: Activity) -> Result<(), Error> {
        let added =
            self.run(move |conn| diesel::insert_into(activity::table).values(row).execute(conn));
        added.await.map(drop)
    }

    /// At most `count` rows of a person, the newest first.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn activity_of(
        &self,
        person: &User,
        through: &Through,
        from: &Cursor,
        count: usize,
    ) -> Result<Vec<Activity>, Error> {
        let (person, through, from) = (person.id, through.clone(), from.clone());
        let rows = self.run(move |conn| {
            let own = activity::user_id.eq(person);
            let mut rows = activity::table.filter(own).into_boxed::<Backend>();
            rows = match through {
                Through::Any => rows,
                Through::Browser => rows.filter(activity::credential.eq("session")),
                Through::Agent(client_id) => rows.filter(activity::client_id.eq(client_id)),
            };
            rows = match &from {
                Cursor::Newest => rows.order(activity::id.desc()),
                Cursor::Before(id) => {
                    rows.filter(activity::id.lt(id.clone())).order(activity::id.desc())
                }
                Cursor::After(id) => {
                    rows.filter(activity::id.gt(id.clone())).order(activity::id.asc())
                }
            };
            let rows = rows.limit(count as i64).select(Activity::as_select());
            let mut rows: Vec<Activity> = rows.load(conn)?;
            if matches!(from, Cursor::After(_)) {
                rows.reverse();
            }
            Ok(rows)
        });
        rows.await
    }

    /// The agents that have called for a person, the last used first; at most `count`.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn agents_of(&self, person: &User, count: usize) -> Result<Vec<AgentUse>, Error> {
        let person = person.id;
        let agents = self.run(move |conn| {
            let own = activity::user_id.eq(person).and(activity::client_id.is_not_null());
            let by_agent = activity::table.group_by(activity::client_id).filter(own);
            let used: Vec<(Option<String>, Option<String>)> = by_agent
                .select((min(activity::id), max(activity::id)))
                .order(max(activity::id).desc())
                .limit(count as i64)
                .load(conn)?;
            let named: Vec<Option<String>> = by_agent
                .filter(activity::client_name.is_not_null())
                .select(max(activity::id))
                .order(max(activity::id).desc())
                .limit(count as i64)
                .load(conn)?;
            let named: Vec<String> = named.into_iter().flatten().collect();
            let used = used.into_iter().filter_map(|(first, last)| first.zip(last));
            let used: Vec<(String, String)> = used.collect();
            let ids = used.iter().flat_map(|(first, last)| [first, last]).chain(&named);
            let ids: Vec<String> = ids.cloned().collect();
            let rows = activity::table.filter(activity::id.eq_any(ids));
            let rows: Vec<Activity> = rows.select(Activity::as_select()).load(conn)?;
            Ok(AgentUse::all(&used, &rows))
        });
        agents.await
    }

    /// At most `count` rows of a subject after the one with this id, the oldest first.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn activity_of_subject(
        &self,
        subject: &str,
        after: &str,
        count: usize,
    ) -> Result<Vec<Activity>, Error> {
        let (subject, after) = (subject.to_owned(), after.to_owned());
        let rows = self.run(move |conn| {
            activity::table
                .filter(activity::subject.eq(subject).and(activity::id.gt(after)))
                .order(activity::id.asc())
                .limit(count as i64)
                .select(Activity::as_select())
                .load(conn)
        });
        rows.await
    }

    /// Deletes everybody's rows with a smaller id.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn delete_activity_before(&self, id: &str) -> Result<(), Error> {
        let id = id.to_owned();
        let old = self.run(move |conn| {
            diesel::delete(activity::table.filter(activity::id.lt(id))).execute(conn)
        });
        old.await.map(drop)
    }
}
