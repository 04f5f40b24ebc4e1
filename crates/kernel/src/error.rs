//! The one error type that crosses crate borders: a closed kind, a public sentence, a private cause.
//! Holds no status codes: only `http/problem.rs` maps a kind to one.

use std::fmt;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, closed: ETSI GS CIM 009 clause 5.5.2 (the NGSI-LD error types) and what a server adds to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request is syntactically wrong (InvalidRequest).
    InvalidRequest,
    /// The request's content breaks a rule of the standard (BadRequestData).
    BadRequestData,
    /// What was to be created exists (AlreadyExists).
    AlreadyExists,
    /// The operation is not supported (OperationNotSupported).
    OperationNotSupported,
    /// The resource does not exist (ResourceNotFound).
    ResourceNotFound,
    /// A defect or a broken part of the platform (InternalError).
    Internal,
    /// The query would cost too much (TooComplexQuery).
    TooComplexQuery,
    /// The query would answer too much (TooManyResults).
    TooManyResults,
    /// A remote @context could not be had (LdContextNotAvailable).
    LdContextNotAvailable,
    /// The tenant does not exist (NonexistentTenant).
    NonexistentTenant,
    /// No credentials, or wrong ones.
    Unauthorized,
    /// The credentials do not allow this.
    Forbidden,
    /// The resource is not the one that the condition named.
    Conflict,
    /// The body is larger than the limit.
    PayloadTooLarge,
    /// The URL is longer than the limit.
    UriTooLong,
    /// The headers are larger than the limit.
    HeadersTooLarge,
    /// The body is of a media type that this operation does not take.
    UnsupportedMediaType,
    /// None of the media types that the client accepts can be made.
    NotAcceptable,
    /// The resource does not know this method.
    MethodNotAllowed,
    /// The client sent more than its share.
    TooManyRequests,
    /// The platform cannot take writes now (disk full, failed sync); reads go on.
    Unavailable,
    /// The work took longer than the limit.
    Timeout,
}

/// An error: `kind` decides how it is answered, `public` is shown to the client, `cause` is logged and never shown.
pub struct Error {
    kind: Kind,
    public: Box<str>,
    code: Option<&'static str>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with a sentence that may be shown to anyone.
    pub fn new(kind: Kind, public: impl Into<String>) -> Self {
        Self { kind, public: public.into().into_boxed_str(), code: None, cause: None }
    }

    /// `BadRequestData`, the commonest kind.
    pub fn bad_data(public: impl Into<String>) -> Self {
        Self::new(Kind::BadRequestData, public)
    }

    /// `InvalidRequest`.
    pub fn invalid(public: impl Into<String>) -> Self {
        Self::new(Kind::InvalidRequest, public)
    }

    /// `ResourceNotFound`.
    pub fn not_found(public: impl Into<String>) -> Self {
        Self::new(Kind::ResourceNotFound, public)
    }

    /// `Internal`, with the private cause kept for the log.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Kind::Internal, "the platform could not do this; its log says why").caused_by(cause)
    }

    /// Adds the word that another standard has for this error (`NoRoute`), which its clients look for.
    #[must_use]
    pub fn coded(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Adds the private cause.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The closed kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The sentence for the client.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// The word of another standard.
    pub fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// The private cause, for the log only.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.public)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.public)?;
        if let Some(cause) = &self.cause {
            write!(f, " (cause: {cause})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
