//! Roads: a router for emergency and other vehicles that knows turns. Pure: elements of a map come in, routes go out; no
//! files, no clock, no threads.
//!
//! The way through, from a map to an answer:
//!
//! 1. [`Survey`] takes ways, turn restrictions and nodes, and keeps of them what concerns roads.
//! 2. [`Network`] is the roads of a [`Family`] of vehicles as junctions and links. [`Turns`] expands it: edges become
//!    vertices, turns become arcs, and a restriction over several edges becomes memory.
//! 3. [`Hierarchy`] contracts the turns in an order that no cost can change.
//! 4. [`Costs`] is what a [`Class`] pays under the [`Rules`] of the day, with live speeds and closures; [`Metric`] carries
//!    them into the hierarchy in some milliseconds.
//! 5. [`Router`] answers: places on roads, routes with instructions, alternatives, matrices, isochrones, matched traces.
//!
//! ```
//! use belfry_kernel::Position;
//! use belfry_roads::{Class, Family, Manoeuvre, Roads, Router, Rules, Survey, Workspace};
//!
//! let mut survey = Survey::default();
//! survey.way(1, &[1, 2], &[("highway", "residential"), ("name", "Mill Lane")]);
//! survey.way(2, &[2, 3], &[("highway", "tertiary"), ("name", "High Street")]);
//! survey.way(3, &[2, 4], &[("highway", "tertiary"), ("name", "High Street")]);
//! for (node, lon, lat) in [(1, 9.500, 47.0), (2, 9.503, 47.0), (3, 9.503, 47.01), (4, 9.503, 46.99)] {
//!     survey.node(node, Position { lon, lat, alt: None }, &[] as &[(&str, &str)]);
//! }
//! let roads = Roads::new(&survey, Family::Drive);
//! let mut costs = roads.costs(Class::FireEngine, &Rules::on_call());
//! let (mut metric, mainland) = (roads.metric(&costs), roads.mainland(&costs));
//!
//! let router = Router::new(&roads, &costs, &metric, &mainland);
//! let at = |lon, lat| router.snap(Position { lon, lat, alt: None }, 100.0);
//! let (from, to) = (at(9.5001, 47.0001)?, at(9.5031, 47.005)?);
//! let mut workspace = Workspace::default();
//! let route = router.route(&mut workspace, &from, &to).expect("a way");
//! let steps = router.steps(&route);
//! assert_eq!((steps[1].manoeuvre, steps[1].road), (Manoeuvre::Left, "High Street"));
//!
//! // A road is closed: other costs, the same hierarchy.
//! roads.network().edges_of_way(2).for_each(|edge| costs.close(edge));
//! roads.customise(&mut metric, &costs);
//! let router = Router::new(&roads, &costs, &metric, &mainland);
//! assert!(router.route(&mut workspace, &from, &to).is_none());
//! # Ok::<(), belfry_roads::SnapError>(())
//! ```
//!
//! Every answer is exact: it has the cost that Dijkstra's algorithm finds on the same turns ([`Router::plain_cost`]). Why it
//! is built so, and what was measured: `docs/design/004-roads.md`.
#![forbid(unsafe_code)]

mod alternative;
mod class;
mod costs;
mod cover;
mod dijkstra;
mod guide;
mod hierarchy;
mod island;
mod isochrone;
mod matching;
mod matrix;
mod metric;
mod network;
mod order;
mod plane;
mod profile;
mod route;
mod router;
mod search;
mod snap;
mod survey;
mod terminal;
mod turns;

pub use alternative::Choice;
pub use class::{Class, Classes, Family};
pub use costs::{Cost, Costs, FOREVER};
pub use guide::{Manoeuvre, Step};
pub use hierarchy::Hierarchy;
pub use isochrone::Drawing;
pub use matching::{Fix, Matched, Matching};
pub use matrix::Matrix;
pub use metric::Metric;
pub use network::{Edge, Network};
pub use profile::Rules;
pub use route::Route;
pub use router::{Mainland, Roads, Router};
pub use search::Workspace;
pub use snap::{Snap, SnapError};
pub use survey::kind::Kind;
pub use survey::restriction::MemberKind;
pub use survey::speed::Surface;
pub use survey::{Report, Survey};
pub use turns::Turns;
