//! How a request gets its connection. The feature `eager-pool` decides which of the two ways is built; both have
//! `open`, `with` and `complete`.

#[cfg(feature = "eager-pool")]
mod eager;
#[cfg(not(feature = "eager-pool"))]
mod per_request;

#[cfg(feature = "eager-pool")]
pub use eager::Connections;
#[cfg(not(feature = "eager-pool"))]
pub use per_request::Connections;
