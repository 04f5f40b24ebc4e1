//! Running other programs, visibly. Holds no knowledge of what they are for.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// A program with its arguments, to be run in a directory.
pub fn command<I: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = I>, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory);
    command
}

/// The cargo that runs this program, in the workspace's root.
pub fn cargo<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Command {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = command(&cargo, arguments, &crate::workspace::root());
    // What cargo set for this program is not meant for the packages that are built by it.
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_")
            || name_text == "CARGO_MANIFEST_DIR"
            || name_text == "CARGO_MANIFEST_PATH"
        {
            command.env_remove(name);
        }
    }
    command
}

/// Prints the command, runs it with this program's own input and output, and refuses any exit code but 0.
pub fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", in_words(command));
    let status = command.status().with_context(|| format!("{} cannot be run", in_words(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", in_words(command));
    }
    Ok(())
}

/// Runs quietly. What it wrote, standard output first, and whether it ended well.
pub fn capture(command: &mut Command) -> Result<Captured> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("{} cannot be run", in_words(command)))?;
    Ok(Captured {
        success: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// What a quiet program wrote.
pub struct Captured {
    /// Whether it ended with exit code 0.
    pub success: bool,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// Where a program is found, as a shell would; `/usr/sbin` counts too, since Debian keeps services there.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let sbin = [PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")];
    std::env::split_paths(&path).chain(sbin).map(|directory| directory.join(program)).find(|file| file.is_file())
}

/// Whether this is a run of continuous integration (`CI` set to anything but empty, `0` or `false`).
pub fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !["", "0", "false"].contains(&value.as_str()))
}

fn in_words(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy().into_owned());
    words.collect::<Vec<_>>().join(" ")
}
