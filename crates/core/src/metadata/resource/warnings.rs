//! What looks wrong about a public URL and may be right: for a warning at start-up.

use url::{Host, Url};

use super::Resource;

impl Resource {
    /// What looks wrong about this URL, each in one sentence: it is what people type into their
    /// clients, and what works for nobody else is found out late. Nothing for a resource on a
    /// loopback address, which is a server in development.
    ///
    /// ```
    /// # use mcp_auth_core as actix_mcp_auth;
    /// use actix_mcp_auth::Resource;
    ///
    /// let resource = Resource::parse("https://app.internal:8080/mcp")?;
    /// assert_eq!(resource.warnings().len(), 2);
    /// # Ok::<(), mcp_auth_core::ConfigError>(())
    /// ```
    pub fn warnings(&self) -> Vec<&'static str> {
        let Ok(url) = Url::parse(self.as_str()) else {
            return Vec::new();
        };
        if self.is_loopback() {
            return Vec::new();
        }
        let checks = [path_doubt(self.path()), port_doubt(&url), host_doubt(&url)];
        checks.into_iter().flatten().collect()
    }
}

fn path_doubt(path: &str) -> Option<&'static str> {
    match path {
        "" | "/" => Some(
            "it has no path: clients write the URL of a whole host with a slash or without one, \
             and the two are different resources; a path such as /mcp leaves no doubt",
        ),
        path if path.ends_with('/') => Some(
            "it ends with a slash: several clients compare it to the letter with what people type, \
             who leave the slash out",
        ),
        _ => None,
    }
}

/// Ports that applications listen on behind a proxy that speaks TLS.
fn port_doubt(url: &Url) -> Option<&'static str> {
    const INNER: [u16; 10] = [80, 3000, 5000, 5173, 8000, 8080, 8081, 8787, 8888, 9000];
    url.port().filter(|port| INNER.contains(port)).map(|_| {
        "its port is one that applications listen on behind a proxy; the resource is the URL \
         before the proxy"
    })
}

fn host_doubt(url: &Url) -> Option<&'static str> {
    const INNER: [&str; 6] = ["local", "internal", "lan", "home", "svc", "localdomain"];
    const EXAMPLES: [&str; 3] = ["example", "test", "invalid"];
    const INSIDE: &str = "its host is known inside a network only; clients outside it cannot reach \
                          this URL";
    match url.host()? {
        Host::Domain(name) => {
            let last = name.rsplit('.').next().unwrap_or_default();
            if EXAMPLES.contains(&last) {
                return Some("its host is one for examples, and nobody's");
            }
            (!name.contains('.') || INNER.contains(&last)).then_some(INSIDE)
        }
        Host::Ipv4(address) => {
            (address.is_private() || address.is_link_local() || address.is_unspecified())
                .then_some(INSIDE)
        }
        Host::Ipv6(address) => (address.is_unique_local()
            || address.is_unicast_link_local()
            || address.is_unspecified())
        .then_some(INSIDE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r03_a_public_url_that_looks_wrong_is_doubted_and_no_other() {
        for (url, tells) in [
            ("https://app.company.com", "no path"),
            ("https://app.company.com/", "no path"),
            ("https://app.company.com/mcp/", "ends with a slash"),
            ("https://app.company.com:8080/mcp", "behind a proxy"),
            ("https://app/mcp", "inside a network"),
            ("https://app.default.svc/mcp", "inside a network"),
            ("https://printer.local/mcp", "inside a network"),
            ("https://10.0.0.7/mcp", "inside a network"),
            ("https://169.254.0.7/mcp", "inside a network"),
            ("https://0.0.0.0/mcp", "inside a network"),
            ("https://[fd00::1]/mcp", "inside a network"),
            ("https://[fe80::1]/mcp", "inside a network"),
            ("https://[::]/mcp", "inside a network"),
            ("https://app.example/mcp", "for examples"),
        ] {
            let warnings = Resource::parse(url).unwrap().warnings();
            assert!(warnings.len() == 1 && warnings[0].contains(tells), "{url}: {warnings:?}");
        }
        for url in [
            "https://app.company.com/mcp",
            "https://app.company.com:8443/mcp",
            "https://app.company.com/a/mcp",
            "https://203.0.113.7/mcp",
            "https://[2001:db8::7]/mcp",
            "http://127.0.0.1:8080/",
            "http://localhost:3000/mcp/",
        ] {
            assert_eq!(Resource::parse(url).unwrap().warnings(), [""; 0], "{url}");
        }
    }
}
