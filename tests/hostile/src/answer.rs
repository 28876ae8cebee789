//! An HTTP answer. In every test, each answer is checked when it is read: its challenge follows the
//! grammar (R12), and no piece of the token that was sent is in it (R9).

use std::{collections::HashSet, fmt, time::Duration};

use crate::challenge::BearerChallenge;

/// The length of a piece of a token.
const PIECE: usize = 12;

/// An HTTP answer.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body; what is not UTF-8 in it is replaced.
    pub body: String,
    /// From the request's first byte to the answer's last.
    pub took: Duration,
}

impl Answer {
    /// Checks an answer to a request that carried `credentials`.
    ///
    /// # Panics
    /// If it violates R9 or R12.
    pub fn judged(self, credentials: &[u8]) -> Self {
        for value in self.all("www-authenticate") {
            if let Err(why) = BearerChallenge::parse(value) {
                panic!("R12: {why}: {}", String::from_utf8_lossy(value));
            }
        }
        assert!(self.all("www-authenticate").count() <= 1, "R12: one challenge at most: {self:?}");
        if let Some(piece) = piece_of(credentials, &self.texts()) {
            panic!("R9: the answer shows {piece:?} of the token: {self:?}");
        }
        self
    }

    /// A header's value, as text; `None` where it is absent.
    pub fn header(&self, name: &str) -> Option<String> {
        self.all(name).next().map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// The one challenge.
    pub fn challenge(&self) -> Option<BearerChallenge> {
        self.all("www-authenticate").next().and_then(|value| BearerChallenge::parse(value).ok())
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| &value[..])
    }

    fn texts(&self) -> Vec<&[u8]> {
        let values = self.headers.iter().map(|(_, value)| &value[..]);
        values.chain([self.body.as_bytes()]).collect()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {:?}", self.status, self.took)?;
        for (name, value) in &self.headers {
            write!(f, " [{name}: {}]", String::from_utf8_lossy(value))?;
        }
        write!(f, " {}", self.body)
    }
}

/// The first piece of the credentials that is in one of the texts. One repeated byte, as in a token
/// that is only long, does not count.
pub(crate) fn piece_of(credentials: &[u8], texts: &[&[u8]]) -> Option<String> {
    let shown: HashSet<&[u8]> = texts.iter().flat_map(|text| text.windows(PIECE)).collect();
    let telling = |piece: &&[u8]| piece.iter().any(|byte| *byte != piece[0]);
    let found = credentials.windows(PIECE).filter(telling).find(|piece| shown.contains(piece));
    found.map(|piece| String::from_utf8_lossy(piece).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec()));
        Answer { status: 401, headers: headers.collect(), body: body.into(), took: Duration::ZERO }
    }

    #[test]
    fn an_answer_without_the_token_passes() {
        let good = answer(&[("www-authenticate", "Bearer error=\"invalid_token\"")], "{}");
        good.judged(b"Bearer eyJhbGciOi.eyJpc3Mi.c2lnbmF0dXJl");
    }

    #[test]
    #[should_panic = "R9"]
    fn a_piece_of_the_token_in_the_body_does_not() {
        answer(&[], "no key eyJhbGciOi.ey here").judged(b"Bearer eyJhbGciOi.eyJpc3Mi.c2ln");
    }

    #[test]
    #[should_panic = "R9"]
    fn a_piece_of_the_token_in_a_header_does_not() {
        answer(&[("x", "eyJhbGciOi.e")], "").judged(b"Bearer eyJhbGciOi.eyJpc3Mi.c2ln");
    }

    #[test]
    #[should_panic = "R12"]
    fn an_ungrammatical_challenge_does_not() {
        answer(&[("www-authenticate", "Bearer a=\"b\" c=\"d\"")], "").judged(b"");
    }
}
