use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;

use super::*;
use crate::{
    agents::Agent,
    http::{AllowedAddresses, HttpError, HttpMethod, HttpRequest, HttpResponse},
    time::UnixTime,
};

const ISSUER: &str = "https://idp.example.com";
const URL: &str = "https://agent.example.com/client.json";

/// Answers requests with what the test says, in order.
#[derive(Debug, Default)]
struct Server {
    answers: Mutex<VecDeque<Result<HttpResponse, HttpError>>>,
    requests: Mutex<Vec<HttpRequest>>,
}

#[async_trait]
impl HttpClient for Server {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.requests.lock().unwrap().push(request);
        self.answers.lock().unwrap().pop_front().unwrap_or(Ok(HttpResponse::new(404)))
    }
}

impl Server {
    fn answering(answer: Result<HttpResponse, HttpError>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new([answer].into()), ..Self::default() })
    }

    fn with_document(client_id: &str, name: &str) -> Arc<Self> {
        let body = serde_json::json!({ "client_id": client_id, "client_name": name });
        Self::answering(Ok(HttpResponse::new(200).with_body(body.to_string())))
    }

    fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

#[derive(Default)]
struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(1_800_000_000 + self.0.load(Ordering::Relaxed))
    }
}

fn names(server: &Arc<Server>) -> AgentNames {
    AgentNames::with(server.clone(), Arc::new(TestClock::default()))
}

fn ada() -> Subject {
    Subject::new(ISSUER, "user_ada")
}

async fn find(names: &AgentNames, client_id: &str) -> Option<(String, NameSource)> {
    let name = names.find(ISSUER, Some(&ada()), client_id).await?;
    Some((name.as_str().to_owned(), name.source()))
}

fn some(text: &str, source: NameSource) -> Option<(String, NameSource)> {
    Some((text.to_owned(), source))
}

/// Lists these agents, or fails.
struct Listing(Option<Vec<Agent>>);

#[async_trait]
impl AgentDirectory for Listing {
    async fn list(&self, _: &Subject) -> Result<Vec<Agent>, AgentError> {
        self.0.clone().ok_or_else(|| AgentError::unavailable("it is down"))
    }

    async fn disconnect(&self, _: &Subject, _: &str) -> Result<(), AgentError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_document_is_asked_for_plainly_and_once() {
    let server = Server::with_document(URL, " Ada's\u{202e} <Agent> ");
    let names = names(&server);
    for _ in 0..3 {
        assert_eq!(find(&names, URL).await, some("Ada's <Agent>", NameSource::Client));
    }
    assert_eq!(names.known(ISSUER, URL).unwrap().as_str(), "Ada's <Agent>");
    assert_eq!(server.requests(), 1);
    let request = server.requests.lock().unwrap().remove(0);
    assert_eq!((request.method(), request.url()), (HttpMethod::Get, URL));
    assert_eq!(request.allowed_addresses(), &AllowedAddresses::Public);
    assert_eq!(request.max_size(), 64 * 1024);
    assert!(request.max_time() <= std::time::Duration::from_secs(5));
    assert!(request.headers().iter().all(|header| !header.is_secret()));
}

#[tokio::test]
async fn a_document_that_may_not_be_used_gives_no_name() {
    let ok = |body: &str| Ok(HttpResponse::new(200).with_body(body));
    let redirect = HttpResponse::new(302).with_header("location", "https://evil.example/");
    for answer in [
        Err(HttpError::Unreachable("a private address".into())),
        Err(HttpError::Body("too large".into())),
        Err(HttpError::TimedOut(std::time::Duration::from_secs(5))),
        Ok(redirect),
        ok("not JSON"),
        ok(r#"{"client_id":"https://evil.example/c.json","client_name":"Evil"}"#),
    ] {
        let server = Server::answering(answer.clone());
        let told = Arc::new(Mutex::new(Vec::new()));
        let names = names(&server).on_error({
            let told = told.clone();
            move |client, error| told.lock().unwrap().push(format!("{client}: {error}"))
        });
        assert_eq!(find(&names, URL).await, None, "{answer:?}");
        assert_eq!(find(&names, URL).await, None, "{answer:?}");
        assert_eq!(server.requests(), 1, "{answer:?}");
        assert_eq!(told.lock().unwrap().len(), 1, "{answer:?}");
    }
}

#[tokio::test]
async fn clients_without_a_document_are_not_fetched() {
    let server = Arc::new(Server::default());
    let names = names(&server);
    let long = format!("https://a.example/{}", "x".repeat(MAX_CLIENT_ID));
    for id in ["client_01", "http://agent.example.com/c.json", "", &long, "https://a.example/"] {
        assert_eq!(find(&names, id).await, None, "{id}");
    }
    assert_eq!(find(&names.clone().without_documents(), URL).await, None);
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn the_application_is_asked_first_then_the_directory() {
    let server = Server::with_document(URL, "By its own word");
    let listed = vec![
        Agent::new(URL).named("By the issuer", NameSource::Issuer),
        Agent::new("client_02").named("Another", NameSource::Client),
        Agent::new("client_03"),
    ];
    let application = |_, id: Box<str>| async move {
        match &*id {
            "client_01" => Ok(Some("By the application".to_owned())),
            "client_09" => Err("the database is down"),
            _ => Ok(None),
        }
    };
    let with_directory = names(&server).directory(Listing(Some(listed)));
    assert_eq!(find(&with_directory, URL).await, some("By the issuer", NameSource::Issuer));
    let known = |id| with_directory.known(ISSUER, id).map(|name| name.as_str().to_owned());
    assert_eq!(known("client_02").as_deref(), Some("Another"), "learned by the way");
    assert_eq!(known("client_03"), None);
    let all = with_directory.application(application);
    assert_eq!(find(&all, "client_01").await, some("By the application", NameSource::Application));
    assert_eq!(find(&all, "client_09").await, None);
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_source_that_fails_leaves_the_next_one() {
    let server = Server::with_document(URL, "By its own word");
    let names = names(&server)
        .application(|_, _| async { Err::<Option<String>, _>("the database is down") })
        .directory(Listing(None));
    assert_eq!(find(&names, URL).await, some("By its own word", NameSource::Client));
}

#[tokio::test]
async fn directories_of_others_and_machines_are_not_asked() {
    let names = names(&Arc::new(Server::default())).directory(Listing(None));
    assert_eq!(names.find(ISSUER, None, "client_01").await, None);
    assert_eq!(names.known(ISSUER, "client_01"), None);
}
