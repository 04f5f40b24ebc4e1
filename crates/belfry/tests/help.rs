//! What the program says of itself: each command explains what it does and shows how it is called.

#![expect(clippy::unwrap_used, reason = "a test ends where what it stands on does not hold")]

use std::process::Command;

fn help(arguments: &[&str]) -> String {
    let said = Command::new(env!("CARGO_BIN_EXE_belfry")).args(arguments).arg("--help").output().unwrap();
    assert!(said.status.success(), "{arguments:?}");
    String::from_utf8(said.stdout).unwrap()
}

/// The commands that the program lists.
fn commands() -> Vec<String> {
    let all = help(&[]);
    let list = all.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let names = list.lines().filter(|l| l.starts_with("  ") && !l.starts_with("   "));
    names.filter_map(|l| l.split_whitespace().next()).filter(|n| *n != "help").map(str::to_owned).collect()
}

#[test]
fn each_command_explains_itself_with_examples() {
    let commands = commands();
    assert!(commands.len() >= 9, "{commands:?}");
    for command in &commands {
        let text = help(&[command]);
        let before = text.split("Usage:").next().unwrap().trim();
        assert!(before.contains("\n\n"), "{command} says no more than one line of itself: {before}");
        assert!(text.contains(&format!("\n  belfry {command}")), "{command} shows no example");
    }
}

#[test]
fn a_newcomer_is_told_where_to_begin() {
    let text = help(&[]);
    for line in ["belfry demo", "belfry serve", "belfry import --help"] {
        assert!(text.contains(line), "{line}");
    }
}
