//! Scenario files: the shipped ones are sound, wrong ones are refused with line and suggestion, and scoring finds what was met and
//! what was missed.

use crate::support::{county, listen, simulation};
use belfry_sim::scenario::{Ask, Scenario};
use belfry_sim::score::{Outcome, Scoring};
use belfry_sim::{Faults, Kind, TruthKind};
use proptest::prelude::*;

const SHIPPED: [(&str, &str); 4] = [
    ("cloudburst", include_str!("../../scenarios/cloudburst.toml")),
    ("bridge-crash", include_str!("../../scenarios/bridge-crash.toml")),
    ("main-leak", include_str!("../../scenarios/main-leak.toml")),
    ("dust-and-heat", include_str!("../../scenarios/dust-and-heat.toml")),
];

const SMALL: &str = r#"
title = "a crash"
start = "08:00"
minutes = 60
[[event]]
name = "crash"
at = "08:10"
kind = "crash"
place = "bridge"
closes = true
[[expect]]
name = "it is told"
after = "crash"
within_min = 5
type = "RoadAccident"
near = "bridge"
metres = 400
"#;

#[test]
fn the_shipped_ones_are_sound_for_any_county() {
    for (name, text) in SHIPPED {
        let scenario = Scenario::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(!scenario.events.is_empty() && scenario.expect.len() >= 3, "{name}");
        for seed in [1, 2, 3] {
            let county = county(seed, 120);
            scenario.check_places(&county).unwrap_or_else(|e| panic!("{name}: {e}"));
            for expectation in &scenario.expect {
                assert!(!expectation.asks(&county).expect("known places").is_empty());
            }
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_what_was_meant() {
    let cases = [
        ("closes = true", "clozes = true", 10, "did you mean \"closes\"?"),
        ("kind = \"crash\"", "kind = \"crahs\"", 8, "did you mean \"crash\"?"),
        ("closes = true", "mm_h = 5", 10, "mm_h has no meaning for a crash"),
        ("place = \"bridge\"\n", "", 5, "needs a place"),
        ("at = \"08:10\"", "at = \"8 o'clock\"", 7, "time of day"),
        ("at = \"08:10\"", "at = \"10:10\"", 7, "after the scenario has ended"),
        ("after = \"crash\"", "after = \"crush\"", 13, "did you mean \"crash\"?"),
        ("minutes = 60", "minutes = 0", 4, "a number from 1"),
        ("within_min = 5", "within_min = -5", 14, "a number from"),
        ("within_min = 5\n", "", 11, "within_min"),
        ("type = \"RoadAccident\"\n", "", 11, "a type or an id"),
        ("near = \"bridge\"\n", "", 16, "metres has no meaning"),
        ("metres = 400", "at_least = 0", 17, "1 or more"),
        ("title = \"a crash\"", "titel = \"a crash\"", 2, "did you mean \"title\"?"),
        ("title = \"a crash\"", "title = ", 2, ""),
        ("place = \"bridge\"", "place = [200, 3]", 9, "degrees"),
    ];
    for (from, to, line, why) in cases {
        assert!(SMALL.contains(from));
        let error = Scenario::parse(&SMALL.replacen(from, to, 1)).expect_err(to);
        assert_eq!(error.line, line, "{to}: {error}");
        assert!(error.why.contains(why), "{to}: {error}");
    }
    let unknown = SMALL.replace("place = \"bridge\"", "place = \"brigde\"");
    let error = Scenario::parse(&unknown).expect("sound").check_places(&county(1, 50)).expect_err("no such place");
    assert_eq!((error.line, error.why.contains("did you mean \"bridge\"?")), (9, true), "{error}");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", at in 0_usize..400, len in 0_usize..30) {
        let _ = Scenario::parse(&text);
        let mut broken = SMALL.to_owned();
        let start = at.min(broken.len());
        broken.replace_range(start..(start + len).min(broken.len()), &text.chars().filter(char::is_ascii).take(9).collect::<String>());
        if let Ok(scenario) = Scenario::parse(&broken) {
            for number in 0..scenario.events.len() {
                prop_assert!(scenario.second(number) <= scenario.length);
            }
        }
    }
}

#[test]
fn events_happen_when_they_are_planned_and_leave_their_truth() {
    let (_, text) = SHIPPED[3];
    let scenario = Scenario::parse(text).expect("sound");
    let mut simulation = simulation(3, 200, Faults::NONE, false);
    simulation.play(&scenario).expect("known places");
    let start = simulation.setup().start;
    let (readings, truths) = listen(&mut simulation, i64::from(scenario.length));
    for (number, event) in scenario.events.iter().enumerate() {
        let caused = truths.iter().find(|(truth, began)| *began && truth.cause == Some(number as u32));
        if let Some((truth, _)) = caused {
            let second = (truth.begin.micros() - start.micros()) / 1_000_000;
            assert_eq!(second, i64::from(scenario.second(number)), "{}", event.name);
        }
    }
    let kinds: Vec<TruthKind> = truths.iter().map(|(truth, _)| truth.kind).collect();
    assert!(kinds.contains(&TruthKind::DustStorm) && kinds.contains(&TruthKind::RoomHeat), "{kinds:?}");
    assert!(kinds.contains(&TruthKind::DeviceFault));
    // What was really there is what stations saw.
    let dustiest = readings.iter().filter(|r| r.kind == Kind::Air).map(|r| r.values[0]).fold(0.0, f32::max);
    assert!(dustiest > 500.0, "{dustiest}");
    let hottest = readings.iter().filter(|r| r.kind == Kind::Room).map(|r| r.values[1]).fold(0.0, f32::max);
    assert!(hottest > 28.0, "{hottest}");
}

#[test]
fn scoring_finds_met_and_missed_and_by_how_much() {
    let text = r#"
title = "scores"
minutes = 60
[[event]]
name = "mark"
at = "+00:10"
kind = "nothing"
[[event]]
name = "crash"
at = "+00:10"
kind = "crash"
place = "bridge"
"#;
    let expect = |name: &str, further: &str| {
        format!("[[expect]]\nname = \"{name}\"\nafter = \"crash\"\nwithin_min = 5\ntype = \"T\"\n{further}\n")
    };
    let text = format!(
        "{text}{}{}{}{}{}{}",
        expect("soon", ""),
        expect("late", ""),
        expect("never came", "at_least = 3"),
        expect("kept away", "never = true"),
        expect("did not keep away", "never = true"),
        expect("around the bridge", "avoid = \"bridge\"\nmetres = 50"),
    );
    let scenario = Scenario::parse(&text).expect("sound");
    let mut scoring = Scoring::new(&scenario);
    assert_eq!(scoring.due(599.0).count(), 0);
    assert_eq!(scoring.due(600.0).count(), 6);
    scoring.answer(0, 660.0, &[0]);
    scoring.answer(0, 720.0, &[1]);
    scoring.answer(1, 800.0, &[0]);
    scoring.answer(1, 960.0, &[4]);
    scoring.answer(2, 700.0, &[2]);
    scoring.answer(3, 890.0, &[0]);
    scoring.answer(4, 650.0, &[1]);
    // One route, and it leads over the bridge; then another that does not.
    scoring.answer(5, 700.0, &[1, 1]);
    assert_eq!(scoring.due(700.0).filter(|(n, _)| *n == 5).count(), 1);
    scoring.answer(5, 750.0, &[2, 1]);
    assert!(!scoring.is_decided());
    let report = scoring.report(3_600.0);
    let outcomes: Vec<&Outcome> = report.expectations.iter().map(|line| &line.outcome).collect();
    assert_eq!(
        outcomes,
        [
            &Outcome::Met { after_s: 120.0, to_spare_s: 180.0 },
            &Outcome::Late { after_s: 360.0, late_by_s: 60.0 },
            &Outcome::Missed { seen: 2, wanted: 3 },
            &Outcome::Met { after_s: 300.0, to_spare_s: 0.0 },
            &Outcome::Broken { after_s: 50.0, seen: 1 },
            &Outcome::Met { after_s: 150.0, to_spare_s: 150.0 },
        ]
    );
    assert_eq!((report.met, report.is_perfect()), (3, false));
    let said = report.to_string();
    assert!(said.contains("3 of 6 met") && said.contains("late by 1:00") && said.contains("2 of 3"), "{said}");
    // Before its time is up an expectation is open, not missed.
    assert_eq!(Scoring::new(&scenario).report(610.0).expectations[0].outcome, Outcome::Undecided);
}

#[test]
fn an_expectation_is_a_query_of_the_public_api() {
    let scenario = Scenario::parse(SMALL).expect("sound");
    let county = county(1, 50);
    let asks = scenario.expect[0].asks(&county).expect("known places");
    let [Ask(pairs)] = &asks[..] else { panic!("{asks:?}") };
    let value = |key| pairs.iter().find(|(k, _)| *k == key).map(|(_, value)| value.as_str());
    assert_eq!((value("type"), value("count"), value("limit")), (Some("RoadAccident"), Some("true"), Some("0")));
    assert_eq!((value("georel"), value("geometry")), (Some("near;maxDistance==400"), Some("Point")));
}
