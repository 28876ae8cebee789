//! The signature of a webhook: HMAC-SHA256 over `<milliseconds>.<body>`, in the header
//! `WorkOS-Signature: t=<milliseconds>, v1=<hexadecimal>`.

use std::time::Duration;

use mcp_auth_core::{Secret, UnixTime};
use openssl::{hash::MessageDigest, memcmp, pkey::PKey, sign::Signer};

/// How far the signature's time may lie from now, in either direction.
pub(crate) const WINDOW: Duration = Duration::from_secs(180);

/// Why a webhook is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureError {
    /// There is no header, or more than one.
    NotOneHeader,
    /// The header is not `t=<milliseconds>, v1=<hexadecimal>`.
    Malformed,
    /// It has no signature of a scheme that is known.
    UnknownScheme,
    /// Its time lies more than 180 s from now.
    OutsideWindow,
    /// It is not by any of the secrets.
    NotOurs,
}

impl SignatureError {
    /// For the log.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NotOneHeader => "there is not exactly one WorkOS-Signature header",
            Self::Malformed => "the WorkOS-Signature header is malformed",
            Self::UnknownScheme => "the WorkOS-Signature header has no signature of scheme v1",
            Self::OutsideWindow => {
                "the signature's time is more than 180 s away from now; is the clock right?"
            }
            Self::NotOurs => {
                "the signature is by none of the secrets; is WORKOS_WEBHOOK_SECRET that of this \
                 endpoint, and did a proxy change the body?"
            }
        }
    }
}

/// Verifies the signature of a body. All secrets are tried, and all comparisons take constant time.
pub(crate) fn verify(
    header: &str,
    body: &[u8],
    secrets: &[Secret],
    now: UnixTime,
) -> Result<(), SignatureError> {
    let Parts { time, signatures } = Parts::read(header)?;
    let millis = time.parse::<u64>().map_err(|_| SignatureError::Malformed)?;
    let signed_at = UnixTime::since_epoch(Duration::from_millis(millis));
    if now.duration_since(signed_at) > WINDOW || signed_at.duration_since(now) > WINDOW {
        return Err(SignatureError::OutsideWindow);
    }
    let mut is_ours = false;
    for secret in secrets {
        let expected = sign(secret, time, body).ok_or(SignatureError::NotOurs)?;
        for found in &signatures {
            is_ours |= found.len() == expected.len() && memcmp::eq(found, &expected);
        }
    }
    if is_ours { Ok(()) } else { Err(SignatureError::NotOurs) }
}

struct Parts<'h> {
    time: &'h str,
    signatures: Vec<Vec<u8>>,
}

impl<'h> Parts<'h> {
    fn read(header: &'h str) -> Result<Self, SignatureError> {
        /// More than a rotation of secrets needs.
        const MAX_PARTS: usize = 8;
        let (mut time, mut signatures) = (None, Vec::new());
        for (n, part) in header.split(',').enumerate() {
            let (name, value) =
                part.trim_matches(' ').split_once('=').ok_or(SignatureError::Malformed)?;
            match name {
                _ if n >= MAX_PARTS => return Err(SignatureError::Malformed),
                "t" if time.is_none() && is_time(value) => time = Some(value),
                "t" => return Err(SignatureError::Malformed),
                "v1" => signatures.push(from_hex(value).ok_or(SignatureError::Malformed)?),
                // Another scheme beside it does no harm, and counts for nothing.
                _ => {}
            }
        }
        let time = time.ok_or(SignatureError::Malformed)?;
        match signatures.is_empty() {
            true => Err(SignatureError::UnknownScheme),
            false => Ok(Self { time, signatures }),
        }
    }
}

fn is_time(text: &str) -> bool {
    (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let pairs = text.as_bytes().chunks_exact(2);
    let byte = |pair: &[u8]| {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()
    };
    pairs.map(byte).collect()
}

fn sign(secret: &Secret, time: &str, body: &[u8]) -> Option<Vec<u8>> {
    let key = PKey::hmac(secret.expose().as_bytes()).ok()?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key).ok()?;
    signer.update(time.as_bytes()).ok()?;
    signer.update(b".").ok()?;
    signer.update(body).ok()?;
    signer.sign_to_vec().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
    const BODY: &[u8] = br#"{"id":"event_1"}"#;

    fn secrets(secrets: &[&str]) -> Vec<Secret> {
        secrets.iter().map(|secret| Secret::new(*secret)).collect()
    }

    fn header(secret: &str, millis: u64) -> String {
        let signature = sign(&Secret::new(secret), &millis.to_string(), BODY).unwrap();
        let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={millis}, v1={hex}")
    }

    fn verified(header: &str) -> Result<(), SignatureError> {
        verify(header, BODY, &secrets(&["new", "old"]), NOW)
    }

    #[test]
    fn r36_the_signature_of_any_configured_secret_is_good() {
        let now = 1_800_000_000_000;
        for (secret, millis) in [("new", now), ("old", now - 180_000), ("old", now + 180_000)] {
            assert_eq!(verified(&header(secret, millis)), Ok(()), "{secret} {millis}");
        }
        let good = header("new", now);
        assert_eq!(verified(&good.replace(", v1", ",v1")), Ok(()), "without the space");
        assert_eq!(verified(&format!("{good},v0=abc")), Ok(()), "beside another scheme");
        assert_eq!(verify(&good, b"{}", &secrets(&["new"]), NOW), Err(SignatureError::NotOurs));
        assert_eq!(verify(&good, BODY, &[], NOW), Err(SignatureError::NotOurs));
    }

    #[test]
    fn r36_other_signatures_are_refused() {
        use SignatureError::{Malformed, NotOurs, OutsideWindow, UnknownScheme};
        let now = 1_800_000_000_000;
        let good = header("new", now);
        for (header, error) in [
            (header("other", now), NotOurs),
            (header("new", now - 180_001), OutsideWindow),
            (header("new", now + 180_001), OutsideWindow),
            (good.replace("v1", "v0"), UnknownScheme),
            (good.replace("v1", "V1"), UnknownScheme),
            (good.replace("t=", "t=0"), NotOurs),
            (good.replace("t=", "t=+"), Malformed),
            (good.replace("t=", "x="), Malformed),
            (format!("t={now}, {good}"), Malformed),
            (format!("{good}0"), Malformed),
            (good[..good.len() - 2].to_owned(), Malformed),
            ("t=99999999999999999, v1=00".to_owned(), Malformed),
            (String::new(), Malformed),
            (",".repeat(100), Malformed),
        ] {
            assert_eq!(verified(&header), Err(error), "{header}");
        }
    }
}
