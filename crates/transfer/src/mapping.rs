//! The mapping file: how rows of a table or features of a map become entities. Holds the typed form, its reading and
//! its application to one row; reads no source.

mod columns;
mod constant;
pub mod conventions;
mod entity;
mod instant;
mod section;
mod template;
mod value;

pub use columns::Columns;
pub use conventions::Conventions;
pub use entity::EntityRule;
pub use instant::InstantRule;
pub use template::Template;
pub use value::AttributeRule;

pub(crate) use columns::tidy;

use crate::TransferError;
use crate::place::Problem;
use crate::source::Row;
use belfry_ngsi_ld::Json;
use section::{Document, Section};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// What the rows are: the past, the present, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Rows are the current state, in the order of the source.
    State,
    /// Rows are history alone; the current state stays as it is.
    History,
    /// All rows are history, and the newest value of each attribute becomes the current state.
    Both,
}

/// A mapping file, read and checked.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The file as it was named.
    pub path: PathBuf,
    /// Its text, for the places of later problems.
    pub text: String,
    /// How cells are read.
    pub conventions: Conventions,
    /// When a row was true.
    pub time: Option<InstantRule>,
    /// What the rows are.
    pub mode: Option<Mode>,
    /// The @context of the entities; the core context when absent.
    pub context: Option<Json>,
    /// What a row becomes: one entity or several.
    pub entities: Vec<EntityRule>,
    /// The columns that it speaks of.
    pub columns: Columns,
}

/// Why a row is refused: the column, when one is to blame, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// The column's name.
    pub column: Option<String>,
    /// The reason.
    pub reason: String,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`TransferError::File`] when it cannot be read, [`TransferError::Mapping`] with all that is wrong in it.
    pub fn load(path: &Path) -> Result<Self, TransferError> {
        let text = std::fs::read_to_string(path).map_err(TransferError::file(path))?;
        Self::parse(&text, path)
    }

    /// Reads a mapping from a text; `path` is what messages call it.
    ///
    /// # Errors
    /// [`TransferError::Mapping`] with all that is wrong in it, each with its place.
    pub fn parse(text: &str, path: &Path) -> Result<Self, TransferError> {
        let parsed = DeTable::parse(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            TransferError::Mapping(vec![Problem::at(path, text, offset, error.message().replace('\n', ", "))])
        })?;
        let document = Document { path, text, problems: RefCell::default() };
        let mapping = Self::read(&document, parsed.get_ref());
        let mut problems = document.problems.into_inner();
        match mapping {
            Some(mapping) if problems.is_empty() => Ok(mapping),
            _ => {
                problems.sort_by_key(|p| (p.line, p.column));
                Err(TransferError::Mapping(problems))
            }
        }
    }

    fn read(document: &Document<'_>, table: &DeTable<'_>) -> Option<Self> {
        let root = Section::new(document, "", table, 0);
        let mut columns = Columns::default();
        let conventions = root.table("source").map_or_else(|| Some(Conventions::default()), |s| Conventions::read(&s));
        let time_section = root.table("time");
        let time = time_section.as_ref().and_then(|section| InstantRule::read(section, &mut columns));
        let modes = [("state", Mode::State), ("history", Mode::History), ("both", Mode::Both)];
        let mode = root.choice("mode", &modes);
        let context = root.any("context").and_then(|given| {
            let json = constant::read(given.value);
            if json.is_none() {
                document.refuse(
                    given.offset,
                    "context must be an address, a list of addresses, or a table of terms",
                    None,
                );
            }
            json
        });
        let sections = root.tables("entity");
        let entities: Vec<EntityRule> =
            sections.iter().filter_map(|section| EntityRule::read(section, &mut columns)).collect();
        root.finish();
        if sections.is_empty() {
            root.missing("there is no [[entity]]: say what a row becomes, such as [[entity]] with id, type and [[entity.attribute]]");
        }
        if matches!(mode, Some(Mode::History | Mode::Both)) && time_section.is_none() {
            root.missing("a mode of history needs a [time] table: history is sorted by when values were true");
        }
        Some(Self {
            path: document.path.to_owned(),
            text: document.text.to_owned(),
            conventions: conventions?,
            time,
            mode,
            context,
            entities,
            columns,
        })
    }

    /// What the rows are when nothing else says: history and state with a time, else state.
    pub fn default_mode(&self) -> Mode {
        self.mode.unwrap_or(if self.time.is_some() { Mode::Both } else { Mode::State })
    }

    /// The entities of a row, all of them or none.
    ///
    /// # Errors
    /// The first fault.
    pub fn apply(&self, row: &Row) -> Result<Vec<Json>, RowFault> {
        let at = match &self.time {
            None => None,
            Some(rule) => Some(
                rule.instant(row, |text| self.conventions.is_missing(text))
                    .map_err(|why| self.fault((rule.column(), why)))?,
            ),
        };
        let mut made = Vec::with_capacity(self.entities.len());
        for rule in &self.entities {
            let entity = rule.entity(row, at, &self.conventions).map_err(|wrong| self.fault(wrong))?;
            if let Some(mut entity) = entity {
                if let (Some(context), Json::Object(members)) = (&self.context, &mut entity) {
                    members.push(("@context".into(), context.clone()));
                }
                made.push(entity);
            }
        }
        if made.is_empty() {
            return Err(RowFault { column: None, reason: "none of its attributes has a value".into() });
        }
        Ok(made)
    }

    fn fault(&self, (column, reason): value::Wrong) -> RowFault {
        RowFault { column: column.and_then(|index| self.columns.names().get(index).cloned()), reason }
    }
}
