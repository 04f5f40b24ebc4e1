//! Whole files: what a small one holds in each format, what broken ones are told, and the real ones of `../shared/data`
//! (or `$BELFRY_TEST_DATA`) where they are.

mod support;

use std::fs::File;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

use belfry_connect_osm::{Element, Kinds, Limits, OsmError, Summary, read, read_pbf, read_xml};
use support::{Message, block, content, header, town, unpacked_town, zlib};

fn pbf(bytes: &[u8]) -> (Result<Summary, OsmError>, Vec<String>) {
    let mut seen = Vec::new();
    let read = read_pbf("town.osm.pbf", bytes, Kinds::ALL, &Limits::default(), &mut |element| {
        seen.push(line(element));
        ControlFlow::Continue(())
    });
    (read, seen)
}

fn xml(text: &str) -> (Result<Summary, OsmError>, Vec<String>) {
    let mut seen = Vec::new();
    let read = read_xml("town.osm", text.as_bytes(), Kinds::ALL, &Limits::default(), &mut |element| {
        seen.push(line(element));
        ControlFlow::Continue(())
    });
    (read, seen)
}

/// An element in one line, to compare.
fn line(element: Element<'_>) -> String {
    let tags = |tags: &[(&str, &str)]| tags.iter().map(|(k, v)| format!(" {k}={v}")).collect::<String>();
    match element {
        Element::Node(node) => format!("n{} {} {}{}", node.id, node.position.lon, node.position.lat, tags(node.tags)),
        Element::Way(way) => format!("w{} {:?}{}", way.id, way.nodes, tags(way.tags)),
        Element::Relation(relation) => {
            let members: Vec<_> =
                relation.members.iter().map(|m| format!("{:?} {} {}", m.kind, m.id, m.role)).collect();
            format!("r{} {members:?}{}", relation.id, tags(relation.tags))
        }
    }
}

const TOWN: &str = r#"<?xml version="1.0"?><osm version="0.6"><note>text</note>
  <node id="10" lat="47" lon="9.5" user="x" uid="1"><tag k="barrier" v="gate"/><tag k="phone" v="1"/></node>
  <node id="11" lat="47.00001" lon="-9.5"/>
  <node id="12" lat="0.0000007" lon="0.0000008"><tag k="phone" v="1"/></node>
  <node id="13" lat="1" lon="1" action="delete"/>
  <way id="5"><nd ref="10"/><nd ref="11"/><nd ref="10"/><tag k="highway" v="residential"/><tag k="name" v="Mill Lane"/></way>
  <relation id="9"><member type="way" ref="5" role="from"/><tag k="name" v="Mill Lane"/></relation>
</osm>"#;

#[test]
fn both_formats_hold_the_same_town_without_its_telephones() {
    let expected = [
        "n10 9.5 47 barrier=gate",
        "n11 -9.5 47.00001",
        "n12 0.0000008 0.0000007",
        "w5 [10, 11, 10] highway=residential name=Mill Lane",
        r#"r9 ["Way 5 from"] name=Mill Lane"#,
    ];
    for (read, seen) in [pbf(&town()), pbf(&unpacked_town()), xml(TOWN)] {
        assert_eq!(seen, expected);
        let summary = read.unwrap();
        assert_eq!((summary.nodes, summary.ways, summary.relations, summary.personal), (3, 1, 1, 2));
        assert_eq!((summary.rejected, summary.stopped), (0, false));
    }
}

#[test]
fn packed_files_are_known_by_their_first_bytes_and_reading_can_stop() {
    let folder = tempfile::tempdir().unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(TOWN.as_bytes()).unwrap();
    let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bz.write_all(TOWN.as_bytes()).unwrap();
    for (name, bytes) in
        [("a", TOWN.as_bytes().to_vec()), ("b", gz.finish().unwrap()), ("c", bz.finish().unwrap()), ("d", town())]
    {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let counted = |kinds, most: usize| {
            let mut seen = 0;
            let summary = read(name, File::open(&path).unwrap(), kinds, &Limits::default(), &mut |_| {
                seen += 1;
                if seen < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            summary.unwrap()
        };
        let all = counted(Kinds::ALL, 100);
        assert_eq!((all.nodes, all.ways, all.relations), (3, 1, 1), "{name}");
        let ways = counted(Kinds::WAYS_AND_RELATIONS, 100);
        assert_eq!((ways.nodes, ways.ways, ways.relations), (0, 1, 1), "{name}");
        let stopped = counted(Kinds::ALL, 2);
        assert!(stopped.stopped && stopped.nodes == 2, "{name}");
    }
    // Bytes that cannot be read say so.
    struct Failing;
    impl std::io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("no"))
        }
    }
    let failed = read("none", Failing, Kinds::ALL, &Limits::default(), &mut |_| ControlFlow::Continue(()));
    assert!(failed.unwrap_err().to_string().contains("none: byte 0: no"));
}

#[test]
fn a_file_says_of_which_instant_it_is() {
    let pbf_of = |seconds: u64| {
        let features = Message::default().bytes(4, b"OsmSchema-V0.6").uint(32, seconds);
        block("OSMHeader", &Message::default().bytes(1, &features.0))
    };
    let osm = |head: &str| format!("<osm version='0.6'{head}<node id='1' lat='1' lon='1'/></osm>");
    for (read, expected) in [
        (pbf(&pbf_of(1_762_000_496)), Some("2025-11-01T12:34:56Z")),
        (pbf(&pbf_of(0)), None),
        (pbf(&pbf_of(u64::MAX)), None),
        (pbf(&town()), None),
        (xml(&osm(" timestamp='2025-11-01T12:34:56Z'>")), Some("2025-11-01T12:34:56Z")),
        (xml(&osm("><meta osm_base='2025-11-01T12:34:56Z'/>")), Some("2025-11-01T12:34:56Z")),
        (xml(&osm(" timestamp='yesterday'>")), None),
    ] {
        let edition = read.0.unwrap().edition;
        assert_eq!(edition.map(|at| at.with_text(str::to_owned)).as_deref(), expected);
    }
}

#[test]
fn a_broken_pbf_names_file_block_and_offset() {
    let data = |content: &Message| [header(), block("OSMData", &zlib(&content.0))].concat();
    let way = |way: Message| data(&content(&["", "a"], &Message::default().bytes(3, &way.0)));
    let at = header().len();
    let raw = |blob: Message| [header(), block("OSMData", &blob)].concat();
    let feature = Message::default().bytes(4, b"HistoricalInformation");
    let cases = [
        (Vec::new(), "block 0 at byte 0: the file is empty".to_owned()),
        (header()[..2].to_vec(), "block 0 at byte 0: the file ends in the middle of a length".to_owned()),
        (b"<?xml".to_vec(), "block 0 at byte 0: a block header of 1010792557 bytes; the limit is 65536".to_owned()),
        (
            block("OSMData", &zlib(b"")),
            "block 0 at byte 0: the first block is no OSMHeader; is this a .osm.pbf file?".to_owned(),
        ),
        (block("OSMHeader", &zlib(&feature.0)), "block 0 at byte 0: not supported: HistoricalInformation".to_owned()),
        ([header(), header()].concat(), format!("block 1 at byte {at}: a second OSMHeader")),
        (
            raw(Message::default().bytes(7, b"x")),
            format!("block 1 at byte {at}: not supported: a block packed with Zstandard"),
        ),
        (raw(Message::default()), format!("block 1 at byte {at}: a block without content")),
        (
            raw(Message::default().bytes(3, b"x")),
            format!("block 1 at byte {at}: a packed block that does not say its size"),
        ),
        (
            raw(Message::default().uint(2, 1 << 40).bytes(3, b"x")),
            format!("block 1 at byte {at}: a block unpacked of 1099511627776 bytes; the limit is 33554432"),
        ),
        (raw(zlib(b"1234").uint(2, 3)), format!("block 1 at byte {at}: a block unpacks to another size than it says")),
        (
            way(Message::default().uint(1, 1).packed(2, &[1])),
            format!("block 1 at byte {at}: an element has more keys than values, or more values than keys"),
        ),
        (
            way(Message::default().uint(1, 1).packed(2, &[9]).packed(3, &[1])),
            format!("block 1 at byte {at}: a text that the block's table does not have"),
        ),
        (way(Message::default()), format!("block 1 at byte {at}: an element without a number")),
        (way(Message(vec![0x0a, 0x7f])), format!("block 1 at byte {at}: the protocol buffer is broken")),
    ];
    for (bytes, message) in cases {
        let error = pbf(&bytes).0.unwrap_err().to_string();
        assert_eq!(error, format!("town.osm.pbf: {message}"));
    }
}

#[test]
fn a_pbf_cut_anywhere_ends_in_an_error_or_at_a_block() {
    let whole = town();
    let mut good = 0;
    for end in 0..whole.len() {
        good += usize::from(pbf(&whole[..end]).0.is_ok());
    }
    assert_eq!(good, 4, "only where a block ends");
    for at in 0..whole.len() {
        let mut broken = whole.clone();
        broken[at] ^= 0x55;
        let _ = pbf(&broken);
    }
}

#[test]
fn coordinates_off_the_globe_are_rejected_one_by_one() {
    let dense = Message::default()
        .deltas(1, &[1, 2, 3, 4])
        .deltas(8, &[900_000_000, 900_000_001, 0, i64::MAX])
        .deltas(9, &[1_800_000_000, 0, -1_800_000_001, i64::MIN]);
    let bytes = [header(), block("OSMData", &zlib(&content(&[""], &Message::default().bytes(2, &dense.0)).0))].concat();
    let (read, seen) = pbf(&bytes);
    assert_eq!(seen, ["n1 180 90"]);
    let rejected: Vec<_> = read.unwrap().first_rejected.iter().map(|rejected| rejected.id).collect();
    assert_eq!(rejected, [2, 3, 4]);
    let (read, seen) =
        xml(r#"<osm><node id="1" lat="91" lon="0"/><node id="2"/><node id="3" lat="NaN" lon="inf"/></osm>"#);
    assert!(seen.is_empty());
    assert_eq!(read.unwrap().rejected, 3);
}

#[test]
fn broken_xml_names_file_and_offset() {
    for (text, message) in [
        ("", "byte 0: no <osm> element; is this an .osm file?"),
        ("<html></html>", "byte 0: the first element is not <osm>"),
        ("<osmChange version='0.6'/>", "byte 0: the first element is not <osm>"),
        ("<osm><node id='1' lat='1' lon='1'>", "byte 34: the file ends in the middle of an element"),
        ("<osm><node id='x' lat='1' lon='1'/></osm>", "byte 5: a number of an element that is none"),
        ("<osm><node lat='1' lon='1'/></osm>", "byte 5: an element without a number"),
        ("<osm><way id='1'><nd/></way></osm>", "byte 17: a <tag>, <nd> or <member> lacks an attribute"),
        ("<!DOCTYPE osm [<!ENTITY a 'b'>]><osm/>", "byte 0: a document type declaration, which OSM files do not have"),
    ] {
        assert_eq!(xml(text).0.unwrap_err().to_string(), format!("town.osm: {message}"));
    }
    for text in
        ["<osm><way id='1'><tag k='&bomb;' v='x'/></way></osm>", "<osm></node>", "<osm><node id=1/></osm>", "<osm><<"]
    {
        let error = xml(text).0.unwrap_err().to_string();
        assert!(error.starts_with("town.osm: byte "), "{error}");
    }
    let deep = format!("<osm>{}", "<a>".repeat(100));
    assert!(xml(&deep).0.unwrap_err().to_string().contains("too deep"));
}

#[test]
fn an_element_of_xml_without_end_is_stopped_at_the_limit() {
    let limits = Limits { event_bytes: 1000, element_bytes: 4000, unpacked_bytes: 100_000, ..Limits::default() };
    let read = |text: &str| {
        read_xml("x", text.as_bytes(), Kinds::ALL, &limits, &mut |_| ControlFlow::Continue(())).unwrap_err().to_string()
    };
    let reader = |text: &str| {
        let small = std::io::BufReader::with_capacity(64, text.as_bytes());
        read_xml("x", small, Kinds::ALL, &limits, &mut |_| ControlFlow::Continue(())).unwrap_err().to_string()
    };
    let tag = format!("<osm><way id='1'><tag k='{}", "k".repeat(5000));
    assert!(reader(&tag).contains("an XML element or text"), "{}", reader(&tag));
    let refs = format!("<osm><way id='1'>{}", "<nd ref='1'/>".repeat(1000));
    assert!(read(&refs).contains("an element of"), "{}", read(&refs));
    let nodes = format!("<osm>{}", "<node id='1' lat='1' lon='1'/>".repeat(5000));
    assert!(reader(&nodes).contains("a file unpacked"), "{}", reader(&nodes));
}

#[test]
fn the_real_files() {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data");
    let data = std::env::var_os("BELFRY_TEST_DATA").map_or(beside, PathBuf::from);
    for (name, nodes, ways, relations) in [
        ("liechtenstein.osm.pbf", 142_832, 15_247, 358),
        ("bad-hersfeld.osm.xml.gz", 103_731, 16_299, 256),
        ("beatty-nevada.osm", 6_624, 344, 8),
    ] {
        let path = data.join("osm").join(name);
        if !path.is_file() {
            println!("{} is not there; not read", path.display());
            continue;
        }
        let mut named = 0;
        let file = File::open(&path).unwrap();
        let summary = read(name, file, Kinds::ALL, &Limits::default(), &mut |element| {
            let (Element::Node(belfry_connect_osm::Node { tags, .. })
            | Element::Way(belfry_connect_osm::Way { tags, .. })
            | Element::Relation(belfry_connect_osm::Relation { tags, .. })) = element;
            assert!(!tags.iter().any(|(key, value)| belfry_connect_osm::is_personal(key, value)), "{tags:?}");
            named += u64::from(tags.iter().any(|(key, _)| *key == "name"));
            ControlFlow::Continue(())
        })
        .unwrap();
        println!("{name}: {summary:?}, {named} with a name");
        assert_eq!((summary.nodes, summary.ways, summary.relations), (nodes, ways, relations), "{name}");
    }
}
