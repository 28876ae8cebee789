//! Asking an issuer about a person, on the refresher's thread: it owns the HTTP client.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use futures_util::{StreamExt, stream::FuturesUnordered};
use mcp_auth_core::{FetchProfile, Issuer, Profile, ProfileError, Secret, Subject};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::fetch::Fetcher;

/// How many questions may wait. Newcomers are rare; more at once than this is an attack or an
/// outage, and is answered with an error at once.
const QUEUE: usize = 64;
/// How many are asked of issuers at a time.
const AT_ONCE: usize = 16;

/// Where questions are asked.
#[derive(Debug, Clone)]
pub(crate) struct ProfileDesk {
    questions: mpsc::Sender<Question>,
}

/// Where they are answered.
#[derive(Debug)]
pub(super) struct ProfileOffice {
    questions: Mutex<mpsc::Receiver<Question>>,
}

struct Question {
    subject: Subject,
    token: Secret,
    answer: oneshot::Sender<Result<Profile, ProfileError>>,
}

pub(super) fn open() -> (ProfileDesk, ProfileOffice) {
    let (desk, office) = mpsc::channel(QUEUE);
    (ProfileDesk { questions: desk }, ProfileOffice { questions: Mutex::new(office) })
}

#[async_trait]
impl FetchProfile for ProfileDesk {
    async fn fetch(&self, subject: &Subject, token: &Secret) -> Result<Profile, ProfileError> {
        let (answer, answered) = oneshot::channel();
        let question = Question { subject: subject.clone(), token: token.clone(), answer };
        self.questions
            .try_send(question)
            .map_err(|_| ProfileError::Unavailable("too many are asked for".into()))?;
        answered.await.unwrap_or_else(|_| Err(ProfileError::Unavailable("nobody answered".into())))
    }
}

impl ProfileOffice {
    /// Answers questions as they come, several at a time.
    pub(super) async fn run(&self, issuers: &[Arc<Issuer>], fetcher: &Fetcher) {
        let mut questions = self.questions.lock().await;
        let mut under_way = FuturesUnordered::new();
        loop {
            tokio::select! {
                question = questions.recv(), if under_way.len() < AT_ONCE => match question {
                    Some(question) => under_way.push(question.settle(issuers, fetcher)),
                    None => return std::future::pending().await,
                },
                Some(()) = under_way.next() => {}
            }
        }
    }
}

impl Question {
    async fn settle(self, issuers: &[Arc<Issuer>], fetcher: &Fetcher) {
        if self.answer.is_closed() {
            return;
        }
        let issuer = issuers.iter().find(|issuer| issuer.name() == self.subject.issuer());
        let answer = match issuer {
            Some(issuer) => fetcher.profile(issuer, self.subject.id(), &self.token).await,
            None => Err(ProfileError::Unavailable("the issuer is not configured".into())),
        };
        // Whoever asked may have given up.
        let _ = self.answer.send(answer);
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("subject", &self.subject).finish_non_exhaustive()
    }
}
