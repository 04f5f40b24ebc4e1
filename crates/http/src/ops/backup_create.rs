//! POST /backups: copies every tenant's store into a new directory below the configured one, while writes go on. What takes
//! longer than a request may goes on behind the answer, and is found in the list of backups.

use super::backup::Copying;
use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::{Error, Kind};
use belfry_ngsi_ld::Json;
use belfry_ports::{Copied, Store};
use belfry_runtime::tenant;
use http::HeaderMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
    let parsed = exchange.read_json().await?;
    let wrong = || Error::bad_data("a backup is an object with one member, name: what its directory is called");
    let name = match &parsed.json {
        Json::Object(members) if members.len() == 1 => {
            parsed.json.get("name").and_then(Json::as_str).ok_or_else(wrong)?
        }
        _ => return Err(wrong()),
    };
    tenant::check_name(name).map_err(|_| Error::bad_data("name: letters, digits, '_', '-' and '.', at most 64"))?;
    let directory = exchange.app.backups.get().map(|dir| dir.join(name));
    let directory =
        directory.ok_or_else(|| Error::new(Kind::OperationNotSupported, "this server has no directory for backups"))?;
    let (stores, copies) = (exchange.app.tenants.all(), exchange.app.copies.clone());
    copies.begin(name, &directory, exchange.now())?;
    // Copying takes a while and blocks, and goes on whoever waits for it.
    let copying = tokio::task::spawn_blocking(move || {
        let mut copying = Copying::new(copies);
        let copied = copy(&stores, &directory);
        copying.outcome = copied.as_ref().map(|copied| *copied).map_err(|error| error.public().to_owned());
        copied
    });
    let wait = if prefers_no_wait(&exchange.head.headers) { Duration::ZERO } else { patience(&exchange) };
    let mut out = Vec::new();
    match tokio::time::timeout(wait, copying).await {
        Ok(copied) => {
            copied.map_err(Error::internal)??;
            exchange.app.copies.shown_one(name).write(&mut out);
            Ok(problem::created_all(out))
        }
        Err(_) => {
            exchange.app.copies.shown_one(name).write(&mut out);
            Ok(problem::accepted(out, "/backups"))
        }
    }
}

/// How long the answer may wait for the copy: a little less than the request may take.
fn patience(exchange: &Exchange) -> Duration {
    exchange.deadline().saturating_duration_since(Instant::now()).mul_f64(0.9)
}

/// Whether the client wants to be answered at once (RFC 7240 section 4.1).
fn prefers_no_wait(headers: &HeaderMap) -> bool {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split([',', ';'])).any(|one| one.trim().eq_ignore_ascii_case("respond-async"))
}

fn copy(stores: &[(String, Arc<dyn Store>)], into: &Path) -> Result<Copied, Error> {
    let mut whole: Option<Copied> = None;
    for (tenant, store) in stores {
        let into = if tenant.is_empty() { into.to_owned() } else { into.join("tenants").join(tenant) };
        let copied = store.backup(&into)?;
        match &mut whole {
            Some(whole) => whole.bytes += copied.bytes,
            None => whole = Some(copied),
        }
    }
    whole.ok_or_else(|| Error::internal("there is no store"))
}
