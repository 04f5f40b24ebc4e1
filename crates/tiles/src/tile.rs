//! A tile made from a source: what is drawn, in which order, and what is left out when it would be too large.

use std::ops::ControlFlow;

use belfry_kernel::Error;

use crate::address::Address;
use crate::candidate::{Candidate, Candidates};
use crate::draw::{BUFFER, Drawing, Pen};
use crate::grid::EXTENT;
use crate::live::Crowd;
use crate::mvt::{Encoded, Fields, LayerWriter, Value};
use crate::shape::Form;
use crate::source::{Feature, FeatureSource, Query};
use crate::subject::Subject;
use crate::theme::{Theme, Themes};

/// Squares of the grid that an area must cover to be shown: a quarter of a pixel for buildings, more for what lies under others.
fn least_size(subject: &Subject<'_>) -> f64 {
    match subject.theme() {
        Theme::Building => 48.0,
        Theme::Water => 64.0,
        _ => 256.0,
    }
}

/// Squares of the grid that an area must cover to bear a name: 40 pixels by 40.
const LABEL_SIZE: f64 = (40.0 * 8.0) * (40.0 * 8.0);

/// Places of one joined feature at most, so that leaving one out does not take all of its kind along.
const JOINED_SPOTS: usize = 4096;

/// How tiles are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Languages whose names go into tiles as `name:xx`, where they differ from `name`. Each costs bytes.
    pub languages: Vec<String>,
    /// Bytes of a tile at most, before it is packed.
    pub bytes: usize,
    /// Bytes of what is being considered for a tile at most; beyond it the least important is let go early.
    pub memory_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        let languages = ["ar", "de", "en", "es", "fr", "it", "pt", "ru", "tr", "zh"].map(str::to_owned).to_vec();
        Self { languages, bytes: 500_000, memory_bytes: 32 << 20 }
    }
}

/// A tile that was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tile {
    /// The tile, not packed; empty when nothing is on it.
    pub bytes: Vec<u8>,
    /// Features in it.
    pub shown: usize,
    /// Features that are not, because of the limit of bytes or of memory.
    pub left_out: usize,
}

/// Makes tiles, one after another; keeps its buffers.
pub struct Cutter {
    options: Options,
    keys: Vec<(String, String)>,
    pen: Pen,
}

impl Cutter {
    /// A cutter of these options.
    pub fn new(options: Options) -> Self {
        let keys = options.languages.iter().map(|language| (language.clone(), format!("name:{language}"))).collect();
        Self { options, keys, pen: Pen::default() }
    }

    /// Makes a tile of a source. The same features give the same bytes.
    ///
    /// When they are more than [`Options::bytes`] hold, features go in by importance: those that are shown from an earlier
    /// zoom on come first; among these the layers in their order, then the rank within the layer
    /// ([`Subject::rank`]), then the larger. One that does not fit is left out, and smaller ones after it still go in.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn cut(&mut self, source: &dyn FeatureSource, tile: Address, themes: Themes) -> Result<Tile, Error> {
        let beyond = f64::from(BUFFER) / f64::from(EXTENT) * tile.width();
        let query = Query { area: tile.area().wider(beyond), zoom: tile.z(), themes };
        let mut candidates = Candidates::new(self.options.memory_bytes);
        let mut crowd = Crowd::new(tile);
        self.pen.next_tile();
        source.features(&query, &mut |feature| {
            self.consider(feature, tile, themes, &mut candidates, &mut crowd);
            ControlFlow::Continue(())
        })?;
        crowd.finish(&self.keys, &mut candidates);
        Ok(written(candidates, self.options.bytes))
    }

    fn consider(
        &mut self,
        feature: &Feature<'_>,
        tile: Address,
        themes: Themes,
        to: &mut Candidates,
        crowd: &mut Crowd,
    ) {
        let Feature { id, subject, names, shape } = *feature;
        let (theme, first_zoom) = (subject.theme(), subject.first_zoom());
        if !themes.has(theme) || first_zoom > tile.z() {
            return;
        }
        let units = f64::from(EXTENT) / tile.width();
        let size = shape.size() * units * units;
        let is_area = shape.form() == Form::Polygons;
        if is_area && size < least_size(&subject) {
            return;
        }
        let Some(drawing) = self.pen.draw(shape, tile) else { return };
        if let (Subject::Live { entity, kind, state }, Drawing::Points(spots)) = (subject, &drawing) {
            crowd.add(spots[0], entity, kind, state, names);
            return;
        }
        let mut fields = Fields::default();
        subject.fields(|key, value| fields.push(key, value));
        let place = |form, id, drawing, fields| Candidate {
            theme,
            first_zoom,
            rank: subject.rank(),
            size: if form == Form::Polygons { size } else { 0.0 },
            id,
            directed: matches!(subject, Subject::Road(road) if road.oneway),
            drawing,
            fields,
        };
        if !is_area {
            put_names(names, &self.keys, &mut fields);
        } else if size >= LABEL_SIZE && !names.is_empty() && theme != Theme::Building {
            // A name is a point of its own, on one tile alone; the area itself may be on many.
            if let Some(spot) = spot_of(shape.anchor_place(), tile) {
                let mut named = fields.clone();
                put_names(names, &self.keys, &mut named);
                to.put(place(Form::Points, id, Drawing::Points(vec![spot]), named));
            }
        }
        to.put(place(shape.form(), id, drawing, fields));
    }
}

/// Adds the name and its translations.
pub(crate) fn put_names(names: &crate::names::Names, keys: &[(String, String)], fields: &mut Fields) {
    if !names.own().is_empty() {
        fields.push("name", Value::Text(names.own()));
    }
    for (language, key) in keys {
        if let Some(name) = names.within(language) {
            fields.push(key, Value::Text(name));
        }
    }
}

/// The place on a tile's grid, if it is on it.
fn spot_of(place: [f64; 2], tile: Address) -> Option<[i32; 2]> {
    let area = tile.area();
    let on = |axis: usize| {
        let along = place[axis] - if axis == 0 { place[0].floor() } else { 0.0 };
        let share = (along - area.min[axis]) / tile.width();
        (0.0..1.0).contains(&share).then_some((share * f64::from(EXTENT)) as i32)
    };
    Some([on(0)?, on(1)?])
}

/// Chooses what fits, and writes it.
fn written(candidates: Candidates, limit: usize) -> Tile {
    let mut left_out = candidates.let_go();
    let mut ready: Vec<(Candidate, Encoded)> = candidates
        .joined(JOINED_SPOTS)
        .into_iter()
        .map(|candidate| {
            let encoded = Encoded::new(&candidate.drawing);
            (candidate, encoded)
        })
        .collect();
    ready.sort_by(|(a, _), (b, _)| a.by_importance(b));
    let mut weights = crate::candidate::Weights::default();
    ready.retain(|(candidate, encoded)| {
        let fits = weights.take(candidate, encoded.bytes(), limit);
        left_out += usize::from(!fits);
        fits
    });
    ready.sort_by(|(a, _), (b, _)| a.by_drawing(b));
    let shown = ready.len();
    let mut tile = Tile { bytes: Vec::new(), shown, left_out };
    let mut layer: Option<(Theme, LayerWriter)> = None;
    for (candidate, encoded) in &ready {
        if layer.as_ref().is_none_or(|(theme, _)| *theme != candidate.theme) {
            if let Some((_, done)) = layer.take() {
                done.finish(&mut tile.bytes);
            }
            layer = Some((candidate.theme, LayerWriter::new(candidate.theme.name())));
        }
        if let Some((_, writer)) = &mut layer {
            writer.add(candidate.id, encoded, &candidate.fields);
        }
    }
    if let Some((_, done)) = layer {
        done.finish(&mut tile.bytes);
    }
    tile
}
