//! The layers of a tile by their themes, and sets of them. What each holds is in [`crate::subject`].

use crate::word::words;

words! {
    /// A layer of a tile, in the order in which layers are written.
    Theme {
        /// What the ground is covered with or used for.
        Landuse = "landuse",
        /// Water as areas and as lines.
        Water = "water",
        /// Borders as lines.
        Boundary = "boundary",
        /// Roads, ways and rails.
        Road = "road",
        /// Buildings.
        Building = "building",
        /// Names of settlements.
        Place = "place",
        /// Points of interest.
        Poi = "poi",
        /// House numbers.
        Address = "address",
        /// Entities with their states.
        Live = "live",
    }
}

/// A set of themes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Themes(u16);

impl Themes {
    /// None.
    pub const NONE: Self = Self(0);
    /// The map without what lives on it.
    pub const BASEMAP: Self = Self((1 << Theme::Live as u16) - 1);
    /// Entities alone.
    pub const LIVE: Self = Self(1 << Theme::Live as u16);

    /// With one more.
    #[must_use]
    pub fn and(self, theme: Theme) -> Self {
        Self(self.0 | 1 << theme as u16)
    }

    /// Whether it is among them.
    pub fn has(self, theme: Theme) -> bool {
        self.0 & 1 << theme as u16 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets() {
        assert!(!Themes::BASEMAP.has(Theme::Live) && Themes::LIVE.has(Theme::Live));
        let rest = Theme::ALL.iter().filter(|theme| **theme != Theme::Live);
        assert!(rest.clone().all(|theme| Themes::BASEMAP.has(*theme) && !Themes::LIVE.has(*theme)));
        assert!(Themes::NONE.and(Theme::Road).has(Theme::Road));
    }
}
