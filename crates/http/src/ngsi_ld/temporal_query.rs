//! GET /temporal/entities and POST /temporal/entityOperations/query: query the temporal evolution of entities (ETSI GS
//! CIM 009 clauses 5.7.4, 6.18.3.2, 6.24.3.1). Entities that are gone are found as well as those that are here.

use super::temporal::evolution::{Found, Gathered, Room, cut, gather, write};
use super::temporal::{Asked, Texts};
use crate::problem;
use crate::request::media::Media;
use crate::request::query_body::QueryBody;
use crate::request::representation::Wishes;
use crate::request::{Exchange, media, selection};
use axum::response::Response;
use belfry_kernel::{Error, Iri, Kind, Time};
use belfry_ngsi_ld::query::{Conjunct, EntityQuery, Naming, PastQuery, Pattern, Selector};
use belfry_ngsi_ld::{Context, Name};
use belfry_ports::{Page, Paged, Stop, Store};
use http::header;
use std::time::Instant;

/// How many entities are looked up at first, and at most at a time.
const FIRST_PAGE: usize = 1000;
const MAX_PAGE: usize = 64_000;

/// How many instances one query may examine for its conditions.
const MAX_EXAMINED: usize = 1_000_000;

/// Instances that are examined before the look at the clock.
const INSTANCES_AT_ONCE: usize = 512;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let media = media::accepted(&exchange.head.headers, false)?;
    let context = exchange.linked_context().await?;
    let parameters = &exchange.parameters;
    let query = selection::query(parameters, &Naming::new(&context))?;
    let any_type = parameters.get("type") == Some("*");
    selection::check_narrow(&query, parameters.is_true("local"), any_type)?;
    let wishes = Wishes::of(parameters);
    let asked = Asked::read(&Texts::of(parameters), &wishes, &exchange, &context)?;
    answer(&exchange, &query, &asked, media, &context).await
}

/// The same query by POST.
pub(crate) mod by_body {
    use super::{Asked, Error, Exchange, Naming, QueryBody, Response, Texts, answer, media, selection};
    use crate::request::context::Parsed;

    pub(crate) async fn run(mut exchange: Exchange) -> Result<Response, Error> {
        let media = media::accepted(&exchange.head.headers, false)?;
        let Parsed { json, context, .. } = exchange.read_json().await?;
        let body = QueryBody::read(&json)?;
        let query = body.query(&Naming::new(&context))?;
        selection::check_narrow(&query, exchange.parameters.is_true("local"), body.any_type())?;
        let parameters = &exchange.parameters;
        let mut texts = Texts::of(parameters);
        if let Some(temporal) = body.temporal {
            texts = texts.or_body(temporal)?;
        }
        let wishes = body.wishes(&exchange);
        let asked = Asked::read(&texts, &wishes, &exchange, &context)?;
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
    if query.link_depth() > 0 {
        return Err(Error::bad_data("q: a temporal query does not follow relationships"));
    }
    let page = exchange.page()?;
    let store = exchange.store()?;
    let member = exchange.context_member(context, media);
    let make = || -> Result<_, Error> {
        let (mut all, mut paged) = find(&*store, query, asked, page, exchange)?;
        let cut = cut(&mut all, asked);
        let mut out = vec![b'['];
        for (at, found) in all.into_iter().enumerate() {
            // How long aggregates are is known when they are made.
            if at > 0 && asked.aggregates.is_some() && out.len() >= asked.bytes {
                (paged.given, paged.more) = (at, true);
                break;
            }
            if at > 0 {
                out.push(b',');
            }
            write(&*store, found, asked, context, member, &mut out)?;
        }
        out.push(b']');
        Ok((out, cut, paged))
    };
    let (out, cut, paged) = aside(make)?;
    let mut response = match &cut {
        Some(_) => problem::partial(media.header(), out),
        None => problem::ok(media.header(), out),
    };
    if let Some(cut) = cut {
        problem::put(&mut response, header::CONTENT_RANGE, &cut.content_range);
    }
    exchange.put_context_link(context, media, &mut response).await?;
    exchange.put_paging(page, &paged, media, &mut response);
    Ok(response)
}

/// One page of the entities whose past matches, and how many they are. It ends early where their bytes would be too many.
fn find(
    store: &dyn Store,
    query: &EntityQuery,
    asked: &Asked,
    page: Page,
    exchange: &Exchange,
) -> Result<(Vec<Found>, Paged), Error> {
    let deadline = exchange.deadline();
    let late = move || Instant::now() >= deadline;
    let stop = Stop::when(&late);
    let mut search = Search { store, query, asked, now: exchange.now(), left: MAX_EXAMINED, stop };
    let (mut all, mut seen, mut bytes) = (Vec::new(), 0_usize, 0);
    let mut end = page.offset.saturating_add(page.limit);
    let mut candidates = Candidates::new(query);
    'pages: loop {
        let ids = candidates.next(store)?;
        if ids.is_empty() {
            break;
        }
        for id in ids {
            if !search.finds(&id)? {
                continue;
            }
            if (page.offset..end).contains(&seen) {
                let room = Room { bytes: asked.bytes.saturating_sub(bytes), alone: all.is_empty() };
                match gather(store, &id, asked, room)? {
                    Gathered::Found(found) => {
                        bytes += found.bytes;
                        all.push(found);
                    }
                    Gathered::TooLarge => end = seen,
                    Gathered::Nothing => {}
                }
            }
            seen += 1;
            // One more than the page holds tells that there are more.
            if seen > end && !page.count {
                break 'pages;
            }
        }
    }
    let given = end.saturating_sub(page.offset);
    Ok((all, Paged { given, count: page.count.then_some(seen), more: seen > end }))
}

/// Decides which entities are in the answer (clause 5.7.4.4). What is shown of them does not matter here: neither `lastN`
/// nor `datasetId`.
struct Search<'a> {
    store: &'a dyn Store,
    query: &'a EntityQuery,
    asked: &'a Asked,
    now: Time,
    /// Instances that may still be examined.
    left: usize,
    stop: Stop<'a>,
}

impl Search<'_> {
    fn finds(&mut self, id: &Iri) -> Result<bool, Error> {
        // Reading one entity's past takes far longer than the look at the clock.
        self.stop.check()?;
        let Some(found) = self.present(id)? else { return Ok(false) };
        let wanted = self.query.selectors.is_empty() || self.query.selectors.iter().any(|s| selects(s, &found));
        Ok(wanted && self.holds(&found)?)
    }

    /// What is known of the entity itself, when an attribute that is asked for has an instance in the range.
    fn present(&self, id: &Iri) -> Result<Option<Found>, Error> {
        let attrs = &self.query.attrs;
        let names = match attrs.is_empty() {
            true => self.asked.names().filter(|names| !names.is_empty()),
            false => Some(attrs.iter().filter_map(|t| t.name).collect()),
        };
        let evolution = self.store.evolution(id.as_str(), names.as_deref(), &self.asked.whole_range(1))?;
        Ok(evolution.filter(|e| !e.instances.is_empty()).map(|evolution| Found {
            id: id.clone(),
            evolution,
            limit: 1,
            bytes: 0,
        }))
    }

    /// Whether the conditions are met by instances of the range.
    fn holds(&mut self, found: &Found) -> Result<bool, Error> {
        let mut past = PastQuery::new(self.query, found.head(), self.now);
        let (id, range) = (found.id.as_str(), self.asked.whole_range(usize::MAX));
        if past.wants_scopes() {
            self.store.scopes(id, (range.from, range.to), &mut |scopes| {
                past.see_scopes(scopes);
                past.wants_scopes()
            })?;
        }
        let names = past.names();
        if past.holds() || past.wants_scopes() || names.is_empty() {
            return Ok(past.holds());
        }
        let (mut over, mut late) = (false, false);
        self.store.instances(id, Some(&names), &range, &mut |instance| {
            over = self.left == 0;
            self.left = self.left.saturating_sub(1);
            late = self.left.is_multiple_of(INSTANCES_AT_ONCE) && self.stop.is_due();
            !over && !late && (instance.deleted || !past.see(instance.attribute))
        })?;
        if late {
            self.stop.check()?;
        }
        if over {
            let why = format!("more than {MAX_EXAMINED} instances would have to be examined: ask for a shorter range");
            return Err(Error::new(Kind::TooComplexQuery, why));
        }
        Ok(past.holds())
    }
}

fn selects(selector: &Selector, found: &Found) -> bool {
    (selector.ids.is_empty() || selector.ids.contains(&found.id))
        && selector.id_pattern.as_ref().is_none_or(|p| p.is_match(found.id.as_str()))
        && selector.types.as_ref().is_none_or(|t| t.matches(&found.evolution.types))
}

/// Identifiers that may match, in order: those named, those of the types asked for, or all that have a past.
struct Candidates {
    named: Option<Vec<Iri>>,
    types: Option<Vec<Name>>,
    patterns: Vec<Pattern>,
    after: Option<Iri>,
    page: usize,
    done: bool,
}

impl Candidates {
    fn new(query: &EntityQuery) -> Self {
        let selectors = EntityQuery { selectors: query.selectors.clone(), ..EntityQuery::default() };
        let (mut named, mut types, mut done) = (None, None, false);
        for conjunct in selectors.conjuncts() {
            match conjunct {
                Conjunct::Ids(ids) => {
                    let mut ids: Vec<Iri> = ids.into_iter().cloned().collect();
                    ids.sort_unstable();
                    ids.dedup();
                    named = Some(ids);
                }
                Conjunct::Types(names) => types = Some(names),
                Conjunct::Nothing => done = true,
                _ => {}
            }
        }
        let patterns = query.selectors.iter().map_while(|s| s.id_pattern.clone()).collect::<Vec<_>>();
        let all_patterned = patterns.len() == query.selectors.len();
        Self {
            named: named.filter(|_| !done),
            types,
            patterns: if all_patterned { patterns } else { Vec::new() },
            after: None,
            page: FIRST_PAGE,
            done,
        }
    }

    fn next(&mut self, store: &dyn Store) -> Result<Vec<Iri>, Error> {
        if let Some(named) = self.named.take() {
            self.done = true;
            return Ok(named);
        }
        while !self.done {
            let mut ids = store.historic(self.types.as_deref(), self.after.as_ref().map(Iri::as_str), self.page)?;
            self.done = ids.len() < self.page;
            self.after = ids.last().cloned();
            // A page of one type costs a look at all its entities: few pages, unless the first is enough.
            self.page = (self.page * 4).min(MAX_PAGE);
            ids.retain(|id| self.patterns.is_empty() || self.patterns.iter().any(|p| p.is_match(id.as_str())));
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
