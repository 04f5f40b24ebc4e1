//! GET /temporal/entities and POST /temporal/entityOperations/query: query the temporal evolution of entities (ETSI GS
//! CIM 009 clauses 5.7.4, 6.18.3.2, 6.24.3.1). Entities that are gone are found as well as those that are here.

use super::batch_query::Body;
use super::temporal::evolution::{Extent, Found, cut, gather, write};
use super::temporal::{Asked, Texts};
use crate::problem;
use crate::request::media::Media;
use crate::request::representation::Wishes;
use crate::request::{Exchange, media, selection};
use axum::response::Response;
use belfry_kernel::{Error, Iri};
use belfry_ngsi_ld::query::{EntityQuery, Naming, Selector};
use belfry_ngsi_ld::{Context, Name};
use belfry_ports::{Answer, Page, Store};
use http::header;

/// How many entities are looked up at a time.
const PAGE: usize = 1000;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let media = media::accepted(&exchange.head.headers, false)?;
    let context = exchange.linked_context().await?;
    let parameters = &exchange.parameters;
    let query = selection::query(parameters, &Naming::new(&context))?;
    let any_type = parameters.get("type") == Some("*");
    selection::check_narrow(&query, parameters.is_true("local"), any_type)?;
    let wishes = Wishes::of(parameters);
    let asked =
        Asked::read(&Texts::of(parameters), &wishes, parameters.get("format"), parameters.get("options"), &context)?;
    answer(&exchange, &query, &asked, media, &context).await
}

/// The same query by POST.
pub(crate) mod by_body {
    use super::{Asked, Body, Error, Exchange, Naming, Response, Texts, answer, media, selection};
    use crate::request::context::Parsed;

    pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
        let media = media::accepted(&exchange.head.headers, false)?;
        let Parsed { json, context, .. } = exchange.read_json().await?;
        let body = Body::read(&json)?;
        let query = body.query(&Naming::new(&context))?;
        selection::check_narrow(&query, exchange.parameters.is_true("local"), body.any_type())?;
        let parameters = &exchange.parameters;
        let mut texts = Texts::of(parameters);
        if let Some(temporal) = body.temporal {
            texts = texts.or_body(temporal)?;
        }
        let wishes = body.wishes(&exchange);
        let asked = Asked::read(&texts, &wishes, parameters.get("format"), parameters.get("options"), &context)?;
        answer(&exchange, &query, &asked, media, &context).await
    }
}

async fn answer(
    exchange: &Exchange,
    query: &EntityQuery,
    asked: &Asked,
    media: Media,
    context: &Context,
) -> Result<Response, Error> {
    if asked.query.is_none_or(|q| q.relation.is_none()) {
        return Err(Error::bad_data("a temporal query needs timerel: before, after or between"));
    }
    let page = exchange.page()?;
    let store = exchange.store()?;
    let member = exchange.context_member(context, media);
    let make = || -> Result<_, Error> {
        let (mut all, answer) = find(&*store, query, asked, page, exchange)?;
        let cut = cut(&mut all, asked);
        let mut out = vec![b'['];
        for found in all {
            if out.len() > 1 {
                out.push(b',');
            }
            write(&*store, found, asked, context, member, &mut out)?;
        }
        out.push(b']');
        Ok((out, cut, answer))
    };
    let (out, cut, answer) = aside(make)?;
    let mut response = match &cut {
        Some(_) => problem::partial(media.header(), out),
        None => problem::ok(media.header(), out),
    };
    if let Some(cut) = cut {
        problem::put(&mut response, header::CONTENT_RANGE, &cut.content_range);
    }
    exchange.put_context_link(context, media, &mut response).await?;
    exchange.put_paging(page, &answer, media, &mut response);
    Ok(response)
}

/// One page of the entities whose past matches.
fn find(
    store: &dyn Store,
    query: &EntityQuery,
    asked: &Asked,
    page: Page,
    exchange: &Exchange,
) -> Result<(Vec<Found>, Answer), Error> {
    let now = exchange.now();
    let conditions = EntityQuery { selectors: Vec::new(), attrs: Vec::new(), ..query.clone() };
    let conditional = conditions != EntityQuery::default();
    let extent = if conditional { Extent::Whole } else { Extent::Present };
    let wanted: Vec<Name> = query.attrs.iter().filter_map(|t| t.name).collect();
    let end = page.offset.saturating_add(page.limit);
    let (mut all, mut seen) = (Vec::new(), 0_usize);
    let mut candidates = Candidates::new(query);
    'pages: loop {
        let ids = candidates.next(store)?;
        if ids.is_empty() {
            break;
        }
        for id in ids {
            let Some(found) = gather(store, &id, asked, extent)? else { continue };
            if found.evolution.instances.is_empty()
                || !(query.selectors.is_empty() || query.selectors.iter().any(|s| selects(s, &found)))
                || !(query.attrs.is_empty()
                    || found.evolution.instances.iter().any(|i| wanted.contains(&i.attribute.name)))
                || (conditional && !conditions.matches(&found.image(), now))
            {
                continue;
            }
            if (page.offset..end).contains(&seen) {
                all.push(found);
            }
            seen += 1;
            // One more than the page holds tells that there are more.
            if seen > end && !page.count {
                break 'pages;
            }
        }
    }
    Ok((all, Answer { entities: Vec::new(), count: page.count.then_some(seen), more: seen > end }))
}

fn selects(selector: &Selector, found: &Found) -> bool {
    (selector.ids.is_empty() || selector.ids.contains(&found.id))
        && selector.id_pattern.as_ref().is_none_or(|p| p.is_match(found.id.as_str()))
        && selector.types.as_ref().is_none_or(|t| t.matches(&found.evolution.types))
}

/// Identifiers that may match, in order: those named, or all that have a past.
struct Candidates {
    named: Option<Vec<Iri>>,
    after: Option<Iri>,
    types: Vec<Selector>,
    done: bool,
}

impl Candidates {
    fn new(query: &EntityQuery) -> Self {
        let by_id = !query.selectors.is_empty() && query.selectors.iter().all(|s| !s.ids.is_empty());
        let named = by_id.then(|| {
            let mut ids: Vec<Iri> = query.selectors.iter().flat_map(|s| s.ids.iter().cloned()).collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        });
        Self { named, after: None, types: query.selectors.clone(), done: false }
    }

    fn next(&mut self, store: &dyn Store) -> Result<Vec<Iri>, Error> {
        if let Some(named) = self.named.take() {
            self.done = true;
            return Ok(named);
        }
        while !self.done {
            let page = store.historic(self.after.as_ref().map(Iri::as_str), PAGE)?;
            self.done = page.len() < PAGE;
            self.after = page.last().map(|(id, _)| id.clone());
            let fits = |types: &[Name]| {
                self.types.is_empty() || self.types.iter().any(|s| s.types.as_ref().is_none_or(|t| t.matches(types)))
            };
            let ids: Vec<Iri> = page.into_iter().filter(|(_, types)| fits(types)).map(|(id, _)| id).collect();
            if !ids.is_empty() {
                return Ok(ids);
            }
        }
        Ok(Vec::new())
    }
}

/// Runs what reads files and may take long, letting this thread's other tasks go on elsewhere.
pub(super) fn aside<T>(work: impl FnOnce() -> T) -> T {
    let many = tokio::runtime::Handle::try_current()
        .is_ok_and(|h| h.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread);
    if many { tokio::task::block_in_place(work) } else { work() }
}
