//! POST /backups: copies every tenant's store into a new directory below the configured one, while writes go on.

use crate::problem;
use crate::request::Exchange;
use axum::response::Response;
use belfry_kernel::{Error, Kind};
use belfry_ngsi_ld::Json;
use belfry_runtime::tenant;

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
    let stores = exchange.app.tenants.all();
    let into = directory.clone();
    // Copying takes a while and blocks.
    let copied = tokio::task::spawn_blocking(move || {
        let mut whole: Option<belfry_ports::Copied> = None;
        for (tenant, store) in stores {
            let into = if tenant.is_empty() { into.clone() } else { into.join("tenants").join(&tenant) };
            let copied = store.backup(&into)?;
            match &mut whole {
                Some(whole) => whole.bytes += copied.bytes,
                None => whole = Some(copied),
            }
        }
        whole.ok_or_else(|| Error::internal("there is no store"))
    })
    .await
    .map_err(Error::internal)??;
    let text = |text: String| Json::Str(text.into());
    let number = |n: u64| Json::Int(i64::try_from(n).unwrap_or(i64::MAX));
    let mut out = Vec::new();
    Json::Object(vec![
        ("directory".into(), text(directory.display().to_string())),
        ("seq".into(), number(copied.seq)),
        ("at".into(), text(copied.at.to_string())),
        ("bytes".into(), number(copied.bytes)),
    ])
    .write(&mut out);
    Ok(problem::created_all(out))
}
