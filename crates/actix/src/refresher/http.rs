//! The HTTP client for everything outbound, on the refresher's thread.
//!
//! awc's client is `!Send`, so requests are sent to the thread over a channel and are answered over
//! another. The worker keeps all of them in flight at once: a slow server delays nobody else.

mod exchange;

use std::{fmt, rc::Rc, sync::Arc};

use async_trait::async_trait;
use futures_util::{StreamExt, stream::FuturesUnordered};
use mcp_auth_core::{HttpClient, HttpError, HttpRequest, HttpResponse};
use openssl::ssl::SslConnector;
use tokio::{
    sync::{self, OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::timeout,
};

use self::exchange::Exchanges;
use super::{network::Network, proxy::Proxy};

/// The most requests in flight. It bounds memory. Each caller limits the requests to its own server.
const MAX_IN_FLIGHT: usize = 1024;

/// The handle, for any thread.
#[derive(Clone)]
pub(crate) struct ThreadHttpClient {
    requests: mpsc::UnboundedSender<Pending>,
    in_flight: Arc<Semaphore>,
}

/// The end of the channel on the thread.
pub(super) struct HttpWorker {
    /// In a mutex so that a worker that is started again after a panic continues with the queue.
    requests: sync::Mutex<mpsc::UnboundedReceiver<Pending>>,
    /// The TLS settings, where further certificate authorities are trusted than the system's.
    pub(super) tls: Option<SslConnector>,
    /// The way out.
    pub(super) proxy: Option<Arc<Proxy>>,
}

/// A request that waits for its response.
struct Pending {
    request: HttpRequest,
    response: oneshot::Sender<Result<HttpResponse, HttpError>>,
    /// Released when the request ends, in whatever way.
    _permit: OwnedSemaphorePermit,
}

/// Both ends. Nothing is sent before the worker runs.
pub(super) fn open(tls: Option<SslConnector>) -> (ThreadHttpClient, HttpWorker) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let in_flight = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
    let worker = HttpWorker { requests: sync::Mutex::new(receiver), tls, proxy: None };
    (ThreadHttpClient { requests: sender, in_flight }, worker)
}

#[async_trait]
impl HttpClient for ThreadHttpClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let permit = self.in_flight.clone().try_acquire_owned();
        let permit = permit.map_err(|_| HttpError::TooManyRequests)?;
        let (response, answered) = oneshot::channel();
        let pending = Pending { request, response, _permit: permit };
        self.requests.send(pending).map_err(|_| HttpError::Closed)?;
        // Closed without a response where the thread ended, or where it starts again after a panic.
        answered.await.unwrap_or(Err(HttpError::Closed))
    }
}

impl HttpWorker {
    /// Sends requests as they come, until the future is dropped.
    pub(super) async fn run(&self, network: Rc<dyn Network>) {
        let exchanges = Exchanges::new(self.tls.clone(), self.proxy.clone(), network);
        let mut requests = self.requests.lock().await;
        let mut in_flight = FuturesUnordered::new();
        loop {
            tokio::select! {
                pending = requests.recv() => match pending {
                    Some(pending) => in_flight.push(pending.settle(&exchanges)),
                    None => return std::future::pending().await,
                },
                Some(()) = in_flight.next() => {}
            }
        }
    }
}

impl Pending {
    async fn settle(mut self, exchanges: &Exchanges) {
        let limit = self.request.max_time();
        let outcome = tokio::select! {
            outcome = timeout(limit, exchanges.send(self.request)) => {
                outcome.unwrap_or(Err(HttpError::TimedOut(limit)))
            }
            // The caller dropped its future: the request ends, and its connection is closed.
            () = self.response.closed() => return,
        };
        let _ = self.response.send(outcome);
    }
}

impl fmt::Debug for ThreadHttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_flight = MAX_IN_FLIGHT.saturating_sub(self.in_flight.available_permits());
        f.debug_struct("HttpClient").field("in_flight", &in_flight).finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpWorker").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
