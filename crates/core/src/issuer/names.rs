//! A list of issuers that one setting is limited to.

use crate::{config::ConfigError, issuer::Issuer};

/// The issuers that a setting is limited to, by the names that they are configured with
/// ([`Issuer::name`]), byte for byte. Further spellings of `iss` do not count here.
///
/// ```
/// # mod actix_mcp_auth { pub mod stores { pub use mcp_auth_core::*; } }
/// use actix_mcp_auth::stores::IssuerNames;
///
/// let one = IssuerNames::from("https://login.example.com");
/// let two = IssuerNames::from(["https://login.example.com", "https://staff.example.com"]);
/// assert!(two.contains("https://staff.example.com") && !one.contains("https://staff.example.com"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerNames(Vec<Box<str>>);

impl IssuerNames {
    /// Whether the issuer of this name is among them.
    pub fn contains(&self, issuer: &str) -> bool {
        self.0.iter().any(|name| **name == *issuer)
    }

    /// The names, one by one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|name| &**name)
    }

    /// Refuses an empty list, and a name that no configured issuer has: both are mistakes that
    /// would switch `setting` off without a word.
    ///
    /// # Errors
    /// Under the name of `setting`, with what was found and the names that there are.
    pub fn check(&self, setting: &str, configured: &[&str]) -> Result<(), ConfigError> {
        let example = configured.first().copied().unwrap_or("https://login.example.com");
        if self.0.is_empty() {
            return Err(ConfigError::missing(
                setting,
                "must name the issuers that it is limited to",
                example,
            ));
        }
        match self.iter().find(|name| !configured.contains(name)) {
            None => Ok(()),
            Some(unknown) => Err(ConfigError::invalid(
                setting,
                unknown,
                format!(
                    "must be the name of a configured issuer, byte for byte, which are: {}",
                    configured.join(" ")
                ),
                example,
            )),
        }
    }
}

impl From<&str> for IssuerNames {
    fn from(name: &str) -> Self {
        Self(vec![name.into()])
    }
}

impl From<String> for IssuerNames {
    fn from(name: String) -> Self {
        Self(vec![name.into()])
    }
}

impl From<&Issuer> for IssuerNames {
    fn from(issuer: &Issuer) -> Self {
        issuer.name().into()
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for IssuerNames {
    fn from(names: [S; N]) -> Self {
        names.into_iter().collect()
    }
}

impl<S: Into<String>> From<Vec<S>> for IssuerNames {
    fn from(names: Vec<S>) -> Self {
        names.into_iter().collect()
    }
}

impl<S: Into<String>> FromIterator<S> for IssuerNames {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        Self(names.into_iter().map(|name| name.into().into_boxed_str()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r33_a_list_of_issuers_must_name_configured_ones() {
        let configured = ["https://a", "https://b"];
        let check = |names: IssuerNames| names.check("setting", &configured);
        assert_eq!(check("https://a".into()), Ok(()));
        assert_eq!(check(["https://b", "https://a"].into()), Ok(()));
        assert_eq!(check(vec!["https://b".to_owned()].into()), Ok(()));
        assert_eq!(check((&Issuer::new("https://a").unwrap()).into()), Ok(()));
        for unknown in ["https://a/", "https://A", "a", ""] {
            let error = check([unknown, "https://b"].into()).unwrap_err().to_string();
            assert!(error.contains("https://a https://b"), "{error}");
            assert!(error.starts_with(&format!("setting is {unknown:?}")), "{error}");
        }
        let error = check(IssuerNames::from_iter([""; 0])).unwrap_err().to_string();
        assert!(error.starts_with("setting is missing") && error.contains("https://a"), "{error}");
    }
}
