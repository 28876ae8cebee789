//! What only the lock over Redis can do.

use mcp_auth_core::session::{RefreshClaim::Granted, RefreshLock};
use mcp_auth_replicas::RedisRefreshLock;

use super::{MINUTE, claim};
use crate::{
    place::{PASSWORD, Place},
    redis::Redis,
    redis_server::RedisServer,
};

contract!(Redis, mod own = crate::refresh_lock::redis:
    a_key_of_a_refresh_expires
    a_value_of_something_else_is_an_error
    a_wrong_password_is_an_error_without_it
);

async fn a_key_of_a_refresh_expires(place: &Redis) {
    let lock = place.lock("").await;
    assert_eq!(claim(&lock, "key", "one").await, Granted);
    let key = place.key("refresh:key");
    let value: String = place.ask(&["GET", &key]).await;
    assert_eq!(value, "held:one");
    lock.finish("key", "one", "outcome", MINUTE / 2).await.unwrap();
    let value: String = place.ask(&["GET", &key]).await;
    assert_eq!(value, "done:outcome");
    let left: i64 = place.ask(&["PTTL", &key]).await;
    assert!((20_000..=30_000).contains(&left), "{left}");
}

async fn a_value_of_something_else_is_an_error(place: &Redis) {
    let lock = place.lock("").await;
    let _: () = place.ask(&["SET", &place.key("refresh:key"), "secret"]).await;
    let error = lock.claim("key", "one", MINUTE).await.unwrap_err().to_string();
    assert!(error.contains("something else") && !error.contains("secret"), "{error}");
}

async fn a_wrong_password_is_an_error_without_it(place: &Redis) {
    let address = place.proxy.address();
    let url = format!("redis://{}:{PASSWORD}-and-more@{address}/0", place.name);
    let lock = RedisRefreshLock::new(url).unwrap();
    let error = lock.claim("key", "one", MINUTE).await.unwrap_err().to_string();
    assert!(!error.contains(PASSWORD) && error.to_lowercase().contains("auth"), "{error}");
}

#[tokio::test]
async fn a_lock_goes_on_after_the_server_was_restarted() {
    let mut server = RedisServer::start();
    let lock = RedisRefreshLock::new(server.url()).unwrap();
    assert_eq!(claim(&lock, "key", "one").await, Granted);
    server.stop();
    assert!(lock.claim("key", "two", MINUTE).await.is_err());
    server.start_again();
    // It kept nothing.
    assert_eq!(claim(&lock, "key", "two").await, Granted);
}

#[test]
fn a_url_that_is_none_is_an_error_without_the_password() {
    for url in ["", "http://ada:hunter2@localhost", "redis://ada:hun:hunter2@local host"] {
        let error = RedisRefreshLock::new(url).unwrap_err().to_string();
        assert!(!error.contains(PASSWORD), "{error}");
        assert!(error.contains("redis://127.0.0.1:6379/0"), "{error}");
    }
}
