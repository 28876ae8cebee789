//! Text that the database pads with blanks.

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    serialize::{self, Output, ToSql},
    sql_types::Text,
};
use mcp_auth_core::Subject;

use super::SubjectKey;

/// The key of a `char(n)` column, which PostgreSQL pads with blanks to its length: the blanks at the
/// end do not count. A `sub` that ends with a blank has no key.
///
/// ```
/// use diesel::prelude::*;
/// use actix_mcp_auth::stores::{PaddedText, find_by_subject};
/// # diesel::table! { users (id) { id -> Integer, workos_id -> Text, } }
/// # #[derive(Queryable, Selectable)]
/// # struct User { id: i32 }
///
/// find_by_subject!(User, users::workos_id as PaddedText, SqliteConnection);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct PaddedText(String);

impl SubjectKey for PaddedText {
    fn of(subject: &Subject) -> Option<Self> {
        Some(Self(subject.id().to_owned())).filter(|key| key.is(subject))
    }

    fn is(&self, subject: &Subject) -> bool {
        self.0.trim_end_matches(' ') == subject.id()
    }
}

impl<DB: Backend> FromSql<Text, DB> for PaddedText
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        String::from_sql(bytes).map(Self)
    }
}

impl<DB: Backend> ToSql<Text, DB> for PaddedText
where
    String: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_at_the_end_of_a_padded_value_do_not_count() {
        let ada = Subject::new("https://i", "user_ada");
        assert!(PaddedText("user_ada   ".to_owned()).is(&ada));
        for other in [" user_ada", "user_ada\t", "user_ada\u{a0}", "user_Ada  ", ""] {
            assert!(!PaddedText(other.to_owned()).is(&ada), "{other:?}");
        }
        assert_eq!(PaddedText::of(&ada), Some(PaddedText("user_ada".to_owned())));
        assert_eq!(PaddedText::of(&Subject::new("https://i", "user_ada ")), None);
    }
}
