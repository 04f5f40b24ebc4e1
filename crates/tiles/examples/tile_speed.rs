//! Measures tiles of a map: how long reading takes, then for each zoom how many tiles, how long one takes in the middle and at
//! worst, how large it is, and what was left out. Every tile is decoded again.
//!
//! `cargo run --release -p belfry-tiles --example tile_speed -- [FILE]`

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use belfry_tiles::{Address, Collection, Cutter, Options, Theme, Themes};

fn main() {
    let named = std::env::args().nth(1).map(PathBuf::from);
    let file = named.or_else(|| support::real("liechtenstein.osm.pbf")).expect("a file is named");
    let start = Instant::now();
    let (map, report) = support::map(&file).expect("the file is read");
    let map = map.build();
    println!("read in {:.0?}: {} features; {report:?}", start.elapsed(), map.len());
    for theme in Theme::ALL {
        println!("  {:>9}: {}", theme.name(), map.count(*theme));
    }
    println!("zoom  tiles  features  median ms  worst ms  worst tile       kB median  kB worst  left out");
    for zoom in 8..=16 {
        at(&map, zoom);
    }
}

fn at(map: &Collection, zoom: u8) {
    let bounds = map.area().expect("the map is not empty").degrees();
    let mut cutter = Cutter::new(Options::default());
    let (mut times, mut sizes, mut features, mut left_out) = (Vec::new(), Vec::new(), 0, 0);
    let mut worst = (Duration::ZERO, Address::WORLD);
    for tile in Address::cover(&bounds, zoom) {
        // Once to warm up, then the better of three: the machine does other things too.
        let mut best = Duration::MAX;
        let mut made = cutter.cut(map, tile, Themes::BASEMAP).expect("a map in memory is read");
        for _ in 0..3 {
            let start = Instant::now();
            made = cutter.cut(map, tile, Themes::BASEMAP).expect("a map in memory is read");
            best = best.min(start.elapsed());
        }
        if made.bytes.is_empty() {
            continue;
        }
        features += support::valid(&made.bytes);
        left_out += made.left_out;
        worst = worst.max((best, tile));
        times.push(best);
        sizes.push(made.bytes.len());
    }
    times.sort_unstable();
    sizes.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{zoom:>4}  {:>5}  {features:>8}  {:>9.2}  {:>8.2}  {:<15}  {:>9.1}  {:>8.1}  {left_out:>8}",
        times.len(),
        ms(times[times.len() / 2]),
        ms(worst.0),
        worst.1.to_string(),
        sizes[sizes.len() / 2] as f64 / 1e3,
        sizes[sizes.len() - 1] as f64 / 1e3,
    );
}
