//! Why an import or an export could not run, or not run on. A refused row is no error: it is reported and counted.

use crate::place::Problem;
use std::path::PathBuf;

/// Why it stopped. The program ends with exit code 2 for each of these.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// What was asked for does not fit together.
    #[error("{0}")]
    Usage(String),
    /// A file could not be read or written.
    #[error("{path}: {cause}", path = path.display())]
    File {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The mapping file is wrong; one line a problem, each with its place.
    #[error("{}", lines(.0))]
    Mapping(Vec<Problem>),
    /// The source as a whole is not what it should be (one bad row is not this).
    #[error("{path}: {why}", path = path.display())]
    Source {
        /// The file as it was named.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Belfry cannot be reached, or refuses everything (a wrong token, a missing tenant).
    #[error("{url}: {why}")]
    Server {
        /// The address that was called.
        url: String,
        /// What happened, and what to do.
        why: String,
    },
}

impl TransferError {
    /// A file that could not be read or written.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |cause| Self::File { path, cause }
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
