//! The contract over Redis, and what only Redis can do.

use std::{fs, time::Duration};

use mcp_auth_core::revocation::RevocationLog;
use mcp_auth_replicas::{RedisRefreshLock, RedisRevocationLog};
use redis::{FromRedisValue, aio::MultiplexedConnection, cmd};

use crate::{
    place::{PASSWORD, Place, server, unique_name},
    proxy::Proxy,
    reader::{Reader, entry},
    redis_server::RedisServer,
};

pub(crate) struct Redis {
    pub(crate) name: String,
    pub(crate) proxy: Proxy,
    log: RedisRevocationLog,
    admin: MultiplexedConnection,
}

impl Redis {
    fn prefix(&self) -> &str {
        &self.name
    }

    pub(crate) async fn ask<T: FromRedisValue>(&self, words: &[&str]) -> T {
        ask(&self.admin, words).await
    }

    pub(crate) fn key(&self, name: &str) -> String {
        format!("{{{}}}:{name}", self.prefix())
    }

    async fn keys(&self) -> Vec<String> {
        self.ask(&["KEYS", &format!("{{{}*", self.prefix())]).await
    }
}

impl Place for Redis {
    type Log = RedisRevocationLog;
    type Lock = RedisRefreshLock;

    /// A user of its own, so that its connections can be ended.
    async fn new() -> Self {
        let (url, host) = server("TEST_REDIS_URL", "redis://127.0.0.1:6379", 6379);
        let admin = connect(&url).await;
        let name = unique_name();
        let password = format!(">{PASSWORD}");
        let _: () =
            ask(&admin, &["ACL", "SETUSER", &name, "on", &password, "~*", "&*", "+@all"]).await;
        let proxy = Proxy::to(&host);
        let url = format!("redis://{name}:{PASSWORD}@{}/0", proxy.address());
        let log = RedisRevocationLog::new(url).unwrap().key_prefix(&name).unwrap();
        Self { name, proxy, log, admin }
    }

    fn log(&self) -> &RedisRevocationLog {
        &self.log
    }

    fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    fn with_prefix(&self, prefix: &str) -> RedisRevocationLog {
        self.log.clone().key_prefix(format!("{}{prefix}", self.name)).unwrap()
    }

    fn at(address: &str) -> RedisRevocationLog {
        RedisRevocationLog::new(format!("redis://ada:{PASSWORD}@{address}/0")).unwrap()
    }

    async fn lock(&self, suffix: &str) -> RedisRefreshLock {
        let url = format!("redis://{}:{PASSWORD}@{}/0", self.name, self.proxy.address());
        let lock = RedisRefreshLock::new(url).unwrap();
        lock.key_prefix(format!("{}{suffix}", self.name)).unwrap()
    }

    fn lock_at(address: &str) -> RedisRefreshLock {
        RedisRefreshLock::new(format!("redis://ada:{PASSWORD}@{address}/0")).unwrap()
    }

    async fn end_connections(&self) {
        let ended: usize = self.ask(&["CLIENT", "KILL", "USER", &self.name]).await;
        assert!(ended > 0);
    }

    async fn empty(&self) {
        for key in self.keys().await {
            let _: () = self.ask(&["DEL", &key]).await;
        }
    }

    async fn remove(self) {
        self.empty().await;
        let _: () = self.ask(&["ACL", "DELUSER", &self.name]).await;
    }
}

contract!(Redis);

contract!(Redis, mod own = crate::redis:
    a_follower_resumes_without_reading_everything
    a_stream_that_was_trimmed_meanwhile_is_noticed
    a_lost_part_of_the_log_is_noticed
    the_stream_is_bounded
    a_wrong_password_is_an_error_without_it
);

async fn a_follower_resumes_without_reading_everything(place: &Redis) {
    place.log.append(&[entry("a", 1)]).await.unwrap();
    let mut reader = Reader::of(&place.log).await;
    place.end_connections().await;
    place.log.append(&[entry("b", 1)]).await.unwrap();
    reader.until_known("b").await;
    assert_eq!((reader.everything, reader.errors), (1, 1));
}

async fn a_stream_that_was_trimmed_meanwhile_is_noticed(place: &Redis) {
    place.log.append(&[entry("a", 1)]).await.unwrap();
    let mut reader = Reader::of(&place.log).await;
    place.proxy.cut();
    assert!(reader.next().await.is_err());
    let direct = RedisRevocationLog::new(server("TEST_REDIS_URL", "", 6379).0).unwrap();
    let direct = direct.key_prefix(place.prefix()).unwrap();
    direct.append(&[entry("b", 1), entry("c", 1)]).await.unwrap();
    let _: () = place.ask(&["XTRIM", &place.key("stream"), "MAXLEN", "1"]).await;
    place.proxy.restore();
    reader.until_known("b").await;
    assert_eq!(reader.everything, 2);
    // Trimmed to nothing, while nobody was away.
    direct.append(&[entry("d", 1)]).await.unwrap();
    let _: () = place.ask(&["XTRIM", &place.key("stream"), "MAXLEN", "0"]).await;
    reader.until_known("d").await;
    for _ in 0..3 {
        reader.next().await.unwrap();
    }
    assert!(reader.everything <= 3, "{}", reader.everything);
}

async fn a_lost_part_of_the_log_is_noticed(place: &Redis) {
    for (n, lost) in ["state", "stream", "seq"].into_iter().enumerate() {
        place.log.append(&[entry("a", 1), entry(lost, 1)]).await.unwrap();
        let mut reader = Reader::of(&place.log).await;
        let _: () = place.ask(&["DEL", &place.key(lost)]).await;
        reader.until(lost, |reader| reader.everything == 2).await;
        // And only once.
        for _ in 0..2 {
            assert!(!reader.next().await.unwrap().is_everything, "{lost}");
        }
        let after = format!("after {n}");
        place.log.append(&[entry(&after, 1)]).await.unwrap();
        reader.until_known(&after).await;
    }
}

async fn the_stream_is_bounded(place: &Redis) {
    let entries: Vec<_> = (0..12_000).map(|n| entry(&format!("{n}"), n)).collect();
    place.log.append(&entries).await.unwrap();
    let length: usize = place.ask(&["XLEN", &place.key("stream")]).await;
    assert!((10_000..11_000).contains(&length), "{length}");
}

async fn a_wrong_password_is_an_error_without_it(place: &Redis) {
    let address = place.proxy.address();
    let url = format!("redis://{}:{PASSWORD}-and-more@{address}/0", place.name);
    let log = RedisRevocationLog::new(url).unwrap();
    for error in [log.checkpoint("c").await.unwrap_err(), log.follow().next().await.unwrap_err()] {
        let message = format!("{error} {error:?}");
        assert!(!message.contains(PASSWORD), "{message}");
        assert!(message.to_lowercase().contains("auth"), "{message}");
    }
}

#[tokio::test]
async fn a_flushed_server_is_noticed() {
    let server = RedisServer::start();
    let log = RedisRevocationLog::new(server.url()).unwrap();
    let admin = connect(&server.url()).await;
    log.append(&[entry("a", 1), entry("b", 1)]).await.unwrap();
    let mut reader = Reader::of(&log).await;
    let _: () = ask(&admin, &["FLUSHALL"]).await;
    let took = reader.until("everything again", |reader| reader.everything == 2).await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    // Flushed, and written by another process before the follower looks.
    log.append(&[entry("a", 1)]).await.unwrap();
    reader.until("written back", |reader| reader.in_log.len() == 1).await;
    let _: () = ask(&admin, &["FLUSHALL"]).await;
    log.append(&[entry("c", 1), entry("d", 1)]).await.unwrap();
    let expected = ["c", "d"];
    reader.until("c and d", |reader| reader.in_log.keys().eq(expected)).await;
    let everything = reader.everything;
    assert!(everything >= 3, "{everything}");
}

#[tokio::test]
async fn an_older_copy_of_the_data_is_noticed() {
    for later in [0_usize, 1, 5] {
        let mut server = RedisServer::start();
        let log = RedisRevocationLog::new(server.url()).unwrap();
        log.append(&[entry("old", 1)]).await.unwrap();
        let _: () = ask(&connect(&server.url()).await, &["SAVE"]).await;
        log.append(&[entry("lost 1", 1), entry("lost 2", 1)]).await.unwrap();
        let mut reader = Reader::of(&log).await;
        assert!(server.dump().exists());
        server.stop();
        assert!(reader.next().await.is_err());
        server.start_again();
        // Written to the older copy before the follower is back.
        for n in 0..later {
            log.append(&[entry(&format!("later {n}"), 1)]).await.unwrap();
        }
        reader.until("everything again", |reader| reader.everything == 2).await;
        assert_eq!(reader.in_log.len(), 1 + later);
        assert!(!reader.in_log.contains_key("lost 1") && reader.known.contains_key("lost 1"));
    }
}

#[tokio::test]
async fn a_server_that_restarts_with_its_data_is_resumed() {
    let mut server = RedisServer::start();
    let log = RedisRevocationLog::new(server.url()).unwrap();
    log.append(&[entry("a", 1)]).await.unwrap();
    let mut reader = Reader::of(&log).await;
    let _: () = ask(&connect(&server.url()).await, &["SAVE"]).await;
    let copy = fs::read(server.dump()).unwrap();
    server.stop();
    assert!(reader.next().await.is_err());
    assert!(log.append(&[entry("b", 1)]).await.is_err());
    fs::write(server.dump(), copy).unwrap();
    server.start_again();
    log.append(&[entry("b", 1)]).await.unwrap();
    reader.until_known("b").await;
    assert_eq!(reader.everything, 1);
}

#[test]
fn a_url_that_is_none_is_an_error_without_the_password() {
    for url in ["", "http://ada:hunter2@localhost", "redis://ada:hun:hunter2@local host", "x"] {
        let error = RedisRevocationLog::new(url).unwrap_err().to_string();
        assert!(!error.contains(PASSWORD), "{error}");
        assert!(error.contains("redis://127.0.0.1:6379/0"), "{error}");
    }
    let log = RedisRevocationLog::new("rediss://:hunter2@redis.example.com/3").unwrap();
    assert_eq!(log.name(), "Redis at redis.example.com:6379/3");
}

async fn connect(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

async fn ask<T: FromRedisValue>(connection: &MultiplexedConnection, words: &[&str]) -> T {
    let answer = cmd(words[0]).arg(&words[1..]).query_async(&mut connection.clone()).await;
    answer.unwrap_or_else(|error| panic!("{words:?}: {error}"))
}
