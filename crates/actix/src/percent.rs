//! Percent-encoding (RFC 3986 §2.1).

/// Encodes every byte that is not unreserved (RFC 3986 §2.3) and not among `also`.
pub(crate) fn encode(text: &str, also: &[u8]) -> String {
    let stays =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.contains(&byte);
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match stays(byte) {
            true => encoded.push(char::from(byte)),
            false => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
