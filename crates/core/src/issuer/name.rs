//! What can be an issuer's identifier.

use crate::{config::ConfigError, metadata::resource::parse_web_url};

const WELL_KNOWN: &str = "/.well-known/";

/// Checks an identifier, and tells whether it is on the local machine.
///
/// It is compared with `iss` and with the metadata's `issuer` byte for byte (RFC 8414 §4), so that
/// it may have any spelling that an issuer writes.
///
/// # Errors
/// Under the name of `setting`: no token of any issuer can have it in `iss`.
pub(super) fn check_issuer_url(
    setting: &str,
    name: &str,
    example: &str,
) -> Result<bool, ConfigError> {
    let wrong = |expected: &str| ConfigError::invalid(setting, name, expected, example);
    if name.contains(['?', '#']) {
        return Err(wrong("must have neither a query nor a fragment"));
    }
    let (url, loopback) = parse_web_url(&with_normal_authority(name)).map_err(|expected| {
        match expected.contains("use https") {
            true => wrong(&format!(
                "{expected}; Issuer::over_plain_http takes another at your own risk"
            )),
            false => wrong(&expected),
        }
    })?;
    if let Some(issuer) = issuer_of_metadata_url(name) {
        return Err(wrong(
            "must be what stands in the tokens' iss, and this is where the metadata stands: the \
             issuer is what that document's issuer says",
        )
        .with_example(issuer));
    }
    let mut segments = url.path_segments().into_iter().flatten();
    if url.host_str() == Some("login.microsoftonline.com")
        && segments.next().is_some_and(|tenant| OF_ALL_TENANTS.contains(&tenant))
    {
        return Err(wrong("must be the issuer of one tenant: the tokens' iss has the tenant's id")
            .with_example(
                "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0",
            ));
    }
    Ok(loopback)
}

/// What stands for a tenant in the addresses of Microsoft Entra ID, and in no token.
const OF_ALL_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

/// The same URL with its host in lower case and without a default port.
fn with_normal_authority(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let port = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(port).unwrap_or(&authority);
    format!("{scheme}://{authority}{path}")
}

/// The issuer whose metadata most likely stands at this URL: it has the well-known path behind the
/// issuer's, or between its host and path (RFC 8414 §3.1).
fn issuer_of_metadata_url(url: &str) -> Option<String> {
    let (before, after) = url.split_once(WELL_KNOWN)?;
    let path = after.find('/').map_or("", |at| &after[at..]);
    Some(format!("{before}{path}"))
}

#[cfg(test)]
mod tests {
    use crate::issuer::Issuer;

    fn refused(name: &str) -> String {
        Issuer::new(name).unwrap_err().to_string()
    }

    #[test]
    fn r18_an_issuer_may_have_its_default_port_or_capitals() {
        for name in [
            "https://am.example.com:443/am/oauth2/realms/root/realms/alpha",
            "https://Login.Example.com/",
            "http://127.0.0.1:80",
            "http://[::1]:80/realms/x",
        ] {
            assert_eq!(Issuer::new(name).unwrap().name(), name);
        }
        for name in ["https://h/a/../b", "https://u@h", "https://h:443:443", "https://h/a b"] {
            assert!(Issuer::new(name).is_err(), "{name}");
        }
    }

    #[test]
    fn r18_where_the_metadata_stands_is_no_issuer() {
        for (name, issuer) in [
            ("https://h/.well-known/openid-configuration", "https://h"),
            ("https://h/realms/x/.well-known/openid-configuration", "https://h/realms/x"),
            ("https://h/.well-known/oauth-authorization-server/realms/x", "https://h/realms/x"),
        ] {
            let error = refused(name);
            assert!(error.ends_with(&format!("for example {issuer:?}")), "{error}");
            assert!(error.contains("where the metadata stands"), "{error}");
        }
    }

    #[test]
    fn r18_all_tenants_of_entra_at_once_are_no_issuer() {
        for tenant in ["common", "organizations", "consumers"] {
            let error = refused(&format!("https://login.microsoftonline.com/{tenant}/v2.0"));
            assert!(error.contains("one tenant"), "{error}");
        }
        let tenant = "https://login.microsoftonline.com/contoso.onmicrosoft.com/v2.0";
        assert!(Issuer::new(tenant).is_ok());
    }
}
