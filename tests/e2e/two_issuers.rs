//! Two issuers of one resource: the second one, which the application trusts with less, signs
//! whatever it likes and gets no more than it was trusted with (R33). Each test configures them in
//! both orders.

use actix_mcp_auth::{Issuer, McpAuth, McpAuthBuilder, scopes, testing::TestAuthority};

use crate::support::{RESOURCE, authority};

mod claims_and_application;
mod email;
mod scope_limits;
mod start_up;

scopes! {
    /// All of them.
    struct Permissions;
    Read = "bookmarks:read";
    Write = "bookmarks:write" implies Read;
    Share = "bookmarks:share";
    Admin = "admin" implies Write, Share;
}

/// All that the application knows by scope.
const ALL: [&str; 5] = ["openid", "bookmarks:read", "bookmarks:write", "bookmarks:share", "admin"];

/// The two authorities. They have the same people, with the same addresses.
struct Two {
    /// May grant everything.
    staff: TestAuthority,
    /// May grant `openid`, and nothing that the application knows.
    guests: TestAuthority,
}

impl Two {
    fn start() -> Self {
        Self { staff: authority(), guests: authority() }
    }

    /// Builders that trust both, with the limits above, in both orders.
    fn limited(&self) -> [McpAuthBuilder; 2] {
        let issuer =
            |name: &str, scopes: &[&str]| Issuer::new(name).unwrap().scopes(scopes).unwrap();
        self.in_both_orders(|| {
            (issuer(self.staff.issuer(), &ALL), issuer(self.guests.issuer(), &["openid"]))
        })
    }

    /// The same with issuers of one's own: that of the staff, and that of the guests.
    fn in_both_orders(&self, issuers: impl Fn() -> (Issuer, Issuer)) -> [McpAuthBuilder; 2] {
        let builder = || McpAuth::builder(RESOURCE).permissions::<Permissions>();
        let ((staff, guests), (staff_again, guests_again)) = (issuers(), issuers());
        [builder().issuer(staff).issuer(guests), builder().issuer(guests_again).issuer(staff_again)]
    }
}
