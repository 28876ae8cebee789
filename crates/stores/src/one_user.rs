//! The answer of a look-up, from the rows that a query has found.

use std::fmt;

use mcp_auth_core::{Found, StoreError};

/// The answer, from the rows with the subject that was asked for, each with whether its user is let
/// in. `place` names the column or the type of the rows.
///
/// - A row that is let in is the user, also beside others that are not: a deleted row may stay when
///   a new one is made for the same subject.
/// - If rows exist and none is let in, the user is refused, and not unknown: a new user must not be
///   made.
///
/// # Errors
/// If two rows are let in. Which of them is the user cannot be told.
pub(crate) fn only_user<U>(
    rows: impl IntoIterator<Item = (U, bool)>,
    place: impl fmt::Display,
) -> Result<Found<U>, StoreError> {
    let (mut only, mut is_refused) = (None, false);
    for (user, is_let_in) in rows {
        if !is_let_in {
            is_refused = true;
        } else if only.replace(user).is_some() {
            return Err(StoreError::new(format!(
                "two rows have this subject in {place}, and neither is used: the column needs a \
                 unique index, or the query returns a row twice"
            )));
        }
    }
    match is_refused && only.is_none() {
        true => Ok(Found::Refused),
        false => Ok(only.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_let_in_wins_over_refused_rows() {
        let found = |rows: &[(i32, bool)]| only_user(rows.to_vec(), "`people`").unwrap();
        assert_eq!(found(&[]), Found::Nobody);
        assert_eq!(found(&[(1, true)]), Some(1).into());
        assert_eq!(found(&[(1, false)]), Found::Refused);
        assert_eq!(found(&[(1, false), (2, false)]), Found::Refused);
        assert_eq!(found(&[(1, false), (2, true), (3, false)]), Some(2).into());
    }

    #[test]
    fn two_rows_with_one_subject_are_an_error_that_names_the_column() {
        for rows in [[(1, true), (2, true), (3, false)], [(1, true), (2, false), (3, true)]] {
            let error = only_user(rows, "`people.external_id`").unwrap_err().to_string();
            assert!(
                error.contains("two rows") && error.contains("`people.external_id`"),
                "{error}"
            );
        }
    }
}
