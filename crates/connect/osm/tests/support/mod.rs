//! A writer of small PBF files, for tests. Writes what it is told, also what no file should hold.

use std::io::Write as _;

/// A protocol buffer message that grows.
#[derive(Clone, Default)]
pub struct Message(pub Vec<u8>);

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

impl Message {
    pub fn uint(mut self, number: u64, value: u64) -> Self {
        varint(&mut self.0, number << 3);
        varint(&mut self.0, value);
        self
    }

    pub fn bytes(mut self, number: u64, bytes: &[u8]) -> Self {
        varint(&mut self.0, number << 3 | 2);
        varint(&mut self.0, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn packed(self, number: u64, values: &[u64]) -> Self {
        let mut list = Vec::new();
        values.iter().for_each(|value| varint(&mut list, *value));
        self.bytes(number, &list)
    }

    /// A packed list of differences between signed numbers.
    pub fn deltas(self, number: u64, values: &[i64]) -> Self {
        let mut last = 0_i64;
        let steps: Vec<u64> =
            values.iter().map(|value| zigzag(value.wrapping_sub(std::mem::replace(&mut last, *value)))).collect();
        self.packed(number, &steps)
    }
}

/// A block of a file: its length, header and content.
pub fn block(kind: &str, blob: &Message) -> Vec<u8> {
    let header = Message::default().bytes(1, kind.as_bytes()).uint(3, blob.0.len() as u64);
    [&(header.0.len() as u32).to_be_bytes()[..], &header.0, &blob.0].concat()
}

/// A blob packed with zlib.
pub fn zlib(content: &[u8]) -> Message {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(content).expect("memory");
    Message::default().uint(2, content.len() as u64).bytes(3, &packer.finish().expect("memory"))
}

pub fn header() -> Vec<u8> {
    let features = Message::default().bytes(4, b"OsmSchema-V0.6").bytes(4, b"DenseNodes");
    block("OSMHeader", &Message::default().bytes(1, &features.0))
}

/// The content of a block: a table of texts and one group.
pub fn content(texts: &[&str], group: &Message) -> Message {
    let table = texts.iter().fold(Message::default(), |table, text| table.bytes(1, text.as_bytes()));
    Message::default().bytes(1, &table.0).bytes(2, &group.0)
}

/// A small town: three nodes (one plain), a way, a relation.
pub fn town() -> Vec<u8> {
    whole(zlib)
}

/// The same, not packed.
pub fn unpacked_town() -> Vec<u8> {
    whole(|content| Message::default().bytes(1, content))
}

fn whole(pack: fn(&[u8]) -> Message) -> Vec<u8> {
    let texts = ["", "highway", "residential", "name", "Mill Lane", "phone", "1", "barrier", "gate", "from"];
    let dense = Message::default()
        .deltas(1, &[10, 11])
        .deltas(8, &[470_000_000, 470_000_100])
        .deltas(9, &[95_000_000, -95_000_000])
        .packed(10, &[7, 8, 5, 6, 0, 0]);
    let node =
        Message::default().uint(1, zigzag(12)).packed(2, &[5]).packed(3, &[6]).uint(8, zigzag(7)).uint(9, zigzag(8));
    let way = Message::default().uint(1, 5).packed(2, &[1, 3]).packed(3, &[2, 4]).deltas(8, &[10, 11, 10]);
    let relation =
        Message::default().uint(1, 9).packed(2, &[3]).packed(3, &[4]).packed(8, &[9]).deltas(9, &[5]).packed(10, &[1]);
    let groups = [
        Message::default().bytes(2, &dense.0),
        Message::default().bytes(1, &node.0),
        Message::default().bytes(3, &way.0),
        Message::default().bytes(4, &relation.0),
    ];
    let blocks = groups.iter().map(|group| block("OSMData", &pack(&content(&texts, group).0)));
    std::iter::once(header()).chain(blocks).collect::<Vec<_>>().concat()
}
