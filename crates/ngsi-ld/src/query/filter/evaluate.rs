//! A `q` condition against an entity (ETSI GS CIM 009 clause 4.9): which values a path leads to, whether they satisfy.
//! An attribute of several instances satisfies when one of them does.

use super::{Expr, Link, Member, Op, Operand, Path, Trail};
use crate::query::{Literal, Lookup, Pattern, Term};
use crate::{Attribute, Entity, Json, Value};
use belfry_kernel::Time;
use compact_str::CompactString;
use std::cmp::Ordering;

/// Whether the entity has this attribute, not expired.
pub fn has(entity: &Entity, attribute: &Term, now: Time) -> bool {
    attribute.name.is_some_and(|name| entity.attributes.iter().any(|a| a.name == name && live(a, now)))
}

impl Expr {
    /// Whether the condition holds. What expired at or before `now` counts as gone. Without `lookup` a condition over
    /// linked entities does not hold.
    pub fn matches(&self, entity: &Entity, now: Time, lookup: Option<Lookup<'_>>) -> bool {
        match self {
            Self::And(all) => all.iter().all(|e| e.matches(entity, now, lookup)),
            Self::Or(any) => any.iter().any(|e| e.matches(entity, now, lookup)),
            Self::Exists(path) => at_path(path, &Test::Exists, entity, now, lookup),
            Self::Compare { path, op, operand } => at_path(path, &Test::Compare(*op, operand), entity, now, lookup),
            Self::Matches { path, pattern, negated } => {
                at_path(path, &Test::Matches(pattern, *negated), entity, now, lookup)
            }
        }
    }
}

enum Test<'a> {
    Exists,
    Compare(Op, &'a Operand),
    Matches(&'a Pattern, bool),
}

fn live(attribute: &Attribute, now: Time) -> bool {
    attribute.expires_at.is_none_or(|t| t > now)
}

fn at_path(path: &Path, test: &Test<'_>, entity: &Entity, now: Time, lookup: Option<Lookup<'_>>) -> bool {
    if path.links.is_empty() {
        at_entity(path, test, entity, now)
    } else {
        linked(&path.links, path, test, entity, now, lookup)
    }
}

fn linked(
    links: &[Link],
    path: &Path,
    test: &Test<'_>,
    entity: &Entity,
    now: Time,
    lookup: Option<Lookup<'_>>,
) -> bool {
    let (Some((link, deeper)), Some(find)) = (links.split_first(), lookup) else {
        return links.is_empty() && at_entity(path, test, entity, now);
    };
    let Some(relationship) = link.relationship.name else {
        return false;
    };
    entity.instances(relationship).filter(|a| live(a, now)).any(|a| {
        a.value.targets().iter().any(|target| {
            find(target.as_str()).is_some_and(|e| {
                let wanted = |t: &Term| t.name.is_some_and(|name| e.types.contains(&name));
                e.expires_at.is_none_or(|t| t > now)
                    && (link.types.is_empty() || link.types.iter().any(wanted))
                    && linked(deeper, path, test, &e, now, lookup)
            })
        })
    })
}

fn at_entity(path: &Path, test: &Test<'_>, entity: &Entity, now: Time) -> bool {
    match (path.names.is_empty(), path.member) {
        (true, Some(Member::CreatedAt)) => time(test, Some(entity.created_at)),
        (true, Some(Member::ModifiedAt)) => time(test, Some(entity.modified_at)),
        (true, Some(Member::ExpiresAt)) => time(test, entity.expires_at),
        (true, _) => false,
        (false, _) => at_attributes(&path.names, path, test, &entity.attributes, now),
    }
}

fn at_attributes(names: &[Term], path: &Path, test: &Test<'_>, attributes: &[Attribute], now: Time) -> bool {
    let Some((first, rest)) = names.split_first() else {
        return false;
    };
    let Some(name) = first.name else { return false };
    attributes.iter().any(|a| {
        a.name == name
            && live(a, now)
            && if rest.is_empty() { at_attribute(path, test, a) } else { at_attributes(rest, path, test, &a.sub, now) }
    })
}

fn at_attribute(path: &Path, test: &Test<'_>, attribute: &Attribute) -> bool {
    match path.member {
        None => value(&path.trail, test, &attribute.value),
        Some(Member::ObservedAt) => time(test, attribute.observed_at),
        Some(Member::CreatedAt) => time(test, Some(attribute.created_at)),
        Some(Member::ModifiedAt) => time(test, Some(attribute.modified_at)),
        Some(Member::ExpiresAt) => time(test, attribute.expires_at),
        Some(Member::UnitCode) => {
            attribute.unit_code.as_ref().is_some_and(|text| texts(test, [text.as_str()].into_iter()))
        }
        Some(Member::DatasetId) => {
            attribute.dataset_id.as_ref().is_some_and(|id| texts(test, [id.as_str()].into_iter()))
        }
    }
}

fn value(trail: &Trail, test: &Test<'_>, value: &Value) -> bool {
    match (value, trail) {
        (Value::Property(json) | Value::Json(json), Trail::None) => at_json(test, json),
        (Value::Property(json) | Value::Json(json), Trail::Members(members)) => {
            members.iter().try_fold(json, |json, member| json.get(member)).is_some_and(|json| at_json(test, json))
        }
        (Value::List(items), Trail::None) => at_list(test, items),
        (Value::Language(map), Trail::None | Trail::Any) => at_languages(test, map.iter().map(|(_, text)| text)),
        (Value::Language(map), Trail::Members(members)) => match members.as_slice() {
            [tag] => language(map, tag).is_some_and(|text| at_languages(test, std::iter::once(text))),
            _ => false,
        },
        (Value::Vocab(terms), Trail::None) => match test {
            Test::Exists => true,
            Test::Compare(op, operand) => equality(*op, || {
                terms.as_slice().iter().any(|term| constants(operand).any(|literal| literal.equals_name(*term)))
            }),
            Test::Matches(..) => texts(test, terms.as_slice().iter().map(|term| term.as_str())),
        },
        (Value::Relationship { .. } | Value::ListRelationship { .. }, Trail::None) => match test {
            Test::Exists => true,
            Test::Compare(op, operand) => equality(*op, || {
                value.targets().iter().any(|target| {
                    constants(operand).any(|l| {
                        matches!(l, Literal::Text(_) | Literal::Uri(_) | Literal::Term(_))
                            && l.compare_text(target.as_str()) == Some(Ordering::Equal)
                    })
                })
            }),
            Test::Matches(..) => false,
        },
        (Value::Geo(_), Trail::None) => match test {
            Test::Exists => true,
            // No constant is a geometry: nothing is equal to it, everything is unequal.
            Test::Compare(op, _) => equality(*op, || false),
            Test::Matches(..) => false,
        },
        (Value::Geo(geometry), Trail::Members(members)) => match members.as_slice() {
            [member] if member == "type" => texts(test, [geometry.kind()].into_iter()),
            [member] if member == "coordinates" => matches!(test, Test::Exists),
            _ => false,
        },
        (_, Trail::Any | Trail::Members(_)) => false,
    }
}

/// Language tags are compared without regard to case (RFC 5646 section 2.1.1).
fn language<'a>(map: &'a [(CompactString, Json)], tag: &str) -> Option<&'a Json> {
    map.iter().find(|(t, _)| t.eq_ignore_ascii_case(tag)).map(|(_, text)| text)
}

/// The constants to be equal to; none for a range, which holds only ordered values.
fn constants(operand: &Operand) -> impl Iterator<Item = &Literal> {
    match operand {
        Operand::One(one) => std::slice::from_ref(one),
        Operand::List(all) => all.as_slice(),
        Operand::Range(..) => &[],
    }
    .iter()
}

/// For values that have no order.
fn equality(op: Op, equal: impl FnOnce() -> bool) -> bool {
    match op {
        Op::Eq => equal(),
        Op::Ne => !equal(),
        Op::Gt | Op::Ge | Op::Lt | Op::Le => false,
    }
}

/// Decides a comparison from how the value stands to a constant.
fn compare(op: Op, operand: &Operand, against: impl Fn(&Literal) -> Option<Ordering>) -> bool {
    let equal = || match operand {
        Operand::One(one) => against(one) == Some(Ordering::Equal),
        Operand::List(all) => all.iter().any(|l| against(l) == Some(Ordering::Equal)),
        Operand::Range(from, to) => {
            against(from).is_some_and(Ordering::is_ge) && against(to).is_some_and(Ordering::is_le)
        }
    };
    let order = || match operand {
        Operand::One(one) => against(one),
        Operand::List(_) | Operand::Range(..) => None,
    };
    match op {
        Op::Eq => equal(),
        Op::Ne => !equal(),
        Op::Gt => order().is_some_and(Ordering::is_gt),
        Op::Ge => order().is_some_and(Ordering::is_ge),
        Op::Lt => order().is_some_and(Ordering::is_lt),
        Op::Le => order().is_some_and(Ordering::is_le),
    }
}

fn time(test: &Test<'_>, at: Option<Time>) -> bool {
    at.is_some_and(|at| match test {
        Test::Exists => true,
        Test::Compare(op, operand) => compare(*op, operand, |l| l.compare_time(at)),
        Test::Matches(..) => false,
    })
}

/// Several texts of one value: with `==` one is to be equal, with `!=` none.
fn texts<'a>(test: &Test<'_>, mut all: impl Iterator<Item = &'a str>) -> bool {
    match test {
        Test::Exists => true,
        Test::Compare(Op::Ne, operand) => !all.any(|text| compare(Op::Eq, operand, |l| l.compare_text(text))),
        Test::Compare(op, operand) => all.any(|text| compare(*op, operand, |l| l.compare_text(text))),
        Test::Matches(pattern, negated) => all.any(|text| pattern.is_match(text)) != *negated,
    }
}

fn at_json(test: &Test<'_>, json: &Json) -> bool {
    match (test, json) {
        (Test::Exists, _) => true,
        (_, Json::Array(items)) => at_list(test, items),
        (Test::Compare(op, operand), _) => compare(*op, operand, |l| l.compare_json(json)),
        (Test::Matches(pattern, negated), Json::Str(text)) => pattern.is_match(text) != *negated,
        (Test::Matches(pattern, negated), Json::Object(_)) => {
            json.get("@value").and_then(Json::as_str).is_some_and(|text| pattern.is_match(text) != *negated)
        }
        (Test::Matches(..), _) => false,
    }
}

/// An array equals a constant that it contains; it has no order and is no text.
fn at_list(test: &Test<'_>, items: &[Json]) -> bool {
    match test {
        Test::Exists => true,
        Test::Compare(op, operand) => equality(*op, || {
            items.iter().any(|item| constants(operand).any(|l| l.compare_json(item) == Some(Ordering::Equal)))
        }),
        Test::Matches(..) => false,
    }
}

/// The texts of a language map, each one text or an array of them.
fn at_languages<'a>(test: &Test<'_>, values: impl Iterator<Item = &'a Json>) -> bool {
    texts(
        test,
        values
            .flat_map(|json| match json {
                Json::Array(items) => items.as_slice(),
                one => std::slice::from_ref(one),
            })
            .filter_map(Json::as_str),
    )
}
