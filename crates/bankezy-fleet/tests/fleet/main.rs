//! Fleets on real servers: docs/fleet.md, row by row. Servers and processes are started by each test and end with it.
//!
//! `BANKEZY_TEST_EVERY_CASE=1` runs the long forms, such as 10 million messages.

mod budget;
mod check;
mod children;
mod connection;
mod failover;
mod hostile;
mod metrics;
mod proxy;
mod replay;
mod rotation;
mod rotation_disturbed;
mod rotation_folder;
mod rotation_gone;
mod rotation_late;
mod rotation_members;
mod server;
mod sessions;
mod silent;
mod stage;
mod tls;
mod tokens;
mod turns;

/// docs/fleet.md promises a test for each failure.
#[test]
fn every_row_of_the_page_names_a_test_that_is_there() {
    let page = include_str!("../../../../docs/fleet.md");
    let table = page
        .split("| failure |")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    let sources = [
        include_str!("budget.rs"),
        include_str!("connection.rs"),
        include_str!("failover.rs"),
        include_str!("hostile.rs"),
        include_str!("replay.rs"),
        include_str!("rotation.rs"),
        include_str!("rotation_disturbed.rs"),
        include_str!("rotation_folder.rs"),
        include_str!("rotation_gone.rs"),
        include_str!("rotation_late.rs"),
        include_str!("rotation_members.rs"),
        include_str!("sessions.rs"),
        include_str!("silent.rs"),
        include_str!("tls.rs"),
        include_str!("tokens.rs"),
        include_str!("turns.rs"),
    ];
    let rows: Vec<_> = table.lines().skip(2).collect();
    assert!(rows.len() > 20, "{}", rows.len());
    for row in rows {
        let names = row.rsplit(" | ").next().unwrap();
        let names: Vec<_> = names.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{row}");
        for name in names {
            let function = format!("fn {name}()");
            assert!(sources.iter().any(|it| it.contains(&function)), "{name}");
        }
    }
}
