//! What must not outlive the runner: child processes and data directories. On SIGINT and SIGTERM they are ended and
//! removed too. Holds the list of them.

use anyhow::Result;
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

#[derive(Default)]
struct Left {
    processes: Vec<u32>,
    folders: HashMap<u64, PathBuf>,
    next: u64,
}

static LEFT: Mutex<Option<Left>> = Mutex::new(None);

fn with<R>(change: impl FnOnce(&mut Left) -> R) -> R {
    let mut left = LEFT.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    change(left.get_or_insert_default())
}

/// Notes a child process.
pub fn add_process(pid: u32) {
    with(|left| left.processes.push(pid));
}

/// Forgets a child process that has ended.
pub fn remove_process(pid: u32) {
    with(|left| left.processes.retain(|p| *p != pid));
}

/// Notes a folder; the key forgets it.
pub fn add_folder(folder: PathBuf) -> u64 {
    with(|left| {
        left.next += 1;
        left.folders.insert(left.next, folder);
        left.next
    })
}

/// Forgets a folder that has been removed.
pub fn remove_folder(key: u64) {
    with(|left| left.folders.remove(&key));
}

/// Sends a signal (`TERM`, `KILL`) to a process that this program started.
pub fn signal(pid: u32, name: &str) {
    let _status = Command::new("kill").args([format!("-{name}"), pid.to_string()]).stderr(Stdio::null()).status();
}

/// Starts the thread that tidies up on SIGINT and SIGTERM.
pub fn on_signal() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let Ok(mut term) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
                return;
            };
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
            }
            with(|left| {
                for pid in &left.processes {
                    signal(*pid, "KILL");
                }
                for folder in left.folders.values() {
                    // A process that has been killed may still make files for a moment.
                    for _ in 0..50 {
                        if std::fs::remove_dir_all(folder).is_ok() || !folder.exists() {
                            break;
                        }
                        std::thread::sleep(std::time::Duration::from_millis(40));
                    }
                }
            });
            std::process::exit(130);
        });
    });
    Ok(())
}
