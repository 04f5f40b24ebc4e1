//! Small towns drawn by hand: what access, one-ways, barriers, turn restrictions, zones, ferries, closures and live speeds do to a
//! route; why a place has no road; what instructions say. Every route is compared with Dijkstra's algorithm.

#[path = "support/town.rs"]
mod town;

use belfry_kernel::{Geometry, Position};
use belfry_roads::{Choice, Class, Drawing, Fix, Manoeuvre, Matching, Rules, SnapError, Workspace};
use town::{Built, Town};

/// Two blocks: `ef` and `gh` are ends, way 1 runs along the middle.
const BLOCKS: &str = "\
a b c
     
d e f
     
g h i";

fn blocks() -> Town {
    Town::new(BLOCKS)
        .way(1, "de", "highway=residential name=West")
        .way(2, "ef", "highway=residential name=East")
        .way(3, "be", "highway=residential name=North")
        .way(4, "eh", "highway=residential name=South")
        .way(5, "abc", "highway=residential")
        .way(6, "ghi", "highway=residential")
        .way(7, "ad", "highway=residential")
        .way(8, "dg", "highway=residential")
        .way(9, "cf", "highway=residential")
        .way(10, "fi", "highway=residential")
}

fn car(town: Town) -> Built {
    town.build(Class::Car, &Rules::default())
}

#[test]
fn turn_restrictions_over_a_node() {
    // From d to b: left at e. From d to f: straight on.
    for (ban, to_b, to_f, to_h) in [
        (None, "deb", "def", "deh"),
        (Some((1, "e", 3, "restriction=no_left_turn")), "dab", "def", "deh"),
        (Some((1, "e", 2, "restriction=only_straight_on")), "dab", "def", "dgh"),
        (Some((1, "e", 3, "restriction:hgv=no_left_turn")), "deb", "def", "deh"),
        (Some((1, "e", 3, "restriction=no_left_turn except=motorcar")), "deb", "def", "deh"),
        (Some((1, "e", 3, "restriction:conditional=no_left_turn@(Mo-Fr)")), "deb", "def", "deh"),
        (Some((1, "a", 3, "restriction=no_left_turn")), "deb", "def", "deh"),
    ] {
        // The way over e is made the quicker one.
        let town = blocks().way(11, "de", "highway=residential");
        let town = match ban {
            Some((from, via, to, tags)) => town.ban(from, via, to, tags).ban(11, via, to, tags),
            None => town,
        };
        let town = car(town);
        for (from, to, letters) in [("de", "be", to_b), ("de", "ef", to_f), ("de", "eh", to_h)] {
            let found = town.letters(from, to);
            let over_e = found.contains('e');
            assert_eq!(over_e, letters.contains('e'), "{ban:?}: {from} to {to} gave {found}");
        }
    }
}

#[test]
fn turn_restrictions_over_ways() {
    // A dual carriageway: a to c is west to east, f to d back; b-e joins them.
    let road = || {
        Town::new("a b c\n\nd e f")
            .way(1, "ab", "highway=primary oneway=yes")
            .way(2, "bc", "highway=primary oneway=yes")
            .way(3, "fe", "highway=primary oneway=yes")
            .way(4, "ed", "highway=primary oneway=yes")
            .way(5, "be", "highway=tertiary")
            .way(6, "cf", "highway=primary oneway=yes")
            .way(7, "da", "highway=primary oneway=yes")
    };
    assert_eq!(car(road()).letters("ab", "ed"), "be");
    let banned = car(road().ban(1, "5", 4, "restriction=no_u_turn"));
    assert_eq!(banned.letters("ab", "ed"), "bcfe");
    // Whoever comes onto the joint from elsewhere may.
    assert_eq!(banned.letters("be", "ed"), "e");
    assert_eq!(car(road().ban(1, "5", 4, "restriction=no_u_turn except=motor_vehicle")).letters("ab", "ed"), "be");
    // Who turns into the joint must leave it by way 4: not back, not elsewhere.
    let only = car(road().ban(1, "5", 4, "restriction=only_right_turn"));
    assert_eq!(only.letters("ab", "ed"), "be");
    // ... and may not stay on the road either: around once, and onto it from the other side.
    assert_eq!(only.letters("ab", "bc"), "-");
    let on_call = road().ban(1, "5", 4, "restriction=no_u_turn").build(Class::FireEngine, &Rules::on_call());
    assert_eq!(on_call.letters("ab", "ed"), "be");
}

#[test]
fn restrictions_that_do_not_fit_are_counted() {
    let town = blocks().ban(1, "a", 3, "restriction=no_left_turn").ban(1, "e", 99, "restriction=no_left_turn");
    let town = car(town.ban(1, "e", 3, "restriction=give_way"));
    let report = town.roads.network().report();
    let found: Vec<_> = report.broken_restrictions.iter().map(|(why, count)| (*why, *count)).collect();
    assert_eq!(
        found,
        [("neither no_* nor only_*", 1), ("from, via and to do not join", 1), ("from or to is not in this network", 1)]
    );
}

#[test]
fn one_ways_and_barriers_by_class() {
    let ring = |tags, barrier| {
        Town::new("a b\n\nd c").way(1, "ab", tags).way(2, "bcda", "highway=residential").node('b', barrier)
    };
    let far = "adcb";
    for (tags, barrier, class, rules, letters) in [
        ("highway=residential", "", Class::Car, Rules::default(), "b"),
        ("highway=residential oneway=yes", "", Class::Car, Rules::default(), "b"),
        ("highway=residential oneway=-1", "", Class::Car, Rules::default(), far),
        ("highway=residential oneway=-1", "", Class::Foot, Rules::default(), "b"),
        ("highway=residential oneway=-1 oneway:bicycle=no", "", Class::Bicycle, Rules::default(), "b"),
        ("highway=residential oneway=-1", "", Class::FireEngine, Rules::default(), far),
        ("highway=residential oneway=-1", "", Class::FireEngine, Rules::on_call(), "b"),
        ("highway=residential oneway=-1", "", Class::Car, Rules::on_call(), far),
        ("highway=footway", "", Class::Foot, Rules::default(), "b"),
        ("highway=residential", "barrier=bollard", Class::Bicycle, Rules::default(), "b"),
    ] {
        let town = ring(tags, barrier).build(class, &rules);
        let found = town.letters(if tags.contains("-1") || class == Class::Foot { "a" } else { "ab" }, "bc");
        assert_eq!(found.contains('d'), letters == far, "{tags} {barrier} {class:?}: {found}");
    }
    // A barrier in the middle of the short way.
    let gate = |barrier, class: Class| {
        let town =
            Town::new("a m b\n\nd   c").way(1, "amb", "highway=residential").way(2, "bcda", "highway=residential");
        town.node('m', barrier).build(class, &Rules::default()).letters("am", "mb")
    };
    for (barrier, class, letters) in [
        ("barrier=bollard", Class::Car, "adcb"),
        ("barrier=bollard", Class::Bicycle, "m"),
        ("barrier=bollard", Class::FireEngine, "adcb"),
        ("barrier=bollard bollard=removable", Class::FireEngine, "m"),
        ("barrier=gate", Class::Car, "m"),
        ("barrier=gate access=no", Class::Car, "adcb"),
        ("barrier=lift_gate motor_vehicle=no", Class::Ambulance, "m"),
        ("barrier=lift_gate motor_vehicle=no", Class::Truck, "adcb"),
    ] {
        assert_eq!(gate(barrier, class), letters, "{barrier} {class:?}");
    }
}

#[test]
fn a_place_behind_the_start_on_its_own_road_is_found_around_the_block() {
    let town = car(Town::new("a b\n\nd c").way(1, "abcda", "highway=residential oneway=yes"));
    let (a, b) = (Position { lon: 9.5004, ..town.position('a') }, Position { lon: 9.5008, ..town.position('a') });
    let (near, far) = (town.router().snap(a, 50.0).unwrap(), town.router().snap(b, 50.0).unwrap());
    let mut workspace = Workspace::default();
    let ahead = town.router().route(&mut workspace, &near, &far).unwrap();
    let around = town.router().route(&mut workspace, &far, &near).unwrap();
    assert_eq!(ahead.edges.len(), 1);
    assert!((ahead.distance_m + around.distance_m - 800.0).abs() < 1.0, "{}", around.distance_m);
    assert_eq!(town.router().plain_cost(&mut workspace, &far, &near), Some(around.cost));
    let matrix = town.router().matrix(&mut workspace, &[near, far], &[near, far]);
    assert_eq!((matrix.get(0, 1), matrix.get(1, 0)), (Some(ahead.cost), Some(around.cost)));
    assert_eq!((matrix.get(0, 0), matrix.get(2, 0), matrix.get(0, 2)), (Some(0), None, None));
}

#[test]
fn zones_are_entered_only_to_get_there() {
    let town = |class: Class| {
        Town::new("a b c\n\nd   f")
            .way(1, "ab", "highway=residential")
            .way(2, "bc", "highway=residential access=private")
            .way(3, "bdfc", "highway=residential")
            .way(4, "cf", "highway=residential")
            .build(class, &Rules::default())
    };
    assert_eq!(town(Class::Car).letters("ab", "cf"), "bdf");
    assert_eq!(town(Class::FireEngine).letters("ab", "cf"), "bc");
    let inside = town(Class::Car).route("ab", "bc").unwrap();
    assert!(inside.duration_ms < 60_000 && inside.cost > 600_000, "the price of a zone is no time");
}

#[test]
fn ferries_tracks_and_heights() {
    let both = |second: &'static str, class: Class, rules: &Rules| {
        let town = Town::new("a b\n\nd   c").way(1, "abcd", "highway=residential").way(2, "ad", second);
        town.build(class, rules).letters("ab", "cd").contains('a')
    };
    let asked = Rules { ferries: true, ..Rules::default() };
    for (tags, class, rules, taken) in [
        ("route=ferry motor_vehicle=yes duration=1", Class::Car, &Rules::default(), false),
        ("route=ferry motor_vehicle=yes duration=0:00:01", Class::Car, &asked, true),
        ("route=ferry duration=0:00:01", Class::Car, &asked, false),
        ("highway=residential maxheight=3", Class::Car, &Rules::default(), true),
        ("highway=residential maxheight=3", Class::FireEngine, &Rules::default(), false),
        ("highway=residential maxweight=7.5", Class::Truck, &Rules::default(), false),
        ("highway=track tracktype=grade5", Class::Car, &Rules::default(), false),
        ("highway=construction", Class::Car, &Rules::default(), false),
    ] {
        assert_eq!(both(tags, class, rules), taken, "{tags} {class:?}");
    }
}

#[test]
fn closures_and_live_speeds_take_effect_by_customising_again() {
    let mut town =
        car(Town::new("a b\n\nd c\n e").way(1, "ab", "highway=residential").way(2, "bceda", "highway=residential"));
    let start = town.route("ad", "bc").unwrap();
    assert!(town.letters("ad", "bc").contains("ab"));
    let slow = town.edges(1);
    town.change(|roads, costs| slow.iter().for_each(|edge| costs.set_speed(roads.network(), *edge, 2.0)));
    assert_eq!(town.letters("ad", "bc"), "dec");
    town.change(|_, costs| slow.iter().for_each(|edge| costs.reset(*edge)));
    assert_eq!(town.route("ad", "bc").unwrap(), start);
    town.change(|_, costs| slow.iter().for_each(|edge| costs.close(*edge)));
    assert_eq!(town.letters("ad", "bc"), "dec");
    assert!(matches!(town.snap("ab"), Err(SnapError::Closed { .. })));
    for odd in [f32::NAN, -1.0, f32::INFINITY, 0.0] {
        town.change(|roads, costs| slow.iter().for_each(|edge| costs.set_speed(roads.network(), *edge, odd)));
        assert!(town.route("ad", "bc").is_some(), "{odd}");
    }
}

#[test]
fn why_a_place_has_no_road() {
    let town = Town::new("a b c\n\nd e f\n\ng h i\n\n\n\n\nx y z");
    let ways = ["ab", "bc", "de", "ef", "gh", "hi", "ad", "dg", "be", "eh", "cf", "fi"];
    let town = (1..).zip(ways).fold(town, |town, (id, nodes)| town.way(id, nodes, "highway=residential"));
    let town = car(town.way(20, "xy", "highway=footway").way(21, "yz", "highway=service"));
    let snap = |position| town.router().snap(position, 50.0);
    let at = |letters, north: f64| {
        let place = town.place(letters);
        Position { lat: place.lat + north / 111_195.0, ..place }
    };
    assert!((snap(at("ab", 20.0)).unwrap().distance_m - 20.0).abs() < 0.1);
    let Err(SnapError::TooFar { nearest_m, limit_m }) = snap(at("ab", 80.0)) else { panic!() };
    assert!((nearest_m - 80.0).abs() < 0.5 && limit_m == 50.0);
    assert!(matches!(snap(at("yz", 10.0)), Err(SnapError::Island { .. })));
    assert!(matches!(snap(at("xy", 10.0)), Err(SnapError::TooFar { .. })), "footways are not of this network");
    for (lon, lat) in [(f64::NAN, 0.0), (181.0, 0.0), (0.0, -91.0), (0.0, f64::INFINITY)] {
        assert_eq!(snap(Position { lon, lat, alt: None }), Err(SnapError::NowhereOnEarth));
    }
    let on_foot = Town::new("a b").way(1, "ab", "highway=motorway").build(Class::Foot, &Rules::default());
    assert_eq!(on_foot.snap("ab"), Err(SnapError::NoRoads));
    let truck =
        Town::new("a b\n\nd c").way(1, "ab", "highway=residential hgv=no").way(2, "bcda", "highway=residential");
    let truck = truck.build(Class::Truck, &Rules::default());
    let place = Position { lat: town.place("ab").lat + 40.0 / 111_195.0, ..town.place("ab") };
    assert!(matches!(truck.router().snap(place, 50.0), Err(SnapError::NotAllowed { .. })));
}

#[test]
fn instructions_name_manoeuvres_and_roads() {
    let town = car(blocks());
    let say = |town: &Built, from, to| {
        let route = town.route(from, to).unwrap();
        let steps = town.router().steps(&route);
        let metres: f64 = steps.iter().map(|step| step.distance_m).sum();
        let time: u64 = steps.iter().map(|step| step.duration_ms).sum();
        assert!((metres - route.distance_m).abs() < 0.1);
        assert!(time.abs_diff(route.duration_ms) <= 2, "{time} {}", route.duration_ms);
        steps.into_iter().map(|step| (step.manoeuvre, step.road.to_owned())).collect::<Vec<_>>()
    };
    let step = |manoeuvre, road: &str| (manoeuvre, road.to_owned());
    let begin = step(Manoeuvre::Depart, "West");
    for (to, manoeuvre, road) in
        [("be", Manoeuvre::Left, "North"), ("eh", Manoeuvre::Right, "South"), ("ef", Manoeuvre::Continue, "East")]
    {
        assert_eq!(say(&town, "de", to), [begin.clone(), step(manoeuvre, road), step(Manoeuvre::Arrive, road)]);
    }
    let named = ["highway=residential name=West", "highway=residential", "highway=residential ref=7"];
    let unnamed = (1..)
        .zip(["ab", "bc", "cd", "de"])
        .zip([0, 1, 0, 2])
        .fold(Town::new("a b c d e"), |town, ((id, nodes), tags)| town.way(id, nodes, named[tags]));
    let still = [begin.clone(), step(Manoeuvre::Continue, "7"), step(Manoeuvre::Arrive, "7")];
    assert_eq!(say(&car(unnamed), "ab", "de"), still, "a piece without a name is no other road");
    let circle = Town::new("  n  \n  a  \nwd be\n  c  \n  s  ")
        .way(1, "abcda", "highway=tertiary junction=roundabout oneway=-1")
        .way(2, "wd", "highway=tertiary name=West")
        .way(3, "be", "highway=tertiary name=East")
        .way(4, "na", "highway=tertiary name=North")
        .way(5, "sc", "highway=tertiary name=South");
    let circle = car(circle);
    for (to, exit, road) in [("sc", 1, "South"), ("be", 2, "East"), ("na", 3, "North")] {
        let around = step(Manoeuvre::Roundabout { exit }, road);
        assert_eq!(say(&circle, "wd", to), [begin.clone(), around, step(Manoeuvre::Arrive, road)]);
    }
}

#[test]
fn a_dead_end_is_turned_in() {
    let town = car(Town::new("a b c\n\n  d e")
        .way(1, "abc", "highway=residential")
        .way(2, "bde", "highway=residential")
        .way(3, "ec", "highway=residential"));
    let steps = |from, to| {
        let route = town.route(from, to).unwrap();
        town.router().steps(&route).iter().map(|step| step.manoeuvre).collect::<Vec<_>>()
    };
    assert!(!steps("ab", "bc").contains(&Manoeuvre::UTurn));
    let alone = car(Town::new("a b").way(1, "ab", "highway=residential"));
    assert_eq!(alone.letters("a", "b"), "ab");
}

#[test]
fn a_noisy_trace_is_matched_to_the_roads_that_it_came_along() {
    let town = car(blocks());
    let metres = |letters: &str, east: f64, north: f64| {
        let place = town.place(letters);
        Fix { position: Position { lon: place.lon + east / 75_834.0, lat: place.lat + north / 111_195.0, alt: None } }
    };
    let trace = [
        metres("ad", 6.0, 10.0),
        metres("d", 3.0, 12.0),
        metres("de", -20.0, -7.0),
        metres("de", 20.0, 9.0),
        metres("e", 4.0, -20.0),
        metres("eh", 8.0, 0.0),
        metres("h", 10.0, -6.0),
        metres("hi", 5.0, 5.0),
    ];
    let matched = town.router().match_trace(&mut Workspace::default(), &trace, &Matching::default());
    let mut driven: Vec<i64> =
        matched.iter().flatten().flat_map(|m| m.way.iter().map(|edge| town.roads.network().way(*edge))).collect();
    driven.dedup();
    assert_eq!(driven, [7, 1, 4, 6]);
    assert_eq!(matched.iter().flatten().filter(|matched| matched.begins).count(), 1);
    let gap = [trace[0], metres("d", -5000.0, 0.0), trace[2]];
    let matched = town.router().match_trace(&mut Workspace::default(), &gap, &Matching::default());
    assert_eq!(matched.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
    assert!(town.router().match_trace(&mut Workspace::default(), &[], &Matching::default()).is_empty());
}

#[test]
fn an_isochrone_holds_what_is_reached_in_time_and_nothing_else() {
    // A kilometre of road each way from b, at 47.5 km/h; east of b it is a one-way that comes back.
    let town = Town::new("a         b         c\n\nd         e         f")
        .way(1, "ab", "highway=secondary maxspeed=50")
        .way(2, "cb", "highway=secondary maxspeed=50 oneway=yes")
        .way(3, "be", "highway=secondary maxspeed=50")
        .way(4, "fc", "highway=secondary maxspeed=50")
        .way(5, "def", "highway=secondary maxspeed=50");
    let town = car(town);
    let start = town.snap("b").unwrap();
    let area = |seconds: u32| {
        let mut workspace = Workspace::default();
        let area = town.router().isochrone(
            &mut workspace,
            &start,
            seconds * 1000,
            &Drawing { least_m2: 0.0, ..Drawing::default() },
        );
        let Some(Geometry::MultiPolygon(polygons)) = area else { panic!("an area") };
        polygons
    };
    let holds = |seconds, letters: &str, share: f64| {
        let (from, to) =
            (town.position(letters.chars().next().unwrap()), town.position(letters.chars().last().unwrap()));
        let at = [from.lon + share * (to.lon - from.lon), from.lat + share * (to.lat - from.lat)];
        let crosses = |pair: &[Position]| {
            let (a, b) = (pair[0], pair[1]);
            (a.lat > at[1]) != (b.lat > at[1]) && at[0] < a.lon + (at[1] - a.lat) / (b.lat - a.lat) * (b.lon - a.lon)
        };
        area(seconds).iter().flatten().map(|ring| ring.windows(2).filter(|pair| crosses(pair)).count()).sum::<usize>()
            % 2
            == 1
    };
    // 30 s are 396 m, and some metres on foot in what is left at the end.
    for (seconds, letters, share, inside) in [
        (30, "ba", 0.1, true),
        (30, "ba", 0.36, true),
        (30, "ba", 0.55, false),
        (30, "bc", 0.36, false),
        (90, "ba", 0.95, true),
        (90, "bc", 0.6, false),
        (240, "bc", 0.5, true),
    ] {
        assert_eq!(holds(seconds, letters, share), inside, "{seconds} s, {letters} {share}");
    }
}

#[test]
fn alternatives_are_other_roads_and_not_much_slower() {
    let town = Town::new("  b   c  \n\na       d\n\n  e   f  \n\n\n\n\n  g   h  ")
        .way(1, "za", "highway=residential")
        .way(2, "abcd", "highway=residential")
        .way(3, "aefd", "highway=residential maxspeed=27")
        .way(4, "aghd", "highway=residential maxspeed=10");
    let town = car(town);
    let (from, to) = (town.snap("a").unwrap(), town.snap("d").unwrap());
    let routes = town.router().alternatives(&mut Workspace::default(), &from, &to, &Choice::default());
    let way = |at: usize| town.roads.network().way(routes[at].edges[1.min(routes[at].edges.len() - 1)]);
    assert!(!routes.is_empty() && routes.len() <= 2, "{}", routes.len());
    assert_eq!(way(0), 2);
    assert!(routes.iter().skip(1).all(|route| route.cost > routes[0].cost && route.cost <= routes[0].cost * 13 / 10));
}

#[test]
fn a_junction_of_thousands_is_cut_down_and_said() {
    let mut survey = belfry_roads::Survey::default();
    let nodes: Vec<i64> = (0..4000).flat_map(|node| [0, node]).collect();
    survey.way(1, &nodes, &[("highway", "residential")]);
    for node in 0..4000 {
        let position = Position { lon: 9.5 + node as f64 * 1e-5, lat: 47.0 + (node % 7) as f64 * 1e-4, alt: None };
        survey.node(node, position, &[] as &[(&str, &str)]);
    }
    let roads = belfry_roads::Roads::new(&survey, belfry_roads::Family::Drive);
    assert!(roads.network().edges() <= 2 * 128 && roads.turns().len() <= 128 * 128 * 2);
    assert!(roads.network().report().crowded > 3000);
}
