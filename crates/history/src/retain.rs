//! Retention: what is too old leaves, and coarser samples take its place. Runs without old samples are not touched, nor are
//! runs of which nothing leaves; in those that are written anew, chunks without old samples are copied as they are.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use belfry_kernel::Time;
use hashbrown::HashMap;

use crate::bloom;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::flush::{Chunker, write_memtable};
use crate::history::{History, append_one};
use crate::memtable::{Memtable, Overlay};
use crate::merge::{CACHE, least_key};
use crate::policy::{Leaving, Policy, age_of};
use crate::range::Stamps;
use crate::rows::{Patch, Rows};
use crate::run::{Meta, Run};
use crate::run_writer::RunWriter;
use crate::sample::{Kind, Order, Sample};
use crate::view::Snapshot;
use crate::walk::Walk;

/// Which policy governs a series.
pub type Policies<'a> = dyn Fn(&[u8]) -> Option<Policy> + 'a;

/// What becomes of one series in all runs.
struct Rule {
    policy: Policy,
    /// Samples before this instant leave, microseconds.
    cutoff: i64,
    /// The stamp of the old sample that stays.
    last: Option<i64>,
    overlay: Overlay,
    /// Runs below this one hold nothing of it any more: it was emptied.
    emptied: usize,
}

/// One pass of retention.
struct Retention<'a> {
    history: &'a History,
    all: Snapshot,
    now: Time,
    /// No policy lets anything go that is as young as this, microseconds.
    horizon: i64,
    policies: &'a Policies<'a>,
    coarse: Memtable,
    written: Vec<Arc<Run>>,
    /// Runs from this one on hold nothing of the coarser series.
    coarse_from: usize,
}

impl History {
    /// Leaves behind what `policies` say is too old at `now`: the samples are gone or have coarser ones in their place. What is
    /// in the open part stays until a later call, and so does the last sample of a series that tells how things stand
    /// ([`Policy::stands`]). `least` is the shortest time that any of the policies keeps samples: runs, blocks and chunks that
    /// are all younger are not looked at.
    ///
    /// # Errors
    /// As [`Self::merge`]; the old runs stay, and nothing has changed.
    pub fn retain(&self, now: Time, least: Duration, policies: &Policies<'_>) -> Result<()> {
        let _one = self.merging.lock();
        let runs = Arc::clone(&self.state.read().runs);
        let all = Snapshot { memory: Vec::new(), runs: Arc::clone(&runs), cache: Arc::new(Cache::new(CACHE)) };
        let horizon = now.plus_micros(-i64::try_from(least.as_micros()).unwrap_or(i64::MAX)).micros();
        let coarse = Memtable::default();
        let mut pass =
            Retention { history: self, all, now, horizon, policies, coarse, written: Vec::new(), coarse_from: 0 };
        let thinned = pass.thin();
        self.note_damage(&runs, thinned.as_ref().err());
        let thinned = thinned?;
        if thinned.is_empty() {
            return Ok(());
        }
        let (written, at) = (pass.written, pass.coarse_from);
        self.install(false, |live, _| {
            // Newer than all of their series, and among the oldest otherwise: they are merged with those.
            live.splice(at..at, written);
            *live = live.drain(..).filter_map(|run| thinned.get(&run.id).cloned().unwrap_or(Some(run))).collect();
        })
    }
}

impl Retention<'_> {
    /// The runs of which something leaves, by number, with what is left of each.
    fn thin(&mut self) -> Result<HashMap<u64, Option<Arc<Run>>>> {
        let runs = Arc::clone(&self.all.runs);
        let mut changing = Vec::new();
        for number in 0..runs.len() {
            if self.changes(number)? {
                changing.push(number);
            }
        }
        self.coarse_from = changing.first().map_or(0, |first| first + 1);
        let mut outputs = Vec::new();
        for &number in &changing {
            let meta = &runs[number].meta;
            // With nothing older there is nothing that was emptied.
            let clears = if number == 0 { Default::default() } else { meta.clears.clone() };
            let id = self.history.new_id();
            outputs.push((
                Walk::new(&runs[number])?,
                RunWriter::create(&self.history.dir, id, Meta { level: meta.level, clears })?,
            ));
        }
        self.write(&changing, &mut outputs)?;
        let mut thinned = HashMap::new();
        for (walk, writer) in outputs {
            let left = if writer.is_empty() { None } else { Some(Arc::new(writer.finish()?)) };
            thinned.insert(walk.run.id, left);
        }
        self.write_coarse()?;
        Ok(thinned)
    }

    /// Writes what is left of the runs with these numbers, series by series through all of them.
    fn write(&mut self, numbers: &[usize], outputs: &mut [(Walk, RunWriter)]) -> Result<()> {
        let (mut key, mut chunker) = (Vec::new(), Chunker::new());
        loop {
            let least = outputs.iter().filter_map(|(walk, _)| walk.key()).min();
            let Some(least) = least else { return Ok(()) };
            key.clear();
            key.extend_from_slice(least);
            let (mut rule, mut gone) = (Lazy::Unknown, Gone::default());
            for (&number, (walk, writer)) in numbers.iter().zip(&mut *outputs) {
                self.series(number, &key, walk, writer, &mut chunker, (&mut rule, &mut gone))?;
            }
            if let Lazy::Known(rule) = &rule {
                self.take(&key, &rule.policy, &gone.leaving)?;
            }
        }
    }

    /// Writes what is left of one series in one run.
    fn series(
        &self,
        number: usize,
        key: &[u8],
        walk: &mut Walk,
        writer: &mut RunWriter,
        chunker: &mut Chunker,
        (rule, gone): (&mut Lazy, &mut Gone),
    ) -> Result<()> {
        let mut patches = Vec::new();
        while walk.key() == Some(key) {
            let is_patches = walk.chunk()?.1.is_patches();
            if !is_patches && !patches.is_empty() {
                chunker.patches(writer, key, &std::mem::take(&mut patches))?;
            }
            match self.touched(key, walk, rule)? {
                None if is_patches => {
                    let rows = decoded(walk)?;
                    patches.extend((0..rows.len()).map(|i| rows.patch(i)));
                }
                None => {
                    if !chunker.copy(writer, key, walk)? {
                        chunker.append(writer, key, walk)?;
                    }
                }
                Some(rule) if number < rule.emptied => {}
                Some(rule) if is_patches => {
                    let rows = decoded(walk)?;
                    for patch in (0..rows.len()).map(|i| rows.patch(i)) {
                        let stamp = patch.stamp;
                        let goes = rule.corrected_goes(stamp);
                        if let Some(sample) = goes.filter(|_| gone.corrected.insert(stamp)) {
                            gone.add(rule, sample);
                        }
                        let left = if goes.is_some() { Patch { stamp, sample: None } } else { patch };
                        // It hides what older runs have at its stamp; where there are none, nothing.
                        if number > 0 || left.sample.is_some() {
                            patches.push(left);
                        }
                    }
                }
                Some(rule) if rule.all_go(walk)? && rule.policy.then.is_none() => {}
                Some(rule) => {
                    let rows = decoded(walk)?;
                    for sample in (0..rows.len()).map(|i| rows.sample(i)) {
                        if rule.overlay.contains_key(&sample.stamp) {
                            continue;
                        }
                        if rule.goes(&sample) {
                            gone.add(rule, &sample);
                        } else {
                            chunker.push(writer, key, &sample.as_ref())?;
                        }
                    }
                }
            }
            walk.step()?;
        }
        chunker.patches(writer, key, &patches)?;
        chunker.end(writer, key)
    }

    /// The rule of a series, when the chunk at `walk` may hold something that leaves.
    fn touched<'r>(&self, key: &[u8], walk: &mut Walk, rule: &'r mut Lazy) -> Result<Option<&'r Rule>> {
        if let Lazy::Free = rule {
            return Ok(None);
        }
        let young = |walk: &mut Walk, cutoff: i64| -> Result<bool> {
            if !walk.may_hold_before(self.horizon) {
                return Ok(true);
            }
            if walk.chunk()?.1.is_patches() {
                return Ok(false);
            }
            let s = walk.summary()?;
            Ok(s.stamp_min.min(s.observed_min) >= cutoff)
        };
        if let Lazy::Unknown = rule {
            if young(walk, self.horizon)? {
                return Ok(None);
            }
            *rule = match (self.policies)(key) {
                Some(policy) => Lazy::Policy(policy),
                None => Lazy::Free,
            };
        }
        if let Lazy::Policy(policy) = rule {
            if young(walk, policy.cutoff(self.now).micros())? {
                return Ok(None);
            }
            *rule = Lazy::Known(Box::new(self.rule(key, policy.clone())?));
        }
        match rule {
            Lazy::Known(rule) if !young(walk, rule.cutoff)? => Ok(Some(rule)),
            _ => Ok(None),
        }
    }

    /// Looks a series up in all runs.
    fn rule(&self, key: &[u8], policy: Policy) -> Result<Rule> {
        let view = self.all.view(key, i64::MIN, i64::MAX, None)?;
        let cutoff = policy.cutoff(self.now).micros();
        let emptied = self.all.runs.iter().rposition(|r| r.meta.clears.covers(key)).unwrap_or(0);
        let mut rule = Rule { policy, cutoff, last: None, overlay: view.overlay.clone(), emptied };
        for sample in Stamps::new(view, i64::MIN, i64::MAX, Order::Descending) {
            let sample = sample?;
            if !(rule.policy.stands)(&sample) {
                continue;
            }
            let stays = sample.kind != Kind::Deleted || self.any_before(key, &rule, sample.stamp)?;
            rule.last = Some(sample.stamp).filter(|_| stays);
            break;
        }
        Ok(rule)
    }

    /// Whether a sample before `stamp` stays: only then must an end stay.
    fn any_before(&self, key: &[u8], rule: &Rule, stamp: i64) -> Result<bool> {
        let to = stamp.saturating_sub(1);
        let view = self.all.view(key, i64::MIN, to, None)?;
        for sample in Stamps::new(view, i64::MIN, to, Order::Ascending) {
            if age_of(&sample?).micros() >= rule.cutoff {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether anything leaves a run. Reads blocks that hold old samples, up to the first one that leaves.
    fn changes(&self, number: usize) -> Result<bool> {
        let run = &self.all.runs[number];
        let old = |place: usize| run.places[place].bounds.may_hold_before(self.horizon);
        if !(0..run.places.len()).any(old) {
            return Ok(false);
        }
        let mut walks = [Walk::new(run)?];
        let (mut key, mut known) = (Vec::new(), Lazy::Unknown);
        loop {
            walks[0].skip_to(old)?;
            if walks[0].key() != Some(&key) {
                if !least_key(&walks, &mut key) {
                    return Ok(false);
                }
                known = Lazy::Unknown;
            }
            let walk = &mut walks[0];
            if let Some(rule) = self.touched(&key, walk, &mut known)? {
                if number < rule.emptied || (!walk.chunk()?.1.is_patches() && rule.all_go(walk)?) {
                    return Ok(true);
                }
                let (rows, is_patches) = (decoded(walk)?, walk.chunk()?.1.is_patches());
                for i in 0..rows.len() {
                    let stamp = rows.stamps[i];
                    let goes = if is_patches {
                        rule.corrected_goes(stamp).is_some()
                    } else {
                        !rule.overlay.contains_key(&stamp) && rule.goes(&rows.sample(i))
                    };
                    if goes {
                        return Ok(true);
                    }
                }
            }
            if let Lazy::Free = known { walk.pass(&key)? } else { walk.step()? }
        }
    }

    /// Gathers the coarse samples in place of those that leave one series.
    fn take(&mut self, key: &[u8], policy: &Policy, leaving: &Leaving) -> Result<()> {
        let Some(coarser) = policy.then.as_ref().filter(|_| !leaving.is_empty()) else {
            return Ok(());
        };
        let newest = self.all.runs.iter().chain(&self.written).map(|r| r.newest).max();
        for &function in &coarser.functions {
            let name = (coarser.name)(key, function);
            if name.len() > crate::MAX_KEY {
                return Err(Error::TooLarge { what: "a key", bytes: name.len(), limit: crate::MAX_KEY });
            }
            let hash = bloom::hash(&name);
            let concerns = |r: &Arc<Run>| !r.blocks_of(&name, hash).is_empty() || r.meta.clears.covers(&name);
            let last = self.all.runs.iter().rposition(concerns);
            self.coarse_from = self.coarse_from.max(last.map_or(0, |last| last + 1));
            for sample in leaving.samples(function) {
                append_one(|| self.all.clone(), newest, &mut self.coarse, &name, &sample.as_ref())?;
            }
        }
        if self.coarse.bytes() >= self.history.options.open_bytes { self.write_coarse() } else { Ok(()) }
    }

    fn write_coarse(&mut self) -> Result<()> {
        if self.coarse.is_empty() {
            return Ok(());
        }
        let mut writer = RunWriter::create(&self.history.dir, self.history.new_id(), Meta::default())?;
        write_memtable(&mut writer, &self.coarse)?;
        self.written.push(Arc::new(writer.finish()?));
        self.coarse = Memtable::default();
        Ok(())
    }
}

/// What is known of the rule of a series: it is looked up when something old is met.
enum Lazy {
    Unknown,
    /// No policy governs it.
    Free,
    Policy(Policy),
    Known(Box<Rule>),
}

/// What has left one series.
#[derive(Default)]
struct Gone {
    leaving: Leaving,
    /// Stamps of corrected samples among them: several runs may hold corrections of one stamp.
    corrected: BTreeSet<i64>,
}

impl Gone {
    fn add(&mut self, rule: &Rule, sample: &Sample) {
        if let Some(coarser) = &rule.policy.then {
            self.leaving.add(coarser, sample);
        }
    }
}

impl Rule {
    fn goes(&self, sample: &Sample) -> bool {
        age_of(sample).micros() < self.cutoff && self.last != Some(sample.stamp)
    }

    /// The sample that corrections put at a stamp, when it goes.
    fn corrected_goes(&self, stamp: i64) -> Option<&Sample> {
        self.overlay.get(&stamp)?.as_ref().filter(|sample| self.goes(sample))
    }

    /// Whether all samples of a chunk go, as far as its bounds tell.
    fn all_go(&self, walk: &mut Walk) -> Result<bool> {
        let s = walk.summary()?;
        let last = self.last.is_some_and(|last| (s.stamp_min..=s.stamp_max).contains(&last));
        Ok(s.stamp_max.max(s.observed_max) < self.cutoff && !last && self.overlay.is_empty())
    }
}

/// The chunk at `walk` in full.
fn decoded(walk: &mut Walk) -> Result<Rows> {
    let mut rows = Rows::default();
    walk.append_to(&mut rows)?;
    Ok(rows)
}
