//! Keys under fire: authorities that are slow, broken, hostile or gone, over real sockets.
//!
//! - `faults`: everything that an answer can be, one ordeal each
//! - `bounds`: how much is read of an answer, and what is not asked at all
//! - `sets`: sets that are unchanged, empty, withdrawn or too old
//! - `flood`: ten thousand unknown keys
//! - `http2`: kept connections that die
//! - `issuers`: one's trouble is not another's
//! - `life`: servers, runtimes, clients and the refresher itself come to an end
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
