//! Small towns for tests, drawn with letters: each letter is a node, 100 m from column to column and from row to row.

use belfry_kernel::Position;
use belfry_roads::{
    Class, Costs, Edge, Mainland, MemberKind, Metric, Roads, Route, Router, Rules, Snap, SnapError, Survey, Workspace,
};

/// A degree of a hundred metres, north and (at 47 degrees) east.
const ROW: f64 = 100.0 / 111_195.08;
const COLUMN: f64 = ROW / 0.681_998_36;

/// A town in the making.
pub struct Town {
    places: Vec<(char, Position)>,
    nodes: Vec<(char, Vec<(&'static str, &'static str)>)>,
    survey: Survey,
}

/// Tags as `key=value key=value`; `_` in a value is a space, as in names.
pub fn tags(text: &'static str) -> Vec<(&'static str, &'static str)> {
    text.split_whitespace().filter_map(|tag| tag.split_once('=')).collect()
}

impl Town {
    /// A town from a drawing. The first line is the north.
    pub fn new(drawing: &str) -> Self {
        let lines = drawing.lines().enumerate();
        let letters = lines.flat_map(|(row, line)| line.chars().enumerate().map(move |(column, c)| (row, column, c)));
        let places = letters.filter(|(.., c)| c.is_alphabetic()).map(|(row, column, letter)| {
            (letter, Position { lon: 9.5 + column as f64 * COLUMN, lat: 47.0 - row as f64 * ROW, alt: None })
        });
        Self { places: places.collect(), nodes: Vec::new(), survey: Survey::default() }
    }

    /// A road over these nodes.
    pub fn way(mut self, id: i64, nodes: &str, text: &'static str) -> Self {
        let nodes: Vec<i64> = nodes.chars().map(|letter| letter as i64).collect();
        self.survey.way(id, &nodes, &tags(text));
        self
    }

    /// Tags of a node.
    pub fn node(mut self, letter: char, text: &'static str) -> Self {
        self.nodes.push((letter, tags(text)));
        self
    }

    /// A turn restriction from way to way, over a node (a letter) or ways (`2` or `2,3`).
    pub fn ban(mut self, from: i64, via: &str, to: i64, text: &'static str) -> Self {
        let over = via.split(',').map(|via| match via.parse::<i64>() {
            Ok(way) => (MemberKind::Way, way, "via"),
            Err(_) => (MemberKind::Node, via.chars().next().expect("a letter") as i64, "via"),
        });
        let members: Vec<_> =
            [(MemberKind::Way, from, "from")].into_iter().chain(over).chain([(MemberKind::Way, to, "to")]).collect();
        let tags: Vec<_> = tags(text).into_iter().chain([("type", "restriction")]).collect();
        self.survey.relation(members.into_iter(), &tags);
        self
    }

    /// The town, for a class under rules.
    pub fn build(mut self, class: Class, rules: &Rules) -> Built {
        for (letter, position) in &self.places {
            let tags = self.nodes.iter().find(|(l, _)| l == letter).map(|(_, tags)| tags.clone()).unwrap_or_default();
            self.survey.node(i64::from(*letter as u32), *position, &tags);
        }
        Built::new(Roads::new(&self.survey, class.family()), self.places, class, rules)
    }
}

/// A town that can be driven in.
pub struct Built {
    pub roads: Roads,
    pub costs: Costs,
    pub metric: Metric,
    pub mainland: Mainland,
    places: Vec<(char, Position)>,
}

impl Built {
    fn new(roads: Roads, places: Vec<(char, Position)>, class: Class, rules: &Rules) -> Self {
        let costs = roads.costs(class, rules);
        let (metric, mainland) = (roads.metric(&costs), roads.mainland(&costs));
        Self { roads, costs, metric, mainland, places }
    }

    pub fn router(&self) -> Router<'_> {
        Router::new(&self.roads, &self.costs, &self.metric, &self.mainland)
    }

    /// Takes changed costs into effect.
    pub fn change(&mut self, change: impl FnOnce(&Roads, &mut Costs)) {
        change(&self.roads, &mut self.costs);
        self.roads.customise(&mut self.metric, &self.costs);
    }

    pub fn position(&self, letter: char) -> Position {
        self.places.iter().find(|(l, _)| *l == letter).expect("a letter of the town").1
    }

    /// A place: a letter, or the middle between two (`ab`).
    pub fn place(&self, letters: &str) -> Position {
        let all: Vec<_> = letters.chars().map(|letter| self.position(letter)).collect();
        let mean = |of: fn(&Position) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        Position { lon: mean(|p| p.lon), lat: mean(|p| p.lat), alt: None }
    }

    pub fn snap(&self, letters: &str) -> Result<Snap, SnapError> {
        self.router().snap(self.place(letters), 50.0)
    }

    /// The route between places, checked against Dijkstra's algorithm.
    pub fn route(&self, from: &str, to: &str) -> Option<Route> {
        let (Ok(from), Ok(to)) = (self.snap(from), self.snap(to)) else { return None };
        let mut workspace = Workspace::default();
        let route = self.router().route(&mut workspace, &from, &to);
        let plain = self.router().plain_cost(&mut workspace, &from, &to);
        assert_eq!(route.as_ref().map(|route| route.cost), plain);
        if let Some(route) = &route {
            assert_eq!(route.cost_of_parts(&self.costs), route.cost);
        }
        route
    }

    /// The letters that a route between places comes by; `-` when there is none.
    pub fn letters(&self, from: &str, to: &str) -> String {
        self.route(from, to)
            .map_or("-".to_owned(), |route| route.geometry.iter().filter_map(|at| self.letter(*at)).collect())
    }

    fn letter(&self, at: Position) -> Option<char> {
        let is_here = |p: &Position| (p.lon - at.lon).abs() < COLUMN / 50.0 && (p.lat - at.lat).abs() < ROW / 50.0;
        self.places.iter().find(|(_, place)| is_here(place)).map(|(letter, _)| *letter)
    }

    /// The edges of a way along its nodes.
    pub fn edges(&self, way: i64) -> Vec<Edge> {
        self.roads.network().edges_of_way(way).collect()
    }
}
