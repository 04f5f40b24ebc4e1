//! From a request on a known path to its operation: method, limits, permission, parameters, time. Everything that holds
//! for all operations is done here once; the operation does the rest.

use crate::app::App;
use crate::apps;
use crate::operation::{Answering, Operation, Run, Schema, Takes};
use crate::problem;
use crate::request::media::{self, Content};
use crate::request::{Exchange, TENANT, body, host, query};
use crate::trace;
use axum::body::Body;
use axum::response::Response;
use belfry_identity::{Mode, Permission};
use belfry_kernel::{Error, Kind};
use belfry_runtime::telemetry::within;
use http::{HeaderValue, Method, Request, Version, header};
use percent_encoding::percent_decode_str;
use smallvec::SmallVec;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

/// Said to whoever calls an open server by a name that is not its own.
const FOREIGN_HOST: &str = "this server asks nobody for a token, and so answers only to loopback names and to the one of \
                            server.public_url; the Host header says another";

/// Operations that watch over their time themselves, since they have something to say when it is over. (They take no body:
/// nobody can keep them waiting.)
const OWN_TIME: [&str; 1] = ["purgeEntities"];

/// One path of the table with its operations.
pub(crate) struct Resource {
    pub(crate) app: Arc<App>,
    /// Place in the table and row, one for each method.
    pub(crate) operations: Vec<(usize, Arc<Operation>)>,
    /// Which segments of the path are variable.
    pub(crate) variables: SmallVec<[usize; 3]>,
    /// The value of the `Allow` header.
    pub(crate) allow: HeaderValue,
}

impl Resource {
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response {
        let started = Instant::now();
        let (head, body) = request.into_parts();
        let tenant = head.headers.get(TENANT).cloned();
        // A HEAD is a GET whose body the server does not send (RFC 9110 section 9.3.2).
        let method = if head.method == Method::HEAD { &Method::GET } else { &head.method };
        let found = self.operations.iter().find(|(_, operation)| operation.method == *method);
        let mut response = match found {
            Some((place, operation)) => {
                let tracer = self.app.tracer.get();
                let span = tracer.and_then(|tracer| trace::begin(tracer, operation, &head));
                let exchange = Exchange::new(self.app.clone(), operation.clone(), head, body, started);
                let answer = match &span {
                    None => self.run(operation, exchange).await,
                    // In a box, so that what is not traced does not carry its room.
                    Some(span) => Box::pin(within(span, self.run(operation, exchange))).await,
                };
                let response = answer.unwrap_or_else(|error| problem::answer(&error));
                if let Some(span) = span {
                    trace::end(span, response.status().as_u16());
                }
                self.app.metrics.count(*place, response.status().as_u16(), started.elapsed());
                response
            }
            None if head.method == Method::OPTIONS => {
                let mut response = problem::no_content();
                response.headers_mut().insert(header::ALLOW, self.allow.clone());
                response
            }
            None => {
                let text = format!("this resource does not know {}; it knows {}", head.method, show(&self.allow));
                let mut response = problem::answer(&Error::new(Kind::MethodNotAllowed, text));
                response.headers_mut().insert(header::ALLOW, self.allow.clone());
                response
            }
        };
        if response.status().as_u16() == 415 {
            let accepted = found.map_or("application/json".into(), |(_, operation)| operation.takes.media_types());
            problem::put(&mut response, header::ACCEPT, &accepted);
        }
        if let Some(tenant) = tenant {
            response.headers_mut().insert(TENANT, tenant);
        }
        response
    }

    async fn run(&self, operation: &Operation, mut exchange: Exchange) -> Result<Response, Error> {
        let app = self.app.clone();
        check_size(&app, &exchange)?;
        if app.guard.mode() == Mode::Open
            && operation.permission != Permission::Public
            && !host::is_own(&exchange.head, &app.names)
        {
            return Err(Error::new(Kind::Forbidden, FOREIGN_HOST));
        }
        exchange.principal =
            Some(app.guard.check(exchange.authorization()?, exchange.tenant()?, operation.permission)?);
        // HTTP/2 says by itself where a body ends.
        if operation.takes != Takes::Nothing
            && exchange.head.version < Version::HTTP_2
            && body::is_absent(&exchange.head.headers)
        {
            return Ok(problem::length_required());
        }
        exchange.parameters = query::parse(exchange.head.uri.query().unwrap_or_default())?;
        check_parameters(operation, &exchange.parameters)?;
        exchange.path = variables(&self.variables, exchange.head.uri.path())?;
        // Lines may come for hours: their operation watches over the time itself.
        if operation.takes == Takes::Lines && media::content(&exchange.head.headers, operation.takes)? == Content::Lines
        {
            return begin(operation, exchange).await;
        }
        let deadline = exchange.deadline();
        let mut answering = begin(operation, exchange);
        // Most reads are answered at once, and need no timer.
        if let Poll::Ready(answer) = poll_fn(|context| Poll::Ready(answering.as_mut().poll(context))).await {
            return answer;
        }
        if OWN_TIME.contains(&operation.id) {
            return answering.await;
        }
        match tokio::time::timeout_at(deadline.into(), answering).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::new(Kind::Timeout, "the request took longer than it may")),
        }
    }
}

fn begin(operation: &Operation, exchange: Exchange) -> Answering {
    match &operation.run {
        Run::Own(run) => run(exchange),
        Run::App(app, handler) => Box::pin(apps::run(exchange, *app, handler.clone())),
    }
}

fn show(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

fn check_size(app: &App, exchange: &Exchange) -> Result<(), Error> {
    let uri = &exchange.head.uri;
    let length = uri.path().len() + uri.query().map_or(0, |q| q.len() + 1);
    if length > app.limits.max_url_bytes {
        let text = format!("the URL is longer than {} bytes", app.limits.max_url_bytes);
        return Err(Error::new(Kind::UriTooLong, text));
    }
    // Four bytes for the colon, the space and the line's end.
    let head: usize = exchange.head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if head > app.limits.max_header_bytes {
        let text = format!("the headers are longer than {} bytes", app.limits.max_header_bytes);
        return Err(Error::new(Kind::HeadersTooLarge, text));
    }
    Ok(())
}

fn check_parameters(operation: &Operation, given: &query::Parameters) -> Result<(), Error> {
    for (name, value) in given.iter() {
        let Some(parameter) = operation.all_parameters().find(|p| p.name == name) else {
            let name: String = name.chars().take(60).collect();
            return Err(Error::invalid(format!("the parameter {name:?} does not belong to this operation")));
        };
        let name = parameter.name;
        match parameter.schema {
            Schema::Text => {}
            Schema::Number => {
                let good = (1..=18).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
                if !good {
                    return Err(Error::bad_data(format!("{name}: it is a whole number from 0")));
                }
            }
            Schema::Decimal => {
                if value.len() > 32 || !value.parse::<f64>().is_ok_and(f64::is_finite) {
                    return Err(Error::bad_data(format!("{name}: it is a number")));
                }
            }
            Schema::Boolean => {
                if !matches!(value, "true" | "false") {
                    return Err(Error::bad_data(format!("{name}: it is true or false")));
                }
            }
            Schema::OneOf(all) => {
                if !all.contains(&value) {
                    return Err(Error::invalid(format!("{name}: it is one of {}", all.join(", "))));
                }
            }
            Schema::SomeOf(all) => {
                if value.split(',').any(|one| !all.contains(&one)) {
                    return Err(Error::invalid(format!("{name}: each one is one of {}", all.join(", "))));
                }
            }
        }
    }
    Ok(())
}

/// The variable segments of a path, decoded.
fn variables(places: &[usize], path: &str) -> Result<SmallVec<[String; 2]>, Error> {
    let mut values = SmallVec::new();
    if places.is_empty() {
        return Ok(values);
    }
    let mut segments = path.split('/').enumerate();
    for place in places {
        let segment = segments.find(|(at, _)| at == place).map_or("", |(_, segment)| segment);
        let decoded = percent_decode_str(segment)
            .decode_utf8()
            .map_err(|_| Error::invalid("a segment of the path is not UTF-8 when decoded"))?;
        values.push(decoded.into_owned());
    }
    Ok(values)
}
