//! The settings of refreshing, and the check for those that contradict each other.

use std::time::Duration;

use crate::config::ConfigError;

/// The bounds within which an issuer's keys are refreshed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefreshSettings {
    /// How long keys are fresh where the answer has no `Cache-Control: max-age`. Default 1 h.
    pub default_max_age: Duration,
    /// A shorter `max-age` counts as this. Default 60 s.
    pub min_max_age: Duration,
    /// A longer `max-age` counts as this. Default 24 h.
    pub max_max_age: Duration,
    /// How long keys go on serving after they ceased to be fresh, while the issuer cannot be
    /// reached. Default 24 h.
    pub stale_for: Duration,
    /// The longest wait between a first failed attempt and the next; it doubles with each further
    /// one. Default 1 s.
    pub first_back_off: Duration,
    /// The longest wait between two attempts. Default 60 s. A request that needs a key cuts it
    /// short, from the bucket.
    pub max_back_off: Duration,
    /// How many fetches requests can cause in a burst, by unknown keys or by signatures that do not
    /// verify. Default 3. While the bucket is empty, a token of an unknown key is answered with 503
    /// and `Retry-After: 1`.
    pub bucket: u32,
    /// After what time one such fetch is granted again. Default 1 s; it doubles with each that
    /// brings no new key, up to `max_cool_down`, and one that does resets it. An empty key set is
    /// believed when it is seen twice, at least this long apart.
    pub cool_down: Duration,
    /// The longest cool-down, and so how long made-up keys can delay a token of a key that is really
    /// new. Default 2 s.
    pub max_cool_down: Duration,
}

impl RefreshSettings {
    /// Looks for settings that contradict each other, or that bound nothing.
    ///
    /// # Errors
    /// The first that does, with what was expected.
    pub fn check(&self) -> Result<(), ConfigError> {
        const A_YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        for (setting, value, example) in [
            ("refresh.default_max_age", self.default_max_age, "1 h"),
            ("refresh.min_max_age", self.min_max_age, "60 s"),
            ("refresh.max_max_age", self.max_max_age, "24 h"),
            ("refresh.first_back_off", self.first_back_off, "1 s"),
            ("refresh.max_back_off", self.max_back_off, "60 s"),
            ("refresh.cool_down", self.cool_down, "1 s"),
            ("refresh.max_cool_down", self.max_cool_down, "2 s"),
        ] {
            if value.is_zero() || value > A_YEAR {
                let found = format!("{} s", value.as_secs_f64());
                let expected = "must be more than nothing and at most a year";
                return Err(ConfigError::invalid(setting, found, expected, example));
            }
        }
        if self.stale_for > A_YEAR {
            let found = format!("{} s", self.stale_for.as_secs_f64());
            let expected = "must be at most a year";
            return Err(ConfigError::invalid("refresh.stale_for", found, expected, "24 h"));
        }
        for (setting, least, most) in [
            ("refresh.max_max_age", self.min_max_age, self.max_max_age),
            ("refresh.max_back_off", self.first_back_off, self.max_back_off),
            ("refresh.max_cool_down", self.cool_down, self.max_cool_down),
        ] {
            if most < least {
                let (least, most) = (least.as_secs_f64(), most.as_secs_f64());
                let expected = format!("must not be less than the {least} s that it bounds");
                return Err(ConfigError::invalid(setting, format!("{most} s"), expected, "1 h"));
            }
        }
        Ok(())
    }
}

impl Default for RefreshSettings {
    fn default() -> Self {
        Self {
            default_max_age: Duration::from_secs(60 * 60),
            min_max_age: Duration::from_secs(60),
            max_max_age: Duration::from_secs(24 * 60 * 60),
            stale_for: Duration::from_secs(24 * 60 * 60),
            first_back_off: Duration::from_secs(1),
            max_back_off: Duration::from_secs(60),
            bucket: 3,
            cool_down: Duration::from_secs(1),
            max_cool_down: Duration::from_secs(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        let changed = |change: fn(&mut RefreshSettings)| {
            let mut settings = RefreshSettings::default();
            change(&mut settings);
            settings.check().map_err(|error| error.setting().to_owned())
        };
        assert_eq!(changed(|_| ()), Ok(()));
        assert_eq!(changed(|s| s.stale_for = Duration::ZERO), Ok(()));
        for (change, named) in [
            ((|s| s.max_max_age = SECOND) as fn(&mut RefreshSettings), "refresh.max_max_age"),
            (|s| s.min_max_age = Duration::ZERO, "refresh.min_max_age"),
            (|s| s.max_back_off = Duration::MAX, "refresh.max_back_off"),
            (|s| s.first_back_off = SECOND * 90, "refresh.max_back_off"),
            (|s| s.stale_for = Duration::MAX, "refresh.stale_for"),
            (|s| s.cool_down = SECOND * 11, "refresh.max_cool_down"),
        ] {
            assert_eq!(changed(change), Err(named.to_owned()));
        }
    }

    #[test]
    fn a_year_is_the_most_of_each_and_a_bound_may_be_what_it_bounds() {
        let year = SECOND * 31_536_000;
        let longest = RefreshSettings {
            default_max_age: year,
            min_max_age: year,
            max_max_age: year,
            stale_for: year,
            first_back_off: year,
            max_back_off: year,
            bucket: 3,
            cool_down: year,
            max_cool_down: year,
        };
        assert_eq!(longest.check(), Ok(()));
        for (setting, named) in [
            (
                (|s| &mut s.default_max_age) as fn(&mut RefreshSettings) -> &mut Duration,
                "default_max_age",
            ),
            (|s| &mut s.min_max_age, "min_max_age"),
            (|s| &mut s.max_max_age, "max_max_age"),
            (|s| &mut s.stale_for, "stale_for"),
            (|s| &mut s.first_back_off, "first_back_off"),
            (|s| &mut s.max_back_off, "max_back_off"),
            (|s| &mut s.cool_down, "cool_down"),
            (|s| &mut s.max_cool_down, "max_cool_down"),
        ] {
            let mut settings = longest.clone();
            *setting(&mut settings) += Duration::from_nanos(1);
            let error = settings.check().unwrap_err();
            assert_eq!(error.setting(), format!("refresh.{named}"));
        }
    }
}
