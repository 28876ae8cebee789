//! What a users table knows its subjects by.

use mcp_auth_core::{IssuerAwareness, Subject};

#[cfg(any(feature = "diesel", feature = "diesel-async"))]
mod padded;

#[cfg(any(feature = "diesel", feature = "diesel-async"))]
pub use padded::PaddedText;

/// The value, or values, by which a users table knows a subject: the Rust type of its column.
///
/// | column | key |
/// |---|---|
/// | text | `String` |
/// | text padded with blanks, `char(n)` | `PaddedText`, for Diesel |
/// | integer | `i16`, `i32`, `i64` |
/// | UUID | `uuid::Uuid`, with Diesel's feature `uuid` |
/// | one that may be NULL | `Option<…>` of the above |
/// | issuer and subject | `(String, …)`, `(Option<String>, …)` |
/// | one of the above, and whether the user is let in | `(…, bool)`, `(…, Option<bool>)` |
///
/// A `sub` that the column cannot hold has no key, and so no user: `user_ada` in an integer
/// column, and `007` too, since the column would give back `7`.
///
/// # A type of one's own
/// For a column of another sort, such as a UUID in 16 bytes on MariaDB:
///
/// ```
/// use actix_mcp_auth::stores::SubjectKey;
/// use actix_mcp_auth::Subject;
///
/// /// `user_` and a number, of which the column has the number.
/// #[derive(Debug, PartialEq)]
/// struct Number(i64);
///
/// impl SubjectKey for Number {
///     fn of(subject: &Subject) -> Option<Self> {
///         let number = Number(subject.id().strip_prefix("user_")?.parse().ok()?);
///         number.is(subject).then_some(number)
///     }
///
///     fn is(&self, subject: &Subject) -> bool {
///         format!("user_{}", self.0) == subject.id()
///     }
/// }
/// # assert_eq!(Number::of(&Subject::new("https://i", "user_7")), Some(Number(7)));
/// # assert_eq!(Number::of(&Subject::new("https://i", "user_007")), None);
/// ```
pub trait SubjectKey: Sized + Send + Sync + 'static {
    /// Whether subjects of several issuers have different keys. Default: they have not.
    const ISSUERS: IssuerAwareness = IssuerAwareness::Ignores;

    /// The key of a subject; `None` where no row can have it.
    fn of(subject: &Subject) -> Option<Self>;

    /// Whether a key that was found is this very subject's, byte for byte. Databases find more
    /// than they were asked for: in a case-insensitive collation, `USER_ADA` for `user_ada`.
    fn is(&self, subject: &Subject) -> bool;

    /// Whether the row with this key belongs to a user who is refused, such as a deactivated one.
    /// Default: no.
    fn is_refused(&self) -> bool {
        false
    }

    /// The key without the blanks with which a `char(n)` column pads it. Default: the key itself.
    #[doc(hidden)]
    #[must_use]
    fn without_padding(self) -> Self {
        self
    }
}

impl SubjectKey for String {
    fn of(subject: &Subject) -> Option<Self> {
        Some(subject.id().to_owned())
    }

    fn is(&self, subject: &Subject) -> bool {
        self == subject.id()
    }

    fn without_padding(self) -> Self {
        self.trim_end_matches(' ').to_owned()
    }
}

/// Keys that have one canonical spelling, which is the only one that counts.
macro_rules! spelled_canonically {
    ($($key:ty),+) => {$(
        impl SubjectKey for $key {
            fn of(subject: &Subject) -> Option<Self> {
                subject.id().parse().ok().filter(|key: &Self| key.is(subject))
            }

            fn is(&self, subject: &Subject) -> bool {
                self.to_string() == subject.id()
            }
        }
    )+};
}

spelled_canonically!(i16, i32, i64, uuid::Uuid);

/// A column that may be NULL, which is nobody.
impl<K: SubjectKey> SubjectKey for Option<K> {
    const ISSUERS: IssuerAwareness = K::ISSUERS;

    fn of(subject: &Subject) -> Option<Self> {
        K::of(subject).map(Some)
    }

    fn is(&self, subject: &Subject) -> bool {
        self.as_ref().is_some_and(|key| key.is(subject))
    }

    fn is_refused(&self) -> bool {
        self.as_ref().is_some_and(SubjectKey::is_refused)
    }

    fn without_padding(self) -> Self {
        self.map(SubjectKey::without_padding)
    }
}

/// Issuer and subject.
impl<K: SubjectKey> SubjectKey for (String, K) {
    const ISSUERS: IssuerAwareness = IssuerAwareness::Distinguishes;

    fn of(subject: &Subject) -> Option<Self> {
        K::of(subject).map(|key| (subject.issuer().to_owned(), key))
    }

    fn is(&self, subject: &Subject) -> bool {
        self.0 == subject.issuer() && self.1.is(subject)
    }

    fn is_refused(&self) -> bool {
        self.1.is_refused()
    }
}

/// Issuer and subject, where the issuer's column may be NULL, which is nobody's.
impl<K: SubjectKey> SubjectKey for (Option<String>, K) {
    const ISSUERS: IssuerAwareness = IssuerAwareness::Distinguishes;

    fn of(subject: &Subject) -> Option<Self> {
        K::of(subject).map(|key| (Some(subject.issuer().to_owned()), key))
    }

    fn is(&self, subject: &Subject) -> bool {
        self.0.as_deref() == Some(subject.issuer()) && self.1.is(subject)
    }

    fn is_refused(&self) -> bool {
        self.1.is_refused()
    }
}

/// A key, and whether its user is let in.
impl<K: SubjectKey> SubjectKey for (K, bool) {
    const ISSUERS: IssuerAwareness = K::ISSUERS;

    fn of(subject: &Subject) -> Option<Self> {
        K::of(subject).map(|key| (key, true))
    }

    fn is(&self, subject: &Subject) -> bool {
        self.0.is(subject)
    }

    fn is_refused(&self) -> bool {
        !self.1 || self.0.is_refused()
    }
}

/// A key, and whether its user is let in; NULL is not, as in `WHERE`.
impl<K: SubjectKey> SubjectKey for (K, Option<bool>) {
    const ISSUERS: IssuerAwareness = K::ISSUERS;

    fn of(subject: &Subject) -> Option<Self> {
        K::of(subject).map(|key| (key, Some(true)))
    }

    fn is(&self, subject: &Subject) -> bool {
        self.0.is(subject)
    }

    fn is_refused(&self) -> bool {
        self.1 != Some(true) || self.0.is_refused()
    }
}

/// The user among these rows whose key is the subject's, byte for byte.
///
/// # Errors
/// If two of them are.
#[cfg(any(feature = "diesel", feature = "diesel-async"))]
pub(crate) fn user_of<K: SubjectKey, U>(
    subject: &Subject,
    rows: Vec<(K, U)>,
) -> Result<mcp_auth_core::Found<U>, mcp_auth_core::StoreError> {
    let rows = rows.into_iter().filter(|(key, _)| key.is(subject));
    let rows = rows.map(|(key, user)| (user, !key.is_refused()));
    crate::one_user::only_user(rows, format_args!("the table of `{}`", std::any::type_name::<U>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key<K: SubjectKey>(sub: &str) -> Option<K> {
        K::of(&Subject::new("https://i", sub))
    }

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(key::<i32>("7"), Some(7));
        assert_eq!(key::<i64>("-7"), Some(-7));
        for other in ["007", "+7", "-0", "7 ", "7.0", "7e0", "", "user_7", "٧", "2147483648"] {
            assert_eq!(key::<i32>(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_uuid_has_one_spelling() {
        let canonical = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        assert!(key::<uuid::Uuid>(canonical).is_some());
        let (upper, simple) = (canonical.to_uppercase(), canonical.replace('-', ""));
        for other in [&*upper, &*simple, &format!("{{{canonical}}}"), "user_ada"] {
            assert_eq!(key::<uuid::Uuid>(other), None, "{other:?}");
        }
    }

    #[test]
    fn null_is_nobody() {
        assert!(!None::<String>.is(&Subject::new("https://i", "")));
    }

    #[test]
    fn a_user_is_let_in_only_where_the_row_says_so() {
        let ada = || "ada".to_owned();
        assert!(!(ada(), true).is_refused() && (ada(), false).is_refused());
        assert!(!(ada(), Some(true)).is_refused() && (ada(), None::<bool>).is_refused());
        let of_issuer = (("https://i".to_owned(), ada()), Some(false));
        assert!(of_issuer.is_refused() && of_issuer.is(&Subject::new("https://i", "ada")));
        assert!(!of_issuer.is(&Subject::new("https://j", "ada")));
        assert_eq!(<((String, String), bool)>::ISSUERS, IssuerAwareness::Distinguishes);
    }

    #[test]
    fn an_issuer_is_compared_byte_for_byte_too() {
        let key = ("https://i".to_owned(), "ada".to_owned());
        assert!(key.is(&Subject::new("https://i", "ada")));
        assert!(!key.is(&Subject::new("https://I", "ada")));
        assert!(!key.is(&Subject::new("https://i", "Ada")));
    }
}
