//! Statements by Diesel.

#[cfg(feature = "mysql")]
use diesel::MysqlConnection;
#[cfg(feature = "postgres")]
use diesel::PgConnection;
use diesel::{
    QueryableByName, SqliteConnection, connection::SimpleConnection, prelude::*, sql_query,
    sql_types::BigInt,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Does something with a connection of the type that a URL asks for.
macro_rules! connected {
    ($url:expr, $conn:ident => $something:expr) => {
        match $url.split_once(':') {
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", _)) => {
                let mut $conn = PgConnection::establish($url)?;
                $something
            }
            #[cfg(feature = "mysql")]
            Some(("mysql", _)) => {
                let mut $conn = MysqlConnection::establish($url)?;
                $something
            }
            _ => {
                let mut $conn = SqliteConnection::establish($url)?;
                // Bookmarket may be writing.
                $conn.batch_execute("PRAGMA busy_timeout = 60000")?;
                $something
            }
        }
    };
}

pub(super) fn execute(url: &str, statement: &str) -> Result<()> {
    connected!(url, conn => Ok(conn.batch_execute(statement)?))
}

pub(super) fn count(url: &str, table: &str) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }

    let count = sql_query(format!("SELECT COUNT(*) AS n FROM {table}"));
    connected!(url, conn => Ok(count.get_result::<Count>(&mut conn)?.n))
}
