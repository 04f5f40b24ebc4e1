//! The pages of an SQLite file, and the rows of its tables, read only and in order. The format:
//! <https://www.sqlite.org/fileformat2.html>. Knows no GeoPackage. Everything that a file claims is checked against the file:
//! a tree is no deeper and has no more pages than the file, a row is no longer than a limit.

use super::record::varint;
use std::io::{Read, Seek, SeekFrom};

/// How deep a tree may be; one of a terabyte is five levels deep.
const MAX_DEPTH: usize = 20;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SqliteError {
    /// The system could not read it.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is no SQLite file, or a broken one.
    #[error("{0}")]
    Broken(&'static str),
}

pub(super) const BROKEN: SqliteError =
    SqliteError::Broken("the database is broken: a page points outside of it or is of a wrong kind");

/// A file as numbered pages.
pub(super) struct Pages<R> {
    from: R,
    size: usize,
    /// Bytes of a page that hold content.
    usable: usize,
    count: u64,
    /// Whether texts are UTF-16: little-endian or not.
    pub(super) utf16: Option<bool>,
}

impl<R: Read + Seek> Pages<R> {
    pub(super) fn open(mut from: R) -> Result<Self, SqliteError> {
        let length = from.seek(SeekFrom::End(0))?;
        from.rewind()?;
        let mut head = [0; 100];
        if length < 100 {
            return Err(SqliteError::Broken("it is no SQLite database, as a GeoPackage is"));
        }
        from.read_exact(&mut head)?;
        if &head[..16] != b"SQLite format 3\0" {
            return Err(SqliteError::Broken("it is no SQLite database, as a GeoPackage is"));
        }
        let size = match u16::from_be_bytes([head[16], head[17]]) {
            1 => 65_536,
            size if size >= 512 && size.is_power_of_two() => usize::from(size),
            _ => return Err(SqliteError::Broken("the size of its pages is none")),
        };
        let usable = size - usize::from(head[20]);
        if usable < 480 {
            return Err(SqliteError::Broken("its pages have no room"));
        }
        let utf16 = match u32::from_be_bytes([head[56], head[57], head[58], head[59]]) {
            0 | 1 => None,
            2 => Some(true),
            3 => Some(false),
            _ => return Err(SqliteError::Broken("its encoding is none")),
        };
        Ok(Self { from, size, usable, count: length / size as u64, utf16 })
    }

    /// A page, by its number from 1.
    fn page(&mut self, number: u32) -> Result<Vec<u8>, SqliteError> {
        if number == 0 || u64::from(number) > self.count {
            return Err(BROKEN);
        }
        self.from.seek(SeekFrom::Start((u64::from(number) - 1) * self.size as u64))?;
        let mut page = vec![0; self.size];
        self.from.read_exact(&mut page)?;
        page.truncate(self.usable);
        Ok(page)
    }
}

/// The rows of a table, in the order of their numbers.
pub(super) struct Rows {
    /// Pages under way, each with the cell that comes next.
    path: Vec<Cursor>,
    /// Pages met: more than the file has are a circle.
    met: u64,
}

struct Cursor {
    page: Vec<u8>,
    /// Where the page's header begins: the first page has the file's before it.
    at: usize,
    leaf: bool,
    cells: usize,
    next: usize,
}

/// A row's number and its record; no record when it is longer than the limit.
pub(super) type Row = (i64, Option<Vec<u8>>);

impl Rows {
    pub(super) fn of<R: Read + Seek>(pages: &mut Pages<R>, root: u32) -> Result<Self, SqliteError> {
        let mut rows = Self { path: Vec::new(), met: 0 };
        rows.descend(pages, root)?;
        Ok(rows)
    }

    fn descend<R: Read + Seek>(&mut self, pages: &mut Pages<R>, number: u32) -> Result<(), SqliteError> {
        self.met += 1;
        if self.path.len() >= MAX_DEPTH || self.met > pages.count {
            return Err(BROKEN);
        }
        let page = pages.page(number)?;
        let at = if number == 1 { 100 } else { 0 };
        let leaf = match page[at] {
            0x0d => true,
            0x05 => false,
            _ => return Err(BROKEN),
        };
        let cells = usize::from(u16::from_be_bytes([page[at + 3], page[at + 4]]));
        let room = (page.len() - at - if leaf { 8 } else { 12 }) / 2;
        if cells > room {
            return Err(BROKEN);
        }
        self.path.push(Cursor { page, at, leaf, cells, next: 0 });
        Ok(())
    }

    /// The next row.
    pub(super) fn next<R: Read + Seek>(
        &mut self,
        pages: &mut Pages<R>,
        max: usize,
    ) -> Result<Option<Row>, SqliteError> {
        loop {
            let Some(cursor) = self.path.last_mut() else { return Ok(None) };
            let next = cursor.next;
            cursor.next += 1;
            if cursor.leaf {
                if next >= cursor.cells {
                    self.path.pop();
                    continue;
                }
                let cell = cursor.cell(next)?;
                return row(pages, cell, max).map(Some);
            }
            let child = match next {
                next if next < cursor.cells => cursor.cell(next)?.first_chunk::<4>().copied(),
                // The last child stands in the page's header.
                next if next == cursor.cells => {
                    cursor.page.get(cursor.at + 8..).and_then(|h| h.first_chunk::<4>().copied())
                }
                _ => {
                    self.path.pop();
                    continue;
                }
            };
            let child = u32::from_be_bytes(child.ok_or(BROKEN)?);
            self.descend(pages, child)?;
        }
    }
}

impl Cursor {
    /// From a cell's beginning to the page's end.
    fn cell(&self, index: usize) -> Result<&[u8], SqliteError> {
        let at = self.at + if self.leaf { 8 } else { 12 } + 2 * index;
        let pointer = self.page.get(at..at + 2).ok_or(BROKEN)?;
        let pointer = usize::from(u16::from_be_bytes([pointer[0], pointer[1]]));
        self.page.get(pointer..).ok_or(BROKEN)
    }
}

/// The row of a leaf's cell, with what of it lies on other pages.
fn row<R: Read + Seek>(pages: &mut Pages<R>, mut cell: &[u8], max: usize) -> Result<Row, SqliteError> {
    let length = usize::try_from(varint(&mut cell)?).map_err(|_| BROKEN)?;
    let number = varint(&mut cell)?;
    if length as u64 > pages.count * pages.usable as u64 {
        return Err(BROKEN);
    }
    if length > max {
        return Ok((number, None));
    }
    let (usable, most) = (pages.usable, pages.usable - 35);
    let local = if length <= most {
        length
    } else {
        let least = (usable - 12) * 32 / 255 - 23;
        let fits = least + (length - least) % (usable - 4);
        if fits <= most { fits } else { least }
    };
    let (own, rest) = cell.split_at_checked(local).ok_or(BROKEN)?;
    let mut record = own.to_vec();
    if record.len() < length {
        let mut next = u32::from_be_bytes(*rest.first_chunk::<4>().ok_or(BROKEN)?);
        while record.len() < length {
            let page = pages.page(next)?;
            next = u32::from_be_bytes([page[0], page[1], page[2], page[3]]);
            let part = (length - record.len()).min(usable - 4);
            record.extend_from_slice(&page[4..4 + part]);
        }
    }
    Ok((number, Some(record)))
}
