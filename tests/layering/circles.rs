//! No two files of a crate use each other, directly or indirectly.

use crate::graph::{Graph, circles, edges_within, graph};
use crate::members;
use crate::modules::{Sources, modules};
use crate::resolve::{Crate, Found, Last};

#[test]
fn no_crate_has_a_circle_of_imports() {
    for member in members() {
        let graph = graph(&member.sources(), member.top);
        assert!(graph.len() > 1, "{}: nothing was read", member.name);
        let found: Vec<_> = circles(&graph)
            .iter()
            .map(|circle| edges_within(&graph, circle))
            .collect();
        assert!(found.is_empty(), "{}: {found:#?}", member.name);
    }
}

/// Every file below `src` is a module that was read: what is not reachable would not be checked.
#[test]
fn every_file_is_read() {
    for member in members() {
        let sources = member.sources();
        let graph = graph(&sources, member.top);
        let unread: Vec<&String> = sources
            .keys()
            .filter(|file| !graph.contains_key(*file))
            // Compiled in tests alone; below `printed` is Rust that is shown to users.
            .filter(|file| {
                !file.ends_with("_tests.rs")
                    && !file.contains("_tests/")
                    && !file.contains("/printed/")
            })
            .collect();
        assert!(unread.is_empty(), "{}: {unread:?}", member.name);
    }
}

/// A crate of three files; `a.rs` and `b.rs` have this content.
fn graph_of(lib: &str, a: &str, b: &str) -> Graph {
    let files = [("lib.rs", lib), ("a.rs", a), ("b.rs", b)];
    let sources: Sources = files
        .into_iter()
        .map(|(file, text)| (file.to_owned(), text.to_owned()))
        .collect();
    graph(&sources, "lib.rs")
}

/// Each of its paths counts as an import of the name that it ends with, into the module that it is in.
#[test]
fn the_paths_of_a_macro_to_its_own_module_are_followed_once() {
    let text = "pub struct A; macro_rules! h { () => { $crate::A; crate::A::b(); super::A; made(crate::made) } }";
    let sources = Sources::from([("lib.rs".to_owned(), text.to_owned())]);
    let found = Crate {
        modules: modules(&sources, "lib.rs"),
    };
    for name in ["A", "made"] {
        let path = ["crate", name].map(str::to_owned);
        let places = found.resolve(&Vec::new(), &path, Last::Anything);
        let places: Vec<_> = places.into_iter().collect();
        assert_eq!(places, [Found::Item(Vec::new())], "{name}");
    }
}

#[test]
fn a_circle_is_found_whichever_way_a_name_comes() {
    const B: &str = "pub(crate) struct B; pub(crate) enum E { V } pub(crate) trait Tr {} \
        make!(); pub(crate) fn f() {} fn back() { crate::a::g() }";
    for a in [
        "use crate::b::B;",
        "use crate::{b::B};",
        "use crate::b; fn h() { b::f() }",
        "use crate::b::{self}; fn h() { b::f() }",
        "use crate::b as other; fn h() { other::f() }",
        "use crate::b::*;",
        "use super::b::B;",
        "use self::super::b::B;",
        // By a facade, under its name and another.
        "use crate::B;",
        "use crate::Renamed;",
        "use super::B;",
        "use super::*; fn h(_: B) {}",
        // Without an import.
        "fn h() { crate::b::f() }",
        "fn h() { super::b::f() }",
        "fn h(_: &crate::b::B) {}",
        "fn h() -> Option<crate::b::B> { None }",
        "fn h() { use crate::b::f; f() }",
        "impl From<crate::b::B> for u8 { fn from(_: crate::b::B) -> Self { 0 } }",
        // Imported inside a function.
        "fn h() { use crate::b; b::f() }",
        "fn h() { use crate::b as k; k::f() }",
        "fn h() { use crate::b::*; f() }",
        "fn h() { use super::*; b::f() }",
        // One name for two things.
        "use crate::b; fn b() { b::f() }",
        "use crate::b; const b: u8 = b::made();",
        "use crate::b::E::*;",
        "use crate::E; fn h() { E::V; }",
        "fn h() -> u8 { crate::V }",
        "use crate::b::made;",
        "fn h() { crate::b::made() }",
        "pub(crate) use crate::b::Tr as _;",
        "fn h() { crate::r#b::f() }",
        // In the arguments of attributes and macros.
        "#[foo(crate::b::f)] fn h() {}",
        "struct S { #[serde(default = \"crate::b::f\")] s: u8 }",
        "fn h() { any!(use crate::{b::f};) }",
        "fn h() { any!(use crate::b; b::f()) }",
        "fn h() { any!(use crate::b::*;) }",
        "macro_rules! h { () => { $crate::b::f() } }",
        "fn h() { assert_eq!(Some(crate::b::f()), None) }",
    ] {
        let a = format!("{a} pub(crate) fn g() {{}}");
        let graph = graph_of(
            "mod a; mod b; pub use b::B; pub use b::B as Renamed; pub use b::E::*; pub use b::E;",
            &a,
            B,
        );
        assert_eq!(circles(&graph), [["a.rs", "b.rs"]], "{a}");
    }
}

#[test]
fn a_module_and_its_child_are_a_circle_too() {
    let graph = graph_of(
        "mod a; mod b; use a::g; const LEN: usize = 12; fn h() { g() }",
        "use super::LEN; pub(crate) fn g() -> usize { LEN }",
        "",
    );
    assert_eq!(circles(&graph), [["a.rs", "lib.rs"]]);
}

#[test]
fn facades_and_tests_are_none() {
    for (lib, a, b) in [
        // What a facade declares and gives on, it does not use.
        (
            "mod a; mod b; pub use a::g; pub(crate) use b::B; const LEN: usize = 12;",
            "use crate::{B, LEN}; pub fn g(_: B) -> usize { LEN }",
            "pub(crate) struct B;",
        ),
        (
            "mod a; mod b;",
            "pub(crate) fn g() {} #[cfg(test)] mod tests { use crate::b::f; }",
            "use crate::a::g; pub(crate) fn f() { g() }",
        ),
        (
            "mod a; mod b; pub use a::*; const LEN: usize = 12;",
            "use crate::LEN; pub fn g() -> usize { LEN }",
            "",
        ),
        // A facade that gives on a function of a module's name.
        (
            "mod a; mod b; pub use b::a;",
            "pub(crate) struct A; fn f() { crate::a::A }",
            "pub fn a() { crate::a::A }",
        ),
        // Names of other crates, and of what is no path.
        (
            "mod a; mod b; pub(crate) use b::B;",
            "use other::B; use std::b::f; fn h(b: u8) { B::new(b); b::f() } pub(crate) fn g() {}",
            "use crate::a::g; pub(crate) struct B; fn f() { g(); }",
        ),
    ] {
        let found = circles(&graph_of(lib, a, b));
        assert!(found.is_empty(), "{lib} {a} {b}: {found:?}");
    }
}

#[test]
fn what_would_hide_an_import_is_refused() {
    for a in [
        "fn h() { mod inner { pub fn f() { super::super::b::f() } } }",
        "extern crate self as me;",
        "#[macro_use] mod inner {}",
        "#[macro_export] macro_rules! h { () => {} }",
        "macro_rules! h { () => { crate::b::f() } } mod inner {}",
        "#[path = \"b.rs\"] mod inner;",
        "include!(\"b.rs\");",
        "fn h() { include!(\"b.rs\") }",
    ] {
        let read = std::panic::catch_unwind(|| graph_of("mod a; mod b;", a, ""));
        assert!(read.is_err(), "{a}");
    }
}
