//! Real maps for tests and examples: a file of OpenStreetMap into a survey, and where such files are.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use belfry_connect_osm::{Element, Kind, Kinds, Limits, OsmError, Place, Why, read};
use belfry_roads::{MemberKind, Survey};

/// Reads the roads of a file in two passes.
pub fn survey(path: &Path) -> Result<Survey, OsmError> {
    let mut survey = Survey::default();
    let name = path.display().to_string();
    let open = || {
        let unreadable =
            |why| OsmError { file: name.clone(), place: Place { offset: 0, block: None }, why: Why::Io(why) };
        File::open(path).map_err(unreadable)
    };
    read(&name, open()?, Kinds::WAYS_AND_RELATIONS, &Limits::default(), &mut |element| {
        match element {
            Element::Way(way) => survey.way(way.id, way.nodes, way.tags),
            Element::Relation(relation) => {
                let kind = |kind| match kind {
                    Kind::Node => MemberKind::Node,
                    Kind::Way => MemberKind::Way,
                    Kind::Relation => MemberKind::Relation,
                };
                survey.relation(relation.members.iter().map(|m| (kind(m.kind), m.id, m.role)), relation.tags);
            }
            Element::Node(_) => {}
        }
        ControlFlow::Continue(())
    })?;
    read(&name, open()?, Kinds::NODES, &Limits::default(), &mut |element| {
        if let Element::Node(node) = element {
            survey.node(node.id, node.position, node.tags);
        }
        ControlFlow::Continue(())
    })?;
    Ok(survey)
}

/// A real map, if it is there: in `$BELFRY_TEST_DATA`, or `../shared/data` beside the workspace.
pub fn real(name: &str) -> Option<PathBuf> {
    // The bench includes this file too, from another depth.
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/data"));
    let beside = above.clone().find(|folder| folder.is_dir()).or_else(|| above.last()).expect("a path has ancestors");
    let path = std::env::var_os("BELFRY_TEST_DATA").map_or(beside, PathBuf::from).join("osm").join(name);
    let there = path.is_file();
    if !there {
        println!("{} is not there; not tested", path.display());
    }
    there.then_some(path)
}

/// Numbers that look random and are the same every time (splitmix64).
pub struct Draw(pub u64);

impl Draw {
    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }

    /// A share, 0 to 1.
    pub fn share(&mut self) -> f64 {
        self.below(1 << 30) as f64 / f64::from(1 << 30)
    }
}
