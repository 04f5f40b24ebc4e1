//! A mistake found while reading, with the path of the attribute that has it. Becomes the one public error.

use belfry_kernel::{Error, Kind};

/// What is wrong, and in which attribute (`speed`, or `speed.accuracy` for a sub-attribute).
#[derive(Debug)]
pub(super) struct Fault {
    path: String,
    text: String,
    kind: Kind,
}

impl Fault {
    /// A mistake of the client's data.
    pub(super) fn new(text: impl Into<String>) -> Box<Self> {
        Box::new(Self { path: String::new(), text: text.into(), kind: Kind::BadRequestData })
    }

    /// The same mistake, seen from one attribute further out.
    pub(super) fn under(mut self: Box<Self>, term: &str) -> Box<Self> {
        let term = shown(term);
        self.path = if self.path.is_empty() { term.to_owned() } else { format!("{term}.{}", self.path) };
        self
    }

    /// The error for the client.
    pub(super) fn into_error(self) -> Error {
        if self.path.is_empty() {
            Error::new(self.kind, self.text)
        } else {
            Error::new(self.kind, format!("attribute '{}': {}", self.path, self.text))
        }
    }
}

impl From<Error> for Box<Fault> {
    fn from(error: Error) -> Self {
        Self::new(Fault { path: String::new(), text: error.public().to_owned(), kind: error.kind() })
    }
}

/// At most the first hundred bytes of what a client wrote, for a message.
pub(super) fn shown(text: &str) -> &str {
    let mut end = text.len().min(100);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
