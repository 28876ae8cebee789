//! Hosts that are reached without the proxy, as curl, Go and Python read `NO_PROXY`.

use std::net::IpAddr;

use mcp_auth_core::ConfigError;
use url::Host;

/// Hosts that are reached directly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Exceptions(Vec<Exception>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Exception {
    /// `*`: every host.
    All,
    /// `example.com` or `.example.com`: the domain and what is below it; with a port, that one only.
    Domain { name: String, port: Option<u16> },
    /// `10.0.0.0/8` or `10.0.0.5`: addresses that stand in a URL. Names are not looked up for it.
    Network { address: IpAddr, bits: u32, port: Option<u16> },
}

impl Exceptions {
    /// Of a variable. What cannot be read is left out: other programs read the same variable.
    pub(super) fn of_environment(list: &str) -> Self {
        let words = list.split([',', ' ', '\t']).filter(|word| !word.is_empty());
        Self(words.filter_map(Exception::parse).collect())
    }

    /// Of a setting.
    ///
    /// # Errors
    /// Names the first that is none.
    pub(super) fn of_setting(listed: &[String]) -> Result<Self, ConfigError> {
        let parsed = listed.iter().map(|text| {
            Exception::parse(text.trim()).ok_or_else(|| {
                ConfigError::invalid(
                    "proxy_exceptions",
                    &**text,
                    "must be a domain, an address or a network that is reached without the proxy",
                    ".company.internal",
                )
            })
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn contain(&self, host: &Host, port: u16) -> bool {
        self.0.iter().any(|exception| exception.contains(host, port))
    }
}

impl Exception {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        if let Some((address, bits)) = text.split_once('/') {
            let (address, bits) = (address.parse::<IpAddr>().ok()?, bits.parse().ok()?);
            return (bits <= width(address)).then_some(Self::Network { address, bits, port: None });
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self::Network { address, bits: width(address), port: None });
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().ok()?)),
            None => (text, None),
        };
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(name).parse::<IpAddr>() {
            return Some(Self::Network { address, bits: width(address), port });
        }
        let name = name.strip_prefix('*').unwrap_or(name).trim_start_matches('.');
        match Host::parse(name) {
            Ok(Host::Domain(name)) if !name.contains('*') => {
                Some(Self::Domain { name: name.trim_end_matches('.').to_owned(), port })
            }
            _ => None,
        }
    }

    fn contains(&self, host: &Host, of_port: u16) -> bool {
        match (self, host) {
            (Self::All, _) => true,
            (Self::Domain { name, port }, Host::Domain(host)) => {
                let rest = host.trim_end_matches('.').strip_suffix(&**name);
                port.is_none_or(|port| port == of_port)
                    && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            (Self::Network { address, bits, port }, Host::Ipv4(host)) => {
                port.is_none_or(|port| port == of_port)
                    && is_within(IpAddr::V4(*host), *address, *bits)
            }
            (Self::Network { address, bits, port }, Host::Ipv6(host)) => {
                port.is_none_or(|port| port == of_port)
                    && is_within(IpAddr::V6(*host), *address, *bits)
            }
            _ => false,
        }
    }
}

/// How many bits an address has.
fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => u32::BITS,
        IpAddr::V6(_) => u128::BITS,
    }
}

/// Whether the first bits of two addresses are the same.
fn is_within(host: IpAddr, network: IpAddr, bits: u32) -> bool {
    let differ = match (host, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            (one.to_bits() ^ other.to_bits()).checked_shr(u32::BITS - bits).unwrap_or(0).into()
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            (one.to_bits() ^ other.to_bits()).checked_shr(u128::BITS - bits).unwrap_or(0)
        }
        _ => return false,
    };
    differ == 0_u128
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_exception(list: &str, host: &str, port: u16) -> bool {
        Exceptions::of_environment(list).contain(&Host::parse(host).unwrap(), port)
    }

    #[test]
    fn no_proxy_names_domains_addresses_and_networks() {
        for (list, host) in [
            ("*", "login.example.com"),
            ("example.com", "example.com"),
            ("a.example, example.com ,b.example", "login.example.com"),
            (".example.com", "login.example.com"),
            (".example.com", "example.com"),
            ("*.example.com", "login.example.com"),
            ("EXAMPLE.com", "login.Example.COM"),
            ("example.com.", "login.example.com"),
            ("example.com:443", "login.example.com"),
            ("10.0.0.0/8", "10.1.2.3"),
            ("10.1.2.3", "10.1.2.3"),
            ("10.1.2.3:443", "10.1.2.3"),
            ("0.0.0.0/0", "8.8.8.8"),
            ("fd00::/8", "[fd12::1]"),
            ("[fd12::1]:443", "[fd12::1]"),
            ("::/0", "[fd12::1]"),
            ("10.0.0.0/99 <local> example.com", "example.com"),
        ] {
            assert!(is_exception(list, host, 443), "{list}: {host}");
        }
        for (list, host) in [
            ("", "example.com"),
            ("example.com", "myexample.com"),
            ("example.com", "example.com.evil.example"),
            ("example.com:8443", "example.com"),
            ("10.0.0.0/8", "11.0.0.1"),
            ("10.0.0.0/8", "ten.example"),
            ("10.1.2.3:8443", "10.1.2.3"),
            ("fd00::/8", "[fe80::1]"),
            ("0.0.0.0/0", "[fd12::1]"),
            ("10.0.0.0/33", "10.0.0.1"),
        ] {
            assert!(!is_exception(list, host, 443), "{list}: {host}");
        }
    }

    #[test]
    fn what_is_no_exception_of_a_setting_is_an_error() {
        let parse = |text: &str| Exceptions::of_setting(&[text.to_owned()]);
        assert!(parse(".company.internal").is_ok() && parse("*").is_ok());
        for text in ["", "10.0.0.0/33", "https://h", "a*b.example", "h:x"] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with("proxy_exceptions is"), "{error}");
        }
    }
}
