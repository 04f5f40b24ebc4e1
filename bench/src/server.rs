//! The servers under measurement, as child processes: Belfry, the trivial server, Mosquitto. Holds their start, their
//! end, their data directories and their memory figures.

use crate::load;
use crate::stop;
use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longest wait for a server to listen, answer or end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A child process that goes with its owner.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// From just before `exec` to its first answer of `GET /health`; zero for servers without one.
    pub started_in: Duration,
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Server {
    /// The trivial server: this program itself.
    pub fn trivial() -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("trivial").stdin(Stdio::piped());
        Self::start(command, "the trivial server", None)
    }

    /// Belfry over a data directory, with settings as environment variables.
    pub fn belfry(bin: &Path, data: &Path, settings: &[(&str, String)]) -> Result<Self> {
        ensure!(bin.exists(), "{} is missing: cargo build --release -p belfry", bin.display());
        let mut command = Command::new(bin);
        command.arg("serve").arg("--data").arg(data).args(["--listen", "127.0.0.1:0"]);
        command.env("BELFRY_LOG_LEVEL", "warn").stdin(Stdio::null());
        for (name, value) in settings {
            command.env(name, value);
        }
        Self::start(command, "belfry", Some("/health"))
    }

    /// Mosquitto without persistence and without limits of its queues.
    pub fn mosquitto(folder: &Path) -> Result<Self> {
        let port = free_port()?;
        let file = folder.join("mosquitto.conf");
        let text = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n\
             max_inflight_messages 0\nmax_queued_messages 0\nlog_dest none\n"
        );
        std::fs::write(&file, text)?;
        let bin = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].iter().find(|path| Path::new(path).exists());
        let mut command = Command::new(bin.unwrap_or(&"mosquitto"));
        command.arg("-c").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot start mosquitto: apt-get install mosquitto")?;
        stop::add_process(child.id());
        let said = listen(child.stderr.take());
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let server = Self { address, started_in: Duration::ZERO, child, said };
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(begin.elapsed() < PATIENCE, "mosquitto does not listen: {}", server.said());
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    fn start(mut command: Command, name: &str, health: Option<&str>) -> Result<Self> {
        let begin = Instant::now();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        stop::add_process(child.id());
        let said = listen(child.stderr.take());
        let mut address = None;
        if let Some(out) = child.stdout.take() {
            let mut lines = BufReader::new(out).lines();
            address = lines.by_ref().map_while(Result::ok).find_map(|line| {
                line.split("listening on http://").nth(1)?.trim().trim_end_matches('/').parse::<SocketAddr>().ok()
            });
            // What it says later is read and dropped, so that it never waits for a full pipe.
            std::thread::spawn(move || lines.for_each(drop));
        }
        let address = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let mut server = Self { address, started_in: Duration::ZERO, child, said };
        if address.port() == 0 {
            let _status = server.child.wait();
            bail!("{name} did not say where it listens: {}", server.said());
        }
        if let Some(path) = health {
            loop {
                match load::ask(address, "GET", path, b"") {
                    Ok((200, ..)) => break,
                    other if begin.elapsed() > PATIENCE => {
                        bail!("{name} is not healthy: {:?} {}", other.map(|a| a.0), server.said())
                    }
                    _ => std::thread::sleep(Duration::from_millis(2)),
                }
            }
            server.started_in = begin.elapsed();
        }
        Ok(server)
    }

    /// What it wrote to standard error, at most the first 64 KiB.
    pub fn said(&self) -> String {
        std::thread::sleep(Duration::from_millis(50));
        self.said.lock().map(|said| said.clone()).unwrap_or_default()
    }

    /// Ends it in order and waits for it.
    pub fn stop(mut self) -> Result<Duration> {
        let begin = Instant::now();
        stop::signal(self.child.id(), "TERM");
        while self.child.try_wait()?.is_none() {
            ensure!(begin.elapsed() < PATIENCE, "the server does not end on SIGTERM");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(begin.elapsed())
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in bytes: all of it, and the part that is no file.
    pub fn memory(&self) -> Result<(u64, u64)> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let field = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
        };
        field("VmRSS:").zip(field("RssAnon:")).context("no memory figures in /proc")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
        stop::remove_process(self.child.id());
    }
}

fn listen(from: Option<ChildStderr>) -> Arc<Mutex<String>> {
    let said = Arc::new(Mutex::new(String::new()));
    let into = Arc::clone(&said);
    std::thread::spawn(move || {
        let Some(mut from) = from else { return };
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            if let Ok(mut into) = into.lock()
                && into.len() < 64 << 10
            {
                into.push_str(&String::from_utf8_lossy(&buffer[..n]));
            }
        }
    });
    said
}

/// A port that is free at the moment.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A data directory that goes with its owner.
pub struct Data {
    folder: tempfile::TempDir,
    key: u64,
}

impl Data {
    /// Makes one.
    pub fn new(within: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("belfry-bench-").tempdir_in(within)?;
        let key = stop::add_folder(folder.path().to_owned());
        Ok(Self { folder, key })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Bytes on disk below it.
    pub fn bytes(&self) -> u64 {
        fn below(folder: &PathBuf) -> u64 {
            let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
            let size = |entry: std::fs::DirEntry| match entry.metadata() {
                Ok(meta) if meta.is_dir() => below(&entry.path()),
                Ok(meta) => std::os::unix::fs::MetadataExt::blocks(&meta) * 512,
                Err(_) => 0,
            };
            entries.flatten().map(size).sum()
        }
        below(&self.folder.path().to_owned())
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        stop::remove_folder(self.key);
    }
}
