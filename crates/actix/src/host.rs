//! By which name a resource on a loopback address may be called (R29).
//!
//! A web page can have its own name pointed at this machine once it is loaded (DNS rebinding). For
//! its browser the local server then is the page's own origin: a GET has no `Origin`, and the
//! answer may be read. What gives it away is `Host`, which still is the page's name. For a public
//! resource there is nothing to protect in this way, and the names are the proxy's business.

use std::net::{Ipv4Addr, Ipv6Addr};

use actix_web::{dev::RequestHead, http::header};
use mcp_auth_core::{Rejection, Resource, rejection::ForbiddenReason};

/// The host names that a resource may be called by.
#[derive(Debug, Clone)]
pub(crate) enum HostPolicy {
    /// A public resource: whatever the proxy in front lets through.
    Any,
    /// This machine's, and these. `own` is how the resource itself is called, as nearly everybody
    /// calls it.
    Local { own: String, further: Vec<String> },
}

impl HostPolicy {
    pub(crate) fn of(resource: &Resource) -> Self {
        match resource.is_loopback() {
            true => Self::Local { own: resource.authority().to_owned(), further: Vec::new() },
            false => Self::Any,
        }
    }

    /// Another name, in lower case.
    pub(crate) fn allow_further(&mut self, host: String) {
        if let Self::Local { further, .. } = self {
            further.push(host);
        }
    }

    /// Whether every host that the request names will do. Where it names none, as no browser does,
    /// there is nothing against it.
    pub(crate) fn allow(&self, request: &RequestHead) -> bool {
        match self {
            Self::Any => true,
            Self::Local { own, further } => {
                named(request).all(|host| host == own.as_bytes() || is_among(host, further))
            }
        }
    }

    pub(crate) fn rejection(request: &RequestHead) -> Rejection {
        let hosts: Vec<_> = named(request).map(String::from_utf8_lossy).collect();
        ForbiddenReason::HostNotAllowed { host: hosts.join(", ") }.into()
    }
}

/// Whether it is one of this machine's names, or one of `further`.
fn is_among(host: &[u8], further: &[String]) -> bool {
    let Some(host) = std::str::from_utf8(host).ok().and_then(without_port) else {
        return false;
    };
    is_loopback(host) || further.iter().any(|known| known.eq_ignore_ascii_case(host))
}

/// Every host that the request is for: `:authority` or the absolute form, and each `Host`.
fn named(request: &RequestHead) -> impl Iterator<Item = &[u8]> {
    let of_uri = request.uri.authority().map(|authority| authority.as_str().as_bytes());
    of_uri.into_iter().chain(request.headers().get_all(&header::HOST).map(|host| host.as_bytes()))
}

/// What stands before the port, where there is one (RFC 3986 §3.2).
fn without_port(authority: &str) -> Option<&str> {
    let end = match authority.starts_with('[') {
        true => authority.find(']')? + 1,
        false => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(end);
    let port = port.strip_prefix(':').unwrap_or(port);
    port.bytes().all(|byte| byte.is_ascii_digit()).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        let address = rest.strip_suffix(']').and_then(|address| address.parse::<Ipv6Addr>().ok());
        return address.is_some_and(|address| address.is_loopback());
    }
    host.parse::<Ipv4Addr>()
        .map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn policy(resource: &str) -> HostPolicy {
        HostPolicy::of(&Resource::parse(resource).unwrap())
    }

    fn allows(policy: &HostPolicy, hosts: &[&str]) -> bool {
        let request = hosts
            .iter()
            .fold(TestRequest::get(), |request, host| request.append_header((header::HOST, *host)));
        policy.allow(request.to_srv_request().head())
    }

    #[test]
    fn r29_a_local_resource_is_called_by_this_machines_names_whatever_the_port() {
        let mut policy = policy("http://127.0.0.1:8787/mcp");
        policy.allow_further("app.internal".into());
        for host in [
            "127.0.0.1:8787",
            "127.0.0.1:1",
            "127.9.9.9",
            "localhost:3000",
            "LocalHost",
            "[::1]:8787",
            "[::1]",
            "App.Internal:80",
        ] {
            assert!(allows(&policy, &[host]), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8787",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "evil.example:127.0.0.1",
            "127.0.0.1:8787@evil.example",
            "localhost:8787.evil.example",
            "[::1]evil.example",
            "[::2]",
            "[::1",
            "192.168.1.5",
            "0.0.0.0",
            "2130706433",
            "xapp.internal",
            "app.internal.evil.example",
            "",
            ":8787",
        ] {
            assert!(!allows(&policy, &[host]), "{host}");
        }
    }

    #[test]
    fn r29_of_several_hosts_each_must_do_and_none_at_all_is_no_browser() {
        let policy = policy("http://localhost:8787/mcp");
        assert!(!allows(&policy, &["localhost", "evil.example"]));
        assert!(!allows(&policy, &["evil.example", "localhost"]));
        assert!(allows(&policy, &[]));
        let absolute = TestRequest::get().uri("http://evil.example/mcp");
        let absolute = absolute.insert_header((header::HOST, "localhost")).to_srv_request();
        assert!(!policy.allow(absolute.head()));
    }

    #[test]
    fn r29_a_public_resource_leaves_its_names_to_the_proxy() {
        assert!(allows(&policy("https://app.example.com/mcp"), &["10.0.0.7:8080"]));
    }
}
