//! What one issuer said about people, remembered for a short time, and how often it may be asked.
//!
//! Each issuer has a memory and buckets of its own: one issuer's people neither get another's
//! answers nor use up another's requests.
//!
//! # Which answer is given to which token
//!
//! - A **profile**, or that there is **none** (403, 404), is about the person: it is given to every
//!   token of the person. Each of these tokens was verified before. A person who has a user is let
//!   in by any verified token without a question to the issuer, so that a remembered profile lets
//!   nobody in who would not be let in a moment later.
//! - A **refused token** (401) is about that token: it is remembered by the token's SHA-256, and a
//!   further token of the person, which the client may just have got because of the 401, is shown
//!   to the issuer. A remembered refusal comes first: the token stays refused at least until the
//!   person's remembered profile ends, even where another token of the person got that profile.
//! - An **outage** is not remembered. Requests that waited for the question that failed fail with
//!   it; the next one asks again, within the limits.
//!
//! With the WorkOS API no token is shown to the issuer, and so none is refused.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use mcp_auth_core::{
    Profile, ProfileError, Secret,
    token_bucket::{Limit, TokenBucket},
};
use openssl::sha::sha256;
use tokio::sync::watch;

/// How long an answer is remembered. Long enough that a person who cannot be provisioned, and whose
/// client tries again and again, causes a request each 10 s; short enough that a corrected address
/// or a new account counts soon.
pub(super) const REMEMBERED: Duration = Duration::from_secs(10);

/// Userinfo requests to one issuer: 64 at once, and 10 in each second. Enough for 600 newcomers a
/// minute, and below the rate limits that providers document.
pub(super) const PER_ISSUER: Limit = Limit { burst: 64, per_second: 10.0 };

/// Userinfo requests about one person, where no remembered answer helps (an outage, or one refused
/// token after the other): 8 at once, and one in each second. A tenth of the issuer's rate, so that
/// one person cannot use it up.
const PER_PERSON: Limit = Limit { burst: 8, per_second: 1.0 };

/// The most people who are remembered for one issuer. `PER_ISSUER` allows about 164 questions in
/// the time that an answer is remembered, and at most 80 wait or are under way, so that this bound
/// is for memory's sake and is not met; if it were, further people would be told to try again.
const MAX_PEOPLE: usize = 512;

pub(super) type Answer = Result<Profile, ProfileError>;

/// A token, for comparing it with others: its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(super) fn of(token: &Secret) -> Self {
        Self(sha256(token.expose().as_bytes()))
    }
}

/// What one issuer said.
#[derive(Debug)]
pub(super) struct Answers {
    bucket: TokenBucket<Instant>,
    people: HashMap<Box<str>, Person>,
}

#[derive(Debug)]
struct Person {
    bucket: TokenBucket<Instant>,
    /// What the issuer said about the person, and until when that counts.
    known: Option<(Answer, Instant)>,
    /// The tokens that the issuer refused, and until when that counts at least.
    refused: Vec<TokenHash>,
    refused_until: Instant,
    question: Option<Question>,
}

/// A question that waits or is under way. All who ask about the same person wait for its answer.
#[derive(Debug, Clone)]
pub(super) struct Question {
    /// The token that it shows to the issuer.
    pub(super) token: TokenHash,
    answer: watch::Receiver<Option<Answer>>,
}

/// What becomes of a request for a profile.
pub(super) enum Lookup {
    /// The answer is known.
    Known(Answer),
    /// Somebody else has asked: wait for the answer.
    Pending(Question),
    /// The issuer must be asked: give the answer to [`Answers::answered`], and then to the sender.
    Ask(Question, watch::Sender<Option<Answer>>),
    /// The issuer must not be asked now.
    Busy(&'static str),
}

impl Answers {
    pub(super) fn new(now: Instant) -> Self {
        Self { bucket: TokenBucket::new(PER_ISSUER, now), people: HashMap::new() }
    }

    /// The answer about a person for the holder of this token, or the way to it. `has_room` says
    /// whether one more question may wait.
    pub(super) fn look_up(
        &mut self,
        sub: &str,
        token: TokenHash,
        has_room: bool,
        now: Instant,
    ) -> Lookup {
        if let Some(person) = self.people.get(sub) {
            if let Some(answer) = person.answer_for(token, now) {
                return Lookup::Known(answer);
            }
            if let Some(question) = person.live_question() {
                return Lookup::Pending(question.clone());
            }
        } else {
            self.forget_expired(now);
            if self.people.len() >= MAX_PEOPLE {
                return Lookup::Busy("the issuer is asked too often: about too many people");
            }
        }
        if !has_room {
            return Lookup::Busy("the issuer is asked too often: too many questions wait");
        }
        if !self.bucket.has_permit(now) {
            return Lookup::Busy("the issuer is asked too often: 10 times a second");
        }
        let person = self.people.entry(sub.into()).or_insert_with(|| Person::new(now));
        if !person.bucket.has_permit(now) {
            return Lookup::Busy("the issuer is asked too often: about one person");
        }
        self.bucket.take();
        person.bucket.take();
        let (sender, answer) = watch::channel(None);
        let question = Question { token, answer };
        person.question = Some(question.clone());
        Lookup::Ask(question, sender)
    }

    /// Remembers an answer to the question that showed this token.
    pub(super) fn answered(&mut self, sub: &str, token: TokenHash, answer: &Answer, now: Instant) {
        let Some(person) = self.people.get_mut(sub) else { return };
        person.question = None;
        let until = now + REMEMBERED;
        match answer {
            Ok(_) | Err(ProfileError::NoProfile) => {
                person.known = Some((answer.clone(), until));
                if !person.refused.is_empty() {
                    person.refused_until = until;
                }
            }
            Err(ProfileError::TokenRefused) => {
                person.refused.push(token);
                person.refused_until = until;
            }
            Err(_) => {}
        }
    }

    /// Gives up a question for whose answer nobody waits any more. `false` where somebody does.
    pub(super) fn withdraw(&mut self, sub: &str, sender: &watch::Sender<Option<Answer>>) -> bool {
        // One receiver is the person's own.
        if sender.receiver_count() > 1 {
            return false;
        }
        if let Some(person) = self.people.get_mut(sub) {
            person.question = None;
        }
        true
    }

    /// Drops what does not count any more: personal data stays no longer than it is of use.
    pub(super) fn forget_expired(&mut self, now: Instant) {
        self.people.retain(|_, person| !person.is_forgotten(now));
    }

    /// Whether anything is remembered.
    pub(super) fn is_empty(&self) -> bool {
        self.people.is_empty()
    }
}

impl Person {
    fn new(now: Instant) -> Self {
        Self {
            bucket: TokenBucket::new(PER_PERSON, now),
            known: None,
            refused: Vec::new(),
            refused_until: now,
            question: None,
        }
    }

    fn answer_for(&self, token: TokenHash, now: Instant) -> Option<Answer> {
        if now < self.refused_until && self.refused.contains(&token) {
            return Some(Err(ProfileError::TokenRefused));
        }
        self.known.as_ref().filter(|(_, until)| now < *until).map(|(answer, _)| answer.clone())
    }

    /// The question under way. One whose sender is gone ended without an answer, by a panic.
    fn live_question(&self) -> Option<&Question> {
        self.question.as_ref().filter(|question| question.answer.has_changed().is_ok())
    }

    fn is_forgotten(&mut self, now: Instant) -> bool {
        self.known.take_if(|(_, until)| now >= *until);
        if now >= self.refused_until {
            self.refused.clear();
        }
        let remembers = self.known.is_some() || !self.refused.is_empty();
        !remembers && self.live_question().is_none() && self.bucket.is_full(now)
    }
}

impl Question {
    /// Waits for the answer.
    pub(super) async fn answer(mut self) -> Answer {
        match self.answer.wait_for(Option::is_some).await {
            Ok(answer) => answer.clone().unwrap_or_else(|| Err(no_answer())),
            Err(_) => Err(no_answer()),
        }
    }
}

fn no_answer() -> ProfileError {
    ProfileError::Unavailable("the question was not answered".into())
}

#[cfg(test)]
mod tests;
