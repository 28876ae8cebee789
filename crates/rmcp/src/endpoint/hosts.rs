//! Which `Host` rmcp accepts.
//!
//! A web page can have its own name pointed at this machine once it is loaded (DNS rebinding); its
//! requests then carry that name in `Host`. Names are what tells such a page from others, so ports
//! are left out of the list: rmcp then accepts any, as behind a proxy that listens on another one.

use mcp_auth_core::{ConfigError, Resource};

/// The usual names of this machine.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The host of the resource, and this machine's usual names where the resource is on it.
pub(super) fn of(resource: &Resource) -> Vec<String> {
    let mut hosts = vec![without_port(resource.authority()).to_owned()];
    if resource.is_loopback() {
        hosts.extend(LOOPBACK.map(str::to_owned));
    }
    hosts
}

/// A further name or address, in lower case. A resource with that host and nothing else has the
/// same form, so its parser is the judge.
pub(super) fn checked(host: String) -> Result<String, ConfigError> {
    let lower = host.to_ascii_lowercase();
    let resource = Resource::parse(&format!("https://{lower}"));
    let sound = resource.is_ok_and(|resource| {
        resource.path().is_empty() && without_port(resource.authority()) == lower
    });
    match sound {
        true => Ok(lower),
        false => Err(ConfigError::invalid(
            "allow_host",
            host,
            "must be a host name or an address, without scheme, port and path",
            "app",
        )),
    }
}

/// What precedes the port, where there is one (RFC 3986 §3.2).
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(resource: &str) -> Vec<String> {
        of(&Resource::parse(resource).unwrap())
    }

    #[test]
    fn r29_hosts_are_those_of_the_resource_without_port() {
        assert_eq!(hosts("https://app.example.com/mcp"), ["app.example.com"]);
        assert_eq!(hosts("https://app.example.com:8443/mcp"), ["app.example.com"]);
        let local = ["localhost", "127.0.0.1", "[::1]"];
        for (resource, own) in [
            ("http://127.0.0.1:8787/mcp", "127.0.0.1"),
            ("http://127.9.9.9:8787/mcp", "127.9.9.9"),
            ("http://localhost:8787", "localhost"),
            ("http://[::1]:8787/mcp", "[::1]"),
            ("http://[::1]/mcp", "[::1]"),
        ] {
            let found = hosts(resource);
            assert_eq!(found[0], own);
            assert_eq!(found[1..], local);
        }
    }

    #[test]
    fn further_hosts_are_names_and_addresses_in_lower_case() {
        for (host, kept) in [
            ("App", "app"),
            ("my_app", "my_app"),
            ("192.168.1.5", "192.168.1.5"),
            ("[fe80::1]", "[fe80::1]"),
            ("app.internal", "app.internal"),
        ] {
            assert_eq!(checked(host.into()).unwrap(), kept);
        }
    }
}
