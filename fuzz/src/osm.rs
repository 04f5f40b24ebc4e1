//! What must hold of whatever map is accepted: places are on the globe, nothing personal comes in, and its roads can be
//! driven without a panic, at the cost that Dijkstra's algorithm finds.

use belfry_connect_osm::{Element, Kind, Kinds, OsmError, Summary, is_personal};
use belfry_roads::{Class, Drawing, MemberKind, Roads, Router, Rules, Snap, Survey, Workspace};
use std::ops::ControlFlow;

/// A reader of one file, for some kinds of elements.
type Sink<'s> = &'s mut dyn FnMut(Element<'_>) -> ControlFlow<()>;

/// Reads a file in two passes, as roads are read, and drives on what came.
pub fn hold(read: impl Fn(Kinds, Sink<'_>) -> Result<Summary, OsmError>) {
    let mut survey = Survey::default();
    let mut seen = 0;
    let first = read(Kinds::WAYS_AND_RELATIONS, &mut |element| {
        seen += 1;
        match element {
            Element::Node(node) => panic!("{node:?} was not asked for"),
            Element::Way(way) => {
                check_tags(way.tags);
                survey.way(way.id, way.nodes, way.tags);
            }
            Element::Relation(relation) => {
                check_tags(relation.tags);
                let kind = |kind| match kind {
                    Kind::Node => MemberKind::Node,
                    Kind::Way => MemberKind::Way,
                    Kind::Relation => MemberKind::Relation,
                };
                survey.relation(relation.members.iter().map(|m| (kind(m.kind), m.id, m.role)), relation.tags);
            }
        }
        ControlFlow::Continue(())
    });
    if let Ok(summary) = &first {
        assert_eq!(summary.ways + summary.relations, seen);
    }
    let second = read(Kinds::NODES, &mut |element| {
        if let Element::Node(node) = element {
            check_tags(node.tags);
            assert!(node.position.lon.abs() <= 180.0 && node.position.lat.abs() <= 90.0);
            survey.node(node.id, node.position, node.tags);
        }
        ControlFlow::Continue(())
    });
    // What is broken inside a kind that is passed over may be found by one pass alone; an intact file is so in both.
    if read(Kinds::ALL, &mut |_| ControlFlow::Continue(())).is_ok() {
        assert!(first.is_ok() && second.is_ok());
    }
    drive(&survey);
}

fn check_tags(tags: &[(&str, &str)]) {
    assert!(!tags.iter().any(|(key, value)| is_personal(key, value)));
}

fn drive(survey: &Survey) {
    for (class, rules) in [(Class::FireEngine, Rules::on_call()), (Class::Bicycle, Rules::default())] {
        let roads = Roads::new(survey, class.family());
        let costs = roads.costs(class, &rules);
        let (metric, mainland) = (roads.metric(&costs), roads.mainland(&costs));
        let router = Router::new(&roads, &costs, &metric, &mainland);
        let mut workspace = Workspace::default();
        let network = roads.network();
        let places = [0, network.edges() / 2].into_iter().filter_map(|at| network.edge(at));
        let places: Vec<Snap> = places.map(|edge| Snap::on(network, edge, 0.4)).collect();
        for pair in places.windows(2) {
            let _ = router.snap(pair[0].position, 10.0);
            let route = router.route(&mut workspace, &pair[0], &pair[1]);
            assert_eq!(route.map(|route| route.cost), router.plain_cost(&mut workspace, &pair[0], &pair[1]));
            let _ = router.isochrone(&mut workspace, &pair[0], 60_000, &Drawing::default());
        }
    }
}
