//! Farms, their fields, and what crops and soils are to a water balance.

use crate::plane::Point;

/// A soil: water that it holds, after FAO Irrigation and Drainage Paper 56, table 19 (middle of each range).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Soil {
    /// Sandy loam.
    SandyLoam,
    /// Loam.
    Loam,
    /// Silt loam.
    SiltLoam,
    /// Clay.
    Clay,
}

impl Soil {
    /// Every soil.
    pub const ALL: [Self; 4] = [Self::SandyLoam, Self::Loam, Self::SiltLoam, Self::Clay];

    /// Water at field capacity, m3 a m3.
    pub fn field_capacity(self) -> f64 {
        match self {
            Self::SandyLoam => 0.23,
            Self::Loam => 0.25,
            Self::SiltLoam => 0.29,
            Self::Clay => 0.36,
        }
    }

    /// Water at the wilting point, m3 a m3.
    pub fn wilting_point(self) -> f64 {
        match self {
            Self::SandyLoam => 0.11,
            Self::Loam => 0.12,
            Self::SiltLoam => 0.15,
            Self::Clay => 0.22,
        }
    }

    /// Millimetres an hour that it takes in (USDA classes of basic infiltration, order of size).
    pub fn intake(self) -> f64 {
        match self {
            Self::SandyLoam => 25.0,
            Self::Loam => 13.0,
            Self::SiltLoam => 8.0,
            Self::Clay => 4.0,
        }
    }

    /// Its texture as the data model names it.
    pub fn texture(self) -> &'static str {
        match self {
            Self::SandyLoam => "Sandy loam",
            Self::Loam => "Loam",
            Self::SiltLoam => "Silt loam",
            Self::Clay => "Clay",
        }
    }
}

/// A crop: coefficients and root depth of FAO 56, tables 12 and 22; stages in days after planting, table 11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crop {
    /// Winter wheat, from spring on.
    Wheat,
    /// Grain maize.
    Maize,
    /// Cotton.
    Cotton,
    /// Apples with grass below.
    Apples,
    /// Grapes.
    Grapes,
    /// Lucerne hay.
    Lucerne,
}

/// What FAO 56 says of a crop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// Coefficients: initial, middle, end.
    pub kc: [f64; 3],
    /// Day of the year of the northern half on which the first stage begins.
    pub planted: u16,
    /// Days of the four stages.
    pub stages: [u16; 4],
    /// Depth of the roots, metres.
    pub root_m: f64,
    /// Share of the available water that is used without stress.
    pub p: f64,
}

impl Crop {
    /// Every crop.
    pub const ALL: [Self; 6] = [Self::Wheat, Self::Maize, Self::Cotton, Self::Apples, Self::Grapes, Self::Lucerne];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wheat => "Winter wheat",
            Self::Maize => "Maize",
            Self::Cotton => "Cotton",
            Self::Apples => "Apples",
            Self::Grapes => "Grapes",
            Self::Lucerne => "Lucerne",
        }
    }

    /// Whether frost in spring harms it.
    pub fn fears_frost(self) -> bool {
        matches!(self, Self::Apples | Self::Grapes)
    }

    /// Its growth.
    pub fn growth(self) -> Growth {
        let g = |kc, planted, stages, root_m, p| Growth { kc, planted, stages, root_m, p };
        match self {
            Self::Wheat => g([0.7, 1.15, 0.25], 60, [20, 30, 65, 30], 1.2, 0.55),
            Self::Maize => g([0.3, 1.20, 0.60], 115, [30, 40, 50, 30], 1.2, 0.55),
            Self::Cotton => g([0.35, 1.18, 0.60], 110, [30, 50, 55, 45], 1.3, 0.65),
            Self::Apples => g([0.5, 1.20, 0.95], 75, [20, 70, 120, 60], 1.2, 0.50),
            Self::Grapes => g([0.3, 0.85, 0.45], 90, [20, 50, 75, 60], 1.2, 0.35),
            Self::Lucerne => g([0.4, 0.95, 0.90], 70, [10, 30, 150, 35], 1.3, 0.55),
        }
    }

    /// The coefficient on a day of the year (1 to 366); `south` shifts the season by half a year. Outside the season the
    /// field is bare or dormant, 0.25 (FAO 56, chapter 11).
    pub fn kc(self, day: u16, south: bool) -> f64 {
        let growth = self.growth();
        let day = if south { (day + 182) % 365 } else { day };
        let Some(mut since) = day.checked_sub(growth.planted) else { return 0.25 };
        let [initial, rise, middle, late] = growth.stages;
        let [low, high, end] = growth.kc;
        if since < initial {
            return low;
        }
        since -= initial;
        if since < rise {
            return low + (high - low) * f64::from(since) / f64::from(rise);
        }
        since -= rise;
        if since < middle {
            return high;
        }
        since -= middle;
        if since < late {
            return high + (end - high) * f64::from(since) / f64::from(late);
        }
        0.25
    }
}

/// A farm.
#[derive(Clone, Debug, PartialEq)]
pub struct Farm {
    /// Its name.
    pub name: String,
    /// The farmyard.
    pub at: Point,
}

/// A field.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    /// The farm, an index.
    pub farm: u32,
    /// Its corners, not closed.
    pub corners: Vec<Point>,
    /// Its middle.
    pub at: Point,
    /// Square metres.
    pub area: f64,
    /// What grows there.
    pub crop: Crop,
    /// On what.
    pub soil: Soil,
    /// The canal that waters it, a reach.
    pub canal: Option<u32>,
}

/// The middle of a ring's corners and its area in square metres (shoelace).
pub fn middle_and_area(corners: &[Point]) -> (Point, f64) {
    let n = corners.len().max(1) as f64;
    let middle = Point::new(corners.iter().map(|p| p.x).sum::<f64>() / n, corners.iter().map(|p| p.y).sum::<f64>() / n);
    let next = corners.iter().cycle().skip(1);
    let twice: f64 = corners.iter().zip(next).map(|(a, b)| a.x * b.y - b.x * a.y).sum();
    (middle, twice.abs() / 2.0)
}
