//! Client ID Metadata Documents: the client's id is the URL of its metadata.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::{StatusCode, header};
use awc::error::PayloadError;
use serde_json::Value;
use url::{Host, Url};

use crate::client::{Authentication, Client, Origin};
use crate::redirect_uri;
use crate::state::State;

/// The maximum size that draft-ietf-oauth-client-id-metadata-document recommends.
const LARGEST_DOCUMENT: usize = 5 * 1024;

const UNREACHABLE: &str = "its server could not be reached";

/// A `client_id` that is a URL, as the draft allows it: https (here also http on loopback, for
/// tests), with a path, without fragment, user information or dot segments.
pub(super) fn parse_id(client_id: &str) -> Option<Result<Url, &'static str>> {
    let scheme = client_id.split_once("://")?.0;
    if scheme != "https" && scheme != "http" {
        return None;
    }
    let Ok(url) = Url::parse(client_id) else {
        return Some(Err("the client_id is not a valid URL"));
    };
    Some(if url.scheme() == "http" && !redirect_uri::is_loopback(&url) {
        Err("a client_id that is a URL must be https, or http on loopback")
    } else if url.fragment().is_some() {
        Err("a client_id that is a URL must not have a fragment")
    } else if !url.username().is_empty() || url.password().is_some() {
        Err("a client_id that is a URL must not contain user information")
    } else if url.path() == "/" {
        Err("a client_id that is a URL must have a path")
    } else if url.as_str() != client_id {
        // The parser has removed dot segments, a default port, capitals in the host …
        Err("a client_id that is a URL must be in its normal form")
    } else {
        Ok(url)
    })
}

/// Fetches the document and takes the client from it.
pub(super) async fn fetch(state: &State, client_id: &str, url: &Url) -> Result<Client, String> {
    let timeout = state.settings.document_timeout;
    let body = tokio::time::timeout(timeout, download(state, client_id, url))
        .await
        .map_err(|_| format!("it did not arrive within {timeout:?}"))??;
    let document: Value = serde_json::from_slice(&body).map_err(|_| "it is not JSON".to_owned())?;
    client_of(client_id, &document).map_err(str::to_owned)
}

async fn download(state: &State, client_id: &str, url: &Url) -> Result<Vec<u8>, String> {
    let address = address(state, url).await?;
    let timeout = state.settings.document_timeout;
    let http = awc::Client::builder().disable_redirects().timeout(timeout).finish();
    let mut response = http
        .get(client_id)
        // The address that was checked: a second look-up could yield another one.
        .address(address)
        .insert_header((header::ACCEPT, "application/json"))
        .send()
        .await
        .map_err(|_| UNREACHABLE.to_owned())?;
    if response.status().is_redirection() {
        return Err("its URL redirects, which is not followed".into());
    }
    if response.status() != StatusCode::OK {
        return Err(format!("its server answered {}", response.status()));
    }
    let body = response.body().limit(LARGEST_DOCUMENT).await;
    match body {
        Ok(body) => Ok(body.to_vec()),
        Err(PayloadError::Overflow) => Err(format!("it is larger than {LARGEST_DOCUMENT} bytes")),
        Err(_) => Err("its transfer broke off".into()),
    }
}

/// The address to connect to. A page in the developer's browser can choose the URL, so other
/// programs on this machine must not get requests.
async fn address(state: &State, url: &Url) -> Result<SocketAddr, String> {
    let port = url.port_or_known_default().ok_or(UNREACHABLE)?;
    let found: Vec<SocketAddr> = match url.host().ok_or(UNREACHABLE)? {
        Host::Ipv4(ip) => vec![(ip, port).into()],
        Host::Ipv6(ip) => vec![(ip, port).into()],
        Host::Domain(name) => {
            let found = tokio::net::lookup_host((name, port)).await;
            found.map_err(|_| UNREACHABLE.to_owned())?.collect()
        }
    };
    let mut allowed = found.iter().filter(|address| {
        !is_this_machine(address.ip())
            || **address == state.address
            || state.settings.document_ports.contains(&port)
    });
    match allowed.next() {
        Some(address) => Ok(*address),
        None if found.is_empty() => Err(UNREACHABLE.into()),
        None => Err(format!(
            "port {port} of this machine is not the authority's own; allow it with \
             TestAuthority::builder().metadata_document_port({port})"
        )),
    }
}

/// Loopback, also in its IPv4-mapped form, and the unspecified address, which connects to it.
fn is_this_machine(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    ip.is_loopback() || ip.is_unspecified()
}

fn client_of(client_id: &str, document: &Value) -> Result<Client, &'static str> {
    if document["client_id"].as_str() != Some(client_id) {
        return Err("its client_id is not its own URL");
    }
    if document.get("client_secret").is_some() {
        return Err("it contains a client_secret, which everybody can read");
    }
    match document.get("token_endpoint_auth_method") {
        None => {}
        Some(method) if method == "none" => {}
        Some(_) => return Err("its token_endpoint_auth_method is not \"none\""),
    }
    let mut redirect_uris = Vec::new();
    for uri in document["redirect_uris"].as_array().into_iter().flatten() {
        let uri = uri.as_str().ok_or("its redirect_uris are not strings")?;
        redirect_uri::validate(uri)?;
        redirect_uris.push(uri.to_owned());
    }
    if redirect_uris.is_empty() {
        return Err("it has no redirect_uris");
    }
    let mut client = Client::public(client_id);
    client.name = document["client_name"].as_str().map(str::to_owned);
    client.redirect_uris = redirect_uris;
    client.authentication = Authentication::None;
    client.origin = Origin::MetadataDocument;
    Ok(client)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_urls_are_taken_for_documents() {
        assert!(parse_id("client_01ABC").is_none());
        assert!(parse_id("https://app.example.com/client.json").unwrap().is_ok());
        assert!(parse_id("http://127.0.0.1:9/client.json").unwrap().is_ok());
        for bad in [
            "http://app.example.com/client.json",
            "https://app.example.com/",
            "https://app.example.com",
            "https://app.example.com/a/../client.json",
            "https://app.example.com/client.json#x",
            "https://u@app.example.com/client.json",
            "https://APP.example.com/client.json",
        ] {
            assert!(parse_id(bad).unwrap().is_err(), "{bad}");
        }
    }

    #[test]
    fn this_machine_has_several_addresses() {
        for own in ["127.0.0.1", "127.8.9.10", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"] {
            assert!(is_this_machine(own.parse().unwrap()), "{own}");
        }
        for other in ["192.0.2.1", "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.1"] {
            assert!(!is_this_machine(other.parse().unwrap()), "{other}");
        }
    }

    #[test]
    fn a_document_speaks_for_its_own_url_only() {
        let id = "https://app.example.com/client.json";
        let good = json!({ "client_id": id, "redirect_uris": ["http://127.0.0.1/cb"] });
        assert_eq!(client_of(id, &good).unwrap().id, id);

        for (name, value) in [
            ("client_id", json!("https://app.example.com/other.json")),
            ("client_id", json!(null)),
            ("client_secret", json!("s")),
            ("token_endpoint_auth_method", json!("client_secret_post")),
            ("redirect_uris", json!([])),
            ("redirect_uris", json!(["javascript:alert(1)"])),
            ("redirect_uris", json!(["http://127.0.0.1/cb", "ms-msdt:/id"])),
            ("redirect_uris", json!([1])),
        ] {
            let mut bad = good.clone();
            bad[name] = value;
            assert!(client_of(id, &bad).is_err(), "{bad}");
        }
    }
}
