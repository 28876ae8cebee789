//! The normal form of resources' URIs, and the looser reading that some servers have of them.
//!
//! Servers hand a URI to a parser before they look up a resource: behind the official SDKs for
//! TypeScript and Python `SECRET://vault/keys` and `secret://vault/x/../keys` both name
//! `secret://vault/keys`. A rule that compares bytes does not see that. So where resources have
//! rules, a URI must be in the form that the URL standard's serializer gives it, and its percent
//! triplets in that of RFC 3986 §6.2.2; then parsers of that kind leave it as it is.
//!
//! Other servers go further and take apart what the standard leaves alone. For them a URI has a
//! second, looser reading ([`loose`]), and the rules of both readings count.

use std::{borrow::Cow, ops::RangeTo};

use url::{Position, Url};

/// Schemes whose URLs always have a path (URL Standard, "special scheme").
const SPECIAL: [&str; 6] = ["http", "https", "ws", "wss", "ftp", "file"];

/// What may follow the part of a URI template before its first expression, so that the whole is a
/// URI: for parts that end within the scheme, the host, an address, the port or the path.
const CONTINUATIONS: [&str; 9] = ["", "x", "x://x", "://x", "//x", "/x", "8", "::1]", "1]"];

/// The URI as rules compare it; `None` where it is not in normal form. It is returned as it is,
/// but for the slash that a special scheme with an empty path gets.
pub(super) fn normal_form(uri: &str) -> Option<Cow<'_, str>> {
    if !has_normal_triplets(uri) {
        return None;
    }
    let url = Url::parse(uri).ok()?;
    match url.as_str() == uri || is_without_slash(&url, uri) {
        true => Some(if url.as_str() == uri { uri.into() } else { String::from(url).into() }),
        false => None,
    }
}

/// Whether some URI in normal form begins so. A dot segment counts as complete once its slash is
/// there.
pub(super) fn begins_normal_form(prefix: &str) -> bool {
    let continued = |end: &&str| normal_form(&format!("{prefix}{end}")).is_some();
    prefix.is_empty() || CONTINUATIONS.iter().any(continued)
}

/// The part of a URI template before its first expression (RFC 6570 §2.2): each of its expansions
/// begins so.
pub(super) fn template_prefix(template: &str) -> &str {
    template.split('{').next().unwrap_or_default()
}

/// What a mistaken URI could have been meant as, for a configuration error.
pub(super) fn suggestion(uri: &str) -> Option<String> {
    let url = Url::parse(uri.trim()).ok()?;
    let text = with_normal_triplets(url.as_str());
    normal_form(&text).is_some().then_some(text)
}

/// How a server may read a URI, or the first part of one (`is_complete` says which), that takes
/// more apart than the URL standard does:
///
/// - the host without regard to case (RFC 3986 §6.2.2.1), and without user information;
/// - the path decoded, `\` as `/`, without dot segments and empty ones (so do servers of files);
/// - the query decoded, as forms are (so do servers that look up its parameters);
/// - without the fragment, which is no part of what is asked for (RFC 3986 §3.5), and without an
///   empty query.
///
/// Two URIs that any of these steps makes equal have equal loose readings.
pub(super) fn loose(uri: &str, is_complete: bool) -> String {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return uri.to_owned();
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let (hierarchy, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = match hierarchy.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", hierarchy),
    };
    let mut read = format!("{scheme}:");
    if hierarchy.starts_with("//") {
        let host = authority.rsplit('@').next().unwrap_or_default();
        read.push_str("//");
        read.push_str(&host.to_ascii_lowercase());
    }
    read.push_str(&loose_path(path, is_complete));
    if !query.is_empty() {
        read.push('?');
        read.push_str(&decoded(&query.replace('+', " ")));
    }
    read
}

fn loose_path(path: &str, is_complete: bool) -> String {
    let path = decoded(path).replace('\\', "/");
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').peekable();
    let is_rooted = path.starts_with('/');
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            // The end of a prefix may go on to another segment: it is no dot segment yet.
            _ if is_last && !is_complete => kept.push(segment),
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            "" if !is_last => {}
            _ => kept.push(segment),
        }
    }
    let root = if is_rooted { "/" } else { "" };
    format!("{root}{}", kept.join("/"))
}

/// Whether the one difference is that `uri` has no path.
fn is_without_slash(url: &Url, uri: &str) -> bool {
    let before: RangeTo<Position> = ..Position::BeforePath;
    SPECIAL.contains(&url.scheme())
        && url.path() == "/"
        && uri.strip_prefix(&url[before]) == Some(&url[Position::AfterPath..])
}

/// "Percent-encoded octets … uppercase", and none for an unreserved character (RFC 3986 §6.2.2.1
/// and §6.2.2.2). A `%` that begins no triplet is none either.
fn has_normal_triplets(uri: &str) -> bool {
    uri.split('%').skip(1).all(|rest| {
        triplet(rest).is_some_and(|byte| !is_unreserved(byte) && !rest[..2].contains(is_lower_hex))
    })
}

fn is_lower_hex(c: char) -> bool {
    c.is_ascii_lowercase()
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The byte that the two hexadecimal digits at the beginning of `text` stand for.
fn triplet(text: &str) -> Option<u8> {
    let digits = text.get(..2).filter(|digits| digits.bytes().all(|d| d.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

fn with_normal_triplets(uri: &str) -> String {
    let mut pieces = uri.split('%');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for rest in pieces {
        match triplet(rest) {
            Some(byte) if is_unreserved(byte) => text.push(byte.into()),
            Some(byte) => text.push_str(&format!("%{byte:02X}")),
            None => {
                text.push_str("%25");
                text.push_str(rest);
                continue;
            }
        }
        text.push_str(&rest[2..]);
    }
    text
}

/// Each triplet as the character that has its byte for a number: what is compared here need not be
/// shown, and two paths are equal if their bytes are.
fn decoded(path: &str) -> String {
    let mut pieces = path.split('%');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for rest in pieces {
        match triplet(rest) {
            Some(byte) => {
                text.push(byte.into());
                text.push_str(&rest[2..]);
            }
            None => {
                text.push('%');
                text.push_str(rest);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests;
