//! Serves a map as tiles on loopback, and a folder of files beside them: to look at a map while working on its style.
//!
//! `cargo run --release -p belfry-tiles --example serve_tiles -- FILE [--page FOLDER] [--port PORT]`; then `/tiles/{z}/{x}/{y}.mvt`.
//! With `--archive OUT` the map is written as a PMTiles archive of zooms 0 to 14 instead.

#[path = "../tests/support/mod.rs"]
#[expect(dead_code, reason = "nothing is checked here")]
mod support;

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use belfry_tiles::pmtiles::{Metadata, Writer, id_of};
use belfry_tiles::{Address, Collection, Cutter, Options, Themes, mvt};

fn main() {
    let mut args = std::env::args().skip(1);
    let (mut file, mut page, mut port, mut archive) = (None, None, 0_u16, None);
    while let Some(arg) = args.next() {
        let mut value = || args.next().expect("a value follows");
        match arg.as_str() {
            "--page" => page = Some(PathBuf::from(value())),
            "--port" => port = value().parse().expect("a port"),
            "--archive" => archive = Some(PathBuf::from(value())),
            _ => file = Some(PathBuf::from(arg)),
        }
    }
    let file = file.or_else(|| support::real("liechtenstein.osm.pbf")).expect("a file is named");
    let (map, report) = support::map(&file).expect("the file is read");
    let map = Arc::new(map.build());
    println!("{} features; {report:?}", map.len());
    if let Some(archive) = archive {
        write(&map, &archive);
        return;
    }
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("a free port");
    println!("listening on http://{}", listener.local_addr().expect("bound"));
    for stream in listener.incoming().flatten() {
        let (map, page) = (Arc::clone(&map), page.clone());
        std::thread::spawn(move || answer(&stream, &map, page.as_deref()));
    }
}

fn write(map: &Collection, to: &Path) {
    let bounds = map.area().expect("the map is not empty").degrees();
    let mut addresses: Vec<Address> = (0..=14).flat_map(|zoom| Address::cover(&bounds, zoom)).collect();
    addresses.sort_by_key(|address| id_of(*address));
    let mut writer =
        Writer::new(BufWriter::new(File::create(to).expect("the archive is made"))).expect("it is written");
    let mut cutter = Cutter::new(Options::default());
    for address in addresses {
        let tile = cutter.cut(map, address, Themes::BASEMAP).expect("a map in memory is read");
        writer.add(address, &tile.bytes).expect("it is written");
    }
    let metadata = Metadata::basemap("Map", "© OpenStreetMap contributors");
    println!("{:?}", writer.finish(&metadata, Some(bounds)).expect("it is written"));
}

/// One request a connection; nothing of HTTP that a browser can do without.
fn answer(stream: &TcpStream, map: &Collection, page: Option<&Path>) {
    let mut line = String::new();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    if reader.read_line(&mut line).is_err() {
        return;
    }
    while reader.read_line(&mut head).is_ok_and(|read| read > 2) {
        head.clear();
    }
    let path = line.split(' ').nth(1).unwrap_or("/").split('?').next().unwrap_or("/");
    let (kind, body) = match path.strip_prefix("/tiles/") {
        Some(address) => (mvt::MEDIA_TYPE, tile(map, address)),
        None => file(page, path),
    };
    let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
    let body = body.unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    // A browser that went away is no fault.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

fn tile(map: &Collection, address: &str) -> Option<Vec<u8>> {
    let numbers: Vec<u32> = address.trim_end_matches(".mvt").split('/').map_while(|part| part.parse().ok()).collect();
    let &[z, x, y] = &numbers[..] else { return None };
    let address = Address::new(u8::try_from(z).ok()?, x, y).ok()?;
    Cutter::new(Options::default()).cut(map, address, Themes::BASEMAP).ok().map(|tile| tile.bytes)
}

fn file(page: Option<&Path>, path: &str) -> (&'static str, Option<Vec<u8>>) {
    let inside = Path::new(path.trim_start_matches('/'));
    let plain = inside.components().all(|part| matches!(part, Component::Normal(_)));
    let name = if path == "/" { Path::new("index.html") } else { inside };
    let kind = match name.extension().and_then(|ending| ending.to_str()) {
        Some("html") => "text/html",
        Some("js" | "mjs") => "text/javascript",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    (kind, page.filter(|_| plain).and_then(|page| std::fs::read(page.join(name)).ok()))
}
