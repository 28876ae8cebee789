//! Which schemes are an application's own (RFC 8252 §7.1, "private-use URI schemes").
//!
//! A browser passes `cursor://…` to the application that registered the scheme. Schemes that the
//! browser or the operating system handles itself must not be redirect URIs: they run scripts, open
//! files or other protocols, or call system handlers with the attacker's arguments. Everybody can
//! register a client, and so choose the scheme.

use url::Url;

/// The browser runs or shows these itself, or they wrap another URL.
const BROWSER: &[&str] = &[
    "about",
    "blob",
    "brave",
    "cid",
    "content",
    "data",
    "devtools",
    "edge",
    "feed",
    "file",
    "filesystem",
    "googlechrome",
    "googlechromes",
    "isolated-app",
    "jar",
    "javascript",
    "livescript",
    "mhtml",
    "mid",
    "mocha",
    "opera",
    "pcast",
    "resource",
    "res",
    "urn",
    "vbscript",
    "view-source",
    "vivaldi",
    "webcal",
    "wyciwyg",
    "x-default-browser",
    "xmldata",
];

/// Network protocols: they name a server and no application.
const NETWORK: &[&str] = &[
    "afp", "coap", "coaps", "dav", "davs", "dict", "dns", "ftp", "ftps", "git", "gopher", "imap",
    "imaps", "irc", "ircs", "ldap", "ldaps", "ldapi", "mms", "news", "nfs", "nntp", "pop", "rdp",
    "rlogin", "rtmp", "rtsp", "rtsps", "scp", "sftp", "smb", "snmp", "ssh", "svn", "telnet",
    "tftp", "ws", "wss",
];

/// Handlers of operating systems, which run what the URI says.
const SYSTEM: &[&str] = &[
    "android-app",
    "android-app-settings",
    "app-prefs",
    "app-settings",
    "applescript",
    "bitsadmin",
    "callto",
    "facetime",
    "facetime-audio",
    "geo",
    "hcp",
    "help",
    "intent",
    "its",
    "jnlp",
    "jnlps",
    "knownfolder",
    "ldif",
    "mailto",
    "maps",
    "market",
    "message",
    "mk",
    "mmst",
    "mmsto",
    "music",
    "package",
    "photos-redirect",
    "prefs",
    "search",
    "search-ms",
    "settings",
    "shell",
    "shortcuts",
    "sip",
    "sips",
    "sms",
    "smsto",
    "steam",
    "tel",
    "tn3270",
    "vnc",
    "windowsdefender",
    "wmi",
    "workflow",
    "xmpp",
];

/// Families of the same kinds: `ms-msdt`, `ms-settings`, `microsoft-edge`, `chrome-extension`, …
const FAMILIES: &[&str] = &[
    "chrome",
    "com.apple.",
    "com-apple-",
    "edge-",
    "itms",
    "itunes",
    "microsoft",
    "moz-",
    "ms-",
    "safari-",
    "x-apple",
    "x-webkit",
];

/// Whether a redirect URI may have this scheme, which is neither https nor http: one of an
/// application's own, followed by `/`.
///
/// The slash alone excludes `javascript:alert(1)`, `data:text/html,…`, `mailto:…` and every other
/// scheme, known or not, that carries its argument without one.
pub(crate) fn is_private_use(url: &Url) -> bool {
    // In lower case, after parsing.
    let scheme = url.scheme();
    let acted_upon = [BROWSER, NETWORK, SYSTEM].iter().any(|list| list.contains(&scheme))
        || FAMILIES.iter().any(|family| scheme.starts_with(family));
    !acted_upon && !url.cannot_be_a_base()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn schemes_that_are_acted_upon_are_refused_in_every_form() {
        let schemes = BROWSER.iter().chain(NETWORK).chain(SYSTEM).copied().chain([
            "ms-msdt",
            "ms-settings",
            "ms-word",
            "ms-its",
            "ms-appinstaller",
            "microsoft-edge",
            "chrome-extension",
            "moz-extension",
            "itms-services",
            "x-apple.systempreferences",
        ]);
        for scheme in schemes {
            for rest in [":x", "://x/y", ":/x", ":///x", "://%0aalert(1)"] {
                for scheme in [scheme.to_owned(), scheme.to_ascii_uppercase()] {
                    // What is no URL is rejected before its scheme is checked.
                    if let Ok(url) = Url::parse(&format!("{scheme}{rest}")) {
                        assert!(!is_private_use(&url), "{url}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_scheme_of_an_application_is_accepted_where_a_slash_follows() {
        for good in [
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "vscode://vscode.github-authentication/did-authenticate",
            "vscode-insiders://ms-vscode.extension/callback",
            "claude://oauth/callback",
            "windsurf://codeium.windsurf/callback",
            "zed://callback",
            "com.example.app:/oauth2redirect/example.com",
            "myapp:/cb",
        ] {
            assert!(is_private_use(&Url::parse(good).unwrap()), "{good}");
        }
        for bad in ["unknown:alert(1)", "com.example.app:cb", "x:"] {
            assert!(!is_private_use(&Url::parse(bad).unwrap()), "{bad}");
        }
    }
}
