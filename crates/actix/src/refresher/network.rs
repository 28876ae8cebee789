//! Opening TCP connections for the HTTP clients, to addresses that are allowed.
//!
//! The address is checked between the name lookup and the connection, in one step: the addresses
//! that were checked are the ones that are connected to, so that a name that resolves differently
//! the second time (DNS rebinding) gains nothing. Every spelling of an address as a host
//! (`0x7f.1`, `[::ffff:10.0.0.1]`) goes through the same check.
//!
//! Through a proxy, the proxy looks up the host. Only an address that is written in the URL is checked.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    sync::Arc,
};

use actix_service::{Service, always_ready};
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::http::Uri;
use futures_util::{FutureExt, future::LocalBoxFuture};
use tokio::net::{TcpStream, lookup_host};
use url::Host;

use super::{
    addresses::is_public,
    proxy::{self, Proxy},
};

/// Name lookup and TCP. Tests replace it; the application cannot.
pub(super) trait Network {
    /// The addresses of a host: a name, or an address in text (IPv6 without brackets).
    fn lookup<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> LocalBoxFuture<'a, io::Result<Vec<SocketAddr>>>;

    /// A connection to an address.
    fn connect(&self, address: SocketAddr) -> LocalBoxFuture<'static, io::Result<TcpStream>>;
}

/// The operating system's.
pub(super) struct SystemNetwork;

impl Network for SystemNetwork {
    fn lookup<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> LocalBoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        async move { Ok(lookup_host((host, port)).await?.collect()) }.boxed_local()
    }

    fn connect(&self, address: SocketAddr) -> LocalBoxFuture<'static, io::Result<TcpStream>> {
        TcpStream::connect(address).boxed_local()
    }
}

/// The connector of an HTTP client.
#[derive(Clone)]
pub(super) struct Dialer {
    network: Rc<dyn Network>,
    /// The way out for `https`.
    proxy: Option<Arc<Proxy>>,
    rule: Rule,
}

/// Which addresses it connects to.
#[derive(Clone)]
enum Rule {
    Any,
    Public,
    /// Public ones, unless this host has nothing but private ones.
    PublicUnlessPrivate(Rc<str>),
}

impl Dialer {
    /// Connects to any address: for URLs that the configuration names.
    pub(super) fn to_any_address(network: Rc<dyn Network>) -> Self {
        Self { network, proxy: None, rule: Rule::Any }
    }

    /// Connects to public addresses only: for URLs that a client chose. A name is not connected to
    /// through a proxy: only the proxy would see its addresses.
    pub(super) fn to_public_addresses(network: Rc<dyn Network>) -> Self {
        Self { network, proxy: None, rule: Rule::Public }
    }

    /// Connects to public addresses only: for URLs that an issuer's metadata names, on another host
    /// than the issuer's. Where the issuer's host resolves to private addresses and to no public
    /// one, any address will do: the issuer and its documents are then in one private network, as
    /// in companies with split DNS.
    pub(super) fn to_public_unless_private(network: Rc<dyn Network>, issuer_host: &str) -> Self {
        Self { network, proxy: None, rule: Rule::PublicUnlessPrivate(issuer_host.into()) }
    }

    /// Goes through a proxy to the hosts that it serves.
    pub(super) fn through(self, proxy: Option<Arc<Proxy>>) -> Self {
        Self { proxy, ..self }
    }

    async fn dial_through(
        &self,
        proxy: &Proxy,
        host: &str,
        port: u16,
    ) -> Result<TcpStream, ConnectError> {
        match literal(host) {
            Some(address) => {
                self.allowed(vec![SocketAddr::new(address, port)], host, port).await?;
            }
            None if matches!(self.rule, Rule::Public) => {
                return Err(ConnectError::Resolver(
                    "a URL that a client names is not fetched through a proxy, where its address \
                     cannot be checked"
                        .into(),
                ));
            }
            None => {}
        }
        let (proxy_host, proxy_port) = proxy.address();
        let stream = async {
            let found = self.lookup(proxy_host, proxy_port).await?;
            self.connect(found).await
        };
        let stream = stream.await.map_err(|error| {
            let why = match &error {
                ConnectError::Resolver(why) => why.to_string(),
                ConnectError::Io(why) => why.to_string(),
                other => other.to_string(),
            };
            ConnectError::Io(io::Error::other(format!(
                "the proxy {proxy} cannot be reached: {why}"
            )))
        })?;
        proxy::connect(stream, proxy, host, port).await.map_err(ConnectError::Io)
    }

    async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
        let found = self.lookup(host, port).await?;
        self.connect(self.allowed(found, host, port).await?).await
    }

    /// A connection to the first of these addresses that accepts one.
    async fn connect(&self, addresses: Vec<SocketAddr>) -> Result<TcpStream, ConnectError> {
        let mut last = ConnectError::NoRecords;
        for address in addresses {
            match self.network.connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = ConnectError::Io(error),
            }
        }
        Err(last)
    }

    /// The addresses among those found that may be connected to.
    async fn allowed(
        &self,
        found: Vec<SocketAddr>,
        host: &str,
        port: u16,
    ) -> Result<Vec<SocketAddr>, ConnectError> {
        let issuer = match &self.rule {
            Rule::Any => return Ok(found),
            Rule::Public => None,
            Rule::PublicUnlessPrivate(issuer) => Some(issuer),
        };
        let (public, private): (Vec<SocketAddr>, Vec<SocketAddr>) =
            found.iter().partition(|address| is_public(address.ip()));
        let Some(first) = private.first() else {
            return Ok(found);
        };
        if let Some(issuer) = issuer {
            // An issuer that cannot be looked up counts as public.
            let of_issuer = self.lookup(issuer, port).await?;
            if !of_issuer.is_empty() && of_issuer.iter().all(|address| !is_public(address.ip())) {
                return Ok(found);
            }
        }
        if public.is_empty() {
            let by_issuer = issuer.is_some();
            let refused = PrivateAddress { host: host.into(), address: first.ip(), by_issuer };
            return Err(ConnectError::Resolver(Box::new(refused)));
        }
        Ok(public)
    }

    async fn lookup(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
        // A URL has an IPv6 address in brackets (RFC 3986 §3.2.2).
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let found = self.network.lookup(host, port).await;
        found.map_err(|error| ConnectError::Resolver(Box::new(error)))
    }
}

impl Service<ConnectInfo<Uri>> for Dialer {
    type Response = Connection<Uri, TcpStream>;
    type Error = ConnectError;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    always_ready!();

    fn call(&self, info: ConnectInfo<Uri>) -> Self::Future {
        let dialer = self.clone();
        async move {
            let (host, port) = (info.hostname(), info.port());
            let is_tls = info.request().scheme_str() == Some("https");
            let proxy = dialer.proxy.as_deref().filter(|proxy| is_tls && proxy.serves(host, port));
            let stream = match proxy {
                Some(proxy) => dialer.dial_through(proxy, host, port).await?,
                None => dialer.dial(host, port).await?,
            };
            Ok(Connection::new(info.request().clone(), stream))
        }
        .boxed_local()
    }
}

/// The address that a URL has instead of a name, in whatever spelling.
fn literal(host: &str) -> Option<IpAddr> {
    match Host::parse(host).ok()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
    }
}

/// Why a connection was not opened.
#[derive(Debug)]
struct PrivateAddress {
    host: Box<str>,
    address: IpAddr,
    /// Whether an issuer's metadata names the host; otherwise a client has named it.
    by_issuer: bool,
}

impl fmt::Display for PrivateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has the private address {}, and ", self.host, self.address)?;
        f.write_str(match self.by_issuer {
            true => {
                "the issuer, whose metadata names it, is public; if this is right, name the URL in \
                 the configuration: Issuer::jwks_uri(…)"
            }
            false => "a URL that a client names may lead to public addresses only",
        })
    }
}

impl std::error::Error for PrivateAddress {}

#[cfg(test)]
mod tests;
