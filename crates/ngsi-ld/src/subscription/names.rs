//! The names within a subscription's members: expanded when they come in, compacted when they are shown. Checks nothing:
//! what is not of the right form is left for the reader to refuse.

use crate::form::NULL;
use crate::query::filter::{self, Expansion, Expr};
use crate::query::{Literal, Naming, Operand, Path, Projection, Term, TypeSelection, parse_names};
use crate::{Context, Json, Name};
use belfry_kernel::Error;
use compact_str::{CompactString, format_compact};

/// The member that says what the aliases in a kept `q` stand for.
pub(super) const TERMS: &str = "qTerms";

/// The members of a subscription, or of a fragment of one, with every name expanded. `before` are the members that it
/// will be merged into, if any.
///
/// # Errors
/// `BadRequestData` when a name or a condition cannot be read.
pub fn expanded(body: Json, context: &Context, before: Option<&Json>) -> Result<Json, Error> {
    let Json::Object(mut members) = body else {
        return Err(Error::bad_data(format!("a subscription is an object, not {}", body.kind())));
    };
    let naming = Naming::kept(context);
    members.retain(|(key, _)| key != TERMS);
    let expand: Vec<Term> = match members.iter().find(|(key, _)| key == "expandValues").map(|(_, v)| v) {
        Some(Json::Str(text)) => parse_names("expandValues", text, &naming)?,
        Some(_) => return Err(Error::bad_data("expandValues: it is a text of names between commas")),
        None => match before.and_then(|b| b.get("expandValues")).and_then(Json::as_str) {
            Some(text) => parse_names("expandValues", text, &naming)?,
            None => Vec::new(),
        },
    };
    let mut terms = None;
    for (key, value) in &mut members {
        if key == "q"
            && let Json::Str(text) = value
            && text != NULL
        {
            let mut expr = filter::parse(text, &naming, Expansion(&expand))?;
            let mut aliases = Vec::new();
            rename(&mut expr, &mut |term| alias(term, &mut aliases));
            *text = format_compact!("{expr}");
            terms = Some(Json::Object(aliases));
        } else {
            names_in(key, value, context, &|name: &Term| name.name.map_or("", Name::as_str).into())?;
        }
    }
    if let Some(terms) = terms {
        members.push((TERMS.into(), terms));
    }
    Ok(Json::Object(members))
}

/// The kept members of a subscription as a client with this context sees them.
pub fn compacted(body: &Json, context: &Context) -> Vec<(CompactString, Json)> {
    let Json::Object(members) = body else { return Vec::new() };
    let terms = body.get(TERMS);
    let mut shown = Vec::with_capacity(members.len());
    for (key, value) in members.iter().filter(|(key, _)| key != TERMS) {
        let mut value = value.clone();
        if key == "q"
            && let (Json::Str(text), Ok(mut expr)) = (&mut value, kept_q(body))
        {
            rename(&mut expr, &mut |term| {
                let iri = terms.and_then(|t| t.get(&term.text)).and_then(Json::as_str).and_then(Name::lookup);
                if let Some(name) = iri {
                    term.text = context.compact(name).into();
                }
                Ok(())
            });
            *text = format_compact!("{expr}");
        } else {
            let compact = |term: &Term| term.name.map_or(term.text.clone(), |name| context.compact(name).into());
            // What was kept could be read; should it not be, it is shown as it is.
            let _ = names_in(key, &mut value, Context::core(), &compact);
        }
        shown.push((key.clone(), value));
    }
    shown
}

/// The condition of a kept subscription.
pub(super) fn kept_q(body: &Json) -> Result<Expr, Error> {
    let text = body.get("q").and_then(Json::as_str).unwrap_or_default();
    let terms = body.get(TERMS);
    let alias_of = |iri: &str| match terms {
        Some(Json::Object(all)) => {
            all.iter().find(|(_, known)| known.as_str() == Some(iri)).map(|(alias, _)| alias.clone())
        }
        _ => None,
    };
    let values = body.get("expandValues").and_then(Json::as_str).unwrap_or_default();
    let expand: Vec<Term> = values.split(',').filter_map(alias_of).map(|text| Term { text, name: None }).collect();
    let mut expr = filter::parse(text, &Naming::kept(Context::core()), Expansion(&expand))?;
    let mut lost = None;
    rename(&mut expr, &mut |term| {
        let iri = terms.and_then(|t| t.get(&term.text)).and_then(Json::as_str);
        match iri {
            Some(iri) => term.name = Some(Name::intern(iri)?),
            None => lost = Some(Error::internal("a kept condition has a name that nothing explains")),
        }
        Ok(())
    });
    match lost {
        Some(error) => Err(error),
        None => Ok(expr),
    }
}

type Rename<'r> = dyn FnMut(&mut Term) -> Result<(), Error> + 'r;

fn alias(term: &mut Term, aliases: &mut Vec<(CompactString, Json)>) -> Result<(), Error> {
    let iri = term.name.map_or("", Name::as_str);
    let known = aliases.iter().position(|(_, known)| known.as_str() == Some(iri));
    let at = known.unwrap_or(aliases.len());
    let short = format_compact!("n{at}");
    if known.is_none() {
        aliases.push((short.clone(), Json::from(iri)));
    }
    term.text = short;
    Ok(())
}

/// Applies `to` to each name of a condition. (No condition is deeper than the parser lets it be.)
fn rename(expr: &mut Expr, to: &mut Rename<'_>) {
    match expr {
        Expr::And(all) | Expr::Or(all) => {
            for one in all {
                rename(one, to);
            }
        }
        Expr::Exists(path) | Expr::Matches { path, .. } => rename_path(path, to),
        Expr::Compare { path, operand, .. } => {
            rename_path(path, to);
            let constants = match operand {
                Operand::One(one) => std::slice::from_mut(one),
                Operand::List(all) => all.as_mut_slice(),
                Operand::Range(..) => &mut [],
            };
            for constant in constants {
                if let Literal::Term(term) = constant {
                    let _ = to(term);
                }
            }
        }
    }
}

fn rename_path(path: &mut Path, to: &mut Rename<'_>) {
    let links = path.links.iter_mut().flat_map(|l| std::iter::once(&mut l.relationship).chain(&mut l.types));
    for term in links.chain(&mut path.names) {
        // Only interning can fail, when the process holds as many names as it may: then nothing has that name.
        let _ = to(term);
    }
}

/// Rewrites the names in one member other than `q`.
fn names_in(key: &str, value: &mut Json, context: &Context, to: &dyn Fn(&Term) -> CompactString) -> Result<(), Error> {
    let naming = Naming::kept(context);
    let one = |text: &CompactString| naming.term(text).map(|term| to(&term));
    match (key, value) {
        ("watchedAttributes", Json::Array(items)) => {
            for item in items {
                if let Json::Str(text) = item {
                    *text = one(text).map_err(|e| Error::bad_data(format!("watchedAttributes: {e}")))?;
                }
            }
        }
        ("expandValues", Json::Str(text)) => {
            let names = parse_names("expandValues", text, &naming)?;
            *text = names.iter().map(to).collect::<Vec<_>>().join(",").into();
        }
        ("geoQ", Json::Object(members)) => {
            for (key, value) in members {
                if let ("geoproperty", Json::Str(text)) = (key.as_str(), value) {
                    *text = one(text).map_err(|e| Error::bad_data(format!("geoQ.geoproperty: {e}")))?;
                }
            }
        }
        ("entities", Json::Array(selectors)) => {
            for selector in selectors {
                let Json::Object(members) = selector else { continue };
                for (key, value) in members {
                    if let ("type" | "@type", Json::Str(text)) = (key.as_str(), value)
                        && let Some(mut types) = TypeSelection::parse(text, &naming)
                            .map_err(|e| Error::bad_data(format!("entities: {e}")))?
                    {
                        for term in types.any_of.iter_mut().flatten() {
                            term.text = to(term);
                        }
                        *text = format_compact!("{types}");
                    }
                }
            }
        }
        ("notification", Json::Object(members)) => {
            for (key, value) in members {
                let what: &'static str = match key.as_str() {
                    "attributes" => "attributes",
                    "pick" => "pick",
                    "omit" => "omit",
                    _ => continue,
                };
                let Json::Array(items) = value else { continue };
                for item in items {
                    if let Json::Str(text) = item {
                        let mut projection = Projection::parse(what, text, &naming)
                            .map_err(|e| Error::bad_data(format!("notification.{e}")))?;
                        rename_projection(&mut projection, to);
                        *text = format_compact!("{projection}");
                    }
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn rename_projection(projection: &mut Projection, to: &dyn Fn(&Term) -> CompactString) {
    for term in &mut projection.terms {
        if term.term.name.is_some() {
            term.term.text = to(&term.term);
        }
        if let Some(linked) = &mut term.linked {
            rename_projection(linked, to);
        }
    }
}
