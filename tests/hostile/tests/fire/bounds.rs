//! How much of an answer is read, how much memory that takes, and how often it is requested.

use std::{
    fs,
    io::Read,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use actix_mcp_auth::testing::TestAuthority;
use actix_web::rt::time::sleep;
use hostile::{Class, Expected};

use crate::{
    broken::{Broken, without_end},
    world::{PATIENCE, SLACK, TIME_LIMIT, World, quick, within},
};

/// What the server would send in all.
const OFFERED: usize = 256 << 20;
/// What it can send although nobody reads: the buffers of both sockets.
const BUFFERS: u64 = 16 << 20;
/// The tolerated growth of the process, other tests in it included.
const GROWTH: u64 = 96 << 20;

#[actix_web::test]
async fn r27_no_more_is_read_of_an_answer_than_the_bound() {
    let mut class = Class::new("keys: 256 MB and nobody reads them");
    for (name, head, piece) in [
        (
            "with a length",
            &b"HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\n"[..],
            vec![b' '; 64 << 10],
        ),
        ("until the end", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", vec![b' '; 64 << 10]),
        (
            "in chunks",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            [&b"10000\r\n"[..], &[b' '; 64 << 10], b"\r\n"].concat(),
        ),
        ("of headers", b"HTTP/1.1 200 OK\r\n", b"X-Filler: x\r\n".repeat(4 << 10)),
        ("of one header", b"HTTP/1.1 200 OK\r\nX-Filler: ", vec![b'x'; 64 << 10]),
    ] {
        let authority = TestAuthority::start().unwrap();
        let broken = Broken::start(authority.keys());
        let world = World::new(authority, &broken.uri(), quick());
        class.case(format!("{name}: good at first"), world.until_accepted(SLACK).await.map(drop));

        let (asked, sent) = (broken.requests(), Arc::new(AtomicU64::new(0)));
        broken.answer(Some(without_end(head, piece, Duration::ZERO, OFFERED, sent.clone())));
        let memory = Memory::watch();
        for _ in 0..3 {
            let answer = world.server.call(&world.stranger()).await;
            class.case(format!("{name}: an outage"), Expected::Unavailable.check(&answer));
            class.case(format!("{name}: in time"), within(answer.took, PATIENCE + SLACK));
        }
        let (grown, fetches) = (memory.grown(), broken.requests() - asked);
        class.case(format!("{name}: it was asked"), (fetches > 0).then_some(()).ok_or("no".into()));
        let each = sent.load(SeqCst) / fetches.max(1);
        let outcome = (each < BUFFERS).then_some(());
        class.case(format!("{name}: read"), outcome.ok_or(format!("{each} bytes each time")));
        let outcome = (grown < GROWTH).then_some(());
        class.case(format!("{name}: memory"), outcome.ok_or(format!("{grown} bytes more")));
    }
    class.done();
}

#[actix_web::test]
async fn r28_an_attempt_that_hung_is_followed_by_the_whole_back_off() {
    let mut class = Class::new("keys: attempts that hang");
    let authority = TestAuthority::start().unwrap();
    let broken = Broken::start(authority.keys());
    let attempts: Arc<Mutex<Vec<(Instant, Instant)>>> = Arc::default();
    let seen = attempts.clone();
    broken.answer(Some(Arc::new(move |stream, _| {
        let start = Instant::now();
        while stream.read(&mut [0; 64])? > 0 {}
        seen.lock().unwrap().push((start, Instant::now()));
        Ok(())
    })));
    let mut settings = quick();
    settings.first_back_off = Duration::from_secs(1);
    let world = World::new(authority, &broken.uri(), settings);
    let start = Instant::now();
    while attempts.lock().unwrap().len() < 2 && start.elapsed() < (TIME_LIMIT + SLACK) * 2 {
        sleep(Duration::from_millis(50)).await;
    }
    let attempts = attempts.lock().unwrap().clone();
    class.same("there were two", attempts.len() >= 2, true);
    for pair in attempts.windows(2) {
        let (hung, pause) = (pair[0].1 - pair[0].0, pair[1].0.duration_since(pair[0].1));
        class.case("given up in time", within(hung, TIME_LIMIT + SLACK));
        // Jitter takes up to half of it.
        let whole = (pause > Duration::from_millis(450)).then_some(());
        class.case("asked again when it is time", whole.ok_or(format!("after {pause:?}")));
    }
    drop(world);
    class.done();
}

/// Measures the memory of the process.
struct Memory {
    before: u64,
    most: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Memory {
    fn watch() -> Self {
        let before = resident();
        let (most, over) = (Arc::new(AtomicU64::new(before)), Arc::new(AtomicBool::new(false)));
        let (seen, ended) = (most.clone(), over.clone());
        thread::spawn(move || {
            while !ended.load(SeqCst) {
                seen.fetch_max(resident(), SeqCst);
                thread::sleep(Duration::from_millis(5));
            }
        });
        Self { before, most, over }
    }

    /// The largest growth, in bytes.
    fn grown(self) -> u64 {
        self.over.store(true, SeqCst);
        self.most.load(SeqCst) - self.before
    }
}

fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
