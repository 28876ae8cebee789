//! A key set over HTTP, for those who insist on fetching it.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread,
};

/// Serves this key set at the URL that is returned, as long as the process lives.
pub fn serve(jwks: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            while lines.next().is_some_and(|line| !line.is_empty()) {}
            // Whoever hung up has its answer already.
            let _ = write!(
                &stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\
                 Cache-Control: max-age=86400\r\nContent-Length: {}\r\n\r\n{jwks}",
                jwks.len()
            );
        }
    });
    format!("http://{address}/jwks")
}
