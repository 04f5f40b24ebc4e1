//! What leaves the county is what others take: the platform's own mapping makes the right entities of every message, the feed and
//! the map are read back by their own readers.

use crate::support::{county, listen, simulation};
use belfry_connect_gtfs::{Limits, Severity, read};
use belfry_connect_payload::{Mapped, Mapper, Mapping, Value, check};
use belfry_ngsi_ld::Json;
use belfry_sim::county::Import;
use belfry_sim::scenario::Scenario;
use belfry_sim::wire::message::entity_id;
use belfry_sim::wire::{MAPPING, Message, birth, cap, gtfs, messages, osm, register, service};
use belfry_sim::{Faults, Kind, TruthKind};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

const BUILT_IN: &str = include_str!("../../../belfry/src/wire/default-mapping.toml");

#[test]
fn every_message_becomes_the_entity_of_its_device_with_its_values() {
    let text = format!("{BUILT_IN}\n{MAPPING}");
    assert!(check(&text).is_empty(), "{:?}", check(&text));
    let mapper = Mapper::new(Mapping::parse(&text).expect("sound"));
    let mut simulation = simulation(2, 500, Faults::USUAL, true);
    let clock = |at: belfry_kernel::Time| at;
    for device in simulation.devices_of(Kind::Zone) {
        let Some(Message::Publish { topic, payload }) = birth(&simulation, &simulation.first_reading(device), &clock)
        else {
            panic!("no birth")
        };
        let mut mapped = Mapped::default();
        mapper.map(&topic, &payload, simulation.now(), &mut mapped);
        assert!(mapped.failures.is_empty() && !mapped.readings.is_empty(), "{mapped:?}");
    }
    let (readings, _) = listen(&mut simulation, 2 * 3_600);
    let mut kinds = BTreeSet::new();
    for reading in &readings {
        let expected = entity_id(&simulation, reading.device);
        let spec = reading.kind.spec();
        let mut found = Vec::new();
        messages(&simulation, reading, &clock, &mut |message| match message {
            Message::Publish { topic, payload } => {
                let mut mapped = Mapped::default();
                mapper.map(&topic, &payload, reading.sent, &mut mapped);
                assert!(mapped.failures.is_empty() && mapped.effects.is_empty(), "{topic}: {mapped:?}");
                for made in mapped.readings {
                    let entity = made.entity.expect("an entity");
                    assert_eq!((entity.id.as_str(), &*entity.types), (expected.as_str(), &[spec.of_type.into()][..]));
                    found.push((made.attribute.to_string(), made.value));
                }
            }
            Message::Entity { id, body } => {
                assert_eq!(id, expected);
                let json = Json::parse(body.as_bytes(), 16).expect("JSON");
                for attribute in spec.attributes {
                    let value = json.get(attribute.name).and_then(|a| a.get("value")).expect("a value");
                    let number = value.to_string().parse().expect("a number");
                    found.push((attribute.name.to_owned(), Value::Number(number)));
                }
            }
        });
        assert_eq!(found.len(), spec.attributes.len(), "{:?} {found:?}", reading.kind);
        for (attribute, said) in spec.attributes.iter().zip(reading.values) {
            let (_, value) = found.iter().find(|(name, _)| name == attribute.name).expect("the attribute");
            match value {
                Value::Number(n) => {
                    let half = 0.5001 * 10_f64.powi(-i32::from(attribute.digits)) + 1e-6 * f64::from(said.abs());
                    assert!((n - f64::from(said)).abs() <= half, "{} {n} {said}", attribute.name);
                }
                Value::Text(text) => assert_eq!(text, attribute.words[said as usize]),
                other => panic!("{other:?}"),
            }
        }
        kinds.insert(reading.kind);
    }
    assert_eq!(kinds.len(), 14, "{kinds:?}");
}

#[test]
fn the_register_is_ngsi_ld_with_an_id_for_each_thing() {
    let mut simulation = simulation(2, 200, Faults::NONE, true);
    listen(&mut simulation, 600);
    let mut texts: Vec<String> =
        (0..simulation.devices()).map(|device| register::device(&simulation, device, &|at| at)).collect();
    register::county(simulation.county(), register::Extent::All, &mut |entity| texts.push(entity));
    for vehicle in simulation.vehicles() {
        texts.push(register::vehicle(simulation.county(), &vehicle, simulation.now()).1);
    }
    let mut ids = BTreeSet::new();
    for text in &texts {
        let json = Json::parse(text.as_bytes(), 16).unwrap_or_else(|e| panic!("{}: {text}", e.public()));
        let id = json.get("id").and_then(Json::as_str).expect("an id").to_owned();
        belfry_kernel::Iri::check(&id).expect("a URI");
        assert!(json.get("type").and_then(Json::as_str).is_some() && json.get("location").is_some(), "{text}");
        assert!(ids.insert(id), "twice: {text}");
    }
    let counted = |start: &str| ids.iter().filter(|id| id.starts_with(start)).count();
    for kind in ["RoadSegment", "Building", "AgriFarm", "AgriParcel", "TransportStation", "Vehicle", "OffStreetParking"]
    {
        assert!(counted(&format!("urn:ngsi-ld:{kind}:")) > 2, "{kind}");
    }
}

#[test]
fn the_timetable_is_a_feed_without_errors() {
    let county = county(4, 300);
    let mut tables = gtfs(&county.feed);
    let (feed, report) = read(&mut tables, &Limits::default(), None);
    assert_eq!(report.of_severity(Severity::Error), 0, "{report:?}");
    assert_eq!(feed.stop_times.len(), county.feed.stop_times.len());
    assert_eq!((feed.trips.len(), feed.stops.len()), (county.feed.trips.len(), county.feed.stops.len()));
    assert!(feed.stop_times.len() > 1_000);
}

#[test]
fn the_map_is_read_back_as_the_same_county_and_can_be_routed_on() {
    let county = county(4, 200);
    let text = osm::document(&county);
    let mut survey = belfry_roads::Survey::default();
    let mut import = Import::default();
    let summary = belfry_connect_osm::read_xml(
        "county.osm",
        text.as_bytes(),
        belfry_connect_osm::Kinds::ALL,
        &belfry_connect_osm::Limits::default(),
        &mut |element| {
            match element {
                belfry_connect_osm::Element::Node(node) => import.node(node.id, node.position, node.tags),
                belfry_connect_osm::Element::Way(way) => {
                    survey.way(way.id, way.nodes, way.tags);
                    import.way(way.nodes, way.tags);
                }
                belfry_connect_osm::Element::Relation(_) => {}
            }
            ControlFlow::Continue(())
        },
    )
    .expect("a file");
    assert_eq!(summary.rejected, 0);
    let again = import.finish(county.seed, None, None).expect("a county");
    let lengths = |c: &belfry_sim::county::County| c.roads.segments.iter().map(|s| f64::from(s.length)).sum::<f64>();
    assert!((lengths(&again) / lengths(&county) - 1.0).abs() < 0.02, "{} {}", lengths(&again), lengths(&county));
    assert_eq!(again.houses.len(), county.houses.len());
    assert_eq!((again.parcels.len(), again.car_parks.len()), (county.parcels.len(), county.car_parks.len()));
    assert_eq!(again.settlements.len(), county.settlements.len());
    assert_eq!(again.rivers.reaches.len(), county.rivers.reaches.len());
    assert!(again.service.runs.len() > 100);

    belfry_connect_osm::read_xml(
        "county.osm",
        text.as_bytes(),
        belfry_connect_osm::Kinds::NODES,
        &belfry_connect_osm::Limits::default(),
        &mut |element| {
            if let belfry_connect_osm::Element::Node(node) = element {
                survey.node(node.id, node.position, node.tags);
            }
            ControlFlow::Continue(())
        },
    )
    .expect("a file");
    let roads = belfry_roads::Roads::new(&survey, belfry_roads::Family::Drive);
    let costs = roads.costs(belfry_roads::Class::FireEngine, &belfry_roads::Rules::on_call());
    let (metric, mainland) = (roads.metric(&costs), roads.mainland(&costs));
    let router = belfry_roads::Router::new(&roads, &costs, &metric, &mainland);
    let at = |point| {
        let [lon, lat] = county.plane.degrees(point);
        router.snap(belfry_kernel::Position { lon, lat, alt: None }, 500.0).expect("a road")
    };
    let mut workspace = belfry_roads::Workspace::default();
    let (from, to) = (at(county.settlements[1].at), at(county.settlements[4].at));
    assert!(router.route(&mut workspace, &from, &to).is_some());
}

#[test]
fn warnings_and_accidents_are_told_and_taken_back() {
    let text = "title = 't'\nminutes = 300\n\
        [[event]]\nat = '+00:05'\nkind = 'dust_storm'\nminutes = 60\n\
        [[event]]\nat = '+00:10'\nkind = 'crash'\nplace = 'bridge'\ncloses = true\nminutes = 20\n";
    let mut simulation = simulation(2, 60, Faults::NONE, false);
    simulation.play(&Scenario::parse(text).expect("sound")).expect("known places");
    let (_, truths) = listen(&mut simulation, 3 * 3_600);
    let warnings: Vec<(String, String)> =
        truths.iter().filter_map(|(truth, _)| cap::warning(simulation.county(), truth, &|at| at)).collect();
    let dust: Vec<&(String, String)> =
        warnings.iter().filter(|(_, text)| text.contains("<event>Dust storm</event>")).collect();
    assert_eq!(dust.len(), 2, "{warnings:?}");
    assert!(dust[0].1.contains("<msgType>Alert</msgType>") && dust[1].1.contains("<msgType>Cancel</msgType>"));
    assert!(dust.iter().all(|(_, text)| text.contains("<status>Exercise</status>")));
    let accidents: Vec<String> = truths
        .iter()
        .filter(|(truth, _)| truth.kind == TruthKind::Accident)
        .filter_map(|(truth, _)| service::accident(simulation.county(), truth, &|at| at))
        .map(|(_, body)| body)
        .collect();
    assert_eq!(accidents.len(), 2);
    assert!(accidents[0].contains("onGoing") && accidents[1].contains("solved"));
    assert!(accidents.iter().all(|body| Json::parse(body.as_bytes(), 16).is_ok()));
}
