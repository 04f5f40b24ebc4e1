//! Geometry as commands (MVT 2.1, 4.3), both ways.

use crate::draw::Drawing;
use crate::grid::{Spot, twice_area};
use crate::mvt::MvtError;
use crate::wire::{Reader, put_varint, unzigzag, zigzag};

const MOVE: u64 = 1;
const LINE: u64 = 2;
const CLOSE: u64 = 7;

/// Kinds of geometry (MVT 2.1, 4.3.4).
pub(super) const POINT: u64 = 1;
pub(super) const LINESTRING: u64 = 2;
pub(super) const POLYGON: u64 = 3;

/// A drawing as commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    pub(super) kind: u64,
    pub(super) commands: Vec<u8>,
}

impl Encoded {
    /// Encodes a drawing.
    pub fn new(drawing: &Drawing) -> Self {
        let mut commands = Vec::new();
        let (to, mut cursor) = (&mut commands, [0, 0]);
        let kind = match drawing {
            Drawing::Points(spots) => {
                command(to, MOVE, spots.len());
                spots.iter().for_each(|spot| step(to, &mut cursor, *spot));
                POINT
            }
            Drawing::Lines(lines) => {
                lines.iter().for_each(|line| path(to, &mut cursor, line));
                LINESTRING
            }
            Drawing::Polygons(polygons) => {
                for ring in polygons.iter().flatten() {
                    path(to, &mut cursor, ring);
                    command(to, CLOSE, 1);
                }
                POLYGON
            }
        };
        Self { kind, commands }
    }

    /// Bytes of the commands.
    pub fn bytes(&self) -> usize {
        self.commands.len()
    }
}

fn command(to: &mut Vec<u8>, id: u64, count: usize) {
    put_varint(to, (count as u64) << 3 | id);
}

fn step(to: &mut Vec<u8>, cursor: &mut Spot, spot: Spot) {
    for axis in 0..2 {
        put_varint(to, zigzag(i64::from(spot[axis]) - i64::from(cursor[axis])));
    }
    *cursor = spot;
}

fn path(to: &mut Vec<u8>, cursor: &mut Spot, spots: &[Spot]) {
    let Some((first, rest)) = spots.split_first() else { return };
    command(to, MOVE, 1);
    step(to, cursor, *first);
    command(to, LINE, rest.len());
    rest.iter().for_each(|spot| step(to, cursor, *spot));
}

/// Reads the commands of a geometry of a kind; `None` for the unknown kind.
pub(super) fn decode(kind: u64, commands: &[u8]) -> Result<Option<Drawing>, MvtError> {
    let mut turtle = Turtle { reader: Reader(commands), cursor: [0, 0] };
    Ok(match kind {
        POINT => {
            let count = turtle.command(MOVE)?.ok_or(MvtError::Geometry("a point without a place"))?;
            let spots = turtle.steps(count)?;
            turtle.end()?;
            Some(Drawing::Points(spots))
        }
        LINESTRING => {
            let mut lines = Vec::new();
            while let Some(line) = turtle.path(1)? {
                lines.push(line);
            }
            if lines.is_empty() {
                return Err(MvtError::Geometry("a line without a place"));
            }
            Some(Drawing::Lines(lines))
        }
        POLYGON => {
            let mut polygons: Vec<Vec<Vec<Spot>>> = Vec::new();
            while let Some(ring) = turtle.path(2)? {
                if turtle.command(CLOSE)? != Some(1) {
                    return Err(MvtError::Geometry("a ring that is not closed"));
                }
                match (twice_area(&ring) > 0, polygons.last_mut()) {
                    (true, _) => polygons.push(vec![ring]),
                    (false, Some(polygon)) => polygon.push(ring),
                    (false, None) => return Err(MvtError::Geometry("a hole before any outer ring")),
                }
            }
            if polygons.is_empty() {
                return Err(MvtError::Geometry("a polygon without a ring"));
            }
            Some(Drawing::Polygons(polygons))
        }
        _ => None,
    })
}

/// The commands that are left, and where the cursor is.
struct Turtle<'a> {
    reader: Reader<'a>,
    cursor: Spot,
}

impl Turtle<'_> {
    /// How often the next command is to be done, which must be this one; `None` at the end.
    fn command(&mut self, id: u64) -> Result<Option<usize>, MvtError> {
        let Some(integer) = self.reader.packed()? else { return Ok(None) };
        if integer & 7 != id || integer >> 32 != 0 || integer >> 3 == 0 {
            return Err(MvtError::Geometry("a command out of its order"));
        }
        Ok(Some((integer >> 3) as usize))
    }

    fn steps(&mut self, count: usize) -> Result<Vec<Spot>, MvtError> {
        // Each step takes two bytes at least, so a count that lies is refused before anything is made.
        if count > self.reader.0.len() / 2 {
            return Err(MvtError::Geometry("fewer places than its command says"));
        }
        let mut spots = Vec::with_capacity(count);
        for _ in 0..count {
            for axis in 0..2 {
                let by = self.reader.packed()?.ok_or(MvtError::Geometry("half of a place"))?;
                let moved = u32::try_from(by).ok().and_then(|by| {
                    let by = i32::try_from(unzigzag(u64::from(by))).ok()?;
                    self.cursor[axis].checked_add(by)
                });
                self.cursor[axis] = moved.ok_or(MvtError::Geometry("a place beyond all numbers"))?;
            }
            spots.push(self.cursor);
        }
        Ok(spots)
    }

    /// A place and at least this many more.
    fn path(&mut self, least: usize) -> Result<Option<Vec<Spot>>, MvtError> {
        match self.command(MOVE)? {
            None => return Ok(None),
            Some(1) => {}
            Some(_) => return Err(MvtError::Geometry("a path with several beginnings")),
        }
        let mut spots = self.steps(1)?;
        let count = self.command(LINE)?.unwrap_or(0);
        if count < least {
            return Err(MvtError::Geometry("a path of too few places"));
        }
        spots.append(&mut self.steps(count)?);
        Ok(Some(spots))
    }

    fn end(&self) -> Result<(), MvtError> {
        if self.reader.0.is_empty() { Ok(()) } else { Err(MvtError::Geometry("commands after its end")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integers(bytes: &[u8]) -> Vec<u64> {
        let mut reader = Reader(bytes);
        std::iter::from_fn(|| reader.packed().unwrap()).collect()
    }

    /// The examples of MVT 2.1, 4.3.5.
    #[test]
    fn the_examples_of_the_specification() {
        let cases: [(Drawing, &[u64]); 6] = [
            (Drawing::Points(vec![[25, 17]]), &[9, 50, 34]),
            (Drawing::Points(vec![[5, 7], [3, 2]]), &[17, 10, 14, 3, 9]),
            (Drawing::Lines(vec![vec![[2, 2], [2, 10], [10, 10]]]), &[9, 4, 4, 18, 0, 16, 16, 0]),
            (
                Drawing::Lines(vec![vec![[2, 2], [2, 10], [10, 10]], vec![[1, 1], [3, 5]]]),
                &[9, 4, 4, 18, 0, 16, 16, 0, 9, 17, 17, 10, 4, 8],
            ),
            (Drawing::Polygons(vec![vec![vec![[3, 6], [8, 12], [20, 34]]]]), &[9, 6, 12, 18, 10, 12, 24, 44, 15]),
            (
                Drawing::Polygons(vec![
                    vec![vec![[0, 0], [10, 0], [10, 10], [0, 10]]],
                    vec![vec![[11, 11], [20, 11], [20, 20], [11, 20]], vec![[13, 13], [13, 17], [17, 17], [17, 13]]],
                ]),
                &[
                    9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15, 9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15, 9, 4, 13, 26, 0, 8, 8,
                    0, 0, 7, 15,
                ],
            ),
        ];
        for (drawing, wanted) in cases {
            let Encoded { kind, commands } = Encoded::new(&drawing);
            assert_eq!(integers(&commands), wanted);
            assert_eq!(decode(kind, &commands).unwrap(), Some(drawing));
        }
    }

    #[test]
    fn wrong_commands_are_refused() {
        let cases: [(u64, &[u64]); 12] = [
            (POINT, &[]),
            (POINT, &[1]),
            (POINT, &[9, 2]),
            (POINT, &[9, 2, 2, 9, 2, 2]),
            (POINT, &[0xffff_fff9, 2, 2]),
            (LINESTRING, &[9, 2, 2]),
            (LINESTRING, &[17, 2, 2, 2, 2, 10, 2, 2]),
            (LINESTRING, &[10, 2, 2]),
            (POLYGON, &[9, 0, 0, 18, 20, 0, 0, 20]),
            (POLYGON, &[9, 0, 0, 10, 20, 0, 15]),
            (POLYGON, &[9, 0, 0, 18, 0, 20, 20, 0, 15]),
            (POINT, &[17, 0xffff_fffe, 0, 0xffff_fffe, 0]),
        ];
        for (kind, commands) in cases {
            let mut bytes = Vec::new();
            commands.iter().for_each(|c| put_varint(&mut bytes, *c));
            assert!(decode(kind, &bytes).is_err(), "{kind} {commands:?}");
        }
        assert_eq!(decode(0, &[1, 2, 3]).unwrap(), None);
    }
}
