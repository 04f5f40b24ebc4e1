//! What an application answers, by name and never by status number: those belong to the HTTP door.

use crate::Request;
use belfry_kernel::Error;
use belfry_ngsi_ld::Json;
use belfry_ports::BoxFuture;
use bytes::Bytes;
use std::borrow::Cow;

/// What kind of answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Here it is.
    Ok,
    /// Something was made, and is found at this path or URL.
    Created(String),
    /// Done, and there is nothing to say.
    NoContent,
    /// The client has it already.
    NotModified,
    /// The answer is found at this path or URL.
    SeeOther(String),
}

/// A body in chunks, made as they are taken: a slow client holds nobody up and costs one chunk of memory.
pub trait Chunks: Send {
    /// The next chunk; `None` at the end. An error breaks the answer off, so that the client knows it is not whole.
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Bytes, Error>>>;
}

/// The body.
pub enum Content {
    /// All of it.
    Bytes(Bytes),
    /// Chunk by chunk.
    Chunks(Box<dyn Chunks>),
}

/// How long the answer may be kept by whoever stands between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caching {
    /// Nothing is said.
    Unsaid,
    /// By nobody.
    NoStore,
    /// Asking each time whether it is still so; with an ETag.
    Revalidate,
    /// By the client, for so many seconds.
    Private(u32),
    /// By anybody, for so many seconds: for what anybody may see.
    Public(u32),
}

/// An answer.
pub struct Reply {
    /// What kind.
    pub answer: Answer,
    /// The media type of the body.
    pub media: Cow<'static, str>,
    /// The body.
    pub content: Content,
    /// The state that is shown, with its quotes (`"7"` or `W/"7"`): who has it already is told so by the door.
    pub etag: Option<String>,
    /// How long it may be kept.
    pub caching: Caching,
    /// How the body is packed (`gzip`), when it comes so from where it is kept.
    pub coding: Option<&'static str>,
    /// Values of Link headers (RFC 8288).
    pub links: Vec<String>,
    /// Further headers that a standard asks for, names in lower case (`content-crs`).
    pub headers: Vec<(&'static str, String)>,
}

impl Reply {
    fn new(answer: Answer, media: impl Into<Cow<'static, str>>, content: Content) -> Self {
        let (media, links, headers) = (media.into(), Vec::new(), Vec::new());
        Self { answer, media, content, etag: None, caching: Caching::Unsaid, coding: None, links, headers }
    }

    /// Bytes of this media type.
    pub fn bytes(media: impl Into<Cow<'static, str>>, bytes: impl Into<Bytes>) -> Self {
        Self::new(Answer::Ok, media, Content::Bytes(bytes.into()))
    }

    /// JSON.
    pub fn json(json: &Json) -> Self {
        let mut out = Vec::with_capacity(256);
        json.write(&mut out);
        Self::bytes("application/json", out)
    }

    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::bytes("text/plain; charset=utf-8", text.into())
    }

    /// A body in chunks.
    pub fn chunks(media: impl Into<Cow<'static, str>>, chunks: Box<dyn Chunks>) -> Self {
        Self::new(Answer::Ok, media, Content::Chunks(chunks))
    }

    /// Something was made, and is found there.
    pub fn created(location: impl Into<String>) -> Self {
        Self::new(Answer::Created(location.into()), "", Content::Bytes(Bytes::new()))
    }

    /// Done, and there is nothing to say.
    pub fn no_content() -> Self {
        Self::new(Answer::NoContent, "", Content::Bytes(Bytes::new()))
    }

    /// The client has it already.
    pub fn not_modified(etag: impl Into<String>) -> Self {
        Self::new(Answer::NotModified, "", Content::Bytes(Bytes::new())).tagged(etag)
    }

    /// The answer is found elsewhere.
    pub fn see_other(location: impl Into<String>) -> Self {
        Self::new(Answer::SeeOther(location.into()), "", Content::Bytes(Bytes::new()))
    }

    /// Made, instead of merely here: what is shown is found there.
    #[must_use]
    pub fn made_at(mut self, location: impl Into<String>) -> Self {
        self.answer = Answer::Created(location.into());
        self
    }

    /// With the ETag of what is shown, quotes included.
    #[must_use]
    pub fn tagged(mut self, etag: impl Into<String>) -> Self {
        self.etag = Some(etag.into());
        self
    }

    /// May be kept so.
    #[must_use]
    pub fn cached(mut self, caching: Caching) -> Self {
        self.caching = caching;
        self
    }

    /// The body is packed so.
    #[must_use]
    pub fn packed(mut self, coding: &'static str) -> Self {
        self.coding = Some(coding);
        self
    }

    /// With a link: its target, its relation and its media type.
    #[must_use]
    pub fn linked(mut self, target: &str, relation: &str, media: &str) -> Self {
        self.links.push(format!("<{target}>; rel=\"{relation}\"; type=\"{media}\""));
        self
    }

    /// With a further header.
    #[must_use]
    pub fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }

    /// This, or that it is not modified when the client has it already.
    #[must_use]
    pub fn unless_known(self, if_none_match: Option<&str>) -> Self {
        let known = |etag: &String| if_none_match.is_some_and(|wanted| crate::request::matches_etag(wanted, etag));
        match &self.etag {
            Some(etag) if self.answer == Answer::Ok && known(etag) => Self {
                answer: Answer::NotModified,
                content: Content::Bytes(Bytes::new()),
                media: Cow::Borrowed(""),
                coding: None,
                ..self
            },
            _ => self,
        }
    }
}

impl Request {
    /// The link to this same answer with other values of these parameters, for pages.
    pub fn target_with(&self, changed: &[(&str, &str)]) -> String {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let mut target = format!("{path}?");
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let name = part.split('=').next().unwrap_or_default();
            if !changed.iter().any(|(changed, _)| *changed == name) {
                target.push_str(part);
                target.push('&');
            }
        }
        for (name, value) in changed {
            target.push_str(name);
            target.push('=');
            target.push_str(value);
            target.push('&');
        }
        target.pop();
        target
    }
}
