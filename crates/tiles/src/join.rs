//! Lines of one kind joined where they meet: a road is many pieces in its source and one on the map, so that its name has
//! room and its tile is small. Knows the grid alone.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::grid::Spot;

/// Joins lines whose ends meet, where exactly two of them do; the rest stays as it is. `directed`: only end to beginning,
/// since the way they run says something. The order of the result depends on the order of the lines alone.
pub(crate) fn joined(lines: Vec<Vec<Spot>>, directed: bool) -> Vec<Vec<Spot>> {
    if lines.len() < 2 {
        return lines;
    }
    let mut ends: HashMap<Spot, Meeting> = HashMap::with_capacity(lines.len() * 2);
    let spots = |line: &[Spot]| [line[0], line[line.len() - 1]];
    for (index, line) in lines.iter().enumerate() {
        for end in spots(line) {
            match ends.entry(end) {
                Entry::Vacant(free) => drop(free.insert(Meeting::One(index))),
                Entry::Occupied(mut taken) => {
                    let now = match *taken.get() {
                        Meeting::One(other) if other != index => Meeting::Two(other, index),
                        _ => Meeting::Many,
                    };
                    taken.insert(now);
                }
            }
        }
    }
    let next = |at: usize, end: Spot| match ends.get(&end) {
        Some(Meeting::Two(a, b)) => Some(if *a == at { *b } else { *a }),
        _ => None,
    };
    let mut used = vec![false; lines.len()];
    let mut out = Vec::new();
    for start in 0..lines.len() {
        if used[start] {
            continue;
        }
        used[start] = true;
        let mut line = lines[start].clone();
        // Forwards from its end, then from its beginning, turned round.
        for forwards in [true, false] {
            let mut at = start;
            while let Some(other) = next(at, line[line.len() - 1]).filter(|other| !used[*other]) {
                let end = line[line.len() - 1];
                let begins = lines[other][0] == end;
                if directed && begins != forwards {
                    break;
                }
                used[other] = true;
                if begins {
                    line.extend_from_slice(&lines[other][1..]);
                } else {
                    line.extend(lines[other].iter().rev().skip(1));
                }
                at = other;
            }
            line.reverse();
        }
        out.push(line);
    }
    out
}

/// Which lines end at a place.
#[derive(Clone, Copy)]
enum Meeting {
    One(usize),
    Two(usize, usize),
    Many,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_one_whatever_way_they_run() {
        let pieces = vec![vec![[0, 0], [1, 0]], vec![[3, 0], [2, 0]], vec![[1, 0], [2, 0]], vec![[3, 0], [4, 1]]];
        assert_eq!(joined(pieces, false), [vec![[0, 0], [1, 0], [2, 0], [3, 0], [4, 1]]]);
        let backwards = vec![vec![[1, 0], [2, 0]], vec![[1, 0], [0, 0]]];
        assert_eq!(joined(backwards.clone(), false), [vec![[0, 0], [1, 0], [2, 0]]]);
        assert_eq!(joined(backwards.clone(), true), backwards);
        let oneway = vec![vec![[1, 0], [2, 0]], vec![[0, 0], [1, 0]]];
        assert_eq!(joined(oneway, true), [vec![[0, 0], [1, 0], [2, 0]]]);
    }

    #[test]
    fn crossings_stay_and_circles_close() {
        let star = vec![vec![[0, 0], [1, 0]], vec![[0, 0], [0, 1]], vec![[0, 0], [1, 1]]];
        assert_eq!(joined(star.clone(), false), star);
        let circle = vec![vec![[0, 0], [1, 0]], vec![[1, 0], [1, 1]], vec![[1, 1], [0, 0]]];
        let made = joined(circle, false);
        assert_eq!(made.len(), 1);
        assert_eq!((made[0].len(), made[0][0]), (4, made[0][3]));
        let alone = vec![vec![[0, 0], [1, 0], [0, 0]], vec![[0, 0], [5, 5]]];
        assert_eq!(joined(alone.clone(), false), alone);
    }
}
