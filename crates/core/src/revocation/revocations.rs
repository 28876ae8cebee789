//! [`Revocations`]: what a process knows of revocations, and the log that it shares with others.

use std::{
    fmt,
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};

use super::{
    bounds,
    contact::{Contact, NoContact},
    error::RevokeError,
    index::{RevocationIndex, RevocationListener},
    keys::RevocationKeys,
    log::{LogBatch, LogEntry, LogError, MemoryLog, RevocationLog},
    record::{Effect, NewRevocation, Revocation, RevocationId, Revoked},
    settings::RevocationSettings,
    state::State,
};
use crate::time::UnixTime;

/// The revocations of an application: memory that every request asks, and a log that several
/// processes can share. Cloning is cheap, and clones are the same.
///
/// [`in_memory`](Self::in_memory) is for one process. `Revocations::shared` of the crate for the web
/// framework follows a log.
#[derive(Clone)]
pub struct Revocations(Arc<Inner>);

struct Inner {
    index: RevocationIndex,
    contact: Contact,
    log: Arc<dyn RevocationLog>,
}

/// How the revocations of a process are, for readiness checks and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevocationHealth {
    /// What the log is.
    pub log: String,
    /// Whether the log was read completely, so that every revocation before the start is in force.
    pub ready: bool,
    /// How long ago the log answered; `None` where it never did, and where there is no log.
    pub silence: Option<Duration>,
    /// Why the log did not answer the last time; `None` where it did.
    pub last_error: Option<String>,
    /// How many records there are.
    pub records: usize,
    /// How many standing revocations are in force.
    pub standing: usize,
    /// How many records this process cannot read, since a newer version has written them. They are
    /// kept in the log, and are not in force here.
    pub unread: usize,
    /// How many records were merged into coarser ones since the start, because there were too many.
    pub merged: usize,
}

impl Revocations {
    /// The revocations of one process, which end with it.
    pub fn in_memory(settings: RevocationSettings) -> Self {
        Self::new(settings, Contact::default(), Arc::new(MemoryLog::default()))
    }

    /// The revocations of several processes. Somebody has to follow the log: pass what it says to
    /// [`take_in`](Self::take_in).
    pub fn with_log(settings: RevocationSettings, log: Arc<dyn RevocationLog>) -> Self {
        Self::new(settings, Contact::with_log(), log)
    }

    fn new(settings: RevocationSettings, contact: Contact, log: Arc<dyn RevocationLog>) -> Self {
        Self(Arc::new(Inner { index: RevocationIndex::new(settings), contact, log }))
    }

    /// Revokes, in this process at once, and writes the record to the log. What was issued until
    /// `now` is refused; with [`standing`](NewRevocation::standing), what is issued later too.
    ///
    /// # Errors
    /// [`RevokeError::NotInLog`]: in force in this process, and not in the log yet. Any other error:
    /// nothing was revoked.
    pub async fn revoke(
        &self,
        new: NewRevocation,
        now: UnixTime,
    ) -> Result<RevocationId, RevokeError> {
        let standing = new.standing;
        let effect = |stamp| if standing { Effect::Standing } else { Effect::IssuedBefore(stamp) };
        self.record(new, effect, now).await
    }

    /// The same for what was issued until `time`, by the issuer's own clock: no allowance for clock
    /// skew is made. For event sources, whose events carry that time. A standing revocation is
    /// recorded as of that time, so that an event that comes again does not undo a later lift.
    ///
    /// # Errors
    /// As for [`revoke`](Self::revoke).
    pub async fn revoke_at(
        &self,
        new: NewRevocation,
        time: UnixTime,
        now: UnixTime,
    ) -> Result<RevocationId, RevokeError> {
        let time = time.ceil_millis();
        match new.standing {
            true => self.append(new.checked()?, Effect::Standing, time).await,
            false => self.record(new, |_| Effect::IssuedBeforeByIssuer(time), now).await,
        }
    }

    /// Ends a standing revocation of the very same key, by whichever name of the issuer it was made.
    /// Tokens that were issued until now stay refused; a static key is good again.
    ///
    /// # Errors
    /// As for [`revoke`](Self::revoke).
    pub async fn lift(
        &self,
        new: NewRevocation,
        now: UnixTime,
    ) -> Result<RevocationId, RevokeError> {
        self.record(new, |_| Effect::Lifted, now).await
    }

    async fn record(
        &self,
        new: NewRevocation,
        effect: impl FnOnce(UnixTime) -> Effect,
        now: UnixTime,
    ) -> Result<RevocationId, RevokeError> {
        let new = new.checked()?;
        let index = &self.0.index;
        let names = index.issuers.names_of(new.issuer.as_deref());
        let latest = names.iter().filter_map(|name| index.latest(name.as_deref(), &new.what)).max();
        let after_known = latest.map(|latest| latest.ceil_millis() + Duration::from_millis(1));
        let at = now.ceil_millis().max(after_known.unwrap_or_default());
        self.append(new, effect(at), at).await
    }

    async fn append(
        &self,
        new: NewRevocation,
        effect: Effect,
        at: UnixTime,
    ) -> Result<RevocationId, RevokeError> {
        let NewRevocation { what, issuer, reason, .. } = new;
        let index = &self.0.index;
        let mut names = index.issuers.names_of(issuer.as_deref());
        let most = index.settings.max_standing;
        if effect == Effect::Standing && index.standing() >= most {
            return Err(RevokeError::TooManyStanding { most });
        }
        // Any name refuses a token of the issuer, so a lift has to be of all names.
        if effect != Effect::Lifted {
            names.truncate(1);
        }
        let id = RevocationId::random();
        let mut entries = Vec::with_capacity(names.len());
        for issuer in names {
            let (version, id) = (Revocation::VERSION, id.clone());
            let (what, reason) = (what.clone(), reason.clone());
            let record = Revocation { version, id, issuer, what, effect, reason, at };
            entries.push(LogEntry::of(&record));
            index.merge(record);
        }
        bounds::merge_oldest_if_too_many(index);
        self.0.log.append(&entries).await.map_err(RevokeError::NotInLog)?;
        Ok(id)
    }

    /// Takes in what a follower of the log has read, and returns what the log lacks: that has to be
    /// appended.
    pub fn take_in(&self, batch: LogBatch, now: UnixTime) -> Vec<LogEntry> {
        let index = &self.0.index;
        let lacking = match batch.is_everything {
            true => lacking_in(&batch.entries, index.entries()),
            false => Vec::new(),
        };
        for entry in batch.entries {
            match entry.read() {
                Ok(record) => drop(index.merge(record)),
                Err(_) => index.keep_unread(entry),
            }
        }
        bounds::merge_oldest_if_too_many(index);
        self.0.contact.answered(batch.is_everything, now);
        lacking
    }

    /// Notes that the log did not answer.
    pub fn log_failed(&self, error: &LogError) {
        self.0.contact.failed(error.to_string());
    }

    /// Removes from memory what no decision needs any more, and returns it, to be deleted from the
    /// log.
    pub fn remove_expired(&self, now: UnixTime) -> Vec<LogEntry> {
        bounds::remove_expired(&self.0.index, now)
    }

    /// The log.
    pub fn log(&self) -> &Arc<dyn RevocationLog> {
        &self.0.log
    }

    /// What is in force, for operators: a snapshot, in no order.
    pub fn in_force(&self) -> impl Iterator<Item = Arc<Revocation>> + use<> {
        self.0.index.in_force().into_iter()
    }

    /// Whether a standing revocation of the very same key is in force, by whichever name of the issuer.
    pub(crate) fn stands(&self, new: &NewRevocation) -> bool {
        self.any_state(new, State::stands)
    }

    /// The clients that a person has disconnected, by whichever name of the issuer.
    pub(crate) fn disconnected_agents(&self, issuer: &str, person: &str) -> Vec<Box<str>> {
        let names = self.0.index.issuers.names_of(Some(issuer));
        let client_of = |record: Arc<Revocation>| match &record.what {
            Revoked::DisconnectedAgent { subject, client }
                if **subject == *person
                    && record.effect == Effect::Standing
                    && names.contains(&record.issuer) =>
            {
                Some(client.clone())
            }
            _ => None,
        };
        self.in_force().filter_map(client_of).collect()
    }

    /// Whether there is any record of the very same key, by whichever name of the issuer.
    pub(crate) fn knows(&self, new: &NewRevocation) -> bool {
        self.any_state(new, |_| true)
    }

    fn any_state(&self, new: &NewRevocation, is_so: impl Fn(&State) -> bool) -> bool {
        let index = &self.0.index;
        let names = index.issuers.names_of(new.issuer.as_deref());
        names.iter().any(|name| index.state_is(name.as_deref(), &new.what, &is_so))
    }

    /// Tells `listener` of records from now on, as long as it exists.
    pub fn listen(&self, listener: Weak<dyn RevocationListener>) {
        self.0.index.listen(listener);
    }

    /// How the revocations are.
    pub fn health(&self, now: UnixTime) -> RevocationHealth {
        let Inner { index, contact, log } = &*self.0;
        RevocationHealth {
            log: log.name(),
            ready: contact.was_read(),
            silence: contact.silence(now),
            last_error: contact.last_error(),
            records: index.len(),
            standing: index.standing(),
            unread: index.unread.len(),
            merged: index.counts.merged.load(Ordering::Relaxed),
        }
    }

    /// Keeps cut-offs for this time at least: for sessions that can last so long.
    pub fn retain_for(&self, time: Duration) {
        self.0.index.retain_for(time);
    }

    /// How long cut-offs are kept: as long as a token or a session that they refuse can be used.
    pub(crate) fn retention(&self) -> Duration {
        self.0.index.retention().unwrap_or(Duration::MAX)
    }

    pub(crate) fn index(&self) -> &RevocationIndex {
        &self.0.index
    }

    /// Whether a caller with these keys is refused, whose issuer has these names.
    pub(crate) fn refuses(
        &self,
        names: &[Arc<super::IssuerRecords>],
        keys: &RevocationKeys,
        leeway: Duration,
        now: UnixTime,
    ) -> Result<bool, NoContact> {
        self.0.contact.check(&self.0.index.settings, now)?;
        Ok(self.0.index.refuses(names, keys, leeway))
    }
}

/// The entries of `known` that are missing in `log`, or older there.
fn lacking_in(log: &[LogEntry], known: Vec<LogEntry>) -> Vec<LogEntry> {
    let times: std::collections::HashMap<_, _> =
        log.iter().map(|entry| (&entry.slot, entry.time)).collect();
    known
        .into_iter()
        .filter(|entry| times.get(&entry.slot).is_none_or(|time| *time < entry.time))
        .collect()
}

impl NewRevocation {
    /// Refuses what cannot be meant: no issuer, an issuer for a static key, an empty value, one that
    /// is too long or has control characters.
    fn checked(self) -> Result<Self, RevokeError> {
        let is_static_key = matches!(self.what, Revoked::StaticKey(_));
        if self.issuer.is_none() && !is_static_key {
            return Err(RevokeError::NoIssuer);
        }
        if self.issuer.is_some() && is_static_key {
            return Err(RevokeError::Invalid("a static key has no issuer"));
        }
        let [first, second] = self.what.values();
        let is_whole = match self.what {
            Revoked::Everything | Revoked::UsersChanged => true,
            Revoked::SubjectAtClient { .. }
            | Revoked::DisconnectedAgent { .. }
            | Revoked::SubjectInOrganization { .. } => !first.is_empty() && !second.is_empty(),
            _ => !first.is_empty(),
        };
        if !is_whole {
            return Err(RevokeError::Invalid("an id is empty"));
        }
        if [first, second, &self.reason].iter().any(|text| text.len() > Self::MAX_LEN) {
            return Err(RevokeError::Invalid("an id or the reason is longer than 2,048 bytes"));
        }
        if [first, second].iter().any(|text| text.chars().any(char::is_control)) {
            return Err(RevokeError::Invalid("an id has control characters"));
        }
        Ok(self)
    }
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Revocations").field(&self.0.index).finish()
    }
}
