use std::{
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Instant,
};

use mcp_auth_core::{refresh::RefreshSettings, signature::Josekit};
use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::clock::ChosenClock;

/// Both tests cause the same event. While one thread causes it for the first time without a subscriber,
/// another thread can miss it (https://github.com/tokio-rs/tracing/issues/2874).
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn plan(runtime: MakeRuntime) -> RefresherPlan {
    let settings = RefreshSettings::default();
    let signatures = Arc::new(Josekit);
    let mut plan =
        RefresherPlan::new("https://r", ChosenClock::default(), settings, signatures, &[]);
    plan.runtime = runtime;
    plan
}

fn no_descriptors() -> io::Result<Runtime> {
    Err(io::Error::other("too many open files"))
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[test]
fn r28_a_missing_runtime_ends_the_loops_with_an_event() {
    let _guard = ONE_AT_A_TIME.lock();
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(lines.clone());
    let (_alive, dropped) = watch::channel(());
    let ended = tracing::subscriber::with_default(subscriber.finish(), || {
        run_until_dropped(&plan(no_descriptors), dropped)
    });
    assert!(ended.is_err());
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(
        text.contains("ERROR") && text.contains("event=\"refresher_has_no_runtime\""),
        "{text}"
    );
    assert!(text.contains("error=too many open files"), "{text}");
}

#[test]
fn r28_a_refresher_without_a_runtime_is_restarted() {
    let _guard = ONE_AT_A_TIME.lock();
    static ATTEMPTS: AtomicU32 = AtomicU32::new(0);
    let refresher = plan(|| match ATTEMPTS.fetch_add(1, Ordering::SeqCst) {
        0 => no_descriptors(),
        _ => current_thread_runtime(),
    });
    let refresher = refresher.start().unwrap();
    let start = Instant::now();
    while ATTEMPTS.load(Ordering::SeqCst) < 2 {
        assert!(start.elapsed() < Duration::from_secs(10), "it is not started again");
        thread::sleep(Duration::from_millis(20));
    }
    drop(refresher);
    assert_eq!(ATTEMPTS.load(Ordering::SeqCst), 2, "the second runtime works");
}
