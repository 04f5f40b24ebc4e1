//! The small members of entities and attributes: identifiers, times, names, types, scopes.

use super::fault::{Fault, shown};
use super::{Field, NULL, Reader};
use crate::form::CORE;
use crate::{Json, Name};
use belfry_kernel::{Iri, Time};
use compact_str::CompactString;
use smallvec::SmallVec;

/// Terms of the core @context that describe an attribute and therefore cannot name one (clause 4.5.1), and those that
/// only the platform writes.
fn reserved(term: &str) -> bool {
    matches!(
        term,
        "datasetId"
            | "instanceId"
            | "observedAt"
            | "createdAt"
            | "modifiedAt"
            | "deletedAt"
            | "expiresAt"
            | "unitCode"
            | "lang"
            | "valueType"
            | "objectType"
            | "previousValue"
            | "previousObject"
            | "previousLanguageMap"
            | "previousVocab"
            | "previousJson"
            | "previousValueList"
            | "previousObjectList"
            | "entity"
            | "entityList"
            | "id"
            | "type"
            | "scope"
    )
}

/// What the members that carry a value expand to. Models in use name attributes of an entity so (`Device.value` of the
/// Smart Data Models), and there they can be told apart; inside an attribute they cannot.
fn carries_value(local: &str) -> bool {
    matches!(
        local,
        "hasValue" | "hasObject" | "hasLanguageMap" | "hasVocab" | "hasJSON" | "hasValueList" | "hasObjectList"
    )
}

/// Whether the characters of a term can make a name. The standard's own grammar (clause 4.6.2) has letters, numbers,
/// underscore and one prefix; a hyphen, a dot and a leading digit are taken as well, since data models in use have
/// them, and an absolute IRI, since that is what a name becomes.
fn well_formed(term: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    if term.is_ascii() && term.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':')) {
        return !term.is_empty();
    }
    term.chars().all(plain) || (term.contains(':') && Iri::check(term).is_ok())
}

/// A URI.
pub(super) fn iri(member: &str, value: &Json) -> Result<Iri, Box<Fault>> {
    let Json::Str(text) = value else {
        return Err(Fault::new(format!("{member}: it is a URI, not {}", value.kind())));
    };
    if text == NULL {
        return Err(Fault::new(format!("{member}: urn:ngsi-ld:null cannot stand here")));
    }
    Iri::parse(text).map_err(|why| Fault::new(format!("{member}: '{}' is not a URI: {why}", shown(text))))
}

/// A date and time; Null when the mode has it.
pub(super) fn time(member: &str, value: &Json, null: bool) -> Result<Field<Time>, Box<Fault>> {
    let Json::Str(text) = value else {
        return Err(Fault::new(format!("{member}: it is a date and time, not {}", value.kind())));
    };
    match Time::parse(text) {
        Ok(time) => Ok(Field::Set(time)),
        Err(_) if text == NULL && null => Ok(Field::Delete),
        Err(_) if text == NULL => Err(Fault::new(format!("{member}: urn:ngsi-ld:null cannot stand here"))),
        Err(why) => Err(Fault::new(format!("{member}: '{}' is not a UTC date and time: {why}", shown(text)))),
    }
}

/// A scope (clause 4.18): levels of letters, digits and underscores parted by slashes. Kept with its leading slash.
pub(super) fn scope(text: CompactString) -> Result<CompactString, Box<Fault>> {
    let level = |level: &str| {
        level.chars().next().is_some_and(char::is_alphabetic) && level.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    let levels = text.strip_prefix('/').unwrap_or(&text);
    if text.len() > 1024 || !levels.split('/').all(level) {
        return Err(Fault::new(format!("scope: '{}' is not a scope such as /Madrid/Gardens", shown(&text))));
    }
    Ok(text)
}

impl Reader<'_> {
    /// Expands the term of an attribute, or of a sub-attribute.
    pub(super) fn name(&self, term: &str, sub: bool) -> Result<Name, Box<Fault>> {
        if !well_formed(term) {
            return Err(if term.starts_with('@') {
                Fault::new(format!("'{}' is a keyword of JSON-LD that cannot stand here", shown(term)))
            } else {
                Fault::new(format!(
                    "'{}' cannot name an attribute: it has other characters than letters, digits, _ - . :",
                    shown(term)
                ))
            });
        }
        let name = self.context.expand(term)?;
        let core = name.as_str().strip_prefix(CORE);
        if core.is_some_and(|local| reserved(local) || (sub && carries_value(local))) || reserved(term) {
            return Err(Fault::new(format!("'{}' describes an attribute and cannot name one", shown(term))));
        }
        match self.denied(term, name) {
            None => Ok(name),
            Some(refusal) => Err(Fault::new(refusal)),
        }
    }

    /// One or several types, or other vocabulary terms, without repetitions.
    pub(super) fn types(&self, member: &str, value: &Json) -> Result<SmallVec<[Name; 1]>, Box<Fault>> {
        let mut types = SmallVec::new();
        match value {
            Json::Str(text) => types.push(self.term(member, text)?),
            Json::Array(items) => {
                if items.is_empty() {
                    return Err(Fault::new(format!("{member}: the array is empty")));
                }
                if items.len() > self.limits.types {
                    return Err(Fault::new(format!("{member}: more than {} of them", self.limits.types)));
                }
                for item in items {
                    let Json::Str(text) = item else {
                        return Err(Fault::new(format!("{member}: each one is a text, not {}", item.kind())));
                    };
                    let name = self.term(member, text)?;
                    if !types.contains(&name) {
                        types.push(name);
                    }
                }
            }
            other => {
                return Err(Fault::new(format!("{member}: it is a text or an array of texts, not {}", other.kind())));
            }
        }
        Ok(types)
    }

    /// A type name.
    pub(super) fn term(&self, member: &str, term: &str) -> Result<Name, Box<Fault>> {
        if !well_formed(term) {
            return Err(Fault::new(format!("{member}: '{}' is not a name", shown(term))));
        }
        let name = self.context.expand(term)?;
        match self.denied(term, name) {
            None => Ok(name),
            Some(refusal) => Err(Fault::new(format!("{member}: {refusal}"))),
        }
    }

    /// Denied terms, by the term that the client wrote and by what it expands to: the sentence for the client.
    pub(super) fn denied(&self, term: &str, name: Name) -> Option<String> {
        let deny = &self.limits.deny;
        // Mostly the name ends in the term, and its last segment alone counts.
        let ends_so = name.as_str().strip_suffix(term).is_some_and(|start| start.ends_with(['/', '#', ':']));
        let reason = deny.reason(name.as_str()).or_else(|| if ends_so { None } else { deny.reason(term) })?;
        Some(format!("the term '{}' is refused: {reason}", shown(term)))
    }
}
