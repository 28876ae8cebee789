//! Asking an issuer about a person, on the refresher's thread: it owns the HTTP client.
//!
//! Newcomers are rare, and anybody with a valid token can claim to be one. So an issuer's answers are
//! cached for 10 s, its requests wait in a queue of its own, and two token buckets bound how
//! often it is asked: one per issuer, one per person ([`answers`]). What exceeds them is answered
//! with 503 and `Retry-After` at once.

mod answers;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use async_trait::async_trait;
use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
use mcp_auth_core::{FetchProfile, Issuer, Profile, ProfileError, Secret, Subject};
use tokio::{
    sync::{self, mpsc, watch},
    time::sleep,
};

use self::answers::{Answer, Answers, Lookup, REMEMBERED, TokenHash};
use super::fetch::Fetcher;

/// How many questions may wait for one issuer.
const QUEUE: usize = 64;
/// How many requests to one issuer are under way at a time.
const AT_ONCE: usize = 16;

/// Where requests ask.
#[derive(Debug, Clone)]
pub(crate) struct ProfileClient {
    /// By the issuer's name.
    issuers: Arc<HashMap<Box<str>, Asker>>,
}

/// Where questions are answered.
#[derive(Debug)]
pub(super) struct ProfileWorker {
    issuers: Vec<Answerer>,
}

/// One issuer, as those see it who ask.
#[derive(Debug)]
struct Asker {
    answers: Arc<Mutex<Answers>>,
    questions: mpsc::Sender<Question>,
}

/// One issuer, as the worker sees it. A queue of its own, so that a slow issuer keeps nobody
/// waiting but its own people.
#[derive(Debug)]
struct Answerer {
    issuer: Issuer,
    answers: Arc<Mutex<Answers>>,
    questions: sync::Mutex<mpsc::Receiver<Question>>,
}

#[derive(Debug)]
struct Question {
    sub: Box<str>,
    token: Secret,
    hash: TokenHash,
    answer: watch::Sender<Option<Answer>>,
}

/// Both ends, for these issuers.
pub(super) fn open(issuers: &[Issuer]) -> (ProfileClient, ProfileWorker) {
    let mut askers = HashMap::new();
    let mut answerers = Vec::new();
    for issuer in issuers {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let answers = Arc::new(Mutex::new(Answers::new(Instant::now())));
        let asker = Asker { answers: answers.clone(), questions: sender };
        askers.insert(issuer.name().into(), asker);
        let questions = sync::Mutex::new(receiver);
        answerers.push(Answerer { issuer: issuer.clone(), answers, questions });
    }
    (ProfileClient { issuers: Arc::new(askers) }, ProfileWorker { issuers: answerers })
}

#[async_trait]
impl FetchProfile for ProfileClient {
    async fn fetch(&self, subject: &Subject, token: &Secret) -> Result<Profile, ProfileError> {
        let Some(issuer) = self.issuers.get(subject.issuer()) else {
            return Err(ProfileError::Unavailable("the issuer is not configured".into()));
        };
        let hash = TokenHash::of(token);
        loop {
            let question = match issuer.look_up(subject.id(), token, hash) {
                Ok(question) => question,
                Err(answer) => return answer,
            };
            let of_this_token = question.token == hash;
            match question.answer().await {
                // Another token of the person was refused, which says nothing of this one.
                Err(ProfileError::TokenRefused) if !of_this_token => {}
                answer => return answer,
            }
        }
    }
}

impl Asker {
    /// The question to wait for, or the answer.
    fn look_up(
        &self,
        sub: &str,
        token: &Secret,
        hash: TokenHash,
    ) -> Result<answers::Question, Answer> {
        let mut answers = lock(&self.answers);
        // Questions are sent under this lock only, so that the room found is there.
        let has_room = self.questions.capacity() > 0;
        match answers.look_up(sub, hash, has_room, Instant::now()) {
            Lookup::Known(answer) => Err(answer),
            Lookup::Pending(question) => Ok(question),
            Lookup::Busy(why) => Err(Err(ProfileError::Unavailable(why.into()))),
            Lookup::Ask(question, answer) => {
                let asked = Question { sub: sub.into(), token: token.clone(), hash, answer };
                // Fails where the worker is gone: the sender is dropped, and the wait ends.
                let _ = self.questions.try_send(asked);
                Ok(question)
            }
        }
    }
}

impl ProfileWorker {
    /// Answers questions as they come, for each issuer several at a time.
    pub(super) async fn run(&self, fetcher: &Fetcher) {
        join_all(self.issuers.iter().map(|issuer| issuer.run(fetcher))).await;
    }
}

impl Answerer {
    async fn run(&self, fetcher: &Fetcher) {
        let mut questions = self.questions.lock().await;
        let mut under_way = FuturesUnordered::new();
        loop {
            let remembers = !lock(&self.answers).is_empty();
            tokio::select! {
                question = questions.recv(), if under_way.len() < AT_ONCE => match question {
                    Some(question) => under_way.push(self.settle(question, fetcher)),
                    None => return std::future::pending().await,
                },
                Some(()) = under_way.next() => {}
                () = sleep(REMEMBERED), if remembers => {
                    lock(&self.answers).forget_expired(Instant::now());
                }
            }
        }
    }

    async fn settle(&self, question: Question, fetcher: &Fetcher) {
        let Question { sub, token, hash, answer } = question;
        if lock(&self.answers).withdraw(&sub, &answer) {
            return;
        }
        let found = fetcher.profile(&self.issuer, &sub, &token).await;
        lock(&self.answers).answered(&sub, hash, &found, Instant::now());
        answer.send_replace(Some(found));
    }
}

fn lock(answers: &Mutex<Answers>) -> MutexGuard<'_, Answers> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}
