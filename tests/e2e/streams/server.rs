//! A server whose answers last, and clients that read them to their end.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use actix_mcp_auth::{McpAuth, McpAuthBuilder, revocation::Revoked, testing::TestAuthority};
use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::SizedStream,
    http::{Method, StatusCode},
    rt::time::{sleep, timeout},
    web::{self, Bytes},
};
use futures_util::{Stream, StreamExt, stream};

use crate::support::{RESOURCE, Server, authority, builder};

/// How many pieces a download has.
const PIECES: usize = 40;
/// How long each takes.
const PIECE_TIME: Duration = Duration::from_millis(50);
/// How large each is.
const PIECE: usize = 10 * 1024;
/// The last event of a tool call.
pub(super) const RESULT: &str = "data: the result\n\n";

/// A server with an MCP endpoint, and a handle on what its handlers do.
pub(super) struct Streams {
    pub(super) authority: TestAuthority,
    pub(super) auth: McpAuth,
    server: Server,
    client: reqwest::Client,
    handlers: Arc<Handlers>,
}

/// What the handlers share with the test.
#[derive(Default)]
struct Handlers {
    /// How often the body of the kind `silent` was polled.
    polls: AtomicUsize,
    /// The tool calls of the kind `call` end once this is not 0.
    results: AtomicUsize,
}

impl Streams {
    pub(super) fn start() -> Self {
        Self::with(|builder| builder)
    }

    pub(super) fn with(settings: impl FnOnce(McpAuthBuilder) -> McpAuthBuilder) -> Self {
        let authority = authority();
        let auth = settings(builder(&authority)).build().unwrap();
        let handlers = Arc::new(Handlers::default());
        let (shared, outer) = (handlers.clone(), auth.clone());
        let server = Server::start(move |config| {
            let auth = outer.clone();
            let data = web::Data::from(shared.clone());
            config
                .app_data(data)
                .app_data(web::Data::new(auth.clone()))
                .service(web::resource("/{kind}").wrap(auth.middleware().optional()).to(answer));
        });
        Self { authority, auth, server, client: reqwest::Client::new(), handlers }
    }

    pub(super) fn token(&self, person: &str) -> String {
        self.authority.person_token(person, RESOURCE)
    }

    /// A token that is good for this time, apart from the leeway.
    pub(super) fn token_for(&self, person: &str, lifetime: Duration) -> String {
        self.authority.token().subject(person).audience(RESOURCE).expires_in(lifetime).sign()
    }

    /// Opens an answer of this kind, by POST as a tool call is made.
    pub(super) async fn open(&self, kind: &str, token: Option<&str>) -> Open {
        self.request(Method::POST, kind, token).await
    }

    /// Opens an answer of this kind by GET.
    pub(super) async fn get(&self, kind: &str, token: Option<&str>) -> Open {
        self.request(Method::GET, kind, token).await
    }

    /// The status of a request, whose body is not read.
    pub(super) async fn status(&self, kind: &str, token: &str) -> u16 {
        let url = format!("{}/{kind}", self.server.origin());
        self.client.get(url).bearer_auth(token).send().await.unwrap().status().as_u16()
    }

    /// Where the server listens.
    pub(super) fn address(&self) -> String {
        self.server.origin().replace("http://", "")
    }

    async fn request(&self, method: Method, kind: &str, token: Option<&str>) -> Open {
        let url = format!("{}/{kind}", self.server.origin());
        let request = match method {
            Method::GET => self.client.get(url),
            _ => self.client.post(url),
        };
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{response:?}");
        Open(response)
    }

    /// How often the bodies of the kind `silent` were polled since the last call.
    pub(super) fn polls(&self) -> usize {
        self.handlers.polls.swap(0, Relaxed)
    }

    /// Lets the tool calls of the kind `call` end.
    pub(super) fn let_calls_end(&self) {
        self.handlers.results.store(1, Relaxed);
    }
}

/// An answer that is being read.
pub(super) struct Open(pub(super) reqwest::Response);

impl Open {
    /// Reads some more pieces: the answer goes on.
    pub(super) async fn goes_on(&mut self) {
        for _ in 0..3 {
            let piece = timeout(Duration::from_secs(5), self.0.chunk()).await.expect("in time");
            assert!(piece.unwrap().is_some(), "the answer has ended");
        }
    }

    /// Reads to the end: all that came, or how the end was wrong.
    pub(super) async fn read(mut self) -> Result<Vec<u8>, reqwest::Error> {
        let mut read = Vec::new();
        while let Some(piece) = self.0.chunk().await? {
            read.extend_from_slice(&piece);
        }
        Ok(read)
    }

    /// Reads to an end that has to come within a second.
    pub(super) async fn ends_within_a_second(self) -> Result<Vec<u8>, reqwest::Error> {
        timeout(Duration::from_secs(1), self.read()).await.expect("the answer goes on")
    }
}

/// How many bytes a download has.
pub(super) const fn download_len() -> usize {
    PIECES * PIECE
}

async fn answer(
    request: HttpRequest,
    kind: web::Path<String>,
    handlers: web::Data<Handlers>,
    auth: web::Data<McpAuth>,
) -> HttpResponse {
    let mut events = HttpResponse::Ok();
    events.content_type("Text/Event-Stream; charset=utf-8");
    match &**kind {
        "events" => events.streaming(pieces(b"data: tick\n\n".to_vec())),
        "call" => events.streaming(call(handlers.into_inner())),
        "silent" => events.streaming(stream::poll_fn(move |_| {
            handlers.polls.fetch_add(1, Relaxed);
            std::task::Poll::<Option<Result<Bytes, Infallible>>>::Pending
        })),
        // Of its own caller, after the middleware has accepted the request.
        "revoked-meanwhile" => {
            auth.revoke(Revoked::subject("user_ada")).await.unwrap();
            events.streaming(pieces(b"data: tick\n\n".to_vec()))
        }
        "chunked" => HttpResponse::Ok().streaming(pieces(vec![0; PIECE]).take(PIECES)),
        "sized" => {
            let content = pieces(vec![0; PIECE]).take(PIECES);
            let content = content.map(|piece| piece.map_err(Error::from));
            HttpResponse::Ok().body(SizedStream::new(download_len() as u64, content))
        }
        // Its next piece is always there.
        "endless" => {
            let piece = Ok::<_, Infallible>(Bytes::from(vec![0; 64 * 1024]));
            HttpResponse::Ok().streaming(stream::repeat(piece))
        }
        "upgrade" => HttpResponse::build(StatusCode::SWITCHING_PROTOCOLS)
            .upgrade("echo")
            .streaming(pieces(b"frame".to_vec())),
        other => panic!("{other}: {request:?}"),
    }
}

type Piece = Result<Bytes, Infallible>;

/// The same again and again.
fn pieces(piece: Vec<u8>) -> impl Stream<Item = Piece> {
    let piece = Bytes::from(piece);
    stream::repeat(piece).then(async |piece| {
        sleep(PIECE_TIME).await;
        Ok(piece)
    })
}

/// Progress, and the result once the test says so.
fn call(handlers: Arc<Handlers>) -> impl Stream<Item = Piece> {
    let progress = pieces(b"data: progress\n\n".to_vec());
    let progress =
        progress.take_while(move |_| std::future::ready(handlers.results.load(Relaxed) == 0));
    progress.chain(stream::once(async { Ok(Bytes::from_static(RESULT.as_bytes())) }))
}
