//! Facts about the machine and the tree that a result means nothing without. Holds no measuring.

use serde::Serialize;
use std::path::Path;
use std::process::Command;

/// The machine and the state of the tree.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// Logical processors.
    pub cores: usize,
    /// Model name of the processor.
    pub cpu: String,
    /// Kernel release.
    pub kernel: String,
    /// Total memory in bytes.
    pub memory_bytes: u64,
    /// Type of the file system that holds the data directories.
    pub file_system: String,
    /// Commit of the tree.
    pub commit: String,
    /// Whether tracked files differ from it.
    pub modified: bool,
}

impl Machine {
    /// Looks.
    pub fn look(data: &Path) -> Self {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kib = memory.lines().next().and_then(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok());
        Self {
            cores: std::thread::available_parallelism().map_or(0, Into::into),
            cpu: cpu
                .lines()
                .find_map(|l| l.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim().to_owned()))
                .unwrap_or_default(),
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            memory_bytes: kib.unwrap_or(0) * 1024,
            file_system: output("stat", &["-f", "-c", "%T", &data.to_string_lossy()]),
            commit: output("git", &["-C", env!("CARGO_MANIFEST_DIR"), "rev-parse", "--short=12", "HEAD"]),
            modified: !output("git", &["-C", env!("CARGO_MANIFEST_DIR"), "status", "--short", "-uno"]).is_empty(),
        }
    }
}

/// The load averages of one, five and fifteen minutes, as the kernel writes them.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// Processor seconds that a process has used, in ticks of a hundredth.
pub fn cpu_seconds(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default()
}
