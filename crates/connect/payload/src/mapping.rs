//! The mapping file: which topics carry what, and which entity and attributes it becomes. Holds the file's types, the
//! compiled rules and the file's own tests; the work on messages is in the mapper.

mod check;
mod file;
mod rule;

pub use check::{TestFailure, check};
pub use file::MappingError;
pub use rule::Format;
pub(crate) use rule::{Attribute, Kind, Rule, Source, Types};

use crate::topic::Filter;
use hashbrown::HashSet;

/// A compiled mapping file.
#[derive(Debug, Default)]
pub struct Mapping {
    pub(crate) rules: Vec<Rule>,
    pub(crate) tests: Vec<file::Test>,
}

/// The most rules of one file.
pub const MAX_RULES: usize = 10_000;

impl Mapping {
    /// Reads and compiles a mapping file (TOML). An unknown key is refused with its line and the key that was meant.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let file = file::parse(text)?;
        if file.rule.len() > MAX_RULES {
            return Err(MappingError::new(text, None, format!("a mapping has at most {MAX_RULES} rules")));
        }
        let compiled = file.rule.iter().map(|r| rule::compile(text, r)).collect::<Result<_, _>>()?;
        Ok(Self { rules: compiled, tests: file.test })
    }

    /// The topic filters to subscribe to, each once.
    pub fn filters(&self) -> Vec<&Filter> {
        let mut seen = HashSet::new();
        self.rules.iter().map(|rule| &rule.filter).filter(|filter| seen.insert(filter.as_str())).collect()
    }

    /// The filters of Home Assistant rules, whose retained messages are wanted at every start.
    pub fn discovery_filters(&self) -> impl Iterator<Item = &Filter> {
        self.rules.iter().filter(|r| r.format == Format::HomeAssistant).map(|r| &r.filter)
    }

    /// The name of a rule: what the file calls it, else its topic.
    pub fn rule_name(&self, rule: usize) -> &str {
        self.rules.get(rule).map_or("", |r| &r.name)
    }
}
