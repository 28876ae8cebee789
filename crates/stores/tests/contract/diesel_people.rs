//! The table `people` in Diesel's words, one module for each sort of it.

pub(crate) use self::{
    issued::Member,
    number::Numbered,
    text::{Current, Fixed, Named},
};
use crate::over::Person;

pub(crate) mod text {
    use diesel::prelude::*;

    diesel::table! {
        people (id) {
            id -> Integer,
            external_id -> Nullable<Text>,
            email -> Nullable<Text>,
            name -> Text,
            deleted_at -> Nullable<Timestamp>,
        }
    }

    #[derive(Queryable, Selectable)]
    #[diesel(table_name = people)]
    pub(crate) struct Named {
        pub(crate) id: i32,
        pub(crate) external_id: Option<String>,
    }

    /// Found with the filter that they are not marked as deleted.
    #[derive(Queryable, Selectable)]
    #[diesel(table_name = people)]
    pub(crate) struct Current {
        pub(crate) external_id: Option<String>,
    }

    /// Found by a column of a fixed length.
    #[derive(Queryable, Selectable)]
    #[diesel(table_name = people)]
    pub(crate) struct Fixed {
        pub(crate) external_id: Option<String>,
    }
}

pub(crate) mod number {
    use diesel::prelude::*;

    diesel::table! {
        people (id) {
            id -> Text,
            external_id -> Nullable<BigInt>,
        }
    }

    #[derive(Queryable, Selectable)]
    #[diesel(table_name = people)]
    pub(crate) struct Numbered {
        pub(crate) id: String,
        pub(crate) external_id: Option<i64>,
    }
}

pub(crate) mod issued {
    use diesel::prelude::*;

    diesel::table! {
        people (id) {
            id -> Integer,
            issuer -> Nullable<Text>,
            external_id -> Text,
        }
    }

    #[derive(Queryable, Selectable)]
    #[diesel(table_name = people)]
    pub(crate) struct Member {
        pub(crate) external_id: String,
    }
}

/// A UUID where the database has a type for it.
#[cfg(feature = "test-postgres")]
pub(crate) mod native {
    use diesel::prelude::*;

    diesel::table! {
        people (external_id) {
            external_id -> Uuid,
            name -> Text,
        }
    }

    #[derive(Queryable, Selectable)]
    #[diesel(table_name = people)]
    pub(crate) struct Identified {
        pub(crate) external_id: uuid::Uuid,
    }

    impl crate::over::Person for Identified {
        fn sub(&self) -> String {
            self.external_id.to_string()
        }
    }
}

/// A UUID in 16 bytes: a query written by hand.
pub(crate) mod bytes {
    use diesel::{QueryResult, result::Error};
    use uuid::Uuid;

    diesel::table! {
        people (external_id) {
            external_id -> Binary,
            name -> Text,
        }
    }

    pub(crate) struct Identified {
        pub(crate) external_id: Uuid,
    }

    pub(crate) fn read(rows: Vec<Vec<u8>>) -> QueryResult<Vec<(Uuid, Identified)>> {
        let read = |bytes: Vec<u8>| match Uuid::from_slice(&bytes) {
            Ok(external_id) => Ok((external_id, Identified { external_id })),
            Err(error) => Err(Error::DeserializationError(Box::new(error))),
        };
        rows.into_iter().map(read).collect()
    }
}

impl Person for Named {
    fn sub(&self) -> String {
        self.external_id.clone().unwrap()
    }
}

impl Person for Current {
    fn sub(&self) -> String {
        self.external_id.clone().unwrap()
    }
}

impl Person for Fixed {
    fn sub(&self) -> String {
        self.external_id.clone().unwrap().trim_end_matches(' ').to_owned()
    }
}

impl Person for Numbered {
    fn sub(&self) -> String {
        assert!(self.id.starts_with("key "));
        self.external_id.unwrap().to_string()
    }
}

impl Person for Member {
    fn sub(&self) -> String {
        self.external_id.clone()
    }
}

impl Person for bytes::Identified {
    fn sub(&self) -> String {
        self.external_id.to_string()
    }
}
