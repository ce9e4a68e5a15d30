//! Fleets on real servers: docs/fleet.md, row by row. Servers and processes are started by each test and end with it.
//!
//! `BANKEZY_TEST_EVERY_CASE=1` runs the long forms, such as 10 million messages.

mod budget;
mod children;
mod connection;
mod failover;
mod proxy;
mod replay;
mod rotation;
mod server;
mod sessions;
mod stage;
mod tokens;
