//! OSM XML 0.6 as editors and Overpass write it. No entity is expanded beyond the five of XML itself, and a document type
//! is refused. Reads no file by itself. The format: <https://wiki.openstreetmap.org/wiki/OSM_XML>.

mod draft;
mod metered;

use std::io::BufRead;
use std::ops::ControlFlow;

use belfry_kernel::Time;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::element::{Element, Kind};
use crate::error::{OsmError, Place, Why};
use crate::limits::{Kinds, Limits};
use crate::sink::{Sink, Summary};
use draft::Draft;
use metered::Metered;

/// Reads an XML file from its first byte. `name` is what errors call it.
///
/// # Errors
/// What is wrong, with its offset. Elements before it have been handed out.
pub fn read_xml(
    name: &str,
    from: impl BufRead,
    kinds: Kinds,
    limits: &Limits,
    to: &mut dyn FnMut(Element<'_>) -> ControlFlow<()>,
) -> Result<Summary, OsmError> {
    let mut reader = Reader::from_reader(Metered::new(from, limits));
    reader.config_mut().check_end_names = true;
    let mut document = Document { kinds, limits: *limits, depth: 0, draft: None, sink: Sink::new(to, limits) };
    let mut buffer = Vec::new();
    loop {
        let offset = reader.buffer_position();
        buffer.clear();
        reader.get_mut().next_event();
        let step = match reader.read_event_into(&mut buffer) {
            Ok(event) => document.event(event),
            Err(error) => Err(reader.get_mut().excess().unwrap_or_else(|| why(error))),
        };
        match step {
            Ok(true) => {}
            Ok(false) => return Ok(document.sink.summary),
            Err(why) => {
                return Err(OsmError { file: name.to_owned(), place: Place { offset, block: None }, why });
            }
        }
    }
}

/// How deep elements may lie in each other; the format needs three levels.
const MAX_DEPTH: usize = 16;

/// Where in the document the reading is.
struct Document<'f> {
    kinds: Kinds,
    limits: Limits,
    depth: usize,
    draft: Option<Draft>,
    sink: Sink<'f>,
}

impl Document<'_> {
    /// Takes one event; whether to go on.
    fn event(&mut self, event: Event<'_>) -> Result<bool, Why> {
        match event {
            Event::Start(start) => {
                self.start(&start)?;
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(Why::Malformed("elements lie too deep in each other"));
                }
                Ok(true)
            }
            Event::Empty(start) => {
                self.start(&start)?;
                self.end(self.depth)
            }
            Event::End(_) => {
                self.depth -= 1;
                let go_on = self.end(self.depth)?;
                Ok(go_on && self.depth > 0)
            }
            Event::DocType(_) => Err(Why::Malformed("a document type declaration, which OSM files do not have")),
            Event::Eof if self.depth == 0 => Err(Why::Malformed("no <osm> element; is this an .osm file?")),
            Event::Eof => Err(Why::Truncated("an element")),
            _ => Ok(true),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Why> {
        let name = start.name();
        match (self.depth, name.as_ref(), &mut self.draft) {
            (0, "osm", _) => self.edition(start, "timestamp"),
            (1, "meta", _) => self.edition(start, "osm_base"),
            (0, _, _) => Err(Why::Malformed("the first element is not <osm>")),
            (1, "node", _) if self.kinds.nodes => self.begin(Kind::Node, start),
            (1, "way", _) if self.kinds.ways => self.begin(Kind::Way, start),
            (1, "relation", _) if self.kinds.relations => self.begin(Kind::Relation, start),
            (2, name @ ("tag" | "nd" | "member"), Some(draft)) => {
                each_attribute(start, |key, value| draft.child_attribute(name, key, value))?;
                draft.end_child(name)?;
                if draft.bytes() > self.limits.element_bytes {
                    let (bytes, limit) = (draft.bytes() as u64, self.limits.element_bytes as u64);
                    return Err(Why::TooLarge { what: "an element", bytes, limit });
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Keeps the instant that an attribute says, when there is one that is an instant.
    fn edition(&mut self, start: &BytesStart<'_>, name: &str) -> Result<(), Why> {
        each_attribute(start, |key, value| {
            if key == name {
                self.sink.summary.edition = Time::parse(value).ok().or(self.sink.summary.edition);
            }
            Ok(())
        })
    }

    fn begin(&mut self, kind: Kind, start: &BytesStart<'_>) -> Result<(), Why> {
        let mut draft = Draft::new(kind);
        each_attribute(start, |key, value| draft.attribute(key, value))?;
        self.draft = Some(draft);
        Ok(())
    }

    fn end(&mut self, depth: usize) -> Result<bool, Why> {
        match (depth, self.draft.take()) {
            (1, Some(draft)) => draft.finish(&mut self.sink),
            (_, draft) => {
                self.draft = draft;
                Ok(true)
            }
        }
    }
}

fn each_attribute(start: &BytesStart<'_>, mut with: impl FnMut(&str, &str) -> Result<(), Why>) -> Result<(), Why> {
    for attribute in start.attributes() {
        let attribute = attribute.map_err(quick_xml::Error::from)?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0)?;
        with(attribute.key.as_ref(), &value)?;
    }
    Ok(())
}

/// What the XML reader says; what it was told by the unpacking is not its own.
fn why(error: quick_xml::Error) -> Why {
    match error {
        quick_xml::Error::Io(io) => Why::Io(std::io::Error::new(io.kind(), io.to_string())),
        error => Why::Xml(error),
    }
}
