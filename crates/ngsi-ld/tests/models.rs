//! The Smart Data Models examples in `../shared/data/models` (or `$BELFRY_TEST_DATA/models`): each goes in and comes back
//! equal in the normalized and the concise form, or is refused with a reason, which the test prints.

use belfry_ngsi_ld::form::{Limits, Mode, Reader, Representation, View, take_context, write_entity};
use belfry_ngsi_ld::{Context, Json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Examples that are refused, with the beginning of the reason. A file that is neither here nor accepted fails the test.
const REFUSED: &[(&str, &str)] = &[
    ("FloodMonitoring", "attribute 'floodLevelStatus': type: 'string' is not a kind of attribute"),
    ("NightSkyQuality", "id: 'DTI-036' is not a URI"),
    ("PhreaticObserved", "attribute 'depth': observedAt: '2020-03-17TT08:45:00Z' is not a UTC date and time"),
    ("TransportStation", "attribute 'dateLastReported': type: 'DateTime' is not a kind of attribute"),
    ("WaterObserved", "attribute 'dateObserved': object: '2020-03-17T08:45:00.209Z' is not a URI"),
    ("WeatherForecast", "id: 'Spain-WeatherForecast-46005_2016-12-01T18:00:00_2016-12-02T00:00:00' is not a URI"),
];

fn models() -> Option<PathBuf> {
    let root = std::env::var_os("BELFRY_TEST_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let models = root.join("models");
    models.is_dir().then_some(models)
}

/// The same value whatever the order of members and however a number or a time is written.
fn plain(json: &Json) -> Json {
    match json {
        Json::Int(i) => Json::Float(*i as f64),
        Json::Str(text) => match belfry_kernel::Time::parse(text) {
            Ok(time) => Json::Str(time.to_string().into()),
            Err(_) => json.clone(),
        },
        Json::Array(items) => Json::Array(items.iter().map(plain).collect()),
        Json::Object(members) => {
            let sorted: BTreeMap<_, _> = members
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "createdAt" | "modifiedAt"))
                .map(|(key, value)| (key.clone(), plain(value)))
                .collect();
            Json::Object(sorted.into_iter().collect())
        }
        other => other.clone(),
    }
}

#[test]
fn every_example_comes_back_or_is_refused_with_a_reason() {
    let Some(models) = models() else {
        println!("no Smart Data Models examples here (set BELFRY_TEST_DATA): nothing was tested");
        return;
    };
    let limits = Limits::default();
    let context = Context::core();
    let (mut equal, mut refused, mut wrong) = (0, Vec::new(), Vec::new());
    let mut folders: Vec<_> =
        std::fs::read_dir(&models).expect("the models folder").flatten().map(|e| e.path()).collect();
    folders.sort();
    for folder in folders {
        let model = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let Ok(text) = std::fs::read(folder.join("example-normalized.jsonld")) else { continue };
        let mut body = match Json::parse(&text, limits.json_depth) {
            Ok(body) => body,
            Err(error) => {
                refused.push((model, error.public().to_owned()));
                continue;
            }
        };
        take_context(&mut body);
        let reader = Reader::new(context, &limits, Mode::Full);
        let entity = match reader.entity(body.clone()) {
            Ok(entity) => entity,
            Err(error) => {
                refused.push((model, error.public().to_owned()));
                continue;
            }
        };
        let mut out = Vec::new();
        write_entity(&entity, context, &View::default(), None, &mut out);
        let back = Json::parse(&out, limits.json_depth).expect("what is written is JSON");
        if plain(&back) == plain(&body) {
            equal += 1;
        } else {
            wrong.push(format!("{model}:\n  in  {}\n  out {}", plain(&body), plain(&back)));
        }
        let mut out = Vec::new();
        let concise = View { representation: Representation::Concise, ..View::default() };
        write_entity(&entity, context, &concise, None, &mut out);
        let again =
            reader.entity(Json::parse(&out, limits.json_depth).expect("JSON")).expect("the concise form is read");
        let expiry_aside = |mut e: belfry_ngsi_ld::Entity| {
            e.expires_at = None;
            e
        };
        assert_eq!(expiry_aside(again), expiry_aside(entity), "{model}, concise");
    }
    println!("{equal} examples came back equal; refused:");
    for (model, why) in &refused {
        println!("  {model:<34} {why}");
    }
    assert!(wrong.is_empty(), "{} examples came back different:\n{}", wrong.len(), wrong.join("\n"));
    for (model, why) in &refused {
        assert!(
            REFUSED.iter().any(|(m, w)| m == model && why.starts_with(w)),
            "{model} is refused and was not expected to be: {why}"
        );
    }
    assert_eq!(refused.len(), REFUSED.len(), "examples that should be refused are accepted");
}
