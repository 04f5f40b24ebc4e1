//! Entities as NGSI-LD JSON: one a line, in an array, one file each in a folder of Smart Data Models. Checks them under
//! the core context; a remote @context is the server's to resolve.

use super::element::{Broken, Elements};
use super::input::{self, Meter};
use super::line::Lines;
use super::{Item, Items, MAX_ITEM_BYTES, Refusal};
use crate::TransferError;
use belfry_ngsi_ld::form::{Limits, Mode, Reader, View, write_entity};
use belfry_ngsi_ld::{Context, Json};
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the entities of a source are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// Attributes are objects with type and value, or shortened (clauses 4.5.1 and 4.5.18); they may be mixed.
    Normalized,
    /// Attributes are plain values (simplified, clause 4.5.4).
    Keyvalues,
}

/// Entities, one a line.
pub fn lines(reader: impl BufRead + Send + 'static, file: Arc<Path>, form: Form) -> Items {
    let mut lines = Lines::new(reader);
    Box::new(std::iter::from_fn(move || {
        loop {
            let line = match lines.read() {
                Ok(line) => line?,
                Err(cause) => return Some(Err(TransferError::File { path: file.to_path_buf(), cause })),
            };
            if line.bytes.as_ref().is_some_and(|bytes| bytes.iter().all(u8::is_ascii_whitespace)) {
                continue;
            }
            let outcome = parse(line.bytes, form);
            return Some(Ok(Item { file: file.clone(), line: line.number, outcome }));
        }
    }))
}

/// Entities in one array.
pub fn array(reader: impl BufRead + Send + 'static, file: Arc<Path>, form: Form) -> Items {
    let mut elements = Elements::new(reader, None);
    Box::new(std::iter::from_fn(move || match elements.read() {
        Ok(Some((line, bytes))) => Some(Ok(Item { file: file.clone(), line, outcome: parse(bytes, form) })),
        Ok(None) => None,
        Err(broken) => Some(Err(wrong(&file, broken))),
    }))
}

/// The one entity that a file is.
pub fn single(mut reader: impl BufRead + Send + 'static, file: Arc<Path>, form: Form) -> Items {
    let mut done = false;
    Box::new(std::iter::from_fn(move || {
        if std::mem::replace(&mut done, true) {
            return None;
        }
        let mut bytes = Vec::new();
        if let Err(cause) = Read::by_ref(&mut reader).take(MAX_ITEM_BYTES as u64 + 1).read_to_end(&mut bytes) {
            return Some(Err(TransferError::File { path: file.to_path_buf(), cause }));
        }
        let bytes = (bytes.len() <= MAX_ITEM_BYTES).then_some(bytes);
        Some(Ok(Item { file: file.clone(), line: 1, outcome: parse(bytes, form) }))
    }))
}

/// The examples of a folder of Smart Data Models: in it, or in each of its folders, `example-normalized.jsonld`, or
/// `example.json` for key-values. A file is taken as it is.
///
/// # Errors
/// [`TransferError::File`]; [`TransferError::Source`] when there is no example at all.
pub fn models(path: &Path, form: Form, meter: &Meter) -> Result<(Items, u64), TransferError> {
    let name = match form {
        Form::Normalized => "example-normalized.jsonld",
        Form::Keyvalues => "example.json",
    };
    let mut files = Vec::new();
    if path.is_dir() {
        let mut folders: Vec<PathBuf> = vec![path.to_owned()];
        for entry in std::fs::read_dir(path).map_err(TransferError::file(path))? {
            folders.push(entry.map_err(TransferError::file(path))?.path());
        }
        folders[1..].sort();
        files.extend(folders.into_iter().map(|folder| folder.join(name)).filter(|file| file.is_file()));
    } else {
        files.push(path.to_owned());
    }
    if files.is_empty() {
        let why = format!("there is no {name} in it or in its folders");
        return Err(TransferError::Source { path: path.to_owned(), why });
    }
    let size = files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|meta| meta.len()).sum();
    let meter = meter.clone();
    let items = files.into_iter().flat_map(move |file| -> Items {
        match input::open(&file, &meter) {
            Ok(input) => single(input.reader, file.into(), form),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    });
    Ok((Box::new(items), size))
}

/// A break-off as the error of its file.
pub(super) fn wrong(file: &Path, broken: Broken) -> TransferError {
    match broken {
        Broken::Io(cause) => TransferError::File { path: file.to_owned(), cause },
        form @ Broken::Form { .. } => TransferError::Source { path: file.to_owned(), why: form.to_string() },
    }
}

/// The JSON of an item's bytes.
pub(super) fn json(bytes: Option<Vec<u8>>) -> Result<Json, Refusal> {
    let bytes = bytes.ok_or_else(|| Refusal::of(format!("it is longer than {MAX_ITEM_BYTES} bytes")))?;
    Json::parse(&bytes, Limits::default().json_depth).map_err(|error| {
        let reason = error.public();
        Refusal::of(reason.strip_prefix("the body is ").map_or_else(|| reason.to_owned(), |why| format!("it is {why}")))
    })
}

fn parse(bytes: Option<Vec<u8>>, form: Form) -> Result<Vec<Json>, Refusal> {
    let json = json(bytes)?;
    if !matches!(json, Json::Object(_)) {
        return Err(Refusal::of(format!("an entity is an object, not {}", json.kind())));
    }
    Ok(vec![normalized(json, form)?])
}

/// The normalized or concise JSON of an entity in this form.
pub(super) fn normalized(json: Json, form: Form) -> Result<Json, Refusal> {
    if form == Form::Normalized {
        return Ok(json);
    }
    let context = json.get("@context").cloned();
    let limits = Limits::default();
    let mut reader = Reader::new(Context::core(), &limits, Mode::Full);
    reader.simplified = true;
    let id = json.get("id").and_then(Json::as_str).map(str::to_owned);
    let entity = reader.entity(json).map_err(|error| refusal(error.public(), id.as_deref()))?;
    let mut out = Vec::new();
    write_entity(&entity, Context::core(), &View::default(), None, &mut out);
    let mut json = Json::parse(&out, limits.json_depth + 8).map_err(|error| refusal(error.public(), id.as_deref()))?;
    if let (Some(context), Json::Object(members)) = (context, &mut json) {
        members.push(("@context".into(), context));
    }
    Ok(json)
}

/// Whether an entity (or its history, in [`Mode::Temporal`]) is sound, as far as that can be told without its own
/// @context.
///
/// # Errors
/// Why not, with the attribute.
pub fn check(entity: &Json, limits: &Limits, mode: Mode) -> Result<(), Refusal> {
    let id = entity.get("id").and_then(Json::as_str);
    Reader::new(Context::core(), limits, mode)
        .entity(entity.clone())
        .map(drop)
        .map_err(|error| refusal(error.public(), id))
}

/// A reason that begins with `attribute 'x':` or `the term 'x'` names its field.
pub(crate) fn refusal(reason: &str, entity: Option<&str>) -> Refusal {
    let attribute = reason.strip_prefix("attribute '").and_then(|rest| rest.split_once("': "));
    let term = reason.strip_prefix("the term '").and_then(|rest| rest.split_once("' "));
    let (field, reason) = match (attribute, term) {
        (Some((field, rest)), _) => (Some(field.to_owned()), rest.to_owned()),
        (None, Some((field, _))) => (Some(field.to_owned()), reason.to_owned()),
        (None, None) => (None, reason.to_owned()),
    };
    Refusal { field, entity: entity.map(str::to_owned), reason }
}
