//! A TCP proxy between a replica and the log's server. It makes the faults of a network, so that
//! they are the same for every kind of server.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

/// What happens to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Bytes pass.
    Pass,
    /// Connections stay open, new ones are accepted, and no byte passes. A connection that was
    /// stalled once stays so for ever: its other end is gone.
    Stall,
    /// Connections are reset (RST), new ones too.
    Reset,
    /// Connections are closed (FIN), and new ones are refused, since nobody listens.
    Refuse,
}

/// A proxy on a port of its own.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    mode: watch::Sender<Mode>,
    listener: Mutex<Option<JoinHandle<()>>>,
    server: SocketAddr,
}

impl Proxy {
    /// Listens on a free port, and connects to `server` for each connection.
    pub(crate) async fn start(server: SocketAddr) -> io::Result<Arc<Self>> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (mode, _) = watch::channel(Mode::Pass);
        let task = tokio::spawn(accept(listener, server, mode.subscribe()));
        Ok(Arc::new(Self { address, mode, listener: Mutex::new(Some(task)), server }))
    }

    /// Changes what happens, to the connections that are open as well.
    pub(crate) async fn set(&self, mode: Mode) -> io::Result<()> {
        self.mode.send_replace(mode);
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        let listener = match (mode, listener) {
            (Mode::Refuse, Some(task)) => {
                task.abort();
                // The listener is closed when the task has ended.
                let _ = task.await;
                None
            }
            (Mode::Refuse, None) => None,
            (_, Some(task)) => Some(task),
            (_, None) => {
                let listener = TcpListener::bind(self.address).await?;
                Some(tokio::spawn(accept(listener, self.server, self.mode.subscribe())))
            }
        };
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = listener;
        Ok(())
    }

    /// Closes the connections that are open; new ones pass at once.
    pub(crate) async fn cut(&self) -> io::Result<()> {
        self.set(Mode::Refuse).await?;
        // So that each connection has seen it.
        sleep(Duration::from_millis(20)).await;
        self.set(Mode::Pass).await
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(task) = self.listener.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, mode: watch::Receiver<Mode>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(connect(client, server, mode.clone()));
    }
}

/// Serves one connection until it ends.
async fn connect(client: TcpStream, server: SocketAddr, mut mode: watch::Receiver<Mode>) {
    let first = *mode.borrow_and_update();
    if first == Mode::Pass {
        let Ok(upstream) = TcpStream::connect(server).await else { return reset(&client) };
        let (client_reads, client_writes) = client.into_split();
        let (server_reads, server_writes) = upstream.into_split();
        let passing = async {
            tokio::select! {
                () = pass(&client_reads, &server_writes) => {}
                () = pass(&server_reads, &client_writes) => {}
            }
        };
        tokio::select! {
            () = passing => {}
            // Dropping the other branch stops the bytes and keeps both connections.
            () = end_of(&mut mode) => end(&mut mode, client_reads.as_ref()).await,
        }
    } else {
        end(&mut mode, &client).await;
    }
}

/// Ready when bytes do not pass any more.
async fn end_of(mode: &mut watch::Receiver<Mode>) {
    // An error means that the proxy is gone.
    let _ = mode.wait_for(|mode| *mode != Mode::Pass).await;
}

/// Ends a connection as the mode says. It never passes a byte again.
async fn end(mode: &mut watch::Receiver<Mode>, client: &TcpStream) {
    loop {
        let now = *mode.borrow_and_update();
        match now {
            Mode::Reset => return reset(client),
            Mode::Refuse => return,
            Mode::Pass | Mode::Stall => {}
        }
        let has_gone = client.readable();
        tokio::select! {
            changed = mode.changed() => if changed.is_err() { return },
            // Reads nothing while it is stalled, but ends with the client.
            _ = has_gone => sleep(Duration::from_millis(50)).await,
        }
        if is_closed(client) {
            return;
        }
    }
}

/// Whether the client has closed the connection.
fn is_closed(client: &TcpStream) -> bool {
    let mut buffer = [0; 1024];
    match client.try_read(&mut buffer) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}

fn reset(client: &TcpStream) {
    // Closing then sends RST; a failure only makes it a FIN.
    let _ = socket2::SockRef::from(client).set_linger(Some(Duration::ZERO));
}

async fn pass(from: &OwnedReadHalf, to: &OwnedWriteHalf) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        if from.readable().await.is_err() {
            return;
        }
        let read = match from.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(_) => return,
        };
        let mut written = 0;
        while written < read {
            if to.writable().await.is_err() {
                return;
            }
            match to.try_write(&buffer[written..read]) {
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }
}
