//! Random trees print and parse to themselves; random texts never panic; what a planner is told is true.

use crate::room::{name, naming, now, parse, room};
use belfry_kernel::Time;
use belfry_ngsi_ld::query::filter::{Expansion, Expr, Link, Member, Op, Operand, Path, Trail};
use belfry_ngsi_ld::query::temporal::TemporalTexts;
use belfry_ngsi_ld::query::*;
use belfry_ngsi_ld::{Entity, Name};
use proptest::prelude::*;

fn term(text: &str) -> Term {
    Term { text: text.into(), name: Some(name(text)) }
}

const WORDS: [&str; 9] = ["temperature", "count", "name", "tags", "address", "label", "inPark", "a_1", "жук"];

fn names() -> impl Strategy<Value = Term> {
    prop::sample::select(WORDS.to_vec()).prop_map(term)
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<i64>().prop_map(Literal::Int),
        (-10..10_i64).prop_map(Literal::Int),
        any::<f64>().prop_filter("JSON has no infinities", |f| f.is_finite()).prop_map(Literal::Float),
        any::<bool>().prop_map(Literal::Bool),
        any::<String>().prop_map(|s| Literal::Text(s.into())),
        prop::sample::select(vec!["Eiffel", "red", "Berlin"]).prop_map(|s| Literal::Text(s.into())),
        (Time::MIN.micros()..=Time::MAX.micros()).prop_map(|t| Literal::DateTime(Time::from_micros(t))),
        (1..=9999_i64, 1..=12_u32, 1..=28_u32).prop_map(|(y, m, d)| Literal::Date(Time::from_date(y, m, d).unwrap())),
        (0..86_400_000_000_i64).prop_map(Literal::TimeOfDay),
        "[a-z]{1,8}:[a-zA-Z0-9:/?#=&.~_-]{1,20}"
            .prop_filter("true and false are no schemes", |s| !s.is_empty())
            .prop_map(|s| Literal::Uri(s.into())),
    ]
}

/// Constants that the room has values of.
fn known_value() -> impl Strategy<Value = Literal> {
    let texts = [
        "Eiffel",
        "red",
        "Katze",
        "x",
        "Berlin",
        "gps",
        "urn:ngsi-ld:Park:1",
        "urn:room:3",
        "urn:stop:2",
        "https://example.org/Male",
    ];
    prop_oneof![
        prop::sample::select(vec![1, 2, 5, 7, 30, 10_115, 9_007_199_254_740_992, 9_007_199_254_740_993])
            .prop_map(Literal::Int),
        prop::sample::select(vec![21.5, 5.0, 9_007_199_254_740_992.0]).prop_map(Literal::Float),
        any::<bool>().prop_map(Literal::Bool),
        prop::sample::select(texts.to_vec()).prop_map(|t| Literal::Text(t.into())),
        prop::sample::select(texts.to_vec()).prop_map(|t| Literal::Uri(t.into())),
    ]
}

fn bound() -> impl Strategy<Value = (Literal, Literal)> {
    prop_oneof![
        (any::<i32>(), any::<i32>()).prop_map(|(a, b)| (Literal::Int(a.into()), Literal::Int(b.into()))),
        (0..10_i64, any::<f32>())
            .prop_filter("finite", |(_, f)| f.is_finite())
            .prop_map(|(a, b)| (Literal::Int(a), Literal::Float(b.into()))),
        (any::<String>(), any::<String>()).prop_map(|(a, b)| (Literal::Text(a.into()), Literal::Text(b.into()))),
    ]
}

fn path() -> impl Strategy<Value = Path> {
    let link =
        (names(), prop::collection::vec(names(), 0..3)).prop_map(|(relationship, types)| Link { relationship, types });
    let member = prop::sample::select(Member::ALL.map(|(m, _)| m).to_vec());
    let trail = prop_oneof![
        3 => Just(Trail::None),
        1 => Just(Trail::Any),
        2 => prop::collection::vec("[a-zA-Z@0-9é-]{1,6}", 1..3).prop_map(|m| Trail::Members(m.iter().map(Into::into).collect())),
    ];
    (
        prop::collection::vec(link, 0..3),
        prop::collection::vec(names(), 1..3),
        prop::option::weighted(0.2, member),
        trail,
    )
        .prop_map(|(links, names, member, trail)| Path {
            links,
            names: names.into_iter().collect(),
            member,
            trail: if member.is_some() { Trail::None } else { trail },
        })
}

fn condition() -> impl Strategy<Value = Expr> {
    let equality = prop_oneof![Just(Op::Eq), Just(Op::Ne)];
    let order = prop_oneof![Just(Op::Gt), Just(Op::Ge), Just(Op::Lt), Just(Op::Le)];
    let operand = prop_oneof![
        3 => literal().prop_map(Operand::One),
        1 => prop::collection::vec(literal(), 2..4).prop_map(Operand::List),
        1 => bound().prop_map(|(a, b)| Operand::Range(a, b)),
    ];
    let ordered = literal().prop_filter("has an order", |l| !matches!(l, Literal::Bool(_) | Literal::Uri(_)));
    // An instant in quotes would be read as one after a time.
    let kept = |path: &Path| path.member.is_none_or(|m| !m.is_time());
    prop_oneof![
        path().prop_map(Expr::Exists),
        (path(), equality, operand).prop_map(|(path, op, operand)| Expr::Compare { path, op, operand }),
        (path(), order, ordered).prop_map(|(path, op, l)| Expr::Compare { path, op, operand: Operand::One(l) }),
        (path().prop_filter("plain", kept), "[a-z\"^$.;|) é]{1,8}|\\(a\\|b\\)|[a-z\\\\]{1,3}d", any::<bool>())
            .prop_filter_map("an expression", |(path, text, negated)| {
                Some(Expr::Matches { path, pattern: Pattern::parse(&text).ok()?, negated })
            }),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    condition().prop_recursive(4, 24, 4, |inner| {
        (prop::collection::vec(inner, 2..4), any::<bool>()).prop_map(|(parts, and)| {
            let mut all = Vec::new();
            for part in parts {
                match part {
                    Expr::And(nested) if and => all.extend(nested),
                    Expr::Or(nested) if !and => all.extend(nested),
                    other => all.push(other),
                }
            }
            if and { Expr::And(all) } else { Expr::Or(all) }
        })
    })
}

/// Whether a planner that relies on this finds the entity.
fn holds(conjunct: &Conjunct<'_>, entity: &Entity) -> bool {
    match conjunct {
        Conjunct::Nothing => false,
        Conjunct::Has(name) => entity.has(*name),
        Conjunct::AnyAttribute(names) => names.iter().any(|n| entity.has(*n)),
        Conjunct::AnyOf(all) => all.iter().any(|needed| needed.iter().all(|c| holds(c, entity))),
        Conjunct::Value { place, test } => {
            let mut found = false;
            for instance in entity.instances(place.attribute()) {
                place.leaves(instance, &mut |leaf| found |= passes(*test, leaf));
            }
            found
        }
        _ => true,
    }
}

/// As an index does that holds the simple values: bounds included, and everything where no single value will do.
fn passes(test: ValueTest<'_>, leaf: Leaf<'_>) -> bool {
    let stands = |op: Op, literal: &Literal| {
        let Some(wanted) = literal.leaf() else { return true };
        let alike = std::mem::discriminant(&leaf) == std::mem::discriminant(&wanted);
        leaf.partial_cmp(&wanted).filter(|_| alike).is_some_and(|o| match op {
            Op::Gt | Op::Ge => o.is_ge(),
            Op::Lt | Op::Le => o.is_le(),
            Op::Eq | Op::Ne => o.is_eq(),
        })
    };
    match test {
        ValueTest::Compare(op, literal) => stands(op, literal),
        ValueTest::OneOf(literals) => literals.iter().any(|l| stands(Op::Eq, l)),
        ValueTest::Between(from, to) => stands(Op::Ge, from) && stands(Op::Le, to),
        ValueTest::Text(whole) => leaf == Leaf::Text(whole),
        ValueTest::Prefix(prefix) => matches!(leaf, Leaf::Text(text) if text.starts_with(prefix)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn printed_trees_parse_to_themselves(expr in expr()) {
        let text = expr.to_string();
        let again = parse(&text).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
        prop_assert_eq!(again, expr, "{}", text);
    }

    /// A condition that holds never contradicts what its conjuncts say.
    #[test]
    fn conjuncts_are_necessary(expr in expr()) {
        let room = room();
        let query = EntityQuery { q: Some(expr), ..EntityQuery::default() };
        if query.matches(&room, now()) {
            for conjunct in query.conjuncts() {
                prop_assert!(holds(&conjunct, &room), "{:?}", conjunct);
            }
        }
    }

    /// An index that holds the simple values of a place finds whatever satisfies a test of it.
    #[test]
    fn an_index_by_value_loses_nothing(
        op in prop::sample::select(vec![Op::Eq, Op::Gt, Op::Ge, Op::Lt, Op::Le]),
        constant in prop_oneof![3 => known_value(), 1 => literal()],
        other in known_value(),
        start in prop::sample::select(vec!["^E", "^re", "^x$", "^urn:", "^https://example.org/M", "^Pa?", "^Be", "^Berlin$", "^Po", "^10"]),
    ) {
        let room = room();
        let pattern = Pattern::parse(start).expect("it is one");
        let mut places = Vec::new();
        for attribute in &room.attributes {
            places.push(Place::of(attribute.name));
            for member in ["en", "DE", "city", "street", "type", "a", "b"] {
                places.push(Place { members: [member.into()].into(), ..Place::of(attribute.name) });
            }
            let deep = ["geo".into(), "zip".into()].into_iter().collect();
            places.push(Place { members: deep, ..Place::of(attribute.name) });
            for sub in &attribute.sub {
                places.push(Place { names: vec![attribute.name, sub.name].into(), members: vec![].into() });
            }
        }
        for place in places {
            let named = |name: &Name| Term { text: "x".into(), name: Some(*name) };
            let trail =
                if place.members.is_empty() { Trail::None } else { Trail::Members(place.members.clone()) };
            let path = || Path { links: vec![], names: place.names.iter().map(named).collect(), member: None, trail: trail.clone() };
            let compare = |op, operand| Expr::Compare { path: path(), op, operand };
            for expr in [
                compare(op, Operand::One(constant.clone())),
                compare(Op::Eq, Operand::List(vec![other.clone(), constant.clone()])),
                compare(Op::Eq, Operand::Range(constant.clone(), other.clone())),
                Expr::Matches { path: path(), pattern: pattern.clone(), negated: false },
            ] {
                let query = EntityQuery { q: Some(expr), ..EntityQuery::default() };
                if query.matches(&room, now()) {
                    let conjuncts = query.conjuncts();
                    prop_assert!(conjuncts.iter().all(|c| holds(c, &room)), "{:?}", conjuncts);
                }
            }
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,60}|[a-c(){}\\[\\];|,.=!~<>\"\\\\0-9:TZ+\\-#/*; é]{0,60}") {
        let naming = naming();
        let _ = filter::parse(&text, &naming, Expansion(&[term("a")]));
        let _ = TypeSelection::parse(&text, &naming);
        let _ = ScopeQuery::parse(&text, &naming);
        let _ = Projection::parse("pick", &text, &naming);
        let _ = OrderBy::parse(&text, Some("[1,1]"), None, &naming);
        let _ = parse_names("attrs", &text, &naming);
        let _ = GeoRelation::parse(&text);
        let _ = GeoQuery::parse("within", "Polygon", &text, Some(&text), &naming);
        let _ = TemporalQuery::parse(TemporalTexts { timerel: Some("after"), time_at: Some(&text), last_n: Some(&text), ..TemporalTexts::default() });
        if let Ok(pattern) = Pattern::parse(&text) {
            pattern.literal_prefix();
        }
    }

    /// Whatever parses prints to something that parses to the same.
    #[test]
    fn what_parses_round_trips(text in "[a-c]([.]b)?(\\[[a-z*]\\])?(==|!=|>|~=|!~=)(\"[a-z\\\\\"]{0,3}\"|-?[0-9.]{1,5}|[a-z:(),]{1,6})([;|][ab])?") {
        if let Ok(expr) = parse(&text) {
            let printed = expr.to_string();
            prop_assert_eq!(parse(&printed).map_err(|e| TestCaseError::fail(format!("{text} → {printed}: {e}")))?, expr, "{} {}", text, printed);
        }
    }
}
