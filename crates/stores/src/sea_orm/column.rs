//! Text as a value of a column's own type, and back.

use mcp_auth_core::{ConfigError, StoreError};
use sea_orm::{ColumnTrait, ColumnType, Value, prelude::Uuid};

/// `text` as the column holds it; `None` where it cannot: only the spelling that the column would
/// give back counts, so `007` is no integer.
///
/// # Errors
/// Where the column is of a type that holds no subjects.
pub(super) fn value(column: &impl ColumnTrait, text: &str) -> Result<Option<Value>, StoreError> {
    let value = match column.def().get_column_type() {
        ColumnType::Char(_) | ColumnType::String(_) | ColumnType::Text | ColumnType::Custom(_) => {
            Some(Value::from(text))
        }
        ColumnType::TinyInteger => text.parse().ok().map(|n: i8| n.into()),
        ColumnType::SmallInteger => text.parse().ok().map(|n: i16| n.into()),
        ColumnType::Integer => text.parse().ok().map(|n: i32| n.into()),
        ColumnType::BigInteger => text.parse().ok().map(|n: i64| n.into()),
        ColumnType::TinyUnsigned => text.parse().ok().map(|n: u8| n.into()),
        ColumnType::SmallUnsigned => text.parse().ok().map(|n: u16| n.into()),
        ColumnType::Unsigned => text.parse().ok().map(|n: u32| n.into()),
        ColumnType::BigUnsigned => text.parse().ok().map(|n: u64| n.into()),
        ColumnType::Uuid => text.parse().ok().map(|id: Uuid| id.into()),
        other => {
            let name = name(column);
            return Err(StoreError::new(format!(
                "the column {name} is of type {other:?}, which holds no subjects: text, an \
                 integer or a UUID was expected"
            )));
        }
    };
    Ok(value.filter(|value| is(column, value, text)))
}

/// Whether the column's value, in its canonical spelling, is this very text, byte for byte.
pub(super) fn is(column: &impl ColumnTrait, value: &Value, text: &str) -> bool {
    match value {
        Value::String(Some(found)) if is_padded(column) => found.trim_end_matches(' ') == text,
        Value::String(Some(found)) => found == text,
        Value::TinyInt(Some(n)) => n.to_string() == text,
        Value::SmallInt(Some(n)) => n.to_string() == text,
        Value::Int(Some(n)) => n.to_string() == text,
        Value::BigInt(Some(n)) => n.to_string() == text,
        Value::TinyUnsigned(Some(n)) => n.to_string() == text,
        Value::SmallUnsigned(Some(n)) => n.to_string() == text,
        Value::Unsigned(Some(n)) => n.to_string() == text,
        Value::BigUnsigned(Some(n)) => n.to_string() == text,
        Value::Uuid(Some(id)) => id.to_string() == text,
        _ => false,
    }
}

/// Whether the database pads the column's values with blanks, as PostgreSQL does with `char(n)`.
fn is_padded(column: &impl ColumnTrait) -> bool {
    match column.def().get_column_type() {
        ColumnType::Char(_) => true,
        ColumnType::Custom(name) => {
            let name = name.to_string().to_ascii_lowercase();
            let name = name.split('(').next().unwrap_or_default().trim();
            ["char", "character", "bpchar"].contains(&name)
        }
        _ => false,
    }
}

/// Rejects a column that can hold no subject.
pub(super) fn check_subject(column: &impl ColumnTrait) -> Result<(), ConfigError> {
    match value(column, "") {
        Ok(_) => Ok(()),
        Err(_) => Err(unfit(column, "must be of text, an integer or a UUID to hold the subject")),
    }
}

/// Rejects a column that can hold no issuer.
pub(super) fn check_issuer(column: &impl ColumnTrait) -> Result<(), ConfigError> {
    match column.def().get_column_type() {
        ColumnType::Char(_) | ColumnType::String(_) | ColumnType::Text | ColumnType::Custom(_) => {
            Ok(())
        }
        _ => Err(unfit(column, "must be of text to hold the issuer")),
    }
}

fn unfit(column: &impl ColumnTrait, expected: &str) -> ConfigError {
    let found = format!("{} of type {:?}", name(column), column.def().get_column_type());
    ConfigError::invalid("SeaOrmIdentityStore's column", found, expected, "users.workos_id")
}

/// The column's name, with its table's.
pub(super) fn name(column: &impl ColumnTrait) -> String {
    format!("{}.{}", column.entity_name(), column.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    mod kinds {
        use sea_orm::entity::prelude::*;

        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "kinds")]
        pub(crate) struct Model {
            #[sea_orm(primary_key)]
            pub(crate) id: i32,
            pub(crate) text: String,
            #[sea_orm(column_type = "custom(\"citext\")")]
            pub(crate) citext: String,
            pub(crate) tiny: i8,
            pub(crate) big: Option<i64>,
            pub(crate) unsigned: u32,
            pub(crate) uuid: Uuid,
            pub(crate) float: f64,
            #[sea_orm(column_type = "Char(Some(64))")]
            pub(crate) padded: String,
            #[sea_orm(column_type = "custom(\"BPCHAR\")")]
            pub(crate) bpchar: String,
        }

        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub(crate) enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}
    }
    use kinds::Column::{Big, Bpchar, Citext, Float, Padded, Text, Tiny, Unsigned, Uuid as Id};

    #[test]
    fn a_value_is_of_the_columns_own_type() {
        for (column, text, expected) in [
            (Text, "007", Some("007".into())),
            (Citext, "user_Ada", Some("user_Ada".into())),
            (Text, "user_ada ", Some("user_ada ".into())),
            (Padded, "user_ada", Some("user_ada".into())),
            (Padded, "user_ada ", None),
            (Tiny, "127", Some(127_i8.into())),
            (Tiny, "128", None),
            (Big, "-7", Some((-7_i64).into())),
            (Big, "007", None),
            (Big, "+7", None),
            (Big, "user_ada", None),
            (Unsigned, "-7", None),
            (Id, "67E55044-10B1-426F-9247-BB680E5FE0C8", None),
            (Id, "67e5504410b1426f9247bb680e5fe0c8", None),
            (Id, "user_ada", None),
        ] {
            assert_eq!(value(&column, text).unwrap(), expected, "{column:?} {text}");
        }
        let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        assert!(matches!(value(&Id, id), Ok(Some(Value::Uuid(Some(_))))));
    }

    #[test]
    fn a_column_that_holds_no_subjects_is_named() {
        let error = value(&Float, "7").unwrap_err().to_string();
        assert!(error.contains("kinds.float") && error.contains("Double"), "{error}");
    }

    #[test]
    fn only_char_columns_are_compared_without_blanks_at_the_end() {
        let padded = Value::from("user_ada   ");
        for (column, expected) in [(Padded, true), (Bpchar, true), (Text, false), (Citext, false)] {
            assert_eq!(is(&column, &padded, "user_ada"), expected, "{column:?}");
            assert!(!is(&column, &padded, "user_ad") && !is(&column, &padded, "user_Ada"));
        }
    }

    #[test]
    fn a_column_that_cannot_work_is_refused_at_start_up() {
        for column in [Text, Citext, Padded, Tiny, Big, Unsigned, Id] {
            assert_eq!(check_subject(&column), Ok(()), "{column:?}");
        }
        let error = check_subject(&Float).unwrap_err().to_string();
        assert!(error.contains("kinds.float of type Double"), "{error}");
        for column in [Text, Citext, Padded] {
            assert_eq!(check_issuer(&column), Ok(()), "{column:?}");
        }
        let error = check_issuer(&Id).unwrap_err().to_string();
        assert!(error.contains("kinds.uuid of type Uuid") && error.contains("issuer"), "{error}");
    }

    #[test]
    fn null_is_nobody() {
        assert!(!is(&Text, &Value::String(None), ""));
        assert!(!is(&Padded, &Value::String(None), ""));
    }
}
