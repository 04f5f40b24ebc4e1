//! `kill -9` before the notifier has saved anything: no notification is lost. The test starts itself again as the
//! process that is killed.

use super::receiver::Receiver;
use super::server::{Server, Setup, options};
use belfry_runtime::notify;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const DIR: &str = "BELFRY_TEST_NOTIFY_DIR";
const URL: &str = "BELFRY_TEST_NOTIFY_URL";
const ENTITIES: usize = 20;

/// What is killed: the very first start on a directory, which subscribes and writes within its first second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let (Ok(dir), Ok(url)) = (std::env::var(DIR), std::env::var(URL)) else { return };
    // The real process saves after a second; a busy machine may need longer than that to come this far.
    let setup =
        Setup { options: notify::Options { save_every: Duration::from_secs(600), ..options() }, ..Setup::default() };
    let server = Server::with(Path::new(&dir), setup).await;
    server.create("urn:car:before", 0).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    server.subscribe("urn:s:1", &url, "", "").await;
    for n in 0..ENTITIES {
        let id = format!("urn:car:{n}");
        server.create(&id, n as i64).await;
        // No change, as is remembered in the log.
        server.set_speed(&id, n as i64).await;
    }
    println!("\nwritten");
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_first_second_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    receiver.answer(503);
    let mut killed = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child", "--nocapture"])
        .env(DIR, dir.path())
        .env(URL, receiver.url())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(killed.stdout.take().unwrap());
    let written = tokio::task::spawn_blocking(move || output.lines().map_while(Result::ok).any(|l| l == "written"));
    assert!(written.await.unwrap(), "the process ended by itself");
    // On Unix this is SIGKILL.
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(receiver.all().is_empty());
    receiver.answer(200);
    let server = Server::start(dir.path()).await;
    receiver.wait_for(ENTITIES).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let mut ids: Vec<String> = receiver.all().iter().map(|r| r.entity_id()).collect();
    ids.sort();
    let mut expected: Vec<String> = (0..ENTITIES).map(|n| format!("urn:car:{n}")).collect();
    expected.sort();
    assert_eq!(ids, expected);
    server.stop().await;
}
