//! Keys under fire: authorities that are slow, broken, hostile or gone.
#![allow(clippy::unwrap_used)]
