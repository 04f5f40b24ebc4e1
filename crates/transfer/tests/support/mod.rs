//! A running Belfry for tests.

use belfry_transfer::{export, import};
use clap::Parser;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

#[derive(Parser)]
pub struct Import {
    #[command(flatten)]
    pub args: import::Args,
}

#[derive(Parser)]
struct Export {
    #[command(flatten)]
    args: export::Args,
}

pub fn binary() -> Option<PathBuf> {
    let beside = || {
        let exe = std::env::current_exe().ok()?;
        Some(exe.parent()?.parent()?.join("belfry"))
    };
    let path = std::env::var_os("BELFRY_BIN").map(PathBuf::from).or_else(beside)?;
    if !path.is_file() {
        let ci = std::env::var("CI").is_ok_and(|value| !["", "0", "false"].contains(&value.as_str()));
        assert!(!ci, "no belfry binary at {}: build it first, or set BELFRY_BIN", path.display());
        println!("no belfry binary at {} (build it, or set BELFRY_BIN): not tested", path.display());
        return None;
    }
    Some(path)
}

/// A running Belfry on a folder.
pub struct Belfry {
    pub child: Child,
    pub url: String,
}

impl Belfry {
    pub fn start(binary: &Path, folder: &Path, port: u16) -> Self {
        Self::start_with(binary, folder, port, &[])
    }

    /// With variables of the configuration.
    pub fn start_with(binary: &Path, folder: &Path, port: u16, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(binary)
            .envs(variables.iter().copied())
            .args(["serve", "--data", folder.to_str().unwrap(), "--listen", &format!("127.0.0.1:{port}")])
            // What the tests are told is no configuration of the server.
            .env_remove("BELFRY_BIN")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, hear) = std::sync::mpsc::channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in streams {
            let tell = tell.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if let Some((_, rest)) = line.split_once("listening on http://") {
                        let address: String =
                            rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':')).collect();
                        let _ = tell.send(format!("http://{address}"));
                    }
                }
            });
        }
        let url = hear.recv_timeout(std::time::Duration::from_secs(30)).expect("belfry says where it listens");
        Self { child, url }
    }

    /// GET, without any of the code under test.
    pub fn get(&self, target: &str) -> Value {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 ") || head.contains(" 206 "), "{target}: {answer}");
        serde_json::from_str(body).unwrap_or_else(|why| panic!("{target}: {why}: {body}"))
    }

    pub async fn import(&self, line: &[&str]) -> Result<import::Summary, String> {
        let line = ["import"].iter().chain(line).chain(&["--quiet", "--url", &self.url]).copied().collect::<Vec<_>>();
        import::run(Import::try_parse_from(line).map_err(|e| e.to_string())?.args).await.map_err(|e| e.to_string())
    }

    pub async fn export(&self, line: &[&str]) -> export::Summary {
        let line = ["export"].iter().chain(line).chain(&["--quiet", "--url", &self.url]).copied().collect::<Vec<_>>();
        export::run(Export::parse_from(line).args).await.unwrap()
    }
}

impl Drop for Belfry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn lines(path: &Path) -> Vec<Value> {
    let mut lines: Vec<Value> =
        std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.sort_by_key(|line| line["id"].as_str().unwrap().to_owned());
    lines
}
