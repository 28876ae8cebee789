//! OAuth parameters from a query, a form or a JSON object.

use serde_json::{Map, Value};
use url::form_urlencoded;

/// Names and values in order of appearance. A parameter without a value counts as omitted
/// (RFC 6749 §3.1).
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self(
            form_urlencoded::parse(encoded)
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// The strings of a JSON object. Other members count as omitted.
    pub(crate) fn of_json(object: Map<String, Value>) -> Self {
        let text = |(name, value)| match value {
            Value::String(text) if !text.is_empty() => Some((name, text)),
            _ => None,
        };
        Self(object.into_iter().filter_map(text).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(n, _)| n == name)?;
        Some(&found.1)
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that appears more than once although only `resource` may (RFC 6749 §3.1,
    /// RFC 8707 §2).
    pub(crate) fn repeated(&self) -> Option<&str> {
        self.0
            .iter()
            .map(|(name, _)| name.as_str())
            .find(|name| *name != "resource" && self.all(name).count() > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_resource_may_be_repeated() {
        let once = Parameters::parse(b"a=1&resource=x&resource=y&b=&b=");
        assert_eq!(once.repeated(), None);
        assert_eq!(once.get("b"), None);
        assert_eq!(once.all("resource").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(Parameters::parse(b"a=1&a=1").repeated(), Some("a"));
    }
}
