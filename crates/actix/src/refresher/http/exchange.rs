//! One request and its response by awc: no redirects, no decompression, bounded in size.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc, time::Duration};

use actix_web::{
    body,
    http::{
        Method,
        header::{self, HeaderName, HeaderValue},
    },
};
use awc::{Client, ClientRequest, Connector, error::SendRequestError};
use mcp_auth_core::{
    HttpError, HttpRequest, HttpResponse,
    http::{AllowedAddresses, HttpHeader},
};
use openssl::ssl::SslConnector;

use crate::refresher::{
    network::{Dialer, Network},
    proxy::Proxy,
};

/// The client's name and version (RFC 9110 §10.1.5). Web application firewalls in front of issuers
/// reject requests without one.
const USER_AGENT: &str = concat!("actix-mcp-auth/", env!("CARGO_PKG_VERSION"));
/// How long a connection is kept for the next request: long enough for metadata and then keys, and
/// for many newcomers at once.
const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// Sends requests, over connections that it keeps.
///
/// The pools are built at the first request: reading the system's certificates takes some
/// milliseconds that start-up need not wait for.
pub(super) struct Exchanges {
    tls: Option<SslConnector>,
    proxy: Option<Arc<Proxy>>,
    network: Rc<dyn Network>,
    pools: RefCell<HashMap<PoolKey, Client>>,
}

/// What the requests of one pool of connections have in common.
#[derive(PartialEq, Eq, Hash)]
struct PoolKey {
    /// A connection that was opened under another rule was not checked by this one.
    addresses: AllowedAddresses,
    /// Requests on behalf of callers have a pool of their own: many newcomers at once do not delay
    /// the fetching of keys, which sends no credentials.
    has_credentials: bool,
}

impl Exchanges {
    pub(super) fn new(
        tls: Option<SslConnector>,
        proxy: Option<Arc<Proxy>>,
        network: Rc<dyn Network>,
    ) -> Self {
        Self { tls, proxy, network, pools: RefCell::default() }
    }

    /// Sends a request and reads its response. The caller bounds the time.
    pub(super) async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let body = request.take_body();
        let sent = self.prepare(&request)?;
        let has_no_body = [Method::GET, Method::DELETE].contains(sent.get_method());
        let sent = match body {
            Some(body) => sent.send_body(body),
            // `send` says `Content-Length: 0`, which these methods do not need (RFC 9110 §8.6).
            None if has_no_body => sent.send_body(body::None::new()),
            None => sent.send(),
        };
        let mut answer = sent.await.map_err(|error| failure(&request, &error))?;
        let mut response = HttpResponse::new(answer.status().as_u16());
        for (name, value) in answer.headers() {
            response = response.with_header(name.as_str(), value.as_bytes());
        }
        if request.reads_body_of(response.status()) {
            let body = answer.body().limit(request.max_size()).await;
            let body = body.map_err(|error| HttpError::Body(error.to_string()))?;
            response = response.with_body(body);
        }
        Ok(response)
    }

    fn prepare(&self, request: &HttpRequest) -> Result<ClientRequest, HttpError> {
        let invalid = |what: &str| HttpError::InvalidRequest(what.to_owned());
        let method = Method::from_bytes(request.method().as_str().as_bytes())
            .map_err(|_| invalid("the method is not valid"))?;
        let mut sent = self
            .pool(request)
            .request(method, request.url())
            .insert_header((header::USER_AGENT, USER_AGENT))
            // Another crate of the application may have switched on awc's decompression, and a
            // small response may decompress to any size.
            .insert_header((header::ACCEPT_ENCODING, "identity"))
            .no_decompress()
            .timeout(request.max_time());
        for header in request.headers() {
            let name = HeaderName::from_bytes(header.name().as_bytes())
                .map_err(|_| invalid("the name of a header is not valid"))?;
            let value = value(header).ok_or_else(|| invalid("a header's value is not valid"))?;
            sent = sent.insert_header((name, value));
        }
        Ok(sent)
    }

    fn pool(&self, request: &HttpRequest) -> Client {
        let addresses = request.allowed_addresses().clone();
        let has_credentials = request.headers().iter().any(HttpHeader::is_secret);
        let key = PoolKey { addresses, has_credentials };
        let mut pools = self.pools.borrow_mut();
        if let Some(client) = pools.get(&key) {
            return client.clone();
        }
        let network = self.network.clone();
        let dialer = match &key.addresses {
            AllowedAddresses::Any => Dialer::to_any_address(network),
            AllowedAddresses::PublicUnlessPrivate { named_by } => {
                Dialer::to_public_unless_private(network, named_by)
            }
            // `Public`, the strictest rule, and any later one that is not known here.
            _ => Dialer::to_public_addresses(network),
        };
        let client = client(self.tls.as_ref(), dialer.through(self.proxy.clone()));
        pools.insert(key, client.clone());
        client
    }
}

/// A client that connects by `dialer`, and trusts the system's certificate authorities, or what
/// `tls` trusts.
///
/// A connection that was not used for `KEEP_ALIVE` is not used again. With HTTP/2 awc keeps
/// connections whatever becomes of the requests on them: one that has died without a sign would be
/// used again for each attempt, for over a minute. An attempt that hung took longer than this, so
/// that the next one opens a new connection.
///
/// awc's bound on connections is off: it is one for all hosts, so that a slow issuer's could keep
/// another issuer's requests waiting. The callers bound how many requests there are per issuer.
fn client(tls: Option<&SslConnector>, dialer: Dialer) -> Client {
    let connector = Connector::new().connector(dialer).conn_keep_alive(KEEP_ALIVE).limit(0);
    let client = Client::builder().disable_redirects();
    match tls {
        None => client.connector(connector).finish(),
        Some(tls) => client.connector(connector.openssl(tls.clone())).finish(),
    }
}

/// A header's value; a credential is one that HTTP libraries do not log and do not put into the
/// HPACK table (RFC 7541 §7.1.3).
fn value(header: &HttpHeader) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_bytes(header.value()).ok()?;
    value.set_sensitive(header.is_secret());
    Some(value)
}

fn failure(request: &HttpRequest, error: &SendRequestError) -> HttpError {
    match error {
        SendRequestError::Timeout => HttpError::TimedOut(request.max_time()),
        SendRequestError::Url(_) | SendRequestError::Http(_) => {
            HttpError::InvalidRequest(error.to_string())
        }
        _ => HttpError::Unreachable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use mcp_auth_core::Secret;

    use super::*;

    fn bearer(token: &str) -> Option<HeaderValue> {
        value(&HttpRequest::get("https://h").bearer(&Secret::new(token)).headers()[0])
    }

    #[test]
    fn r09_what_is_sent_to_an_issuer_shows_in_no_library_s_log() {
        let value = bearer("sk_live").unwrap();
        assert!(value.is_sensitive());
        assert!(!format!("{value:?}").contains("sk_live"));
        assert!(bearer("a\nb").is_none());
    }
}
