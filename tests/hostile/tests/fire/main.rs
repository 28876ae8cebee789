//! Tests of keys: issuers that are slow, broken, hostile or unreachable, over real sockets.
//!
//! - `faults`: every kind of answer, one case each
//! - `bounds`: how much of an answer is read, and which requests are not sent
//! - `sets`: key sets that are unchanged, empty, withdrawn or too old
//! - `flood`: ten thousand unknown keys
//! - `http2`: kept connections that stop
//! - `issuers`: the failure of one issuer does not affect another
//! - `life`: servers, runtimes, clients and the refresher stop
#![allow(clippy::unwrap_used)]

mod bounds;
mod broken;
mod faults;
mod flood;
mod http2;
mod issuers;
mod life;
mod sets;
mod tls;
mod world;
