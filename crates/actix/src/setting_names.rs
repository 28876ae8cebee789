//! What settings are called where they were written.

use mcp_auth_core::ConfigError;

/// What a setting is called in the code that checks it, and where it was written. A name also
/// covers the names that continue it after a dot: `api_keys` covers `api_keys.nightly.key`.
pub(crate) type SettingNames = &'static [(&'static str, &'static str)];

/// The same mistake under the name by which the person who made it knows the setting.
pub(crate) fn renamed(error: ConfigError, names: SettingNames) -> ConfigError {
    let setting = error.setting();
    let is = |name: &str| {
        setting.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    match names.iter().find(|(name, _)| is(name)) {
        Some((_, written)) => error.named(*written),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_itself_and_for_its_parts() {
        let named = |setting: &str| {
            let error = ConfigError::missing(setting, "must be there", "x");
            renamed(error, &[("api_keys", "KEYS"), ("leeway", "LEEWAY")]).setting().to_owned()
        };
        assert_eq!(named("leeway"), "LEEWAY");
        assert_eq!(named("api_keys.nightly.key"), "KEYS");
        assert_eq!(named("api_keys_too"), "api_keys_too");
        assert_eq!(named("audience"), "audience");
    }
}
