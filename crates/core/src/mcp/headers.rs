//! Headers that repeat the body for proxies (MCP 2026-07-28, "Request Metadata").
//!
//! They never grant. Under a revision that demands them they may refuse before the body is read;
//! under older ones, whose servers ignore them, they are ignored here as well.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    message::{Message, Messages},
    target::is_mirrored,
};
use crate::rejection::MessageError;

/// The first revision that demands `Mcp-Method` and `Mcp-Name`.
const FIRST: &str = "2026-07-28";
const PREFIX: &str = "=?base64?";
const SUFFIX: &str = "?=";

/// What a request's headers say of its body: `MCP-Protocol-Version`, `Mcp-Method` and `Mcp-Name`,
/// the last one decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MirroredHeaders<'h> {
    version: Option<&'h str>,
    /// Under a revision that demands them only.
    method: Option<&'h str>,
    name: Option<Cow<'h, str>>,
}

impl<'h> MirroredHeaders<'h> {
    /// Reads the values of the three headers, each of which may stand in a request once.
    ///
    /// # Errors
    /// [`MessageError::DuplicateHeader`], whatever the revision: which of two counts is
    /// ambiguous. [`MessageError::HeaderMismatch`] for characters that no such value has, and for
    /// Base64 that is none, under a revision that demands these headers.
    pub fn read(
        version: impl IntoIterator<Item = &'h [u8]>,
        method: impl IntoIterator<Item = &'h [u8]>,
        name: impl IntoIterator<Item = &'h [u8]>,
    ) -> Result<Self, MessageError> {
        let (version, method, name) = (only(version)?, only(method)?, only(name)?);
        let version = version.map(text).transpose()?;
        if !version.is_some_and(demands_headers) {
            return Ok(Self { version, ..Self::default() });
        }
        Ok(Self {
            version,
            method: method.map(text).transpose()?,
            name: name.map(text).transpose()?.map(decoded).transpose()?,
        })
    }

    /// Method and name, as far as the headers tell and may refuse.
    pub fn claim(&self) -> Option<(&str, Option<&str>)> {
        self.method.map(|method| (method, self.name.as_deref()))
    }

    /// Compares with the body.
    ///
    /// # Errors
    /// [`MessageError::HeaderMismatch`]: a header differs from the body, or is missing where the
    /// revision demands it. `MCP-Protocol-Version` must be what the body's `_meta` says whatever
    /// the revision. A notification needs no headers ("not defined by this revision"), but those
    /// that it has must be true.
    pub fn check(&self, messages: &Messages<'_>) -> Result<(), MessageError> {
        let version_agrees =
            |message: &Message<'_>| match (self.version, message.protocol_version()) {
                (Some(header), Some(body)) => header == body,
                _ => true,
            };
        if !messages.iter().all(version_agrees) {
            return Err(MessageError::HeaderMismatch);
        }
        if !self.version.is_some_and(demands_headers) {
            return Ok(());
        }
        // These revisions have no batches, and one header cannot speak for several messages.
        let only = messages.only().ok_or(MessageError::NotAMessage)?;
        let agree = agrees(self.method, only.method(), only.is_request())
            && (!only.method().is_some_and(is_mirrored)
                || agrees(self.name.as_deref(), only.name(), demands_name(only)));
        match agree {
            true => Ok(()),
            false => Err(MessageError::HeaderMismatch),
        }
    }
}

/// Revisions are dates, whose order is that of their text; whatever else is written there is no
/// revision that is known to demand anything.
fn demands_headers(version: &str) -> bool {
    let is_date = version.len() == FIRST.len()
        && version.bytes().zip(FIRST.bytes()).all(|(byte, like)| match like {
            b'-' => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    is_date && version >= FIRST
}

/// "Required For: tools/call, resources/read, prompts/get requests".
fn demands_name(message: &Message<'_>) -> bool {
    message.is_request()
        && matches!(message.method(), Some("tools/call" | "resources/read" | "prompts/get"))
}

fn agrees(header: Option<&str>, body: Option<&str>, demanded: bool) -> bool {
    match header {
        Some(header) => body == Some(header),
        None => !demanded,
    }
}

fn only<'h>(values: impl IntoIterator<Item = &'h [u8]>) -> Result<Option<&'h [u8]>, MessageError> {
    let mut values = values.into_iter();
    match (values.next(), values.next()) {
        (first, None) => Ok(first),
        _ => Err(MessageError::DuplicateHeader),
    }
}

/// "Visible ASCII characters (0x21-0x7E), space (0x20), and horizontal tab (0x09)".
fn text(value: &[u8]) -> Result<&str, MessageError> {
    match value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
        true => std::str::from_utf8(value).map_err(|_| MessageError::HeaderMismatch),
        false => Err(MessageError::HeaderMismatch),
    }
}

/// "`=?base64?{Base64EncodedValue}?=`": standard Base64 of UTF-8, the marks in lower case exactly.
fn decoded(value: &str) -> Result<Cow<'_, str>, MessageError> {
    match value.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)) {
        None => Ok(Cow::Borrowed(value)),
        Some(encoded) => STANDARD
            .decode(encoded)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .map(Cow::Owned)
            .ok_or(MessageError::HeaderMismatch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read<'h> = Result<MirroredHeaders<'h>, MessageError>;

    fn read<'h>(version: &'h str, method: &'h str, name: &'h str) -> Read<'h> {
        let value = |text: &'h str| (!text.is_empty()).then_some(text.as_bytes());
        MirroredHeaders::read(value(version), value(method), value(name))
    }

    fn check(headers: (&str, &str, &str), body: &str) -> Result<(), MessageError> {
        let messages = Messages::read(body.as_bytes()).unwrap();
        read(headers.0, headers.1, headers.2)?.check(&messages)
    }

    const CALL: &str = r#"{"id":1,"method":"tools/call","params":{"name":"add"}}"#;
    const MISMATCH: Result<(), MessageError> = Err(MessageError::HeaderMismatch);

    #[test]
    fn r30_headers_speak_only_under_a_revision_that_demands_them() {
        for version in
            ["", "2025-03-26", "2025-11-25", "2026-07-27", "DRAFT-2027", "2026-7-28", "9"]
        {
            assert_eq!(read(version, "tools/call", "add").unwrap().claim(), None, "{version}");
            assert_eq!(check((version, "ping", "lie"), CALL), Ok(()), "{version}");
        }
        for version in ["2026-07-28", "2026-07-29", "2030-01-01"] {
            let headers = read(version, "tools/call", "add").unwrap();
            assert_eq!(headers.claim(), Some(("tools/call", Some("add"))), "{version}");
            assert_eq!(check((version, "tools/call", "add"), CALL), Ok(()), "{version}");
            assert_eq!(check((version, "ping", "add"), CALL), MISMATCH, "{version}");
            assert_eq!(check((version, "tools/call", "Add"), CALL), MISMATCH, "{version}");
        }
    }

    #[test]
    fn r30_a_demanded_header_may_not_be_missing() {
        assert_eq!(check((FIRST, "", "add"), CALL), MISMATCH);
        assert_eq!(check((FIRST, "tools/call", ""), CALL), MISMATCH);
        let list = r#"{"id":1,"method":"tools/list"}"#;
        assert_eq!(check((FIRST, "tools/list", ""), list), Ok(()));
        assert_eq!(check((FIRST, "", ""), list), MISMATCH);
        let notification = r#"{"method":"notifications/initialized"}"#;
        assert_eq!(check((FIRST, "", ""), notification), Ok(()));
        assert_eq!(check((FIRST, "tools/list", ""), notification), MISMATCH);
        let batch = format!("[{CALL}]");
        assert_eq!(check((FIRST, "tools/call", "add"), &batch), Err(MessageError::NotAMessage));
        assert_eq!(check(("2025-03-26", "", ""), &batch), Ok(()));
    }

    #[test]
    fn r30_the_version_must_be_what_the_body_says() {
        let body = |version| {
            format!(
                r#"{{"id":1,"method":"ping","params":{{"_meta":
                {{"io.modelcontextprotocol/protocolVersion":"{version}"}}}}}}"#
            )
        };
        assert_eq!(check((FIRST, "ping", ""), &body(FIRST)), Ok(()));
        assert_eq!(check(("2025-11-25", "", ""), &body(FIRST)), MISMATCH);
        assert_eq!(check((FIRST, "ping", ""), &body("2025-11-25")), MISMATCH);
    }

    #[test]
    fn r30_names_are_decoded_first() {
        let called =
            |name| format!(r#"{{"id":1,"method":"tools/call","params":{{"name":"{name}"}}}}"#);
        for (name, header) in [
            ("Hello, \u{4e16}\u{754c}", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
            ("add", "=?base64?YWRk?="),
            ("", "=?base64??="),
            // The marks are case-sensitive, so this is a name like any other.
            ("=?BASE64?YWRk?=", "=?BASE64?YWRk?="),
        ] {
            assert_eq!(check((FIRST, "tools/call", header), &called(name)), Ok(()), "{header}");
        }
        assert_eq!(check((FIRST, "tools/call", "=?base64?YWRk?="), &called("delete")), MISMATCH);
        // The example " padded " of the specification decodes, and differs from what it was.
        let padded = "=?base64?IHBhZGRlZCA=?=";
        assert_eq!(read(FIRST, "tools/call", padded).unwrap().name.as_deref(), Some(" padded "));
        assert_eq!(check((FIRST, "tools/call", padded), &called("padded")), MISMATCH);
        for broken in ["=?base64?YWR?=", "=?base64?%%%?=", "=?base64?//8=?=", "=?base64?YW Rk?="] {
            assert_eq!(read(FIRST, "tools/call", broken), Err(MessageError::HeaderMismatch));
        }
    }

    #[test]
    fn r30_methods_that_no_header_names_need_no_mcp_name() {
        for body in [
            r#"{"id":1,"method":"subscriptions/listen","params":{
                "notifications":{"resourceSubscriptions":["a:b","a:c"]}}}"#,
            r#"{"id":1,"method":"completion/complete","params":{
                "ref":{"type":"ref/prompt","name":"daily"}}}"#,
        ] {
            let method = if body.contains("listen") {
                "subscriptions/listen"
            } else {
                "completion/complete"
            };
            assert_eq!(check((FIRST, method, ""), body), Ok(()), "{method}");
            assert_eq!(check((FIRST, "ping", ""), body), MISMATCH, "{method}");
        }
    }

    #[test]
    fn r30_duplicates_are_refused_whatever_the_revision() {
        let (one, two) = ([&b"ping"[..]], [&b"ping"[..]; 2]);
        for version in [&b"2025-06-18"[..], b"2026-07-28"] {
            let duplicate = Err(MessageError::DuplicateHeader);
            assert_eq!(MirroredHeaders::read([version], two, one), duplicate);
            assert_eq!(MirroredHeaders::read([version], one, two), duplicate);
            assert_eq!(MirroredHeaders::read([version; 2], one, one), duplicate);
        }
    }

    #[test]
    fn r30_characters_that_no_value_has_are_refused() {
        let bytes = MirroredHeaders::read([FIRST.as_bytes()], [&b"ping"[..]], [&b"\xc3\xa9"[..]]);
        assert_eq!(bytes, Err(MessageError::HeaderMismatch));
    }
}
