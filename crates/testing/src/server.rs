//! The server's thread: starting, stopping and restarting it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use actix_web::{App, HttpServer, dev::ServerHandle, middleware::from_fn};
use tokio::sync::mpsc as async_mpsc;

use crate::endpoints;
use crate::lock::lock;
use crate::middleware;
use crate::state::State;

/// How long open connections may take to close when the authority stops.
const CLOSING: Duration = Duration::from_secs(2);

/// Owns the thread; dropping it stops the server and frees the port.
pub(crate) struct Server {
    commands: async_mpsc::UnboundedSender<Command>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Command {
    Down(mpsc::Sender<()>),
    Up(mpsc::Sender<io::Result<()>>),
    Stop,
}

impl Server {
    /// Serves from `listener`; returns when the server is running.
    pub(crate) fn start(listener: TcpListener, state: Arc<State>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (commands, received) = async_mpsc::unbounded_channel();
        let (started, wait) = mpsc::channel();
        let thread = thread::Builder::new().name("test-authority".into()).spawn(move || {
            actix_rt::System::new().block_on(async move {
                let running = Running::start(listener, &state);
                let ok = running.is_ok();
                let (running, result) = match running {
                    Ok(running) => (Some(running), Ok(())),
                    Err(error) => (None, Err(error)),
                };
                let told = started.send(result).is_ok();
                if ok && told {
                    obey(received, running, address, state).await;
                }
            });
        })?;
        wait.recv().map_err(|_| gone())??;
        Ok(Self { commands, thread: Mutex::new(Some(thread)) })
    }

    /// Closes the listener and every connection; returns when that is done.
    pub(crate) fn go_down(&self) {
        let (done, wait) = mpsc::channel();
        if self.commands.send(Command::Down(done)).is_ok() {
            let _ = wait.recv();
        }
    }

    /// Listens again on the same address.
    pub(crate) fn come_up(&self) -> io::Result<()> {
        let (done, wait) = mpsc::channel();
        self.commands.send(Command::Up(done)).map_err(|_| gone())?;
        wait.recv().map_err(|_| gone())?
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Stop);
        if let Some(thread) = lock(&self.thread).take() {
            let _ = thread.join();
        }
    }
}

async fn obey(
    mut commands: async_mpsc::UnboundedReceiver<Command>,
    mut running: Option<Running>,
    address: SocketAddr,
    state: Arc<State>,
) {
    while let Some(command) = commands.recv().await {
        match command {
            Command::Down(done) => {
                if let Some(running) = running.take() {
                    running.stop().await;
                }
                let _ = done.send(());
            }
            Command::Up(done) => {
                let result = match running {
                    Some(_) => Ok(()),
                    None => TcpListener::bind(address)
                        .and_then(|listener| Running::start(listener, &state))
                        .map(|new| running = Some(new)),
                };
                let _ = done.send(result);
            }
            Command::Stop => break,
        }
    }
    if let Some(running) = running.take() {
        running.stop().await;
    }
}

struct Running {
    handle: ServerHandle,
    /// Held by the application, and through it by every open connection.
    alive: Arc<()>,
    task: actix_rt::task::JoinHandle<io::Result<()>>,
}

impl Running {
    fn start(listener: TcpListener, state: &Arc<State>) -> io::Result<Self> {
        let state = Arc::clone(state);
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let server = HttpServer::new(move || {
            let state = Arc::clone(&state);
            App::new()
                .app_data(Arc::clone(&held))
                .wrap(from_fn(middleware::apply_faults))
                .configure(|app| endpoints::configure(app, state))
        })
        .on_connect(middleware::keep_connection)
        .workers(1)
        .disable_signals()
        .shutdown_timeout(0)
        .listen(listener)?
        .run();
        let handle = server.handle();
        let task = actix_rt::spawn(server);
        Ok(Self { handle, alive, task })
    }

    /// The listener is closed when the task ends. Connections close a moment later, with their
    /// worker. The only sign of it is that they drop the application.
    async fn stop(self) {
        self.handle.stop(false).await;
        let _ = self.task.await;
        let deadline = Instant::now() + CLOSING;
        while Arc::strong_count(&self.alive) > 1 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

fn gone() -> io::Error {
    io::Error::other("the TestAuthority's thread has ended")
}
