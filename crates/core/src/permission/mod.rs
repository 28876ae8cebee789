//! What a caller may do, as types: permissions, what they imply, and what an operation needs.
//!
//! [`scopes!`](crate::scopes) declares them. A permission's name is the scope that grants it; an
//! application whose issuer knows nothing of it grants the same name by a claim, or by its own
//! knowledge of the user ([`PermissionPolicy`]). A role is a permission that implies others.
//!
//! All of it is constant data: a rule is a `&'static` [`Need`], and a name that is no scope, or
//! two permissions that imply each other, do not compile.

mod authority;
mod catalogue;
mod grants;
mod policy;
mod required_scopes;
mod requirement;

pub(crate) use authority::Authority;
pub use grants::Grants;
pub use policy::{ClaimPath, PermissionPolicy};
pub use requirement::{Any, Need, Requirement};

use crate::scope;

/// Something that a caller may do. Declared by [`scopes!`](crate::scopes).
pub trait Permission: Send + Sync + 'static {
    /// The name: a scope (RFC 6749 §3.3), and so printable ASCII without space, `"` and `\`.
    const NAME: &'static str;

    /// What is granted with it: the declarations of narrower permissions, and theirs in turn.
    /// Default: nothing.
    const IMPLIES: &'static [&'static Declaration] = &[];
}

/// A permission as data.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    name: &'static str,
    implies: &'static [&'static Declaration],
}

impl Declaration {
    /// The declaration of `P`. Does not compile where its name is no scope.
    pub const fn of<P: Permission>() -> &'static Self {
        const {
            assert!(
                scope::is_scope(P::NAME),
                "a permission's name must be a scope: printable ASCII without spaces, quotes and \
                 backslashes (RFC 6749, section 3.3)"
            );
            &Self { name: P::NAME, implies: P::IMPLIES }
        }
    }

    /// The permission's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it implies directly.
    pub const fn implies(&self) -> &'static [&'static Declaration] {
        self.implies
    }
}

/// Declares permissions: a type for each, named by a scope, with what it implies.
///
/// ```
/// # mod actix_mcp_auth { pub use mcp_auth_core::*; pub mod permission { pub use mcp_auth_core::*; } }
/// use actix_mcp_auth::{permission::Permission, scopes};
///
/// scopes! {
///     /// Everything that there is.
///     pub struct Permissions;
///
///     /// See bookmarks.
///     pub BookmarksRead = "bookmarks:read";
///     /// Add and delete them, and see them.
///     pub BookmarksWrite = "bookmarks:write" implies BookmarksRead;
///     /// A role: whoever has it may do all of this.
///     pub Admin = "admin" implies BookmarksWrite, BookmarksRead;
/// }
///
/// assert_eq!(BookmarksWrite::NAME, "bookmarks:write");
/// ```
///
/// The first line is optional: a type that stands for all of them together, for
/// `McpAuthBuilder::permissions`.
///
/// A broader permission that is granted satisfies a need for a narrower one that it implies,
/// through any number of steps. Those that imply each other do not compile:
///
/// ```compile_fail,E0391
/// # use mcp_auth_core as actix_mcp_auth;
/// actix_mcp_auth::scopes! {
///     pub One = "one" implies Other;
///     pub Other = "other" implies One;
/// }
/// ```
///
/// Nor does a name that is no scope:
///
/// ```compile_fail,E0080
/// # use mcp_auth_core as actix_mcp_auth;
/// actix_mcp_auth::scopes! {
///     pub Write = "bookmarks write";
/// }
/// ```
#[macro_export]
macro_rules! scopes {
    (
        $(#[$about_all:meta])* $vis_all:vis struct $all:ident;
        $($(#[$about:meta])* $vis:vis $name:ident = $scope:literal
            $(implies $($implied:ty),+ $(,)?)?;)+
    ) => {
        $crate::scopes! {
            $($(#[$about])* $vis $name = $scope $(implies $($implied),+)?;)+
        }
        $(#[$about_all])*
        #[derive(Debug, Clone, Copy)]
        $vis_all struct $all;

        impl $crate::Requirement for $all {
            const NEED: &'static $crate::permission::Need = &$crate::permission::Need::All(&[
                $(<$name as $crate::Requirement>::NEED),+
            ]);
        }
    };
    ($($(#[$about:meta])* $vis:vis $name:ident = $scope:literal
        $(implies $($implied:ty),+ $(,)?)?;)+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy)]
        $vis struct $name;

        impl $crate::Permission for $name {
            const NAME: &'static str = $scope;
            const IMPLIES: &'static [&'static $crate::permission::Declaration] = &[
                $($($crate::permission::Declaration::of::<$implied>()),+)?
            ];
        }

        // Looked at here, and not where it is first used.
        const _: &$crate::permission::Declaration =
            $crate::permission::Declaration::of::<$name>();
    )+};
}

#[cfg(test)]
mod tests {
    use super::*;

    scopes! {
        struct Everything;
        Read = "bookmarks:read";
        Write = "bookmarks:write" implies Read;
        Admin = "admin" implies Write, Everything2;
        Everything2 = "etc";
    }

    #[test]
    fn a_declaration_names_what_it_implies() {
        let admin = Declaration::of::<Admin>();
        let implied: Vec<_> = admin.implies().iter().map(|implied| implied.name()).collect();
        assert_eq!((admin.name(), implied), ("admin", vec!["bookmarks:write", "etc"]));
        assert!(Declaration::of::<Read>().implies().is_empty());
    }

    #[test]
    fn the_type_of_all_names_all() {
        let names: Vec<_> = Everything::NEED.permissions().map(Declaration::name).collect();
        assert_eq!(names, ["bookmarks:read", "bookmarks:write", "admin", "etc"]);
    }
}
