//! `kill -9` of a server that notifies: before it has saved anything, and 50 times at random. No notification is lost, and
//! those of an entity come in order. The tests start themselves again as the process that is killed.

use super::receiver::{Received, Receiver};
use super::server::{Server, Setup, car, number, options};
use belfry_runtime::notify;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const DIR: &str = "BELFRY_TEST_NOTIFY_DIR";
const URL: &str = "BELFRY_TEST_NOTIFY_URL";
const ENTITIES: usize = 20;

const KILLS: u64 = 50;
const CARS: usize = 6;
/// The longest time under load, microseconds: at least, and on a machine that is so busy that opening takes long.
const LOAD: std::ops::RangeInclusive<u64> = 120_000..=600_000;

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
    let mut ids: Vec<String> = receiver.all().iter().map(Received::entity_id).collect();
    ids.sort();
    let mut expected: Vec<String> = (0..ENTITIES).map(|n| format!("urn:car:{n}")).collect();
    expected.sort();
    assert_eq!(ids, expected);
    server.stop().await;
}

/// One write, and an end, so that a kill never leaves half a line that reads as a smaller number.
fn say(line: &str) {
    std::io::stdout().write_all(format!("\n{line} .\n").as_bytes()).unwrap();
}

async fn speed_of(server: &Server, id: &str) -> i64 {
    number(server.get(&format!("/entities/{id}")).await.get("speed").unwrap(), "value")
}

/// What is killed at random: each car's speed is raised by one, as fast as it is acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn driver() {
    let (Ok(dir), Err(_)) = (std::env::var(DIR), std::env::var(URL)) else { return };
    // What an endpoint refuses is set aside at once, so that kills meet that too.
    let options = notify::Options { park_after: 1, ..options() };
    let server = Arc::new(Server::with(Path::new(&dir), Setup { options, ..Setup::default() }).await);
    say("open");
    let cars = (0..CARS).map(|n| {
        let (server, id) = (server.clone(), format!("urn:car:{n}"));
        tokio::spawn(async move {
            for speed in speed_of(&server, &id).await + 1.. {
                let path = format!("/ngsi-ld/v1/entities/{id}/attrs/speed");
                let (status, text) = server.call("PATCH", &path, &[], &format!("{{\"value\":{speed}}}")).await;
                if status != 204 {
                    return say(&format!("failed {id} {speed}: {status} {text}"));
                }
                say(&format!("acknowledged {id} {speed}"));
            }
        })
    });
    for car in cars.collect::<Vec<_>>() {
        car.await.unwrap();
    }
}

/// Starts the driver, kills it at a random moment, and gives the lines that it said; also how long it took to open.
fn kill_one(dir: &Path, round: u64, random: u64, usual_opening: Duration) -> (Vec<String>, Option<Duration>) {
    let started = Instant::now();
    let mut driver = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::driver", "--nocapture"])
        .env(DIR, dir)
        .env_remove(URL)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(driver.stdout.take().unwrap());
    let (opened, is_open) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let note = |line: &String| {
            if line == "open ." {
                let _ = opened.send(Instant::now());
            }
        };
        output.lines().map_while(Result::ok).inspect(note).collect::<Vec<_>>()
    });
    // Mostly under load, now and then while it recovers.
    let opening = if round.is_multiple_of(5) {
        std::thread::sleep(Duration::from_micros(random % (1 + 2 * usual_opening.as_micros() as u64)));
        None
    } else {
        let opened = is_open.recv_timeout(Duration::from_secs(60)).expect("it opens");
        let opening = opened - started;
        let load = (opening.as_micros() as u64).clamp(*LOAD.start(), *LOAD.end());
        std::thread::sleep(Duration::from_micros(random % load));
        Some(opening)
    };
    assert!(driver.try_wait().unwrap().is_none(), "round {round}: the process ended by itself");
    driver.kill().unwrap();
    driver.wait().unwrap();
    (reader.join().unwrap(), opening)
}

/// What was last heard of a car: its speed, and in which round.
type Heard = BTreeMap<String, (i64, u64)>;

/// What was acknowledged goes up by one, and by one more for each kill since, which may have come between a commit and its
/// acknowledgement.
fn note_acknowledged(round: u64, lines: &[String], heard: &mut Heard) -> u64 {
    let mut count = 0;
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        assert_ne!(words[0], "failed", "round {round}: {line}");
        let ["acknowledged", id, speed, "."] = words.as_slice() else { continue };
        let (speed, last) = (speed.parse::<i64>().unwrap(), heard.entry((*id).to_owned()).or_insert((0, 1)));
        let most = last.0 + 1 + (round - last.1) as i64;
        assert!((last.0 + 1..=most).contains(&speed), "round {round}: {id} went from {last:?} to {speed}");
        *last = (speed, round);
        count += 1;
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_at_random_lose_no_notification_and_keep_the_order() {
    if std::env::var(DIR).is_ok() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let server = Server::start(dir.path()).await;
    for n in 0..CARS {
        server.post("/entities", &car(&format!("urn:car:{n}"), 0), 201).await;
    }
    server.subscribe("urn:s:1", &receiver.url(), "", "").await;
    server.stop().await;
    let (mut random, mut opening, mut acknowledged) = (0x9e37_79b9_u64, Duration::ZERO, 0);
    let mut heard = Heard::new();
    for round in 1..=KILLS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Now and then nothing is taken, so that what is set aside must outlive the kill.
        receiver.answer(if round % 4 == 3 { 503 } else { 200 });
        let (path, chance) = (dir.path().to_owned(), random >> 33);
        let killed = tokio::task::spawn_blocking(move || kill_one(&path, round, chance, opening));
        let (lines, opened) = killed.await.unwrap();
        opening = opened.unwrap_or(opening);
        acknowledged += note_acknowledged(round, &lines, &mut heard);
    }
    receiver.answer(200);
    let server = Server::start(dir.path()).await;
    let mut speeds = BTreeMap::new();
    for n in 0..CARS {
        let id = format!("urn:car:{n}");
        let (speed, (sure, round)) = (speed_of(&server, &id).await, heard.get(&id).copied().unwrap_or((0, 1)));
        let most = sure + (KILLS + 1 - round) as i64;
        assert!((sure..=most).contains(&speed), "{id} is at {speed}, and {sure} was acknowledged");
        speeds.insert(id, speed);
    }
    let received = all_told(&receiver, &speeds).await;
    server.stop().await;
    println!("{acknowledged} changes acknowledged, {} notifications", receiver.all().len());
    for (id, told) in received {
        let (mut at, mut most, mut again) = (0, 0, 0);
        for speed in told {
            // The next one; or, from a process that goes on where the last place was saved, one that came before.
            again += u64::from(speed <= at);
            assert!(speed >= 1 && speed <= at + 1, "{id}: {speed} was told after {at}");
            (at, most) = (speed, most.max(speed));
        }
        assert_eq!(most, speeds[&id], "{id}");
        assert!(again <= KILLS, "{id}: began again {again} times in {KILLS} kills");
    }
    assert!(acknowledged > KILLS * 2, "too little was under way to prove anything: {acknowledged}");
}

/// The speeds that the receiver was told of each car, in order, once it has heard of the last one of each.
async fn all_told(receiver: &Receiver, speeds: &BTreeMap<String, i64>) -> BTreeMap<String, Vec<i64>> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let mut told: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for one in receiver.all() {
            told.entry(one.entity_id()).or_default().push(one.value("speed"));
        }
        if speeds.iter().all(|(id, speed)| told.get(id).is_some_and(|t| t.last() == Some(speed))) {
            return told;
        }
        assert!(Instant::now() < deadline, "not all was told in time: {speeds:?}, {told:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
