//! An endpoint of an application: the request as the kit has it, its reply as HTTP has it. Routing, permission, parameters
//! and time were dealt with before, as for every operation.

use crate::problem;
use crate::request::{Exchange, media};
use axum::body::Body;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_kit::{Answer, Caching, Content, Handler, Headers, Reply, Request, Room, Service};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

/// Answers a request to the application at this place.
pub(crate) async fn run(mut exchange: Exchange, app: usize, handler: Handler<Service>) -> Result<Response, Error> {
    let tenant = exchange.tenant()?.to_owned();
    // The tenant must exist; opening a store is for operations that create entities.
    exchange.app.tenants.get(&tenant)?;
    let service = exchange.app.apps.service(&tenant, app)?;
    // Before the context, which may have to be fetched.
    let media = match exchange.operation.takes {
        crate::operation::Takes::Media(all) => Some(media::one_of(&exchange.head.headers, all)?),
        _ => None,
    };
    let context = exchange.linked_context().await?;
    let shared = exchange.app.clone();
    let large = exchange.operation.room == Room::File;
    // Held until the answer is made: what is made of a large body is large too.
    let _place = if large { Some(shared.large.acquire().await.map_err(Error::internal)?) } else { None };
    let body = match media {
        None => Bytes::new(),
        Some(_) if large => exchange.read_body_up_to(shared.apps.options().max_file_bytes).await?,
        Some(_) => exchange.read_body().await?,
    };
    let head = &exchange.head;
    let headers = headers(&head.headers)?;
    let known = headers.if_none_match.clone().filter(|_| matches!(head.method, Method::GET | Method::HEAD));
    let principal = exchange.principal.as_ref().and_then(|principal| principal.token.as_ref());
    let request = Request {
        path: std::mem::take(&mut exchange.path).into_vec(),
        parameters: std::mem::take(&mut exchange.parameters),
        headers,
        media,
        body,
        context,
        principal: principal.map(|token| token.label.as_str().into()),
        target: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        server: shared.contexts.own().first().map(String::as_str).unwrap_or_default().into(),
    };
    let reply = handler(service, request).await?;
    Ok(response(reply.unless_known(known.as_deref())))
}

fn headers(all: &HeaderMap) -> Result<Headers, Error> {
    let text = |name| all.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(Headers {
        accept: media::accepts(all)?.into_iter().map(str::to_owned).collect(),
        accept_language: text(header::ACCEPT_LANGUAGE),
        accept_encoding: text(header::ACCEPT_ENCODING),
        if_none_match: text(header::IF_NONE_MATCH),
    })
}

fn response(reply: Reply) -> Response {
    let Reply { answer, media, content, etag, caching, coding, links, headers } = reply;
    let is_empty = matches!(&content, Content::Bytes(bytes) if bytes.is_empty());
    let typed = HeaderValue::from_str(&media).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let mut response = match answer {
        Answer::Ok => problem::ok(typed, body(content)),
        Answer::Created(location) if is_empty => problem::created(&location),
        Answer::Created(location) => problem::created_as(&location, typed, body(content)),
        Answer::NoContent => problem::no_content(),
        Answer::NotModified => problem::not_modified(),
        Answer::SeeOther(location) => problem::see_other(&location),
    };
    if let Some(etag) = etag {
        problem::put(&mut response, header::ETAG, &etag);
    }
    if let Some(coding) = coding {
        problem::put(&mut response, header::CONTENT_ENCODING, coding);
    }
    let kept = match caching {
        Caching::Unsaid => None,
        Caching::NoStore => Some("no-store".to_owned()),
        Caching::Revalidate => Some("no-cache".to_owned()),
        Caching::Private(seconds) => Some(format!("private, max-age={seconds}")),
        Caching::Public(seconds) => Some(format!("public, max-age={seconds}")),
    };
    if let Some(kept) = kept {
        problem::put(&mut response, header::CACHE_CONTROL, &kept);
    }
    for link in links {
        problem::put(&mut response, header::LINK, &link);
    }
    for (name, value) in headers {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            problem::put(&mut response, name, &value);
        }
    }
    response
}

fn body(content: Content) -> Body {
    match content {
        Content::Bytes(bytes) => Body::from(bytes),
        Content::Chunks(chunks) => Body::from_stream(stream::unfold(chunks, |mut chunks| async move {
            let chunk = chunks.next().await?;
            if let Err(error) = &chunk {
                tracing::error!(%error, cause = ?error.cause(), "an answer of an application breaks off");
            }
            Some((chunk, chunks))
        })),
    }
}
