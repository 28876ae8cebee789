//! A way to a server that can be cut, blocked and restored, with no harm to the server.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
};

#[derive(Clone)]
pub(crate) struct Proxy {
    address: SocketAddr,
    way: Arc<Way>,
}

struct Way {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    mode: Mode,
    streams: Vec<TcpStream>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Open,
    /// Connections end, and so does every new one.
    Cut,
    /// Connections stay, and nothing comes through.
    Blocked,
}

impl Proxy {
    pub(crate) fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Mutex::new(State { mode: Mode::Open, streams: Vec::new() });
        let way = Arc::new(Way { state, changed: Condvar::new() });
        let (server, accepting) = (server.to_owned(), way.clone());
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                accepting.connect(client, &server);
            }
        });
        Self { address, way }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn cut(&self) {
        let streams = self.way.set(Mode::Cut);
        for stream in streams {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn block(&self) {
        let streams = self.way.set(Mode::Blocked);
        self.way.state.lock().unwrap().streams = streams;
    }

    pub(crate) fn restore(&self) {
        let streams = self.way.set(Mode::Open);
        self.way.state.lock().unwrap().streams = streams;
    }
}

impl Way {
    /// The streams until now are handed out.
    fn set(&self, mode: Mode) -> Vec<TcpStream> {
        let mut state = self.state.lock().unwrap();
        state.mode = mode;
        self.changed.notify_all();
        std::mem::take(&mut state.streams)
    }

    fn connect(self: &Arc<Self>, client: TcpStream, server: &str) {
        let mut state = self.state.lock().unwrap();
        if state.mode == Mode::Cut {
            return;
        }
        let Ok(server) = TcpStream::connect(server) else { return };
        for (from, to) in [(&client, &server), (&server, &client)] {
            from.set_nodelay(true).unwrap();
            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let way = self.clone();
            thread::spawn(move || way.carry(from, to));
        }
        state.streams.extend([client, server]);
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            let state = self.state.lock().unwrap();
            drop(self.changed.wait_while(state, |state| state.mode == Mode::Blocked).unwrap());
            if to.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}
