//! The course of an import: survey, what Belfry has, objects compared and sent, what vanished closed. Reads the file on a
//! thread of its own, while what it found is on its way.

use super::Summary;
use super::args::Args;
use super::closing::Closing;
use super::content::{difference, print};
use super::entity::{Made, Stamp, edition};
use super::explain;
use super::extract::{Extract, Found, READINGS, Survey, name_of};
use super::known::{Known, MOST_IDS, fetch};
use super::names::property;
use super::object::Object;
use super::table::Table;
use super::told::Told;
use crate::TransferError;
use crate::client::{Call, Client, problem};
use crate::import::Existing;
use crate::import::sender::Sender;
use crate::import::window::{Origin, Window};
use crate::progress::Progress;
use crate::query;
use crate::source::entity;
use crate::source::input::Meter;
use crate::whole::Whole;
use belfry_connect_osm::Rejected;
use belfry_kernel::Time;
use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::form::{Limits, Mode};
use compact_str::CompactString;
use http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Objects that are handed over at one time, and how often that many may wait.
const HANDFUL: usize = 256;
const WAITING: usize = 8;

pub(super) async fn run(args: Args) -> Result<Summary, TransferError> {
    let table = args.kinds.as_deref().map_or_else(|| Ok(Table::standard()), Table::load)?;
    let name = extract_name(&args)?;
    let size = std::fs::metadata(&args.source).map_err(TransferError::file(&args.source))?.len();
    let meter = Meter::default();
    let client = if args.explain { None } else { Some(Client::new(&args.target)?) };
    let progress = Progress::new(Some(size * READINGS), true, "objects", args.quiet);
    let mut told = Told::new(args.report.as_deref(), &args.source, progress)?;
    let extract =
        Arc::new(Extract { path: args.source.clone(), table, max_nodes: args.max_nodes, meter: meter.clone() });
    let outcome = import(&args, name, client, &extract, &mut told).await;
    told.progress.end();
    let flushed = told.reporter.flush();
    let (summary, closing) = outcome?;
    flushed?;
    if !args.quiet && !args.explain {
        tell(&summary, args.dry_run);
    }
    closing?;
    if !args.dry_run {
        put_whole(&args).await?;
    }
    Ok(summary)
}

/// Puts the file itself where it was asked for.
async fn put_whole(args: &Args) -> Result<(), TransferError> {
    for (wanted, whole, done) in [
        (args.basemap, Whole::Basemap, "the town is drawn on it"),
        (args.roads, Whole::Roads, "routes go over its roads"),
    ] {
        if wanted {
            whole.put(&Client::new(&args.target)?, &args.source, None).await?;
            if !args.quiet {
                eprintln!("{}: {done}", args.source.display());
            }
        }
    }
    Ok(())
}

async fn import(
    args: &Args,
    name: String,
    client: Option<Client>,
    extract: &Arc<Extract>,
    told: &mut Told,
) -> Result<(Summary, Result<(), TransferError>), TransferError> {
    let survey = survey(extract, told).await?;
    let of = |rejected: &Rejected| Object { kind: rejected.kind, id: rejected.id };
    let unreadable: Vec<Object> = survey.rejected.iter().map(of).collect();
    for (object, rejected) in unreadable.iter().zip(&survey.rejected) {
        told.reject(*object, None, None, rejected.why)?;
    }
    told.rejected = survey.rejected_count;
    let at = match args.edition.or(survey.edition) {
        Some(at) => at,
        None => changed_at(&args.source)?,
    };
    let stamp = Stamp { extract: name, edition: at.with_text(str::to_owned) };
    let personal = survey.personal;
    let mut objects = objects(extract, survey, stamp.clone());
    let Some(client) = client else {
        let summary = explain::run(&args.source, &stamp, &mut objects, told).await?;
        return Ok((Summary { personal, ..summary }, Ok(())));
    };
    let dataset = dataset_id(&stamp);
    refuse_older(args, &client, &dataset, at).await?;
    let mut known = Known::of(&client, &stamp.extract, &extract.table).await?;
    let before = known.len();
    // They have not vanished: what is there of them stays until they can be read again.
    unreadable.iter().for_each(|object| known.spare(*object));
    let mut run = Run {
        table: &extract.table,
        stamp: &stamp,
        file: args.source.clone().into(),
        known,
        window: Window::new(args.batch, args.in_flight),
        sender: Sender::new(client, args.in_flight, Existing::Update),
        dry: args.dry_run,
        differing: Vec::new(),
        fresh: Vec::new(),
        told,
        summary: Summary { personal, ..Summary::default() },
    };
    while let Some(found) = objects.recv().await {
        for found in found? {
            run.object(found).await?;
        }
        run.told.progress.at(extract.meter.bytes(), run.summary.objects, run.told.rejected);
    }
    run.resolve().await?;
    run.flush().await?;
    let Run { known, sender, told, mut summary, mut window, file, .. } = run;
    let closing = Closing { vanished: args.vanished, max_percent: args.max_vanished, before, stamp: &stamp };
    let closed =
        closing.run(known.rest(), (!args.dry_run).then_some(&sender), &mut window, &file, &mut summary).await?;
    if !args.dry_run && closed.is_ok() {
        let count = summary.created + summary.changed + summary.unchanged;
        window.state(&Origin { file, line: 0 }, &dataset_entity(&stamp, &dataset, count));
        let sent = sender.send(&window.take(), false).await?;
        if let Some((_, refusal)) = sent.refused.first() {
            return Err(sender.client().strange(&format!("it refused {dataset}: {}", refusal.reason)));
        }
    }
    (summary.rejected, summary.unread) = (told.rejected, told.unread);
    Ok((summary, closed))
}

/// The name that is told or that the file has.
fn extract_name(args: &Args) -> Result<String, TransferError> {
    let Some(name) = &args.extract else { return Ok(name_of(&args.source)) };
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        return Err(TransferError::Usage(format!(
            "--extract: {name:?} is no name of ASCII letters, digits, - _ and ."
        )));
    }
    Ok(name.clone())
}

/// When the file was changed last.
fn changed_at(path: &Path) -> Result<Time, TransferError> {
    let at = std::fs::metadata(path).and_then(|meta| meta.modified()).map_err(TransferError::file(path))?;
    let since = at.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    // Whole seconds, as the editions of files are.
    Ok(Time::from_micros(i64::try_from(since.as_secs()).unwrap_or(0).saturating_mul(1_000_000)))
}

/// Makes the survey on a thread of its own, telling how far it is.
async fn survey(extract: &Arc<Extract>, told: &mut Told) -> Result<Survey, TransferError> {
    let own = extract.clone();
    let mut work = tokio::task::spawn_blocking(move || own.survey());
    loop {
        match tokio::time::timeout(Duration::from_millis(200), &mut work).await {
            Ok(done) => return done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())),
            Err(_) => told.progress.at(extract.meter.bytes(), 0, 0),
        }
    }
}

/// The objects, read on a thread of its own as fast as they are taken.
pub(super) type Objects = mpsc::Receiver<Result<Vec<Found>, TransferError>>;

fn objects(extract: &Arc<Extract>, survey: Survey, stamp: Stamp) -> Objects {
    let (give, take) = mpsc::channel(WAITING);
    let extract = extract.clone();
    tokio::task::spawn_blocking(move || {
        let mut handful = Vec::with_capacity(HANDFUL);
        let read = extract.objects(&survey, &stamp, &mut |found| {
            handful.push(found);
            // Nobody takes any more: the import has ended with an error of its own.
            let full = handful.len() == HANDFUL;
            if full && give.blocking_send(Ok(std::mem::replace(&mut handful, Vec::with_capacity(HANDFUL)))).is_err() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        let _ = give.blocking_send(read.map(|()| handful));
    });
    take
}

fn dataset_id(stamp: &Stamp) -> String {
    format!("urn:ngsi-ld:Dataset:osm-{}", stamp.extract)
}

/// The entity of the extract itself: what it is, under which licence, of which edition.
fn dataset_entity(stamp: &Stamp, id: &str, count: u64) -> Json {
    let text = |text: &str| property(text.into());
    Json::Object(vec![
        ("id".into(), id.into()),
        ("type".into(), "Dataset".into()),
        ("title".into(), text(&format!("OpenStreetMap: {}", stamp.extract))),
        ("license".into(), text("https://opendatacommons.org/licenses/odbl/1-0/")),
        ("attribution".into(), text("© OpenStreetMap contributors")),
        ("entityCount".into(), property(Json::Int(i64::try_from(count).unwrap_or(i64::MAX)))),
        ("edition".into(), edition(stamp)),
    ])
}

/// An edition that is older than the one that is there is most often the wrong file.
async fn refuse_older(args: &Args, client: &Client, dataset: &str, at: Time) -> Result<(), TransferError> {
    let target =
        query::Target::new(&format!("/ngsi-ld/v1/entities/{}", utf8_percent_encode(dataset, NON_ALPHANUMERIC)));
    let Some(answer) = query::get(client, &target, None, "application/json").await? else { return Ok(()) };
    let entity = query::json(client, &answer)?;
    let there = entity.get("edition").and_then(|edition| edition.get("value"));
    let there = there.and_then(|value| value.get("@value").unwrap_or(value).as_str());
    match there.and_then(|text| Time::parse(text).ok()) {
        Some(there) if there > at && !args.older => Err(TransferError::Usage(format!(
            "{}: it is of {}, and Belfry has this extract of {}; --older takes it all the same, --edition says another date",
            args.source.display(),
            at.with_text(str::to_owned),
            there.with_text(str::to_owned)
        ))),
        _ => Ok(()),
    }
}

/// An import under way.
struct Run<'r> {
    table: &'r Table,
    stamp: &'r Stamp,
    file: Arc<Path>,
    /// What of the extract is there and was not met yet.
    known: Known,
    window: Window,
    sender: Sender,
    dry: bool,
    /// Entities that are there with another content.
    differing: Vec<(String, Json)>,
    /// Of the entities of this window, in their order, whether they are new.
    fresh: Vec<bool>,
    told: &'r mut Told,
    summary: Summary,
}

impl Run<'_> {
    async fn object(&mut self, found: Found) -> Result<(), TransferError> {
        self.summary.objects += 1;
        let Found { object, outcome } = found;
        let made = match outcome {
            Ok(made) => made,
            Err((types, reason)) => {
                self.known.spare(object);
                let entity = types.first().map(|entity| object.entity_id(entity));
                return self.told.reject(object, entity.as_deref(), None, &reason);
            }
        };
        for Made { entity, unread } in made {
            let id = text_of(&entity, "id").to_owned();
            for tag in unread {
                self.told.leave_out(object, &id, &tag)?;
            }
            let seen = self.known.take(text_of(&entity, "type"), object);
            if let Err(refusal) = entity::check(&entity, &Limits::default(), Mode::Full) {
                self.told.reject(object, Some(&id), refusal.field.as_deref(), &refusal.reason)?;
                continue;
            }
            match seen {
                None => self.put(&entity, true),
                Some(seen) if seen.print == print(&entity, self.table) => self.summary.unchanged += 1,
                Some(_) if self.dry => self.summary.changed += 1,
                Some(_) => self.differing.push((id, entity)),
            }
        }
        if self.differing.len() >= MOST_IDS {
            self.resolve().await?;
        }
        if self.window.is_full() { self.flush().await } else { Ok(()) }
    }

    fn put(&mut self, entity: &Json, new: bool) {
        if new {
            self.summary.created += 1;
        } else {
            self.summary.changed += 1;
        }
        if !self.dry {
            let line = self.fresh.len() as u64;
            self.fresh.push(new);
            self.window.state(&Origin { file: self.file.clone(), line }, entity);
        }
    }

    /// Finds out what of differing entities is different, and writes that alone.
    async fn resolve(&mut self) -> Result<(), TransferError> {
        let differing = std::mem::take(&mut self.differing);
        if differing.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = differing.iter().map(|(id, _)| id.as_str()).collect();
        let there = fetch(self.sender.client(), &ids).await?;
        let mut gone = Vec::new();
        for (id, entity) in &differing {
            let Some(there) = there.get(id) else {
                // It went while the import was reading.
                self.put(entity, true);
                continue;
            };
            let (changed, removed) = difference(there, entity, self.table);
            if changed.is_empty() && removed.is_empty() {
                self.summary.unchanged += 1;
                continue;
            }
            let mut members: Vec<(CompactString, Json)> = vec![
                ("id".into(), id.as_str().into()),
                ("type".into(), text_of(entity, "type").into()),
                ("edition".into(), edition(self.stamp)),
            ];
            members.extend(changed.into_iter().map(|(name, instance)| (name.into(), instance.clone())));
            self.put(&Json::Object(members), false);
            gone.extend(removed.into_iter().map(|name| (id.clone(), name.to_owned())));
        }
        // What is written and what is taken away are other attributes: their order does not matter.
        for (id, name) in gone {
            remove(self.sender.client(), &id, &name).await?;
        }
        Ok(())
    }

    /// Sends the window.
    async fn flush(&mut self) -> Result<(), TransferError> {
        let window = self.window.take();
        let fresh = std::mem::take(&mut self.fresh);
        let sent = self.sender.send(&window, false).await?;
        for (origin, refusal) in sent.refused {
            let id = refusal.entity.unwrap_or_default();
            let object = Object::of_entity(&id).map(|(_, object)| object);
            let Some(object) = object else {
                return Err(self.sender.client().strange(&format!("it refused {id:?}, which was not sent")));
            };
            let new = usize::try_from(origin.line).ok().and_then(|line| fresh.get(line)).copied();
            match new {
                Some(true) => self.summary.created -= 1,
                Some(false) => self.summary.changed -= 1,
                None => {}
            }
            self.told.reject(object, Some(&id), refusal.field.as_deref(), &refusal.reason)?;
        }
        self.told.reporter.flush()
    }
}

pub(super) fn text_of<'e>(entity: &'e Json, member: &str) -> &'e str {
    entity.get(member).and_then(Json::as_str).unwrap_or_default()
}

/// Takes an attribute away.
async fn remove(client: &Client, id: &str, name: &str) -> Result<(), TransferError> {
    let path = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let target = format!("/ngsi-ld/v1/entities/{}/attrs/{}", path(id), path(name));
    let call = Call {
        method: Method::DELETE,
        target: &target,
        body: None,
        accept: "application/json",
        link: None,
        repeatable: true,
    };
    let answer = client.send(&call).await?;
    match answer.status {
        StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(()),
        status => Err(client.strange(&format!("it answered {status}: {}", problem(&answer)))),
    }
}

fn tell(summary: &Summary, dry: bool) {
    let Summary { objects, rejected, created, changed, unchanged, closed, marked, unread, personal } = summary;
    let would = if dry { " (nothing was sent)" } else { "" };
    eprintln!(
        "{objects} objects, {rejected} rejected; entities: {created} new, {changed} changed, {unchanged} unchanged, {closed} closed, {marked} marked{would}"
    );
    eprintln!("left out: {unread} values that cannot be read, {personal} tags that name or reach a person");
}
