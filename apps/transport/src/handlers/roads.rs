//! GET, PUT and DELETE /roads: the road map, and what is said of roads now.

use crate::logic::{follow, map};
use crate::model::class::FAMILIES;
use crate::model::written::{count, object, rounded, text};
use crate::{MAP, Map, Service};
use belfry_kit::{Caching, Error, Reply, Request};
use belfry_ngsi_ld::Json;
use std::sync::Arc;

/// GET
pub(crate) async fn describe(service: Arc<Service>, _: Request) -> Result<Reply, Error> {
    let state = match &*service.map.read() {
        Map::None => "none",
        Map::Making => "making",
        Map::Broken(_) => "broken",
        Map::Ready(_) => "ready",
    };
    let mut all = vec![("state".into(), text(state))];
    if let Map::Broken(why) = &*service.map.read() {
        all.push(("why".into(), text(why)));
    }
    if let Some(town) = service.map.read().town() {
        let (at, took_ms) = town.made;
        let file = &town.file;
        all.push((
            "map".into(),
            object([
                ("edition", count(file.edition)),
                ("bytes", count(file.bytes as u64)),
                ("sha256", text(&file.sha256)),
                ("putAt", text(file.at.to_string())),
                ("readyAt", text(at.to_string())),
                ("madeInMilliseconds", count(took_ms)),
                ("nodes", count(town.elements[0])),
                ("ways", count(town.elements[1])),
                ("relations", count(town.elements[2])),
                ("rejected", count(town.elements[3])),
                ("roads", count(town.report.roads)),
                ("conditional", count(town.report.conditional)),
                ("reversible", count(town.report.reversible)),
            ]),
        ));
        let networks = FAMILIES.iter().zip(&town.roads).map(|((_, name), roads)| {
            let (network, report) = (roads.network(), roads.network().report());
            let rejected = report.broken_restrictions.iter();
            let rejected = rejected.map(|(why, n)| object([("reason", text(why)), ("count", count(*n))]));
            object([
                ("family", text(name)),
                ("junctions", count(network.junctions() as u64)),
                ("edges", count(network.edges() as u64)),
                ("turns", count(roads.turns().len() as u64)),
                ("restrictions", count(report.restrictions)),
                ("rejectedRestrictions", Json::Array(rejected.collect())),
            ])
        });
        all.push(("networks".into(), Json::Array(networks.collect())));
    }
    all.push(("live".into(), live(&service).await));
    if let Some(trouble) = &*service.trouble.lock() {
        all.push(("trouble".into(), text(trouble)));
    }
    Ok(Reply::json(&Json::Object(all)).cached(Caching::NoStore))
}

async fn live(service: &Service) -> Json {
    let now = service.ctx.now();
    let (figures, reasons) = {
        let live = service.live.lock().await;
        (live.figures(now), live.reasons())
    };
    let reasons = reasons.into_iter().map(|(why, n)| object([("reason", text(why)), ("count", count(n as u64))]));
    let mut all = vec![
        ("closures".into(), count(figures.closures as u64)),
        ("speeds".into(), count(figures.speeds as u64)),
        ("whereNoRoadIs".into(), count(figures.elsewhere as u64)),
        ("unusable".into(), Json::Array(reasons.collect())),
    ];
    if let Some(applied) = *service.applied.lock() {
        let milliseconds = |time: std::time::Duration| rounded(time.as_secs_f64() * 1000.0, 1);
        all.push(("inForceSince".into(), text(applied.at.to_string())));
        all.push(("customisedInMilliseconds".into(), milliseconds(applied.took)));
        if let Some(lag) = applied.lag {
            all.push(("inForceAfterMilliseconds".into(), milliseconds(lag)));
        }
    }
    Json::Object(all)
}

/// PUT: the map is read to its end and its roads are made before anything is kept.
pub(crate) async fn put(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let begun = service.ctx.now();
    let bytes = request.body.clone();
    let media = request.media.unwrap_or("application/octet-stream");
    let map = service.ctx.blocking(move || map::make(&bytes)).await??;
    let was_there = service.ctx.files().get(MAP)?.is_some();
    let file = service.ctx.files().put(MAP, media, request.body.clone()).await?;
    follow::put(&service, map, file, begun).await?;
    let told = describe(service, request).await?;
    Ok(if was_there { told } else { told.made_at("/belfry/v1/transport/roads") })
}

/// DELETE
pub(crate) async fn delete(service: Arc<Service>, _: Request) -> Result<Reply, Error> {
    if !service.ctx.files().remove(MAP).await? {
        return Err(Error::not_found("there is no road map"));
    }
    let mut live = service.live.lock().await;
    *service.map.write() = Map::None;
    live.rebind(None, &|_| None);
    Ok(Reply::no_content())
}
