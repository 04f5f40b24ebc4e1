//! An element of XML while its parts come in, and its way to the sink. Parses no XML.

use crate::element::{Element, Kind, Member, Node, Relation, Tag, Way};
use crate::error::Why;
use crate::sink::{Sink, position};

/// A text as a range of the draft's texts.
type Range = (usize, usize);

/// An element that is being read. Its texts lie one after another in one string.
pub(super) struct Draft {
    kind: Kind,
    id: Option<i64>,
    lat: f64,
    lon: f64,
    /// Deleted in an editor and not uploaded yet, or of a file with history.
    gone: bool,
    texts: String,
    tags: Vec<(Range, Range)>,
    refs: Vec<i64>,
    members: Vec<(Kind, i64, Range)>,
    child: Child,
}

/// A `tag`, `nd` or `member` that is being read.
#[derive(Default)]
struct Child {
    key: Option<Range>,
    value: Option<Range>,
    id: Option<i64>,
    kind: Option<Kind>,
    role: Range,
}

impl Draft {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            id: None,
            lat: f64::NAN,
            lon: f64::NAN,
            gone: false,
            texts: String::new(),
            tags: Vec::new(),
            refs: Vec::new(),
            members: Vec::new(),
            child: Child::default(),
        }
    }

    /// Bytes that it keeps.
    pub(super) fn bytes(&self) -> usize {
        self.texts.len() + 32 * self.tags.len() + 8 * self.refs.len() + 32 * self.members.len()
    }

    /// Takes an attribute of the element itself. Who wrote it, and when, is passed over.
    pub(super) fn attribute(&mut self, key: &str, value: &str) -> Result<(), Why> {
        match key {
            "id" => self.id = Some(number(value)?),
            "lat" => self.lat = value.trim().parse().unwrap_or(f64::NAN),
            "lon" => self.lon = value.trim().parse().unwrap_or(f64::NAN),
            "action" => self.gone |= value == "delete",
            "visible" => self.gone |= value == "false",
            _ => {}
        }
        Ok(())
    }

    /// Takes an attribute of a child.
    pub(super) fn child_attribute(&mut self, child: &str, key: &str, value: &str) -> Result<(), Why> {
        match (child, key) {
            ("tag", "k") => self.child.key = Some(self.keep(value)),
            ("tag", "v") => self.child.value = Some(self.keep(value)),
            ("nd" | "member", "ref") => self.child.id = Some(number(value)?),
            ("member", "role") => self.child.role = self.keep(value),
            ("member", "type") => {
                self.child.kind = Some(match value {
                    "node" => Kind::Node,
                    "way" => Kind::Way,
                    "relation" => Kind::Relation,
                    _ => return Err(Why::Malformed("a member of an unknown kind")),
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// Ends a child.
    pub(super) fn end_child(&mut self, name: &str) -> Result<(), Why> {
        let child = std::mem::take(&mut self.child);
        match (name, child.key, child.value, child.id, child.kind) {
            ("tag", Some(key), Some(value), ..) => self.tags.push((key, value)),
            ("nd", _, _, Some(id), _) => self.refs.push(id),
            ("member", _, _, Some(id), Some(kind)) => self.members.push((kind, id, child.role)),
            _ => return Err(Why::Malformed("a <tag>, <nd> or <member> lacks an attribute")),
        }
        Ok(())
    }

    fn keep(&mut self, text: &str) -> Range {
        let start = self.texts.len();
        self.texts.push_str(text);
        (start, self.texts.len())
    }

    /// Hands the element to the sink; whether to go on.
    pub(super) fn finish(self, sink: &mut Sink<'_>) -> Result<bool, Why> {
        let id = self.id.ok_or(Why::Malformed("an element without a number"))?;
        if self.gone {
            return Ok(true);
        }
        let text = |(start, end): Range| &self.texts[start..end];
        let mut tags: Vec<Tag<'_>> = self.tags.iter().map(|(key, value)| (text(*key), text(*value))).collect();
        sink.sieve(&mut tags);
        let element = match self.kind {
            Kind::Node => {
                let Some(position) = position(self.lon, self.lat) else {
                    sink.reject(Kind::Node, id, "its coordinates are missing or not on the globe");
                    return Ok(true);
                };
                return Ok(sink.put(Element::Node(Node { id, position, tags: &tags })));
            }
            Kind::Way => Element::Way(Way { id, nodes: &self.refs, tags: &tags }),
            Kind::Relation => {
                let member = |(kind, id, role): &(Kind, i64, Range)| Member { kind: *kind, id: *id, role: text(*role) };
                let members: Vec<_> = self.members.iter().map(member).collect();
                return Ok(sink.put(Element::Relation(Relation { id, members: &members, tags: &tags })));
            }
        };
        Ok(sink.put(element))
    }
}

fn number(text: &str) -> Result<i64, Why> {
    text.trim().parse().map_err(|_| Why::Malformed("a number of an element that is none"))
}
