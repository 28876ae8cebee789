//! What an operation needs: a permission, several, or one of several.

use super::{Declaration, Permission};

/// What an operation needs. A [`Permission`] is one; a tuple means all of its parts, and [`Any`]
/// one of them, in any nesting.
///
/// ```
/// # mod actix_mcp_auth { pub use mcp_auth_core::*; pub mod permission { pub use mcp_auth_core::*; } }
/// use actix_mcp_auth::{permission::{Any, Requirement}, scopes};
///
/// scopes! {
///     Read = "bookmarks:read";
///     Share = "bookmarks:share";
///     Staff = "staff";
/// }
///
/// /// Reading, and either sharing or being one of us.
/// type Publish = (Read, Any<(Share, Staff)>);
///
/// assert_eq!(Publish::NEED.to_string(), "bookmarks:read and (bookmarks:share or staff)");
/// ```
pub trait Requirement: Send + Sync + 'static {
    /// The same as data.
    const NEED: &'static Need;
}

/// One of several requirements, the first of which is asked for where none is met: `Any<(A, B)>`.
#[derive(Debug, Clone, Copy)]
pub struct Any<T>(pub T);

/// A requirement as data.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Need {
    /// One permission, or a broader one that implies it.
    Permission(&'static Declaration),
    /// Each of these.
    All(&'static [&'static Need]),
    /// At least one of these.
    Any(&'static [&'static Need]),
}

impl Need {
    /// Every permission that stands in it, in order.
    pub fn permissions(&self) -> impl Iterator<Item = &'static Declaration> {
        let mut open = vec![self];
        std::iter::from_fn(move || {
            loop {
                match open.pop()? {
                    Self::Permission(permission) => return Some(*permission),
                    Self::All(parts) | Self::Any(parts) => open.extend(parts.iter().rev()),
                }
            }
        })
    }

    /// Every permission that stands in it, where of several ways only the `best` is looked at.
    pub(super) fn for_each_chosen<'n>(
        &'n self,
        best: &dyn Fn(&[&'n Need]) -> Option<&'n Need>,
        look: &mut dyn FnMut(&'static str),
    ) {
        match self {
            Self::Permission(permission) => look(permission.name()),
            Self::All(parts) => parts.iter().for_each(|part| part.for_each_chosen(best, look)),
            Self::Any(ways) => {
                if let Some(way) = best(ways) {
                    way.for_each_chosen(best, look);
                }
            }
        }
    }
}

/// Nothing is needed.
impl Requirement for () {
    const NEED: &'static Need = &Need::All(&[]);
}

impl<P: Permission> Requirement for P {
    const NEED: &'static Need = &Need::Permission(Declaration::of::<P>());
}

/// Tuples of one to eight parts; more are nested.
macro_rules! tuples {
    ($($part:ident)+) => {
        impl<$($part: Requirement),+> Requirement for ($($part,)+) {
            const NEED: &'static Need = &Need::All(&[$($part::NEED),+]);
        }

        impl<$($part: Requirement),+> Requirement for Any<($($part,)+)> {
            const NEED: &'static Need = &Need::Any(&[$($part::NEED),+]);
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (parts, between) = match self {
            Self::Permission(permission) => return f.write_str(permission.name()),
            Self::All(parts) => (parts, " and "),
            Self::Any(parts) => (parts, " or "),
        };
        for (n, part) in parts.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { between })?;
            match part {
                Self::All(inner) | Self::Any(inner) if inner.len() > 1 => write!(f, "({part})")?,
                _ => write!(f, "{part}")?,
            }
        }
        Ok(())
    }
}
