//! Places that have a use, car parks, and houses. Nobody lives in them: houses are buildings.

use crate::plane::Point;

/// What a place is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlaceKind {
    /// The town's hall.
    Hall,
    /// A school.
    School,
    /// A clinic or hospital.
    Clinic,
    /// A fire station; ambulances stand there too.
    FireStation,
    /// Where buses stay.
    BusDepot,
    /// Where waste is taken.
    WasteYard,
    /// Where water is made fit to drink.
    WaterWorks,
    /// Where sewage is made clean.
    SewageWorks,
    /// A high building with a lift.
    Block,
    /// Where people find shelter.
    Shelter,
}

impl PlaceKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Hall,
        Self::School,
        Self::Clinic,
        Self::FireStation,
        Self::BusDepot,
        Self::WasteYard,
        Self::WaterWorks,
        Self::SewageWorks,
        Self::Block,
        Self::Shelter,
    ];

    /// The word for it in ids and categories.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hall => "townhall",
            Self::School => "school",
            Self::Clinic => "clinic",
            Self::FireStation => "fire_station",
            Self::BusDepot => "bus_depot",
            Self::WasteYard => "waste_yard",
            Self::WaterWorks => "water_works",
            Self::SewageWorks => "sewage_works",
            Self::Block => "apartments",
            Self::Shelter => "shelter",
        }
    }

    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::Hall => "Town hall",
            Self::School => "School",
            Self::Clinic => "Clinic",
            Self::FireStation => "Fire station",
            Self::BusDepot => "Bus depot",
            Self::WasteYard => "Waste yard",
            Self::WaterWorks => "Water works",
            Self::SewageWorks => "Sewage works",
            Self::Block => "Block",
            Self::Shelter => "Shelter",
        }
    }
}

/// A place.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// What for.
    pub kind: PlaceKind,
    /// Its name.
    pub name: String,
    /// Where.
    pub at: Point,
    /// The nearest node of a road.
    pub node: u32,
}

/// A car park.
#[derive(Clone, Debug, PartialEq)]
pub struct CarPark {
    /// Its name.
    pub name: String,
    /// Where.
    pub at: Point,
    /// Spaces.
    pub spaces: u16,
}

/// A house. 12 bytes, since a large county has many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct House {
    /// Metres east of the middle.
    pub x: f32,
    /// Metres north.
    pub y: f32,
    /// The segment of road that it stands at.
    pub segment: u32,
}

impl House {
    /// Where.
    pub fn at(&self) -> Point {
        Point::new(f64::from(self.x), f64::from(self.y))
    }
}
