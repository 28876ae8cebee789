//! A sign-in that has begun, in a cookie of its own: so that it can end on another replica, and that
//! two tabs do not disturb each other.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_auth_core::{UnixTime, session::is_own_path};
use openssl::{memcmp, sha::sha256};
use serde::{Deserialize, Serialize};

use crate::{cookies::Cookies, random::random, stored::seconds};

/// How long a person can take to sign in.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(10 * 60);
/// The most that can be pending in one browser; the oldest is given up for a new one.
const MAX_PENDING: usize = 5;
/// The longest path to come back to, in bytes.
const MAX_PATH: usize = 1024;
/// The cookies' names begin so, and end with the first characters of `state`.
const PREFIX: &str = "mcp-auth-sign-in-";
const ID_LEN: usize = 16;

/// A sign-in that has begun in this browser.
#[derive(Serialize, Deserialize)]
pub(crate) struct Flow {
    /// Binds the answer to this browser (RFC 6749 §10.12).
    pub(crate) state: String,
    /// The PKCE code verifier (RFC 7636 §4.1).
    pub(crate) verifier: String,
    /// A path of the own origin.
    pub(crate) return_to: String,
    started_at: u64,
}

/// Why the answer of the issuer cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlowError {
    /// It has no `state`, or one that did not begin in this browser.
    Unknown,
    /// It began too long ago.
    TooOld,
}

impl FlowError {
    /// For logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_state",
            Self::TooOld => "sign_in_took_too_long",
        }
    }
}

impl Flow {
    /// Begins a sign-in. `None`: the operating system gives no random bytes.
    pub(crate) fn begin(return_to: &str, now: UnixTime) -> Option<Self> {
        Some(Self {
            state: random()?,
            verifier: random()?,
            return_to: own_path(return_to).to_owned(),
            started_at: seconds(now),
        })
    }

    /// The PKCE code challenge by the method S256 (RFC 7636 §4.2).
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(sha256(self.verifier.as_bytes()))
    }

    /// `Set-Cookie` values: for this sign-in, and to give up others beyond the bound.
    pub(crate) fn set_cookies(&self, cookies: &Cookies, headers: &[&[u8]]) -> Vec<String> {
        let mut pending: Vec<(u64, String)> = pending(cookies, headers)
            .map(|(id, flow)| (flow.map_or(0, |flow| flow.started_at), id))
            .collect();
        pending.sort_unstable();
        let surplus = (pending.len() + 1).saturating_sub(MAX_PENDING);
        let given_up = pending.into_iter().take(surplus);
        let mut set: Vec<String> =
            given_up.map(|(_, id)| cookies.remove(&format!("{PREFIX}{id}"))).collect();
        let text = serde_json::to_string(self).unwrap_or_default();
        set.extend(cookies.set(&name_of(&self.state), &text, TIME_LIMIT));
        set
    }

    /// The sign-in that the issuer's answer with this `state` ends, and the `Set-Cookie` value that
    /// removes its cookie.
    pub(crate) fn end(
        cookies: &Cookies,
        headers: &[&[u8]],
        state: &str,
        now: UnixTime,
    ) -> Result<(Self, String), FlowError> {
        let id = state.get(..ID_LEN).ok_or(FlowError::Unknown)?;
        let flow = pending(cookies, headers)
            .filter(|(name, _)| name == id)
            .find_map(|(_, flow)| flow)
            .filter(|flow| equal(&flow.state, state))
            .ok_or(FlowError::Unknown)?;
        match seconds(now).saturating_sub(flow.started_at) > TIME_LIMIT.as_secs() {
            true => Err(FlowError::TooOld),
            false => Ok((flow, cookies.remove(&name_of(state)))),
        }
    }
}

/// The sign-ins that are pending in this browser, by the ends of their cookies' names.
fn pending(
    cookies: &Cookies,
    headers: &[&[u8]],
) -> impl Iterator<Item = (String, Option<Flow>)> + use<> {
    let parse = |text: String| serde_json::from_str(&text).ok();
    cookies
        .with_prefix(headers, PREFIX)
        .into_iter()
        .map(move |(id, text)| (id, text.and_then(parse)))
}

/// A path to come back to, or the root in place of one that leads elsewhere.
pub(crate) fn own_path(path: &str) -> &str {
    if is_own_path(path) && path.len() <= MAX_PATH { path } else { "/" }
}

fn name_of(state: &str) -> String {
    format!("{PREFIX}{}", state.get(..ID_LEN).unwrap_or_default())
}

fn equal(one: &str, other: &str) -> bool {
    one.len() == other.len() && memcmp::eq(one.as_bytes(), other.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::Seal;

    const NOW: UnixTime = UnixTime::from_secs(1_000_000);

    fn cookies() -> Cookies {
        Cookies::new(Seal::new(&"k".repeat(32)).unwrap(), true)
    }

    fn begin() -> Flow {
        Flow::begin("/bookmarks?q=a", NOW).unwrap()
    }

    /// What a browser would send after these `Set-Cookie` values, in the order of their arrival.
    fn sent(jar: &mut Vec<(String, String)>, set: Vec<String>) -> String {
        for cookie in set {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            jar.retain(|(known, _)| known != name);
            if !value.is_empty() {
                jar.push((name.to_owned(), value.to_owned()));
            }
        }
        jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn r38_a_flow_ends_in_the_browser_in_which_it_began() {
        let flow = begin();
        let header = sent(&mut Vec::new(), flow.set_cookies(&cookies(), &[]));
        let end = |header: &str, state: &str, now| {
            Flow::end(&cookies(), &[header.as_bytes()], state, now)
        };
        let (ended, removal) = end(&header, &flow.state, NOW).unwrap();
        assert_eq!((ended.verifier, ended.return_to.as_str()), (flow.verifier, "/bookmarks?q=a"));
        assert!(removal.contains("Max-Age=0"), "{removal}");
        let unknown = |header: &str, state: &str| {
            assert_eq!(end(header, state, NOW).err(), Some(FlowError::Unknown), "{state}");
        };
        unknown("", &flow.state);
        unknown(&header, &begin().state);
        unknown(&header, &flow.state[..ID_LEN]);
        unknown(&header, &format!("{}x", &flow.state[..42]));
        unknown(&header, "");
        unknown(&header, "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}");
        let late = UnixTime::from_secs(1_000_601);
        assert_eq!(end(&header, &flow.state, late).err(), Some(FlowError::TooOld));
    }

    #[test]
    fn r38_at_most_five_flows_are_pending_in_a_browser() {
        let mut jar = Vec::new();
        let mut header = String::new();
        let flows: Vec<Flow> = (0..8)
            .map(|n| Flow { started_at: n, ..begin() })
            .inspect(|flow| {
                header = sent(&mut jar, flow.set_cookies(&cookies(), &[header.as_bytes()]));
            })
            .collect();
        assert_eq!(jar.len(), 5);
        let has = |flow: &Flow| jar.iter().any(|(name, _)| name.ends_with(&flow.state[..ID_LEN]));
        assert!(flows[3..].iter().all(has) && !flows[..3].iter().any(has), "the newest stay");
    }

    #[test]
    fn r38_a_path_that_leads_elsewhere_becomes_the_root() {
        for path in
            ["//evil.example", "https://evil.example", "", &format!("/{}", "a".repeat(1024))]
        {
            assert_eq!(Flow::begin(path, NOW).unwrap().return_to, "/", "{path}");
        }
    }

    #[test]
    fn the_challenge_is_that_of_the_standards_example() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned();
        let flow = Flow { verifier, ..begin() };
        assert_eq!(flow.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(flow.state.len(), 43);
    }
}
