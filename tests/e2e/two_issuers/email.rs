//! An e-mail address counts by the issuers that were named for it, and a user who is linked is
//! never linked again.

use std::sync::{Arc, Mutex};

use actix_mcp_auth::{
    AuthedUser, Found, IdentityStore, Lookup, McpAuth, Newcomer, StoreError, Subject, async_trait,
    stores::{
        IdentityStoreExt, IssuerAwareness, IssuerNames, IssuerStores, MemoryIdentityStore, Profile,
    },
};
use actix_web::web;

use super::Two;
use crate::support::{Server, good_token};

/// A user: address, and the issuer and subject that are linked to it.
#[derive(Clone, Debug, PartialEq)]
struct User {
    email: &'static str,
    subject: Option<Subject>,
}

#[derive(Clone)]
struct Table(Arc<Mutex<Vec<User>>>);

impl Table {
    /// Ada, whom all issuers of these tests know by this address, and call it verified.
    fn with_ada(subject: Option<Subject>) -> Self {
        Self(Arc::new(Mutex::new(vec![User { email: "ada@example.com", subject }])))
    }

    fn ada(&self) -> Option<Subject> {
        self.0.lock().unwrap()[0].subject.clone()
    }

    /// Links as a careless application would: without a look at what is there.
    fn linking(&self, issuers: impl Into<IssuerNames>) -> impl IdentityStore<User = User> {
        let (look, write) = (self.clone(), self.clone());
        self.clone().link_by_verified_email(
            issuers,
            move |profile: Profile| {
                let rows = look.0.lock().unwrap();
                let has_it = |user: &&User| Some(user.email) == profile.verified_email();
                std::future::ready(Ok(rows.iter().filter(has_it).cloned().collect()))
            },
            |user: &User| user.subject.is_some(),
            move |user: User, newcomer: Newcomer| {
                let mut rows = write.0.lock().unwrap();
                let row = rows.iter_mut().find(|row| row.email == user.email).unwrap();
                row.subject = Some(newcomer.subject().clone());
                std::future::ready(Ok(Some(row.clone())))
            },
        )
    }
}

#[async_trait]
impl IdentityStore for Table {
    type User = User;

    fn issuers(&self) -> IssuerAwareness {
        IssuerAwareness::Distinguishes
    }

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<User>, StoreError> {
        let rows = self.0.lock().unwrap();
        let row = rows.iter().find(|row| row.subject.as_ref() == Some(who.subject()));
        Ok(row.cloned().into())
    }
}

fn serve(auth: McpAuth) -> Server {
    Server::start(move |config| {
        let name = web::post().to(async |me: AuthedUser<User>| me.email);
        config.service(web::resource("/mcp").wrap(auth.middleware()).route(name));
    })
}

fn ada_of(issuer: &str) -> Subject {
    Subject::new(issuer, "user_ada")
}

#[actix_web::test]
async fn r33_an_issuer_not_named_takes_nobody_over_by_email() {
    let two = Two::start();
    let staff = two.staff.issuer();
    for builder in two.limited() {
        let table = Table::with_ada(None);
        let server = serve(builder.users(table.linking(staff)).build().unwrap());
        let (of_staff, of_guests) = (good_token(&two.staff), good_token(&two.guests));
        assert_eq!(server.call(&of_guests).await.status, 403);
        assert_eq!(table.ada(), None);
        assert_eq!(server.call(&of_staff).await.body, "ada@example.com");
        assert_eq!(server.call(&of_guests).await.status, 403);
        assert_eq!(table.ada(), Some(ada_of(staff)));
        assert_eq!(server.call(&of_staff).await.status, 200);
    }
    assert_eq!(two.guests.requests("/oauth2/userinfo"), 0, "it was asked for an address");
}

#[actix_web::test]
async fn r33_a_linked_user_is_not_linked_to_a_second_issuer() {
    let two = Two::start();
    let both = [two.staff.issuer(), two.guests.issuer()];
    for builder in two.limited() {
        // Whoever comes first is linked, where both were named; and stays so.
        let table = Table::with_ada(None);
        let server = serve(builder.users(table.linking(both)).build().unwrap());
        assert_eq!(server.call(&good_token(&two.guests)).await.status, 200);
        assert_eq!(server.call(&good_token(&two.staff)).await.status, 403);
        assert_eq!(table.ada(), Some(ada_of(two.guests.issuer())));
    }
}

#[actix_web::test]
async fn r33_a_linked_user_is_not_linked_to_a_second_subject() {
    let two = Two::start();
    let staff = two.staff.issuer();
    for builder in two.limited() {
        let earlier = Subject::new(staff, "user_ada_of_last_year");
        let table = Table::with_ada(Some(earlier.clone()));
        let server = serve(builder.users(table.linking(staff)).build().unwrap());
        for _ in 0..2 {
            assert_eq!(server.call(&good_token(&two.staff)).await.status, 403);
            assert_eq!(table.ada(), Some(earlier.clone()));
        }
    }
}

#[actix_web::test]
async fn r33_each_issuers_own_store_links_by_named_issuers_too() {
    let two = Two::start();
    let (staff, guests) = (two.staff.issuer(), two.guests.issuer());
    for builder in two.limited() {
        let table = Table::with_ada(None);
        let stores = IssuerStores::new()
            .with(staff, table.linking(staff))
            .with(guests, table.linking(staff));
        let server = serve(builder.users(stores).build().unwrap());
        assert_eq!(server.call(&good_token(&two.guests)).await.status, 403);
        assert_eq!(table.ada(), None);
        assert_eq!(server.call(&good_token(&two.staff)).await.status, 200);
    }
}

#[actix_web::test]
async fn r33_some_of_several_issuers_may_share_one_store() {
    // Two of three share; the third one's subjects are its own.
    let (two, third) = (Two::start(), crate::support::authority());
    for builder in two.limited() {
        let shared =
            MemoryIdentityStore::from_iter([("user_ada", User { email: "shared", subject: None })]);
        let own =
            MemoryIdentityStore::from_iter([("user_ada", User { email: "own", subject: None })]);
        let stores = IssuerStores::new()
            .with(two.staff.issuer(), shared.clone())
            .with(two.guests.issuer(), shared)
            .with(third.issuer(), own);
        let server = serve(builder.issuer(third.issuer()).users(stores).build().unwrap());
        for (authority, name) in [(&two.staff, "shared"), (&two.guests, "shared"), (&third, "own")]
        {
            assert_eq!(server.call(&good_token(authority)).await.body, name);
        }
    }
}
