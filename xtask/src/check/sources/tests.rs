//! Each rule on a small tree that breaks it and one that keeps it.

use super::*;
use crate::check::code;

type Files<'a> = &'a [(&'a str, &'a str)];
type Rule = fn(&Tree) -> Result<Verdict>;

fn findings(rule: Rule, files: Files<'_>) -> Vec<String> {
    let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
    let files: Vec<_> = files.iter().map(file).collect();
    let rust = files.iter().filter(|file| file.path.ends_with(".rs")).map(code::Rust::read).collect();
    match rule(&Tree { files, rust, metadata: serde_json::Value::Null }).expect("a rule reads no disk") {
        Verdict::Broken(findings) => findings,
        _ => Vec::new(),
    }
}

#[test]
fn each_rule_finds_what_it_guards_against_and_nothing_else() {
    let problem = ("crates/http/src/problem.rs", "fn s(k: Kind) -> StatusCode { match k { Kind::A => X } }");
    let long = "\n".repeat(801);
    let generated = format!("// Generated from x\n{long}");
    let words = format!("//! The deny words.\nconst WORDS: [&str; 30] = [{}];", "\"w\", ".repeat(30));
    let cases: [(Rule, Files<'_>, usize); 37] = [
        (pure, &[("crates/kernel/src/a.rs", "use std::fs;\nfn f() { Instant::now(); }")], 2),
        (
            pure,
            &[(
                "crates/ngsi-ld/src/a.rs",
                "// std::fs\nfn f() { g(\"std::fs\") }\n#[cfg(test)]\nmod t { use std::fs; }",
            )],
            0,
        ),
        (pure, &[("crates/log/src/a.rs", "use std::fs;")], 0),
        (pure, &[("crates/kernel/tests/a.rs", "use std::fs;")], 0),
        (wire_only, &[("crates/http/src/a.rs", "use belfry_store_embedded::Store;")], 1),
        (wire_only, &[("crates/belfry/src/main.rs", "belfry_connect_mqtt::run();")], 1),
        (wire_only, &[("crates/belfry/src/wire.rs", "use belfry_store_embedded::Store;")], 0),
        (wire_only, &[("crates/connect/mqtt/src/lib.rs", "use belfry_connect_payload::decode;")], 0),
        (no_json_value, &[("crates/ngsi-ld/src/a.rs", "fn f(v: serde_json::Value) {}")], 1),
        (no_json_value, &[("crates/ngsi-ld/src/a/tests.rs", "fn f(v: serde_json::Value) {}")], 0),
        (no_json_value, &[("crates/config/src/a.rs", "fn f(v: serde_json::Value) {}")], 0),
        (status_codes, &[problem], 0),
        (status_codes, &[], 1),
        (status_codes, &[problem, ("crates/http/src/entity.rs", "StatusCode::OK")], 1),
        (status_codes, &[("crates/http/src/problem.rs", "match k {\n A => 1,\n _ => 2,\n}")], 1),
        (no_allow, &[("bench/src/main.rs", "#[allow(dead_code)]\nfn a() {}")], 1),
        (no_allow, &[("bench/src/main.rs", "#[expect(dead_code, reason = \"x\")]\nfn a() {}")], 0),
        (no_unwrap, &[("apps/a/lib.rs", "fn a() { b().unwrap() }")], 1),
        (no_unwrap, &[("apps/a/lib.rs", "#[test]\nfn a() { b().unwrap() }\nfn c() { d().unwrap_or(1) }")], 0),
        (no_leftovers, &[("crates/a/src/a.rs", "fn a() { todo!() }")], 1),
        (no_leftovers, &[("web/src/a.ts", concat!("// TO", "DO later"))], 1),
        (module_docs, &[("crates/a/src/a.rs", "use b;\n")], 1),
        (module_docs, &[("crates/a/src/a.rs", "//! belfry-a.\n")], 1),
        (module_docs, &[("crates/a/src/a.rs", "//! What a thing is; holds no things.\n")], 0),
        (file_length, &[("web/src/a.svelte", &long)], 1),
        (file_length, &[("web/src/api.ts", &generated)], 0),
        (file_names, &[("crates/a/src/utils.rs", ""), ("web/src/common/a.ts", "")], 2),
        (file_names, &[("crates/a/src/commonwealth.rs", "")], 0),
        (no_person, &[("crates/a/src/a.rs", "struct LicensePlate;\nfn face_recognition() {}")], 2),
        (no_person, &[("crates/a/src/deny.rs", "const A: &str = X; // license plate")], 0),
        (no_person, &[("web/src/a.ts", "const numberPlate = 1;")], 1),
        (deny_list, &[], 1),
        (deny_list, &[("crates/a/src/deny.rs", &words)], 1),
        (deny_list, &[("crates/a/src/deny.rs", &words), ("crates/a/src/lib.rs", "pub use deny::Deny;")], 1),
        (deny_list, &[("crates/a/src/deny.rs", &words), ("crates/a/src/door.rs", "fn a() { deny::check(); }")], 0),
        (build_scripts, &[("crates/ui/build.rs", "fn main() { Command::new(NPM); }")], 1),
        (build_scripts, &[("crates/ui/build.rs", "fn main() { println(); }")], 0),
    ];
    for (number, (rule, files, count)) in cases.into_iter().enumerate() {
        let found = findings(rule, files);
        assert_eq!(found.len(), count, "case {number}, {:?}: {found:?}", files.first().map(|(path, _)| path));
    }
}

#[test]
fn a_finding_names_file_line_and_what_to_do() {
    let found = findings(no_unwrap, &[("crates/a/src/a.rs", "fn a() {\n    b().unwrap();\n}")]);
    assert_eq!(found, ["crates/a/src/a.rs:2: .unwrap(); return the error, or expect(\"why it cannot fail\")"]);
}
