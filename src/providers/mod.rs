//! Third-party token APIs as pure functions over `http::Request` and `http::Response`.

pub mod bankezy;
