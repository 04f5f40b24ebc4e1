//! The checks that other tools make: rustfmt, clippy, and the web page's own lint and type check.

use anyhow::Result;

use super::Verdict;
use crate::process;
use crate::workspace::root;

pub fn fmt() -> Result<Verdict> {
    let told = process::capture(&mut process::cargo(["fmt", "--all", "--check", "--", "-l"]))?;
    let files = told.stdout.lines().map(|file| format!("{file}: run `cargo fmt`")).collect();
    Ok(match (told.success, told.stdout.trim().is_empty()) {
        (true, _) => Verdict::Fine(String::new()),
        (false, false) => Verdict::Broken(files),
        (false, true) => Verdict::Broken(vec![told.stderr]),
    })
}

pub fn clippy() -> Result<Verdict> {
    let arguments = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
    let told = process::capture(&mut process::cargo(arguments))?;
    Ok(if told.success {
        Verdict::Fine(String::new())
    } else {
        Verdict::Broken(vec![told.stderr.trim_end().to_owned()])
    })
}

pub fn web() -> Result<Verdict> {
    let web = root().join("web");
    if !web.join("package.json").is_file() {
        return Ok(Verdict::Skipped("there is no web page".to_owned()));
    }
    if !web.join("node_modules").is_dir() {
        return Ok(Verdict::Skipped("web/node_modules is absent; run `cargo xtask setup`".to_owned()));
    }
    let mut found = Vec::new();
    for script in ["lint", "check"] {
        let told = process::capture(&mut process::command("npm", ["run", "--silent", script], &web))?;
        if !told.success {
            found.push(format!("npm run {script}:\n{}{}", told.stdout.trim_end(), told.stderr.trim_end()));
        }
    }
    Ok(Verdict::of(found))
}
