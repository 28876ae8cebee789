//! Random names.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::rand::rand_bytes;

/// 256 random bits as base64url. `None`: the operating system gives no random bytes.
pub(crate) fn random() -> Option<String> {
    let mut bytes = [0; 32];
    rand_bytes(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}
