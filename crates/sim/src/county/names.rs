//! Names for what the generator makes: put together from parts, so that none is a real place's on purpose. No names of people.

use crate::draw::Draw;

const FIRST: [&str; 20] = [
    "Alder", "Ash", "Birch", "Bram", "Cold", "Elm", "Fern", "Gold", "Hart", "Hazel", "Larch", "Mill", "Oak", "Reed",
    "Rush", "Stone", "Thorn", "Water", "Willow", "Win",
];
const SECOND: [&str; 12] =
    ["bourne", "brook", "by", "combe", "dale", "field", "ford", "ham", "ley", "stead", "ton", "wick"];
const STREET: [&str; 24] = [
    "Abbey", "Barley", "Bell", "Bridge", "Castle", "Chapel", "Clay", "Corn", "Fountain", "Garden", "Green", "Hill",
    "Hop", "Lime", "Market", "Meadow", "Orchard", "Quarry", "School", "Spring", "Tanner", "Tower", "Well", "Wharf",
];
const WAY: [&str; 6] = ["Street", "Lane", "Road", "Row", "Way", "Walk"];

/// A settlement's name that is not among those taken.
pub fn settlement(draw: &mut Draw, taken: &[String]) -> String {
    loop {
        let name = format!("{}{}", FIRST[draw.below(FIRST.len())], SECOND[draw.below(SECOND.len())]);
        // There are 240 names, and no county has a tenth as many settlements.
        if taken.len() >= FIRST.len() * SECOND.len() || !taken.contains(&name) {
            return name;
        }
    }
}

/// The name of the street of this number; numbers beyond the parts' combinations are written out.
pub fn street(number: usize, settlement: &str) -> String {
    let (first, way, round) =
        (number % STREET.len(), number / STREET.len() % WAY.len(), number / STREET.len() / WAY.len());
    match round {
        0 => format!("{} {}, {settlement}", STREET[first], WAY[way]),
        _ => format!("{} {} {}, {settlement}", STREET[first], WAY[way], round + 1),
    }
}
