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
        let mut out: Vec<&Filter> = Vec::new();
        for rule in &self.rules {
            if !out.iter().any(|f| f.as_str() == rule.filter.as_str()) {
                out.push(&rule.filter);
            }
        }
        out
    }

    /// Whether a filter is that of a Home Assistant rule, whose retained messages are wanted at every start.
    pub fn is_discovery(&self, filter: &Filter) -> bool {
        self.rules.iter().any(|r| r.format == Format::HomeAssistant && r.filter == *filter)
    }

    /// The name of a rule: what the file calls it, else its topic.
    pub fn rule_name(&self, rule: usize) -> &str {
        self.rules.get(rule).map_or("", |r| &r.name)
    }
}
