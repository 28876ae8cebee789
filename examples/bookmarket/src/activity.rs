//! What is kept of what people and their agents did: rows of the table `activity`, made of audit
//! records.
//!
//! | column | meaning |
//! |---|---|
//! | `id` | the id of the audit record; it sorts by time, and begins with it |
//! | `time_ms` | when the request came, in milliseconds since 1970 |
//! | `user_id` | our own number of the person; none where nobody with an account called |
//! | `subject` | `sub` of the person as tokens have it, or the name of a program |
//! | `credential` | `token` (an agent), `session` (a browser), `static_key` |
//! | `kind` | `user`, `agent`, `machine`, `api_key`; `impersonated`: staff who acted as the person; empty in rows of old versions |
//! | `client_id` | the agent as its tokens name it, if they do |
//! | `client_name`, `client_name_source` | what it is called, and whose word that is |
//! | `method` | of the message of MCP, else of the HTTP request |
//! | `target_kind`, `target` | what it was about: a tool, or the path of a page |
//! | `decision`, `reason` | `allowed`, `refused`, `unavailable`, and why |
//! | `outcome` | `ok`, `tool_error`, `json_rpc_error`, `http_error`, `cut`, `unknown` |
//! | `code` | of a JSON-RPC error; the HTTP status for `http_error` |
//! | `duration_us` | how long it took, in microseconds |
//!
//! No row has a token, a cookie, an IP address, or the arguments of a tool, nor an e-mail address,
//! unless an issuer gives one as `sub` or client id.

use std::time::Duration;

use actix_mcp_auth::{
    ConfigError, Subject,
    agents::{Agent, AgentName, AgentNames, NameSource},
    audit::{AuditError, AuditLog, AuditRecord, Credential, Decision},
    operation::UnixTime,
};
use actix_web::rt::task::JoinHandle;
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::time::timeout;

use crate::{
    settings::ACTIVITY_DAYS,
    store::{self, Activity, Store, User},
};

/// For how many days rows are kept.
const DAYS: &str = "90";
const MAX_DAYS: u64 = 3_650;
/// The most agents of a person that are listed.
pub const MAX_AGENTS: usize = 100;
/// How often rows are looked for that are older than they may become.
const DELETE_EVERY: Duration = Duration::from_secs(60 * 60);
/// How long a row may take to be written. Later rows wait for it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Through what a person acts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Through {
    /// Anything.
    #[default]
    Any,
    /// A browser.
    Browser,
    /// The agent with this client id.
    Agent(String),
}

/// Which of the rows a page shows, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cursor {
    /// The newest.
    #[default]
    Newest,
    /// Those before the row with this id.
    Before(String),
    /// Those after it: the oldest of them, which are the next page.
    After(String),
}

/// An agent that has called for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentUse {
    /// Its client id, as rows have it.
    pub client_id: String,
    /// The last name that is known of it; its client id, where none is.
    pub name: AgentName,
    /// What it did first.
    pub first: Activity,
    /// What it did last.
    pub last: Activity,
}

impl AgentUse {
    /// The agent, by its first and its last row and the last one that has a name.
    pub fn new(first: &Activity, last: &Activity, named: Option<&Activity>) -> Option<Self> {
        let client_id = last.client_id.clone()?;
        let name = named.and_then(Activity::client_name);
        let name = name.unwrap_or_else(|| AgentName::of_client_id(&client_id));
        Some(Self { client_id, name, first: first.clone(), last: last.clone() })
    }

    /// The agent with its first and last use.
    pub fn agent(&self) -> Agent {
        let time = |row: &Activity| {
            Some(UnixTime::since_epoch(Duration::from_millis(row.time_ms.try_into().ok()?)))
        };
        Agent::new(self.client_id.as_str())
            .named(self.name.as_str(), self.name.source())
            .used(time(&self.first), time(&self.last))
    }

    /// The agents with these first and last ids, in this order. `rows` are those and, of some
    /// agents, the last one that has a name.
    pub fn all(ids: &[(String, String)], rows: &[Activity]) -> Vec<Self> {
        let find = |id: &str| rows.iter().find(|row| row.id == *id);
        let agent = |(first, last): &(String, String)| {
            let last = find(last)?;
            let is_named =
                |row: &&Activity| row.client_id == last.client_id && row.client_name.is_some();
            let named = rows.iter().filter(is_named).max_by(|one, other| one.id.cmp(&other.id));
            Self::new(find(first)?, last, named)
        };
        ids.iter().filter_map(agent).collect()
    }
}

impl Activity {
    /// The row for a record.
    ///
    /// # Errors
    /// Never: a record has a JSON form.
    pub fn of(record: &AuditRecord) -> Result<Self, AuditError> {
        let json = serde_json::to_value(record)?;
        let value = |place: &str| json.pointer(place).and_then(Value::as_str).map(str::to_owned);
        let text = |place: &str| value(place).unwrap_or_default();
        let is_agent = record.principal.credential == Credential::Token;
        let for_agents = |place: &str| value(place).filter(|_| is_agent);
        // Those of the token: what is cut or hashed would be another person or agent. They have no
        // control characters (RFC 6749, appendix A.1), which forms and databases change.
        let has_no_control = |id: &&str| !id.contains(char::is_control);
        let subject = Some(record.principal.exact_subject()).filter(has_no_control);
        let client_id = record.principal.exact_client_id().filter(has_no_control);
        let code = json.pointer("/error_code").and_then(Value::as_i64);
        let status = record.status.filter(|status| *status >= 400).map(i64::from);
        Ok(Self {
            id: text("/id"),
            time_ms: since_epoch(record.time).as_millis().try_into()?,
            user_id: value("/principal/user_key").map(|key| key.parse()).transpose()?,
            subject: subject.unwrap_or(&record.principal.subject).to_owned(),
            credential: text("/principal/credential"),
            kind: text("/principal/kind"),
            client_id: client_id.filter(|_| is_agent).map(str::to_owned),
            client_name: for_agents("/principal/client_name"),
            client_name_source: for_agents("/principal/client_name_source"),
            method: value("/method").unwrap_or_else(|| text("/http_method")),
            target_kind: value("/targets/0/kind"),
            target: value("/targets/0/name"),
            decision: text("/decision"),
            reason: value("/reason").or_else(|| value("/unread")),
            outcome: text("/outcome"),
            code: code.or(status),
            duration_us: record.duration.as_micros().try_into()?,
        })
    }

    /// When it was done.
    pub fn at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.time_ms).unwrap_or_default()
    }

    /// Whether a member of staff did it in the person's place.
    pub fn is_by_staff(&self) -> bool {
        self.kind == "impersonated"
    }

    /// Whether a browser did it.
    pub fn is_by_browser(&self) -> bool {
        self.credential == "session"
    }

    /// What the agent was called then, where that was known.
    pub fn client_name(&self) -> Option<AgentName> {
        let source = match self.client_name_source.as_deref() {
            Some("application") => NameSource::Application,
            Some("issuer") => NameSource::Issuer,
            _ => NameSource::Client,
        };
        AgentName::new(self.client_name.as_deref()?, source)
    }
}

fn since_epoch(time: UnixTime) -> Duration {
    time.duration_since(UnixTime::default())
}

/// Whether a record is kept: what is refused, what an agent asks for, and what is changed at a page,
/// with a cookie or with a bearer token. Notifications and pings ask for nothing, and a person knows
/// which pages they have looked at.
fn is_kept(record: &AuditRecord) -> bool {
    let is_safe = matches!(&*record.http_method, "GET" | "HEAD" | "OPTIONS");
    match (&record.decision, record.method.as_deref()) {
        (Decision::Allowed, None) => !is_safe,
        (Decision::Allowed, Some(method)) => record.request_id.is_some() && method != "ping",
        _ => true,
    }
}

/// Starts the audit log, which writes to the table.
///
/// # Errors
/// The system gives no thread.
pub fn start(store: &Store, names: &AgentNames) -> std::io::Result<AuditLog> {
    let store = store.clone();
    let log = AuditLog::to_function(move |record: AuditRecord| {
        let store = store.clone();
        async move {
            if is_kept(&record) {
                within(WRITE_TIMEOUT, store.add_activity(Activity::of(&record)?)).await?;
            }
            Ok::<(), AuditError>(())
        }
    });
    log.user_key(|user: &User| user.id.to_string()).names(names).start()
}

/// The result of a query, unless it takes longer than `limit`.
async fn within<T>(
    limit: Duration,
    query: impl Future<Output = Result<T, store::Error>>,
) -> Result<T, AuditError> {
    match timeout(limit, query).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(format!("the store did not answer within {} s", limit.as_secs_f32()).into()),
    }
}

/// How long rows are kept.
///
/// # Errors
/// The text is not a number of days.
pub fn kept(days: Option<String>) -> Result<Duration, ConfigError> {
    let days = days.unwrap_or_else(|| DAYS.to_owned());
    match days.parse() {
        Ok(days @ 1..=MAX_DAYS) => Ok(Duration::from_secs(days * 24 * 60 * 60)),
        _ => {
            let expected = format!("must be a whole number of days, 1 to {MAX_DAYS}");
            Err(ConfigError::invalid(ACTIVITY_DAYS, days, expected, DAYS))
        }
    }
}

/// Deletes rows that are older than `kept`, now and every hour until the task is aborted.
pub fn delete_old(store: &Store, kept: Duration) -> JoinHandle<()> {
    let store = store.clone();
    actix_web::rt::spawn(async move {
        loop {
            if let Err(error) = store.delete_activity_before(&first_id(Utc::now() - kept)).await {
                tracing::error!(%error, "old activity cannot be deleted, trying again in an hour");
            }
            actix_web::rt::time::sleep(DELETE_EVERY).await;
        }
    })
}

/// The agents that have called for a person, the last used first, as an
/// [`AgentDirectory`](actix_mcp_auth::agents::AgentDirectory) takes them.
///
/// # Errors
/// The store failed.
pub async fn agents_of(store: &Store, person: &Subject) -> Result<Vec<Agent>, store::Error> {
    let Some(user) = store.find(person.id()).await? else { return Ok(Vec::new()) };
    let used = store.agents_of(&user, MAX_AGENTS).await?;
    Ok(used.iter().map(AgentUse::agent).collect())
}

/// The smallest id of a record from this time on: an id begins with its time, 48 bits in ten
/// characters of Crockford's Base32.
pub fn first_id(time: DateTime<Utc>) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let millis = u64::try_from(time.timestamp_millis()).unwrap_or(0);
    let time = (0..10).rev().map(|place| char::from(DIGITS[(millis >> (place * 5)) as usize & 31]));
    time.chain(std::iter::repeat_n('0', 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_store_that_does_not_answer_is_not_waited_for() {
        let limit = Duration::from_millis(5);
        let error = within::<()>(limit, std::future::pending()).await.expect_err("no answer");
        assert_eq!(error.to_string(), "the store did not answer within 0.005 s");
        assert_eq!(within(limit, async { Ok(7) }).await.expect("an answer"), 7);
    }

    #[test]
    fn the_first_id_of_a_time_is_no_later_than_a_ulids() {
        // The example of the specification of ULID.
        let time = DateTime::from_timestamp_millis(1_469_918_176_385).expect("a time");
        assert_eq!(first_id(time), "01ARYZ6S410000000000000000");
        assert!(*first_id(time) < *"01ARYZ6S41TSV4RRFFQ69G5FAV");
        assert!(first_id(time + Duration::from_millis(1)) > first_id(time));
    }
}
