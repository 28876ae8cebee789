//! A server as a process of its own, and the processor's time that it has used.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use benches_support::emit;
use serde_json::json;

use crate::keys_over_tls::KeysOverTls;

/// A running server. It is killed when this is dropped.
pub struct Server {
    /// What stands before the application.
    pub mode: &'static str,
    /// How many workers it has.
    pub workers: usize,
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
}

impl Server {
    /// Starts this program again as a server.
    pub fn start(mode: &'static str, workers: usize, keys: &KeysOverTls, jwks_uri: &str) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .args(["serve", mode, &workers.to_string(), &keys.issuer])
            .arg(&keys.certificate)
            .arg(jwks_uri)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut address = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut address).expect("it says where it listens");
        let address = address.trim().parse().expect("an address");
        Self { mode, workers, address, child }
    }

    /// How long its threads have had a processor.
    pub fn processor_time(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("it runs");
        let time = |task: fs::DirEntry| {
            // The first of three numbers: nanoseconds on a processor.
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
        };
        tasks.flatten().filter_map(time).sum()
    }

    /// Whether the load may have a processor to itself.
    pub fn leaves_a_processor(&self) -> bool {
        std::thread::available_parallelism().is_ok_and(|n| self.workers < n.get())
    }

    /// How much memory it has in use.
    pub fn emit_memory(&self) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
        let kib: u64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("KiB");
        let (mode, workers) = (self.mode, self.workers);
        emit(json!({ "table": "memory", "mode": mode, "workers": workers, "rss_kib": kib }));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
