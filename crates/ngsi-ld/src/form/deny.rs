//! The deny vocabulary: terms that are refused at the door, whoever sends them. The platform watches for hazards, not
//! for people; its types are the guard, this is the tripwire. Holds terms and reasons, no rule about values.
//!
//! A term is compared whole, after folding: letters and digits only, lower case, so that `licencePlate`,
//! `licence_plate` and `LICENCE-PLATE` are one, and a final `s` more makes no other term of it. Of an expanded name only
//! the last segment that is not empty (after `/`, `#` or `:`) counts.
//! Whole terms only: `roadSurface`, `interfaceId` and `plateauHeight` contain "face" or "plate" and are fine.

use crate::Json;
use hashbrown::HashMap;

const FACE: &str = "the platform holds no faces and recognises none";
const BODY: &str = "the platform does not recognise people by body, gait or voice";
const PLATE: &str = "the platform holds no number plates";
const KEY: &str = "the platform holds no key of a person";
const TRAIT: &str = "the platform holds and infers no origin, belief, opinion or orientation of people";
const LIST: &str = "the platform keeps no list of people to watch and predicts no one's offence";
const TRACK: &str = "the platform does not follow or re-identify people";

/// The terms, folded, by reason. Left out on purpose, since they also mean things: `race` (a sports event), `face` and
/// `voice` alone (a rock face, a voice device), `fingerprint` (of a certificate), `plate` (of steel), `blacklist` (of
/// devices), `identity`.
const TERMS: [(&str, &[&str]); 7] = [
    (
        FACE,
        &[
            "faceid",
            "faceimage",
            "facepicture",
            "facephoto",
            "facetemplate",
            "faceembedding",
            "faceembeddings",
            "facevector",
            "facefeatures",
            "facelandmarks",
            "facerecognition",
            "facerecognized",
            "facerecognised",
            "facedetection",
            "facematch",
            "faceprint",
            "facialfeatures",
            "facialrecognition",
            "facialimage",
            "mugshot",
            "personimage",
            "personphoto",
            "personpicture",
        ],
    ),
    (
        BODY,
        &[
            "gait",
            "gaitsignature",
            "gaitrecognition",
            "voiceprint",
            "voicerecognition",
            "speakerid",
            "speakerrecognition",
            "irisscan",
            "iristemplate",
            "retinascan",
            "palmprint",
            "fingerprintimage",
            "fingerprinttemplate",
            "biometric",
            "biometrics",
            "biometricid",
            "biometrictemplate",
            "biometricdata",
            "dnaprofile",
        ],
    ),
    (
        PLATE,
        &[
            "licenseplate",
            "licenceplate",
            "licenseplatenumber",
            "licenceplatenumber",
            "licenseplateid",
            "licenceplateid",
            "licenseplatetext",
            "licenseplateimage",
            "numberplate",
            "numberplateid",
            "numberplatetext",
            "platenumber",
            "platetext",
            "plateimage",
            "platerecognition",
            "registrationplate",
            "registrationplatenumber",
            "vehicleplate",
            "vehicleplatenumber",
            "vehicleplateidentifier",
            "vehiclelicenseplate",
            "vehiclelicenceplate",
            "carplate",
            "anpr",
            "alpr",
            "lpr",
        ],
    ),
    (
        KEY,
        &[
            "passport",
            "passportid",
            "passportnumber",
            "passportno",
            "nationalid",
            "nationalidnumber",
            "nationalidentitynumber",
            "nationalidentificationnumber",
            "identitycard",
            "identitycardnumber",
            "idcardnumber",
            "personalidentificationnumber",
            "personalidentitynumber",
            "citizenid",
            "residentid",
            "socialsecuritynumber",
            "ssn",
            "driverlicensenumber",
            "driverlicencenumber",
            "driverslicensenumber",
            "drivinglicencenumber",
        ],
    ),
    (
        TRAIT,
        &[
            "ethnicity",
            "ethnic",
            "ethnicgroup",
            "ethnicorigin",
            "ethnicbackground",
            "racialorigin",
            "racialgroup",
            "skincolour",
            "skincolor",
            "religion",
            "religiousaffiliation",
            "religiousbelief",
            "religiousbeliefs",
            "politicalopinion",
            "politicalopinions",
            "politicalaffiliation",
            "politicalview",
            "politicalviews",
            "sexualorientation",
        ],
    ),
    (
        LIST,
        &[
            "watchlist",
            "watchlists",
            "watchlistid",
            "watchlistmatch",
            "personofinterest",
            "wantedperson",
            "suspect",
            "suspects",
            "suspectid",
            "criminalrecord",
            "criminalhistory",
            "recidivism",
            "recidivismrisk",
            "offenderrisk",
            "offenderscore",
            "threatscore",
            "socialcredit",
            "socialcreditscore",
            "socialscore",
        ],
    ),
    (
        TRACK,
        &[
            "personreid",
            "personreidentification",
            "reidentification",
            "reidentificationvector",
            "reidembedding",
            "persontrack",
            "persontrackid",
            "persontrajectory",
            "persontracking",
        ],
    ),
];

/// The longest term that is folded; longer ones are in no list.
const MAX_FOLDED: usize = 48;

/// A set of denied terms, each with its reason.
#[derive(Clone, Debug)]
pub struct Deny {
    terms: HashMap<Box<str>, Box<str>>,
    /// For each first byte, which lengths there are (bit by bit), so that most names need no look at the terms.
    lengths: Box<[u64; 256]>,
}

impl Default for Deny {
    /// The curated list.
    fn default() -> Self {
        let mut deny = Self { terms: HashMap::new(), lengths: Box::new([0; 256]) };
        for (reason, terms) in TERMS {
            for term in terms {
                deny.add(term, reason);
            }
        }
        deny
    }
}

impl Deny {
    /// Adds a term, in any case or spelling that folds to the same, with the reason that the client is told.
    pub fn add(&mut self, term: &str, reason: &str) {
        let folded: String =
            term.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase() as char).collect();
        if let Some(first) = folded.bytes().next().filter(|_| folded.len() <= MAX_FOLDED) {
            // A final `s` more makes no other term.
            self.lengths[usize::from(first)] |= 0b11 << folded.len();
            self.terms.insert(folded.into(), reason.into());
        }
    }

    /// Why this attribute name, type, vocabulary term or JSON member name is denied, when it is.
    pub fn reason(&self, name: &str) -> Option<&str> {
        let bytes = name.trim_end_matches(['/', '#', ':']).as_bytes();
        let from = bytes.iter().rposition(|b| matches!(b, b'/' | b'#' | b':')).map_or(0, |at| at + 1);
        let mut folded = [0_u8; MAX_FOLDED];
        let mut len = 0;
        for b in &bytes[from..] {
            if !b.is_ascii() {
                // A word of another script is not one of these terms with letters left out.
                return None;
            }
            if b.is_ascii_alphanumeric() {
                *folded.get_mut(len)? = b.to_ascii_lowercase();
                len += 1;
            }
        }
        if self.lengths[usize::from(folded[0])] >> len & 1 == 0 {
            return None;
        }
        let folded = std::str::from_utf8(&folded[..len]).ok()?;
        let found = self.terms.get(folded).or_else(|| self.terms.get(folded.strip_suffix('s')?));
        found.map(AsRef::as_ref)
    }

    /// The first denied member name inside a value, with its reason.
    pub fn inside<'a>(&self, json: &'a Json) -> Option<(&'a str, &str)> {
        match json {
            Json::Array(items) => items.iter().find_map(|item| self.inside(item)),
            Json::Object(members) => members.iter().find_map(|(key, value)| match self.reason(key) {
                Some(reason) => Some((key.as_str(), reason)),
                None => self.inside(value),
            }),
            _ => None,
        }
    }

    /// Every denied term, folded, with its reason; in no order.
    pub fn terms(&self) -> impl Iterator<Item = (&str, &str)> {
        self.terms.iter().map(|(term, reason)| (term.as_ref(), reason.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_and_compares_whole_terms() {
        let deny = Deny::default();
        for denied in [
            "licensePlate",
            "licence_plate",
            "LICENCE-PLATE",
            "https://uri.fiware.org/ns/data-models#vehiclePlateIdentifier",
            "https://smartdatamodels.org/dataModel.Transportation/license_plate",
            "ex:Ethnicity",
            "faceEmbedding",
            "licensePlates",
            "number_plates",
            "faceImages",
            "https://example.org/terms/licensePlate/",
            "https://example.org/terms/licensePlate#",
        ] {
            assert!(deny.reason(denied).is_some(), "{denied}");
        }
        for fine in [
            "roadSurface",
            "interface",
            "plateau",
            "face",
            "race",
            "template",
            "",
            "é",
            "voiceDevice",
            "latitude",
            "/",
            "s",
        ] {
            assert_eq!(deny.reason(fine), None, "{fine}");
        }
        assert_eq!(deny.reason(&"x".repeat(500)), None);
    }

    #[test]
    fn can_be_extended() {
        let mut deny = Deny::default();
        assert_eq!(deny.reason("petName"), None);
        deny.add("pet-name", "no pets");
        assert_eq!(deny.reason("petName"), Some("no pets"));
        let json = Json::parse(br#"[{"a":{"PET_NAME":1}}]"#, 8).unwrap();
        assert_eq!(deny.inside(&json), Some(("PET_NAME", "no pets")));
    }

    #[test]
    fn every_listed_term_is_folded_already() {
        for (_, terms) in TERMS {
            for term in terms {
                assert!(term.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{term}");
            }
        }
    }
}
