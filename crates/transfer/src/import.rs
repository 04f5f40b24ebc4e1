//! `belfry import`: reads a source, maps and checks it row by row, sends it in batches, remembers how far it came and
//! reports what was refused. Talks to a running Belfry only through its public HTTP API.

mod args;
mod existing;
mod explain;
mod layer;
mod newest;
mod parcel;
mod plan;
mod resume;
pub(crate) mod sender;
pub(crate) mod window;

pub use args::{Args, Existing, Format, Kind};

use crate::TransferError;
use crate::client::Client;
use crate::mapping::Mode;
use crate::osm;
use crate::progress::Progress;
use crate::report::Reporter;
use crate::source::{Item, Refusal, entity};
use crate::whole;
use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::form::{self, Limits};
use newest::Newest;
use plan::Plan;
use resume::Bookmark;
use sender::Sender;
use serde::Serialize;
use window::{Origin, Window};

/// What became of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows, lines or features read, those of earlier runs that were resumed included.
    pub read: u64,
    /// Of those, how many were refused.
    pub refused: u64,
    /// Entities written to the current state by this run.
    pub states: u64,
    /// Attribute instances written to history by this run.
    pub instances: u64,
}

impl Summary {
    /// 0 when every row was taken, 1 when some were refused. (An error that stopped the import is exit code 2.)
    pub fn exit_code(&self) -> u8 {
        u8::from(self.refused > 0)
    }
}

/// Runs an import.
///
/// # Errors
/// What stopped it; what was acknowledged before stays, and the same command goes on from there.
pub async fn run(args: Args) -> Result<Summary, TransferError> {
    match args.kind_of_source {
        Some(Kind::Osm(args)) => {
            let done = osm::run(*args).await?;
            return Ok(Summary { read: done.objects, refused: done.rejected, states: done.written(), instances: 0 });
        }
        Some(Kind::Tiles(args)) => return whole::import(&args).await.map(|()| Summary::default()),
        None => {}
    }
    let plan = Plan::of(&args)?;
    if args.explain {
        explain::run(plan, args.rows)?;
        return Ok(Summary::default());
    }
    let sender =
        if args.dry_run { None } else { Some(Sender::new(Client::new(&args.target)?, args.in_flight, plan.existing)) };
    let bookmark = Bookmark::open(&args, &plan)?;
    let reporter = Reporter::open(args.report.as_deref(), "rows", bookmark.done > 0)?;
    let progress = Progress::new(plan.size, true, "rows", args.quiet);
    let mut run = Run {
        summary: Summary { refused: bookmark.refused, ..Summary::default() },
        newest: Newest::default(),
        window: Window::new(args.batch, args.in_flight),
        limits: if plan.mode == Mode::History { window::limits() } else { Limits::default() },
        mode: plan.mode,
        ended: false,
        skip: bookmark.done,
        bookmark,
        reporter,
        sender,
        progress,
    };
    if run.bookmark.done > 0 {
        run.progress.say(&format!("going on after row {} of an earlier run", run.bookmark.done));
    }
    let Plan { items, meter, .. } = plan;
    let outcome = async {
        for item in items {
            run.item(item?).await?;
            if run.summary.read.is_multiple_of(256) {
                run.progress.at(meter.bytes(), run.summary.read, run.summary.refused);
            }
        }
        run.finish().await
    }
    .await;
    run.progress.end();
    let told = run.reporter.flush();
    outcome?;
    told?;
    if !args.quiet {
        run.tell(args.dry_run);
    }
    Ok(run.summary)
}

/// A line of the report.
#[derive(Serialize)]
struct Line<'l> {
    file: &'l str,
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<&'l str>,
    reason: &'l str,
}

/// An import under way.
struct Run {
    summary: Summary,
    newest: Newest,
    window: Window,
    limits: Limits,
    mode: Mode,
    /// Whether all rows are read, and what follows are the newest states.
    ended: bool,
    /// Rows that earlier runs were done with.
    skip: u64,
    bookmark: Bookmark,
    reporter: Reporter,
    /// None in a dry run.
    sender: Option<Sender>,
    progress: Progress,
}

impl Run {
    async fn item(&mut self, item: Item) -> Result<(), TransferError> {
        self.summary.read += 1;
        let again = self.summary.read <= self.skip;
        if again && self.mode != Mode::Both {
            return Ok(());
        }
        let origin = Origin { file: item.file, line: item.line };
        let checked = item.outcome.and_then(|entities| self.check(&entities).map(|()| entities));
        match checked {
            Err(_) if again => {}
            Err(refusal) => self.refuse(&origin, &refusal)?,
            Ok(entities) => {
                for entity in entities {
                    self.place(&origin, entity, again)?;
                }
            }
        }
        if self.window.is_full() { self.flush().await } else { Ok(()) }
    }

    fn check(&self, entities: &[Json]) -> Result<(), Refusal> {
        let mode = if self.mode == Mode::History { form::Mode::Temporal } else { form::Mode::Full };
        entities.iter().try_for_each(|entity| match self.mode {
            // The history of an entity may be longer than one request may hold; it is sent in parts.
            Mode::History => window::parts(entity).iter().try_for_each(|part| entity::check(part, &self.limits, mode)),
            Mode::State | Mode::Both => entity::check(entity, &self.limits, mode),
        })
    }

    fn place(&mut self, origin: &Origin, entity: Json, again: bool) -> Result<(), TransferError> {
        match self.mode {
            Mode::State => self.window.state(origin, &entity),
            Mode::History => self.window.history(origin, entity),
            Mode::Both => {
                let past = self.newest.offer(origin, entity)?;
                if let (Some(past), false) = (past, again) {
                    self.window.history(origin, past);
                }
            }
        }
        Ok(())
    }

    fn refuse(&mut self, origin: &Origin, refusal: &Refusal) -> Result<(), TransferError> {
        self.summary.refused += 1;
        let file = origin.file.display().to_string();
        let line = Line {
            file: &file,
            line: origin.line,
            field: refusal.field.as_deref(),
            entity: refusal.entity.as_deref(),
            reason: &refusal.reason,
        };
        let text = || {
            let field = refusal.field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default();
            let entity = refusal.entity.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
            format!("{file}:{}: {field}{}{entity}", origin.line, refusal.reason)
        };
        if let Some(line) = self.reporter.refuse(&line, text)? {
            self.progress.say(&line);
        }
        Ok(())
    }

    /// Sends the window and remembers that it was.
    async fn flush(&mut self) -> Result<(), TransferError> {
        let window = self.window.take();
        if let Some(sender) = &self.sender {
            let (done, read) = (self.bookmark.done, self.summary.read.max(self.bookmark.done));
            // The states at the end belong to a row after the last.
            let begun = read + u64::from(self.ended);
            let careful = self.bookmark.is_unsure_after(done);
            self.bookmark.save(done, begun, self.summary.refused)?;
            let sent = sender.send(&window, careful).await?;
            self.summary.states += sent.states;
            self.summary.instances += sent.instances;
            for (origin, refusal) in sent.refused {
                self.refuse(&origin, &refusal)?;
            }
            self.reporter.flush()?;
            self.bookmark.save(read, begun, self.summary.refused)?;
        } else {
            self.summary.states += window.states.iter().map(|parcel| parcel.rows.len() as u64).sum::<u64>();
            self.summary.instances += window.histories.iter().map(|parcel| parcel.instances as u64).sum::<u64>();
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), TransferError> {
        self.flush().await?;
        self.ended = true;
        for (origin, entity) in std::mem::take(&mut self.newest).into_entities() {
            self.window.state(&origin, &entity);
            if self.window.is_full() {
                self.flush().await?;
            }
        }
        self.flush().await?;
        self.bookmark.complete(self.mode, self.summary.refused)
    }

    fn tell(&self, dry: bool) {
        let Summary { read, refused, states, instances } = self.summary;
        let would = if dry { "would be " } else { "" };
        eprintln!(
            "{read} rows read, {refused} refused; {states} entities and {instances} attribute instances of history {would}written"
        );
    }
}
