//! What a block of a PBF file holds: the header's required features, and groups of nodes, ways and relations with their
//! table of texts. Unpacks nothing, reads no file.

use crate::element::{Element, Kind, Member, Node, Relation, Tag, Way};
use crate::error::Why;
use crate::limits::Kinds;
use crate::sink::{Sink, position};
use crate::wire::{Fields, Packed};
use belfry_kernel::Time;

const KEYS_AND_VALUES: Why = Why::Malformed("an element has more keys than values, or more values than keys");
const UNEVEN: Why = Why::Malformed("lists of one length are of several");
/// The last second of the year 9999.
const MAX_SECONDS: i64 = 253_402_300_799;
const NO_ID: Why = Why::Malformed("an element without a number");

/// Reads the message `HeaderBlock`: every feature that it requires must be known. Returns the instant of replication
/// (field 32, seconds since 1970), if there is one.
pub(super) fn header(content: &[u8]) -> Result<Option<Time>, Why> {
    let mut fields = Fields(content);
    let mut edition = None;
    while let Some((number, value)) = fields.next()? {
        if number == 4 {
            let feature = value.text()?;
            if !["OsmSchema-V0.6", "DenseNodes"].contains(&feature) {
                return Err(Why::Unsupported(feature.chars().take(64).collect()));
            }
        } else if number == 32 {
            let seconds = value.int()?;
            // Zero stands for none in files that some writers make, and so does what no clock has said.
            edition = (1..=MAX_SECONDS).contains(&seconds).then(|| Time::from_micros(seconds * 1_000_000));
        }
    }
    Ok(edition)
}

/// Reads the message `PrimitiveBlock`; whether to go on.
pub(super) fn data(content: &[u8], kinds: Kinds, sink: &mut Sink<'_>) -> Result<bool, Why> {
    let mut block = Block { texts: Vec::new(), granularity: 100, lat: 0, lon: 0 };
    let mut fields = Fields(content);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => block.read_texts(value.bytes()?)?,
            17 => block.granularity = value.int()?,
            19 => block.lat = value.int()?,
            20 => block.lon = value.int()?,
            _ => {}
        }
    }
    let mut scratch = Scratch::default();
    let mut fields = Fields(content);
    while let Some((number, value)) = fields.next()? {
        if number == 2 && !block.group(value.bytes()?, kinds, &mut scratch, sink)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What all groups of a block share.
struct Block<'a> {
    texts: Vec<&'a [u8]>,
    /// Nanodegrees a unit, and of the offsets.
    granularity: i64,
    lat: i64,
    lon: i64,
}

/// Lists that are filled anew for each element.
#[derive(Default)]
struct Scratch<'a> {
    tags: Vec<Tag<'a>>,
    refs: Vec<i64>,
    members: Vec<Member<'a>>,
}

impl<'a> Block<'a> {
    fn read_texts(&mut self, table: &'a [u8]) -> Result<(), Why> {
        let mut fields = Fields(table);
        while let Some((number, value)) = fields.next()? {
            if number == 1 {
                self.texts.push(value.bytes()?);
            }
        }
        Ok(())
    }

    fn text(&self, index: u64) -> Result<&'a str, Why> {
        let text = usize::try_from(index).ok().and_then(|index| self.texts.get(index));
        let text = text.ok_or(Why::Malformed("a text that the block's table does not have"))?;
        std::str::from_utf8(text).map_err(|_| Why::Malformed("a text is not UTF-8"))
    }

    /// Degrees of a coordinate; not a number when it overflows, which no globe has.
    fn degrees(&self, offset: i64, units: i64) -> f64 {
        let nanodegrees = self.granularity.checked_mul(units).and_then(|n| n.checked_add(offset));
        nanodegrees.map_or(f64::NAN, |n| n as f64 / 1e9)
    }

    /// Reads the message `PrimitiveGroup`.
    fn group(
        &self,
        group: &'a [u8],
        kinds: Kinds,
        scratch: &mut Scratch<'a>,
        sink: &mut Sink<'_>,
    ) -> Result<bool, Why> {
        let mut fields = Fields(group);
        while let Some((number, value)) = fields.next()? {
            let go_on = match number {
                1 if kinds.nodes => self.node(value.bytes()?, scratch, sink)?,
                2 if kinds.nodes => self.dense(value.bytes()?, scratch, sink)?,
                3 if kinds.ways => self.way(value.bytes()?, scratch, sink)?,
                4 if kinds.relations => self.relation(value.bytes()?, scratch, sink)?,
                _ => true,
            };
            if !go_on {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn tags(&self, keys: &'a [u8], values: &'a [u8], tags: &mut Vec<Tag<'a>>, sink: &mut Sink<'_>) -> Result<(), Why> {
        tags.clear();
        let (mut keys, mut values) = (Packed(keys), Packed(values));
        loop {
            match (keys.next()?, values.next()?) {
                (Some(key), Some(value)) => tags.push((self.text(key)?, self.text(value)?)),
                (None, None) => break,
                _ => return Err(KEYS_AND_VALUES),
            }
        }
        sink.sieve(tags);
        Ok(())
    }

    fn put_node(&self, id: i64, lon: i64, lat: i64, tags: &[Tag<'a>], sink: &mut Sink<'_>) -> bool {
        match position(self.degrees(self.lon, lon), self.degrees(self.lat, lat)) {
            Some(position) => sink.put(Element::Node(Node { id, position, tags })),
            None => {
                sink.reject(Kind::Node, id, "its coordinates are not on the globe");
                true
            }
        }
    }

    /// Reads the message `Node`.
    fn node(&self, message: &'a [u8], scratch: &mut Scratch<'a>, sink: &mut Sink<'_>) -> Result<bool, Why> {
        let (mut id, mut lat, mut lon) = (None, 0, 0);
        let (mut keys, mut values): (&[u8], &[u8]) = (&[], &[]);
        let mut fields = Fields(message);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => id = Some(value.sint()?),
                2 => keys = value.bytes()?,
                3 => values = value.bytes()?,
                8 => lat = value.sint()?,
                9 => lon = value.sint()?,
                _ => {}
            }
        }
        self.tags(keys, values, &mut scratch.tags, sink)?;
        Ok(self.put_node(id.ok_or(NO_ID)?, lon, lat, &scratch.tags, sink))
    }

    /// Reads the message `DenseNodes`: numbers and coordinates as differences, tags of all nodes in one list.
    fn dense(&self, message: &'a [u8], scratch: &mut Scratch<'a>, sink: &mut Sink<'_>) -> Result<bool, Why> {
        let (mut ids, mut lats, mut lons, mut tags) =
            (Packed::default(), Packed::default(), Packed::default(), Packed::default());
        let mut fields = Fields(message);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => ids = Packed(value.bytes()?),
                8 => lats = Packed(value.bytes()?),
                9 => lons = Packed(value.bytes()?),
                10 => tags = Packed(value.bytes()?),
                _ => {}
            }
        }
        let (mut id, mut lat, mut lon) = (0_i64, 0_i64, 0_i64);
        while let Some(step) = ids.next_sint()? {
            let (Some(lat_step), Some(lon_step)) = (lats.next_sint()?, lons.next_sint()?) else {
                return Err(UNEVEN);
            };
            id = id.wrapping_add(step);
            lat = lat.wrapping_add(lat_step);
            lon = lon.wrapping_add(lon_step);
            scratch.tags.clear();
            while let Some(key) = tags.next()? {
                if key == 0 {
                    break;
                }
                let value = tags.next()?.ok_or(KEYS_AND_VALUES)?;
                scratch.tags.push((self.text(key)?, self.text(value)?));
            }
            sink.sieve(&mut scratch.tags);
            if !self.put_node(id, lon, lat, &scratch.tags, sink) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads the message `Way`.
    fn way(&self, message: &'a [u8], scratch: &mut Scratch<'a>, sink: &mut Sink<'_>) -> Result<bool, Why> {
        let (mut id, mut refs) = (None, Packed::default());
        let (mut keys, mut values): (&[u8], &[u8]) = (&[], &[]);
        let mut fields = Fields(message);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => id = Some(value.int()?),
                2 => keys = value.bytes()?,
                3 => values = value.bytes()?,
                8 => refs = Packed(value.bytes()?),
                _ => {}
            }
        }
        self.tags(keys, values, &mut scratch.tags, sink)?;
        scratch.refs.clear();
        let mut node = 0_i64;
        while let Some(step) = refs.next_sint()? {
            node = node.wrapping_add(step);
            scratch.refs.push(node);
        }
        Ok(sink.put(Element::Way(Way { id: id.ok_or(NO_ID)?, nodes: &scratch.refs, tags: &scratch.tags })))
    }

    /// Reads the message `Relation`.
    fn relation(&self, message: &'a [u8], scratch: &mut Scratch<'a>, sink: &mut Sink<'_>) -> Result<bool, Why> {
        let (mut id, mut roles, mut ids, mut types) = (None, Packed::default(), Packed::default(), Packed::default());
        let (mut keys, mut values): (&[u8], &[u8]) = (&[], &[]);
        let mut fields = Fields(message);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => id = Some(value.int()?),
                2 => keys = value.bytes()?,
                3 => values = value.bytes()?,
                8 => roles = Packed(value.bytes()?),
                9 => ids = Packed(value.bytes()?),
                10 => types = Packed(value.bytes()?),
                _ => {}
            }
        }
        self.tags(keys, values, &mut scratch.tags, sink)?;
        scratch.members.clear();
        let mut member = 0_i64;
        while let Some(step) = ids.next_sint()? {
            let (Some(role), Some(kind)) = (roles.next()?, types.next()?) else {
                return Err(UNEVEN);
            };
            member = member.wrapping_add(step);
            let kind = match kind {
                0 => Kind::Node,
                1 => Kind::Way,
                2 => Kind::Relation,
                _ => return Err(Why::Malformed("a member of an unknown kind")),
            };
            scratch.members.push(Member { kind, id: member, role: self.text(role)? });
        }
        let relation = Relation { id: id.ok_or(NO_ID)?, members: &scratch.members, tags: &scratch.tags };
        Ok(sink.put(Element::Relation(relation)))
    }
}
