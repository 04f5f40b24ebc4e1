//! One row of the router's table: a method on a path, who may call it, what it takes, and the function that answers.

use crate::request::Exchange;
use axum::response::Response;
use belfry_identity::Permission;
use belfry_kernel::Error;
use http::Method;
use std::future::Future;
use std::pin::Pin;

/// The answer on its way.
pub type Answering = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

/// What kind of text a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Any text.
    Text,
    /// A whole number from 0.
    Number,
    /// `true` or `false`.
    Boolean,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// Some of these, between commas.
    SomeOf(&'static [&'static str]),
}

/// One parameter of the query string. What an operation does not list is refused (clause 6.3.20).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub schema: Schema,
    /// What it means.
    pub about: &'static str,
}

/// What an operation takes as its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// JSON or JSON-LD.
    Json,
    /// JSON or JSON-LD, or a merge patch of it (RFC 7396).
    Patch,
    /// JSON or JSON-LD, or one entity a line (NDJSON).
    Lines,
}

/// One operation of the API.
pub struct Operation {
    /// The method.
    pub method: Method,
    /// The path, its variable segments in braces.
    pub path: &'static str,
    /// The name in the API description and in metrics.
    pub id: &'static str,
    /// What a caller must be allowed.
    pub permission: Permission,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Its parameters.
    pub parameters: &'static [&'static [Parameter]],
    /// Its body.
    pub takes: Takes,
    /// Answers.
    pub run: fn(Exchange) -> Answering,
}

impl Operation {
    /// Every parameter.
    pub fn all_parameters(&self) -> impl Iterator<Item = &'static Parameter> + use<> {
        self.parameters.iter().flat_map(|group| group.iter())
    }
}
