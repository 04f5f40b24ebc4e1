//! Tiles: maps drawn by ourselves. Features of a source become Mapbox Vector Tiles (2.1), and archives of them (PMTiles 3)
//! are written and read. Pure: no files, no clock, no threads; where bytes lie is handed in.
//!
//! The way through, from a geometry to a tile:
//!
//! 1. [`Shape`] is a geometry made ready: projected, each vertex with its weight. [`Subject`] is what it shows.
//! 2. A [`FeatureSource`] hands out [`Feature`]s of a box at a zoom. [`Collection`] is one in memory; [`osm`] fills it with a map
//!    from OpenStreetMap; a store of entities can be another.
//! 3. [`Cutter`] makes the tile of an [`Address`]: draws ([`draw`]), orders, leaves out what is too much, encodes ([`mvt`]).
//! 4. [`pmtiles`] keeps tiles in one file.
//!
//! ```
//! use belfry_kernel::{Geometry, Position};
//! use belfry_tiles::{Address, CollectionBuilder, Cutter, Names, Options, PlaceKind, Shape, Subject, Themes};
//!
//! let vaduz = Position { lon: 9.5215, lat: 47.141, alt: None };
//! let mut map = CollectionBuilder::default();
//! let subject = Subject::Place { kind: PlaceKind::Town, capital: true, population: 5_700 };
//! map.add(Some(1), subject, Names::new("Vaduz"), Shape::new(&Geometry::Point(vaduz))?);
//! let map = map.build();
//!
//! let tile = Cutter::new(Options::default()).cut(&map, Address::at(vaduz, 12), Themes::BASEMAP)?;
//! assert_eq!(tile.shown, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod address;
mod anchor;
mod area;
mod candidate;
mod clip;
mod collection;
pub mod draw;
pub mod grid;
mod join;
mod live;
mod mend;
pub mod mercator;
pub mod mvt;
mod names;
pub mod osm;
pub mod pmtiles;
mod shape;
mod source;
mod subject;
mod theme;
mod tile;
mod weight;
mod wire;
mod word;

pub use address::{Address, AddressError, MAX_ZOOM};
pub use area::Area;
pub use collection::{Collection, CollectionBuilder};
pub use live::SINGLE_ZOOM;
pub use names::{MAX_LANGUAGES, MAX_NAME_BYTES, Names, is_language};
pub use shape::{Form, MAX_VERTICES, Shape, ShapeError};
pub use source::{Feature, FeatureSource, Query};
pub use subject::{Boundary, Landuse, PlaceKind, Poi, Road, RoadClass, State, Subject, Water};
pub use theme::{Theme, Themes};
pub use tile::{Cutter, Options, Tile};
