//! What births and discovery have taught, apart for each tenant that sends through the mapper, and which of it is to be
//! kept over a restart. Holds no rule.

use crate::format::homeassistant::Discovered;
use crate::format::sparkplug::Births;
use compact_str::CompactString;
use hashbrown::HashMap;

/// The longest lesson that is kept, bytes.
const MAX_LESSON_BYTES: usize = 64 << 10;
/// How much is kept for one tenant, bytes. What does not fit is taught again by its sender after a restart.
const MAX_KEPT_BYTES: usize = 16 << 20;

/// Something that a message taught and that the mapper wants to be told again after a restart ([`crate::Mapper::recall`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// The topic that it is about; one lesson a topic.
    pub topic: CompactString,
    /// What; none to forget what was kept.
    pub payload: Option<Vec<u8>>,
}

/// What one tenant's messages have taught, by rule.
#[derive(Debug, Default)]
pub(super) struct Learned {
    pub births: HashMap<usize, Births>,
    pub discovered: HashMap<usize, Discovered>,
    kept: HashMap<CompactString, usize>,
    bytes: usize,
}

impl Learned {
    /// What is to be kept of a lesson: nothing when there is nothing to forget, or no room for it.
    pub fn lesson(&mut self, topic: CompactString, payload: Option<Vec<u8>>) -> Option<Lesson> {
        let before = self.kept.remove(&topic);
        self.bytes -= before.unwrap_or(0);
        let payload = payload.filter(|p| p.len() <= MAX_LESSON_BYTES);
        let payload = payload.filter(|p| self.bytes + topic.len() + p.len() <= MAX_KEPT_BYTES);
        match &payload {
            Some(p) => {
                let bytes = topic.len() + p.len();
                self.bytes += bytes;
                self.kept.insert(topic.clone(), bytes);
            }
            None => {
                before?;
            }
        }
        Some(Lesson { topic, payload })
    }
}
