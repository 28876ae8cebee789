//! Servers, runtimes, clients and the refresher stop, and no request waits forever.

use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use actix_mcp_auth::{
    AuthedUser, McpAuth,
    operation::{Clock, SystemClock, UnixTime},
    testing::{Algorithm, Endpoint, Fault, TestAuthority},
};
use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    rt::{System, time::sleep},
    web,
};
use futures_util::future::{join, join_all};
use hostile::{Class, Expected, RESOURCE, builder_for, server::builder};

use crate::world::{PATIENCE, SLACK, World, quick, stranger, token, within};

/// An application with several workers, in a thread of its own.
struct Workers {
    address: SocketAddr,
    handle: ServerHandle,
    thread: JoinHandle<()>,
}

impl Workers {
    fn start(auth: &McpAuth, count: usize) -> Self {
        let (sender, started) = mpsc::channel();
        let auth = auth.clone();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new().service(
                        web::resource("/mcp")
                            .wrap(auth.middleware())
                            .to(async |me: AuthedUser| me.subject().id().to_owned()),
                    )
                });
                let server = server.workers(count).disable_signals().shutdown_timeout(5);
                let server = server.bind("127.0.0.1:0").unwrap();
                let address = server.addrs()[0];
                let server = server.run();
                sender.send((address, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = started.recv().unwrap();
        Self { address, handle, thread }
    }

    /// The status; `None` where the connection ended without one.
    async fn call(&self, token: &str) -> Option<u16> {
        let client = awc::Client::builder().timeout(Duration::from_secs(10)).finish();
        let request = client.post(format!("http://{}/mcp", self.address)).bearer_auth(token);
        request.send().await.ok().map(|answer| answer.status().as_u16())
    }

    /// Stops it, and returns how long that took.
    async fn stop(self, graceful: bool) -> Duration {
        let start = Instant::now();
        self.handle.stop(graceful).await;
        let thread = self.thread;
        web::block(move || thread.join().unwrap()).await.unwrap();
        start.elapsed()
    }
}

#[actix_web::test]
async fn r24_workers_come_and_go_while_requests_wait_for_a_key() {
    let mut class = Class::new("keys: workers come and go");
    let authority = TestAuthority::start().unwrap();
    let auth = builder(&authority).refresh(quick()).build().unwrap();
    for round in 0..4 {
        let graceful = round % 2 == 0;
        let workers = Workers::start(&auth, 4);
        let known = token(&authority);
        class.same(format!("{round}: a new server serves"), workers.call(&known).await, Some(200));
        authority.slow_down(Endpoint::Jwks, Duration::from_secs(2));
        let start = Instant::now();
        let strangers: Vec<_> = (0..24).map(|_| stranger(&authority)).collect();
        let client = awc::Client::builder().timeout(Duration::from_secs(10)).finish();
        let uri = format!("http://{}/mcp", workers.address);
        let call = |token| client.post(&uri).bearer_auth(token).send();
        let waiting = join_all(strangers.iter().map(call).map(|call| async {
            let answer = call.await;
            (answer.ok().map(|answer| answer.status().as_u16()), start.elapsed())
        }));
        let end = async {
            sleep(Duration::from_millis(300)).await;
            workers.stop(graceful).await
        };
        let (waited, stopped) = join(waiting, end).await;
        for (status, took) in waited {
            // A graceful stop lets the answer be sent.
            let told = status == Some(503) || (!graceful && status.is_none());
            let told = told.then_some(()).ok_or(format!("{status:?}"));
            class.case(format!("{round}: a request that waited"), told);
            class.case(format!("{round}: not for long"), within(took, PATIENCE + SLACK));
        }
        class.case(format!("{round}: the server stops"), within(stopped, PATIENCE + SLACK * 2));
        authority.clear_faults();
    }
    let world = World { server: hostile::Server::of(&auth), auth, authority };
    world.rotate();
    let bound = Duration::from_secs(3) + SLACK;
    class.case("keys go on being fetched", world.until_accepted(bound).await.map(drop));
    class.done();
}

#[actix_web::test]
async fn r24_clients_that_leave_in_mid_fetch_leave_nothing_behind() {
    let mut class = Class::new("keys: clients leave");
    let authority = TestAuthority::start().unwrap();
    let world = World::of(authority.clone(), builder(&authority).refresh(quick()));
    class.case("good at first", world.until_accepted(SLACK).await.map(drop));
    let before = world.calls(Duration::from_millis(500)).await;
    authority.slow_down(Endpoint::Jwks, Duration::from_millis(1_500));
    let fetches = authority.requests("/oauth2/jwks");
    for _ in 0..100 {
        let mut stream = TcpStream::connect(world.server.address()).unwrap();
        let token = stranger(&authority);
        write!(
            stream,
            "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
        .unwrap();
    }
    let during = world.calls(Duration::from_millis(1_000)).await;
    class.case("known keys go on", during.all_accepted());
    class.case("as fast as before", during.as_fast_as(&before));
    let fetches = authority.requests("/oauth2/jwks") - fetches;
    class.same("one fetch for them all", fetches, 1);
    authority.clear_faults();
    world.rotate();
    class.case("a new key is taken", world.until_accepted(SLACK * 3).await.map(drop));
    class.done();
}

#[test]
fn r24_a_runtime_that_ends_drops_its_waiting_requests_only() {
    let mut class = Class::new("keys: the runtime ends");
    let authority = TestAuthority::start().unwrap();
    let auth = builder(&authority).refresh(quick()).build().unwrap();
    authority.keys().current();
    for round in 0..3 {
        let (auth_here, authority_here) = (auth.clone(), authority.clone());
        let start = Instant::now();
        let runtime = thread::spawn(move || {
            System::new().block_on(async move {
                let server = hostile::Server::of(&auth_here);
                let first = server.call(&token(&authority_here)).await.status;
                authority_here.inject(Endpoint::Jwks, Fault::Silence);
                let strangers: Vec<_> = (0..10).map(|_| stranger(&authority_here)).collect();
                let waiting = join_all(strangers.iter().map(|token| server.call(token)));
                // The runtime ends before they are answered.
                let early = actix_web::rt::time::timeout(Duration::from_millis(200), waiting).await;
                (first, early.is_err())
            })
        });
        let (first, waited) = runtime.join().unwrap();
        class.same(format!("{round}: it served"), first, 200);
        class.same(format!("{round}: requests were waiting"), waited, true);
        class.case(format!("{round}: it ended"), within(start.elapsed(), PATIENCE + SLACK));
        authority.clear_faults();
    }
    authority.keys().add(Algorithm::Es256);
    let after = System::new().block_on(async move {
        let world = World { server: hostile::Server::of(&auth), auth, authority };
        world.until_accepted(Duration::from_secs(6) + SLACK).await
    });
    class.case("keys go on being fetched", after.map(drop));
    class.done();
}

/// The system's clock, which panics at the n-th time that the refresher's thread reads it.
#[derive(Clone)]
struct PanickingClock(Arc<AtomicU32>);

impl Clock for PanickingClock {
    fn now(&self) -> UnixTime {
        let here = thread::current().name() == Some("mcp-auth-refresher");
        if here && self.0.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)) == Ok(1) {
            panic!("on purpose, in the refresher");
        }
        SystemClock.now()
    }
}

#[actix_web::test]
async fn r24_a_refresher_that_panics_restarts_and_requests_go_on() {
    let mut class = Class::new("keys: the refresher panics");
    // At its first step, and at the next ones.
    for n in 1..=4 {
        let authority = TestAuthority::start().unwrap();
        let left = Arc::new(AtomicU32::new(n));
        let clock = PanickingClock(left.clone());
        let world = World::of(authority.clone(), builder(&authority).clock(clock));
        let answer = world.server.call(&world.token()).await;
        class.case("a request meanwhile", within(answer.took, PATIENCE + SLACK));
        let accepted = world.until_accepted(PATIENCE + SLACK * 2).await;
        class.case(format!("step {n}"), accepted.map(drop));
    }
    // During a fetch that requests wait for: the clock is read when the fetch has ended.
    let authority = TestAuthority::start().unwrap();
    let left = Arc::new(AtomicU32::new(0));
    let clock = PanickingClock(left.clone());
    let world = World::of(authority.clone(), builder(&authority).clock(clock).refresh(quick()));
    class.case("good at first", world.until_accepted(SLACK).await.map(drop));
    for round in 0..3 {
        let known = world.token();
        authority.slow_down(Endpoint::Jwks, Duration::from_millis(400));
        world.rotate();
        let new = world.token();
        let arm = async {
            sleep(Duration::from_millis(200)).await;
            left.store(1, SeqCst);
        };
        let waiting = join_all((0..10).map(|_| world.server.call(&new)));
        let (answers, ()) = join(waiting, arm).await;
        for answer in answers {
            // The fetch may have ended before the clock was armed, on a busy machine.
            let expected =
                if answer.status == 200 { Expected::Passed } else { Expected::Unavailable };
            class.answer(format!("{round}: who waited"), &answer, expected);
            class.case(format!("{round}: not for long"), within(answer.took, PATIENCE + SLACK));
        }
        class.answer("known keys", &world.server.call(&known).await, Expected::Passed);
        authority.clear_faults();
        class.case("taken up again", world.until_accepted(SLACK * 3).await.map(drop));
        class.same("the clock did panic", left.load(SeqCst), 0);
    }
    class.done();
}

/// Reports when the refresher has dropped everything.
struct Tracked(SystemClock, #[expect(dead_code, reason = "counted")] Arc<()>);

impl Clock for Tracked {
    fn now(&self) -> UnixTime {
        self.0.now()
    }
}

/// A clock on which the refresher's thread hangs.
struct Stuck(Duration);

impl Clock for Stuck {
    fn now(&self) -> UnixTime {
        if thread::current().name() == Some("mcp-auth-refresher") {
            thread::sleep(self.0);
        }
        SystemClock.now()
    }
}

#[test]
fn dropping_the_owner_joins_the_refresher_unless_it_hangs() {
    let mut class = Class::new("keys: the refresher ends");
    let authority = TestAuthority::start().unwrap();
    let (mut drops, mut at_once) = (0, 0);
    for fault in [None, Some(Fault::Silence), Some(Fault::StalledBody)] {
        authority.clear_faults();
        if let Some(fault) = fault.clone() {
            authority.inject(Endpoint::All, fault);
        }
        // At once, during its first steps, and after them.
        for wait in [0, 2, 5, 10, 20, 40, 80, 200] {
            let alive = Arc::new(());
            let clock = Tracked(SystemClock, alive.clone());
            let auth = builder_for(RESOURCE).authkit(authority.issuer()).clock(clock);
            let auth = auth.build().unwrap();
            thread::sleep(Duration::from_millis(wait));
            let start = Instant::now();
            drop(auth);
            drops += 1;
            at_once += usize::from(Arc::strong_count(&alive) == 1);
            let name = format!("{fault:?}, after {wait} ms");
            class.case(&name, within(start.elapsed(), Duration::from_millis(500) + SLACK));
            while Arc::strong_count(&alive) > 1 && start.elapsed() < SLACK {
                thread::sleep(Duration::from_millis(5));
            }
            class.same(name, Arc::strong_count(&alive), 1);
        }
    }
    // On a busy machine, half a second may be too short.
    let most = (at_once * 2 > drops).then_some(());
    class.case("waited for", most.ok_or(format!("{at_once} of {drops} had ended at once")));
    let stuck = builder_for(RESOURCE).authkit(authority.issuer());
    let stuck = stuck.clock(Stuck(Duration::from_secs(4))).build().unwrap();
    thread::sleep(Duration::from_millis(50));
    let start = Instant::now();
    drop(stuck);
    class.case("stuck", within(start.elapsed(), Duration::from_secs(2)));
    class.done();
}
