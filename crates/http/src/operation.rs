//! One row of the router's table: a method on a path, who may call it, what it takes, and the function that answers. Rows of
//! the platform and of its applications are alike.

use crate::request::Exchange;
use axum::response::Response;
use belfry_identity::Permission;
use belfry_kernel::Error;
use belfry_kit::{Access, Endpoint, Handler, Room, Service};
pub use belfry_kit::{Parameter, Schema};
use http::Method;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// The answer on its way.
pub type Answering = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

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
    /// One of these media types, which an application reads itself.
    Media(&'static [&'static str]),
}

/// What answers.
pub enum Run {
    /// The platform.
    Own(fn(Exchange) -> Answering),
    /// The application at this place.
    App(usize, Handler<Service>),
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
    /// How large the body may be.
    pub room: Room,
    /// How long it may take, if not as long as every request.
    pub time: Option<Duration>,
    /// Answers.
    pub run: Run,
}

impl Operation {
    /// The row of an endpoint of the application at this place.
    pub(crate) fn of(app: usize, endpoint: &Endpoint<Service>) -> Self {
        Self {
            method: method(endpoint.method),
            path: endpoint.path,
            id: endpoint.id,
            permission: permission(endpoint.access),
            summary: endpoint.summary,
            parameters: endpoint.parameters,
            takes: if endpoint.takes.is_empty() { Takes::Nothing } else { Takes::Media(endpoint.takes) },
            room: endpoint.room,
            time: endpoint.time,
            run: Run::App(app, endpoint.handler.clone()),
        }
    }

    /// Every parameter.
    pub fn all_parameters(&self) -> impl Iterator<Item = &'static Parameter> + use<> {
        self.parameters.iter().flat_map(|group| group.iter())
    }
}

fn method(method: belfry_kit::Method) -> Method {
    match method {
        belfry_kit::Method::Get => Method::GET,
        belfry_kit::Method::Post => Method::POST,
        belfry_kit::Method::Put => Method::PUT,
        belfry_kit::Method::Patch => Method::PATCH,
        belfry_kit::Method::Delete => Method::DELETE,
    }
}

fn permission(access: Access) -> Permission {
    match access {
        Access::Public => Permission::Public,
        Access::Read => Permission::Read,
        Access::Write => Permission::Write,
        Access::Admin => Permission::Administer,
    }
}
