//! Where the tables of a feed come from: a zip archive, a folder whose files the caller opens, or memory. Opens no file
//! itself.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek};

/// A set of named tables.
pub trait Tables {
    /// The names of all files, in any order, with folders before them if they lie in some.
    fn names(&self) -> Vec<String>;

    /// Opens a file that [`Tables::names`] names.
    fn open<'a>(&'a mut self, name: &str) -> io::Result<Box<dyn Read + 'a>>;
}

/// Why a feed cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// Not an archive.
    #[error("the feed is not a zip archive that can be read: {0}")]
    NotZip(String),
}

/// A feed as a zip archive, stored or deflated.
pub struct Zip<R> {
    archive: zip::ZipArchive<R>,
}

impl<R: Read + Seek> Zip<R> {
    /// Reads the archive's directory. Memory is bounded by the archive's own length.
    pub fn new(input: R) -> Result<Self, FeedError> {
        let archive = zip::ZipArchive::new(input).map_err(|error| FeedError::NotZip(error.to_string()))?;
        Ok(Self { archive })
    }
}

impl<R: Read + Seek> Tables for Zip<R> {
    fn names(&self) -> Vec<String> {
        let names = self.archive.file_names().filter_map(Result::ok);
        names.filter(|name| !name.ends_with('/')).map(std::borrow::Cow::into_owned).collect()
    }

    fn open<'a>(&'a mut self, name: &str) -> io::Result<Box<dyn Read + 'a>> {
        let file = self.archive.by_name(name).map_err(io::Error::other)?;
        Ok(Box::new(file))
    }
}

/// A feed as a folder, or whatever else holds named files: how one is opened is handed in.
pub struct Folder<F> {
    names: Vec<String>,
    open: F,
}

impl<R: Read + 'static, F: FnMut(&str) -> io::Result<R>> Folder<F> {
    /// The files of these names, opened by `open`.
    pub fn new(names: Vec<String>, open: F) -> Self {
        Self { names, open }
    }
}

impl<R: Read + 'static, F: FnMut(&str) -> io::Result<R>> Tables for Folder<F> {
    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn open<'a>(&'a mut self, name: &str) -> io::Result<Box<dyn Read + 'a>> {
        Ok(Box::new((self.open)(name)?))
    }
}

/// A feed in memory: names and texts.
#[derive(Clone, Debug, Default)]
pub struct Memory(pub BTreeMap<String, Vec<u8>>);

impl Tables for Memory {
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn open<'a>(&'a mut self, name: &str) -> io::Result<Box<dyn Read + 'a>> {
        match self.0.get(name) {
            Some(bytes) => Ok(Box::new(bytes.as_slice())),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}
