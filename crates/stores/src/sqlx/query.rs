//! What the store reads off the application's query.

/// The column that the query compares with its first parameter: `workos_id` in
/// `… WHERE u.workos_id = $1`, `… WHERE "workos_id" = ?` and `… WHERE workos_id = $1::uuid`. `None`
/// where something else is compared, such as `lower(workos_id) = $1`.
pub(super) fn subject_column(query: &str) -> Option<&str> {
    let before = query[..first_parameter(query)?].trim_end().strip_suffix('=')?;
    if before.ends_with(['<', '>', '!', '=', ':']) {
        return None;
    }
    let before = without_cast(before.trim_end());
    for quote in ['"', '`'] {
        if let Some(before) = before.strip_suffix(quote) {
            let name = &before[before.rfind(quote)? + 1..];
            return (!name.is_empty()).then_some(name);
        }
    }
    let name = last_word(before);
    (!name.is_empty()).then_some(name)
}

/// Where `$1`, `?1` or the first `?` is.
fn first_parameter(query: &str) -> Option<usize> {
    let numbered = |sign: &str| {
        query
            .match_indices(sign)
            .map(|(at, _)| at)
            .find(|at| !query[at + sign.len()..].starts_with(|next: char| next.is_ascii_digit()))
    };
    numbered("$1").or_else(|| numbered("?1")).or_else(|| query.find('?'))
}

/// `external_id` of `external_id::text`.
fn without_cast(expression: &str) -> &str {
    let column = expression.strip_suffix(last_word(expression)).unwrap_or(expression);
    column.strip_suffix("::").unwrap_or(expression)
}

fn last_word(text: &str) -> &str {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    &text[text.trim_end_matches(is_part).len()..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_is_the_one_compared_with_the_first_parameter() {
        for (query, column) in [
            ("SELECT * FROM users WHERE workos_id = $1", Some("workos_id")),
            ("SELECT * FROM users WHERE workos_id=?", Some("workos_id")),
            ("SELECT * FROM users WHERE workos_id = ?1", Some("workos_id")),
            ("SELECT u.* FROM users u\n WHERE u.workos_id\n = $1::uuid", Some("workos_id")),
            ("SELECT * FROM users WHERE workos_id = CAST(? AS UUID)", None),
            ("SELECT * FROM users WHERE \"workos id\" = $1", Some("workos id")),
            ("SELECT * FROM users WHERE u.`workos_id` = ?", Some("workos_id")),
            ("SELECT * FROM users WHERE external_id::text = $1", Some("external_id")),
            ("SELECT * FROM users WHERE t = $2 AND workos_id = $1", Some("workos_id")),
            ("SELECT * FROM users WHERE a = $10 AND b = $1 AND c = $2", Some("b")),
            ("SELECT * FROM users WHERE lower(workos_id) = $1", None),
            ("SELECT * FROM users WHERE workos_id >= $1", None),
            ("SELECT * FROM users WHERE workos_id <> $1", None),
            ("SELECT * FROM users WHERE workos_id != ?", None),
            ("SELECT * FROM users WHERE $1 = workos_id", None),
            ("SELECT * FROM users WHERE \"\" = $1", None),
            ("SELECT * FROM users", None),
            ("= $1", None),
            ("$1", None),
            ("", None),
        ] {
            assert_eq!(subject_column(query), column, "{query}");
        }
    }
}
