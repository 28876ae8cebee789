//! What is measured: something that says of a token whether it is good.

use std::sync::Arc;

use async_trait::async_trait;

/// Somebody who validates tokens.
#[async_trait]
pub trait Contender: Send + Sync {
    /// As it stands in the results.
    fn name(&self) -> String;

    /// Validates each token, and panics where one is refused: nobody is fast by refusing.
    ///
    /// The loop is in here so that measuring costs one virtual call per batch, not per token.
    async fn validate(&self, tokens: &[&Token]);

    /// Makes what was remembered of earlier batches end.
    fn forget(&self) {}
}

/// A token in the forms that the contenders take it in: making these is not part of validating.
pub struct Token {
    /// The token itself.
    pub text: String,
    /// The value of its `Authorization` header.
    pub header: String,
    /// A request that carries it.
    pub request: http::Request<()>,
}

impl Token {
    /// The same token in every form.
    pub fn new(text: &str) -> Self {
        let header = format!("Bearer {text}");
        let request = http::Request::builder()
            .uri(benches_support::AUDIENCE)
            .header(http::header::AUTHORIZATION, &header)
            .body(())
            .expect("a request");
        Self { text: text.to_owned(), header, request }
    }
}

/// A contender, and in which ways it is worth measuring.
pub struct Lane {
    /// Who.
    pub contender: Arc<dyn Contender>,
    /// With which tokens.
    pub modes: &'static [Mode],
}

/// With which tokens somebody is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Each call has another token, which nobody has seen for long.
    Cold,
    /// The same token again.
    Warm,
}

impl Mode {
    /// As it stands in the results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
        }
    }
}

impl Lane {
    /// Measured with tokens new and known.
    pub fn of(contender: impl Contender + 'static) -> Self {
        Self { contender: Arc::new(contender), modes: &[Mode::Cold, Mode::Warm] }
    }
}
