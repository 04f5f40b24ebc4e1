//! Points of interest: kinds, from which zoom on each is shown, which goes first. What answers an emergency comes before all.

use crate::word::words;

words! {
    /// A point of interest, the most important first.
    Poi {
        /// Fire station.
        FireStation = "fire_station",
        /// Hospital.
        Hospital = "hospital",
        /// Base of ambulances or of another rescue service.
        Rescue = "rescue",
        /// Police station.
        Police = "police",
        /// Where people are brought to safety.
        Shelter = "shelter",
        /// Where people meet in an emergency.
        Assembly = "assembly",
        /// Town hall.
        TownHall = "town_hall",
        /// Railway station or halt.
        Station = "station",
        /// Landing place of helicopters.
        Helipad = "helipad",
        /// Airfield.
        Airfield = "airfield",
        /// Mountain.
        Peak = "peak",
        /// University or college.
        University = "university",
        /// School.
        School = "school",
        /// Clinic or practice.
        Clinic = "clinic",
        /// Water works, pumping station, water tower.
        WaterWorks = "water_works",
        /// Sewage works.
        Sewage = "sewage",
        /// Power station or substation.
        Power = "power",
        /// Ferry terminal or harbour.
        Harbour = "harbour",
        /// Kindergarten.
        Kindergarten = "kindergarten",
        /// Castle, ruin, monument.
        Castle = "castle",
        /// Museum or theatre.
        Culture = "culture",
        /// Bus station.
        BusStation = "bus_station",
        /// Pharmacy.
        Pharmacy = "pharmacy",
        /// Community centre, social facility.
        Community = "community",
        /// Library.
        Library = "library",
        /// Church, mosque, temple, synagogue.
        Worship = "worship",
        /// Sports centre, stadium, swimming pool.
        Sport = "sport",
        /// Fuel station.
        Fuel = "fuel",
        /// Charging station.
        Charging = "charging",
        /// Car park.
        Parking = "parking",
        /// Post office.
        Post = "post",
        /// Market or supermarket.
        Market = "market",
        /// Bus or tram stop.
        Stop = "stop",
        /// Siren.
        Siren = "siren",
        /// Hydrant.
        Hydrant = "hydrant",
        /// Other place to draw water for fire engines.
        FireWater = "fire_water",
        /// Defibrillator.
        Defibrillator = "defibrillator",
        /// Hotel or other place to sleep.
        Hotel = "hotel",
        /// Viewpoint.
        View = "view",
        /// Bank.
        Bank = "bank",
        /// Restaurant, café, bar.
        Restaurant = "restaurant",
        /// Shop.
        Shop = "shop",
        /// Playground.
        Playground = "playground",
        /// Recycling.
        Recycling = "recycling",
        /// Drinking water.
        DrinkingWater = "drinking_water",
        /// Toilets.
        Toilets = "toilets",
    }
}

impl Poi {
    /// The first zoom at which it is shown.
    pub(crate) fn first_zoom(self) -> u8 {
        match self {
            Self::Hospital | Self::Airfield | Self::Peak => 11,
            Self::FireStation | Self::Rescue | Self::Police | Self::Station => 12,
            Self::Shelter | Self::Assembly | Self::TownHall | Self::Helipad | Self::University | Self::Harbour => 13,
            Self::School | Self::WaterWorks | Self::Sewage | Self::Power | Self::Castle => 14,
            Self::Clinic | Self::Kindergarten | Self::Culture | Self::BusStation | Self::Sport => 14,
            Self::Pharmacy | Self::Community | Self::Library | Self::Worship | Self::Fuel | Self::Stop => 15,
            Self::Charging | Self::Parking | Self::Post | Self::Market | Self::Siren | Self::View => 16,
            Self::Hydrant | Self::FireWater | Self::Defibrillator | Self::Hotel => 16,
            Self::Bank | Self::Restaurant | Self::Shop | Self::Playground => 17,
            Self::Recycling | Self::DrinkingWater | Self::Toilets => 17,
        }
    }

    /// How much it matters: 0 is the most.
    pub(crate) fn rank(self) -> u32 {
        self as u32
    }
}
