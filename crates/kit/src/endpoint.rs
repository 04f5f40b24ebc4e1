//! One thing that an application answers: a method on a path, who may call it, what it takes, and the function that
//! answers. Matches no path and checks no token; the HTTP door does both, for these as for its own.

use crate::{Reply, Request};
use belfry_kernel::Error;
use belfry_ports::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// The answer on its way.
pub type Answering = BoxFuture<'static, Result<Reply, Error>>;

/// What answers: given the tenant's service and the request.
pub type Handler<S> = Arc<dyn Fn(Arc<S>, Request) -> Answering + Send + Sync>;

/// A method. HEAD and OPTIONS are answered for every path by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// To see.
    Get,
    /// To ask with a body, or to add.
    Post,
    /// To put in place of what is there.
    Put,
    /// To change a part.
    Patch,
    /// To take away.
    Delete,
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Anyone who reaches the server, without a token.
    Public,
    /// Who may see entities.
    Read,
    /// Who may change what is within the tenant.
    Write,
    /// Who administers the tenant.
    Admin,
}

/// What kind of text a parameter is. The door checks it before the handler is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Any text.
    Text,
    /// A whole number from 0.
    Number,
    /// A finite number.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// Some of these, between commas.
    SomeOf(&'static [&'static str]),
}

/// One parameter of the query string. What an endpoint does not list is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub schema: Schema,
    /// What it means.
    pub about: &'static str,
}

impl Parameter {
    /// One parameter.
    pub const fn new(name: &'static str, schema: Schema, about: &'static str) -> Self {
        Self { name, schema, about }
    }
}

/// How large a body may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// As the configuration says for every request.
    Usual,
    /// As large as a file of an application may be. Few such bodies are read at one time.
    File,
}

/// One endpoint of an application whose service is an `S`.
pub struct Endpoint<S: ?Sized> {
    /// The method.
    pub method: Method,
    /// The path, its variable segments in braces: below `/belfry/v1/<app>`, or below a root that a standard gives.
    pub path: &'static str,
    /// The name in the API description and in metrics; no two of the whole server are the same.
    pub id: &'static str,
    /// Who may call.
    pub access: Access,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Its parameters, in groups that several endpoints may share.
    pub parameters: &'static [&'static [Parameter]],
    /// Media types of the body that it takes; none for no body.
    pub takes: &'static [&'static str],
    /// How large the body may be.
    pub room: Room,
    /// How long it may take, if not as long as every request.
    pub time: Option<Duration>,
    /// Answers.
    pub handler: Handler<S>,
}

impl<S: Send + Sync + 'static> Endpoint<S> {
    /// An endpoint without parameters and body.
    pub fn new<F>(
        method: Method,
        path: &'static str,
        id: &'static str,
        access: Access,
        summary: &'static str,
        handler: fn(Arc<S>, Request) -> F,
    ) -> Self
    where
        F: Future<Output = Result<Reply, Error>> + Send + 'static,
    {
        let handler: Handler<S> = Arc::new(move |service, request| Box::pin(handler(service, request)));
        let (parameters, takes) = (&[][..], &[][..]);
        Self { method, path, id, access, summary, parameters, takes, room: Room::Usual, time: None, handler }
    }

    /// With these parameters.
    #[must_use]
    pub fn with(mut self, parameters: &'static [&'static [Parameter]]) -> Self {
        self.parameters = parameters;
        self
    }

    /// With a body of one of these media types (lower case, without parameters).
    #[must_use]
    pub fn takes(mut self, media: &'static [&'static str]) -> Self {
        self.takes = media;
        self
    }

    /// With a body as large as a file may be, for which it may take this long.
    #[must_use]
    pub fn takes_file(mut self, media: &'static [&'static str], time: Duration) -> Self {
        (self.takes, self.room, self.time) = (media, Room::File, Some(time));
        self
    }
}
