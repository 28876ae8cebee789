//! Points in time as WorkOS writes them: ISO 8601 in UTC, with milliseconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SECONDS_OF_A_DAY: i64 = 86_400;

/// Whole milliseconds since 1970, 0 before it.
pub(crate) fn millis_of(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// `2026-11-03T10:15:30.250Z`.
pub(crate) fn iso8601(time: SystemTime) -> String {
    let millis = millis_of(time);
    let seconds = i64::try_from(millis / 1000).unwrap_or(i64::MAX);
    let (year, month, day) = date_of(seconds.div_euclid(SECONDS_OF_A_DAY));
    let second = seconds.rem_euclid(SECONDS_OF_A_DAY);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        second / 3600,
        second / 60 % 60,
        second % 60,
        millis % 1000,
    )
}

/// A date and time with `Z` or an offset (RFC 3339 §5.6), or a date alone, which means midnight in
/// UTC. Nothing before 1970.
pub(crate) fn parse_iso8601(text: &str) -> Option<SystemTime> {
    let (date, time) = text.split_once(['T', 't']).unwrap_or((text, "00:00:00Z"));
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (clock, offset) = split_offset(time)?;
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(whole, ':', [2, 2, 2])?;
    if hour > 23 || minute > 59 || second > 60 || !is_digits(fraction) {
        return None;
    }
    let nanos: u32 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let seconds =
        days_until(year, month, day) * SECONDS_OF_A_DAY + hour * 3600 + minute * 60 + second
            - offset;
    let seconds = u64::try_from(seconds).ok()?;
    UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
}

/// The time of day, and its offset from UTC in seconds.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let at = time.rfind(['+', '-'])?;
    let (clock, offset) = time.split_at(at);
    let [hours, minutes] = numbers(&offset[1..], ':', [2, 2])?;
    let seconds = hours * 3600 + minutes * 60;
    Some((clock, if offset.starts_with('-') { -seconds } else { seconds }))
}

fn numbers<const N: usize>(text: &str, separator: char, lengths: [usize; N]) -> Option<[i64; N]> {
    let mut found = [0; N];
    let mut parts = text.split(separator);
    for (number, length) in found.iter_mut().zip(lengths) {
        let part = parts.next().filter(|part| part.len() == length && is_digits(part))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, counted in years that begin in March
/// so that the leap day is the last one.
fn days_until(year: i64, month: i64, day: i64) -> i64 {
    let year = if month < 3 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

/// The date that is this many days after 1970-01-01; the inverse of [`days_until`].
fn date_of(days: i64) -> (i64, i64, i64) {
    // At most one year too high, which the loop corrects.
    let mut year = 1971 + days / 365;
    while days_until(year, 1, 1) > days {
        year -= 1;
    }
    let month = (2..=12).take_while(|month| days_until(year, *month, 1) <= days).last();
    let month = month.unwrap_or(1);
    (year, month, days - days_until(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64, millis: u32) -> SystemTime {
        UNIX_EPOCH + Duration::new(seconds, millis * 1_000_000)
    }

    #[test]
    fn times_are_written_in_utc_with_milliseconds() {
        for (seconds, millis, text) in [
            (0, 0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, 999, "2000-02-28T23:59:59.999Z"),
            (951_782_400, 0, "2000-02-29T00:00:00.000Z"),
            (1_735_689_599, 7, "2024-12-31T23:59:59.007Z"),
            (1_735_689_600, 0, "2025-01-01T00:00:00.000Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(iso8601(at(seconds, millis)), text);
            assert_eq!(parse_iso8601(text), Some(at(seconds, millis)), "{text}");
        }
    }

    #[test]
    fn offsets_and_dates_are_read_and_other_text_is_not() {
        let noon = at(1_735_732_800, 0);
        for same in
            ["2025-01-01T12:00:00Z", "2025-01-01T14:30:00+02:30", "2025-01-01T07:00:00-05:00"]
        {
            assert_eq!(parse_iso8601(same), Some(noon), "{same}");
        }
        assert_eq!(parse_iso8601("2025-01-01"), Some(at(1_735_689_600, 0)));
        for bad in
            ["", "now", "2025-13-01", "2025-01-01T12:00:00", "2025-1-1", "1735732800", "1969-12-31"]
        {
            assert_eq!(parse_iso8601(bad), None, "{bad}");
        }
    }
}
