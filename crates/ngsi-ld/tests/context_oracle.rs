//! Expansion against the answers of another JSON-LD processor, kept in `context_oracle.tsv` (which says how it was made).

use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::context::{Context, CoreVersion, Limits, NoRemote};

#[test]
fn expands_as_another_processor_does() {
    let mut context = None;
    let (mut contexts, mut terms, mut wrong) = (0, 0, Vec::new());
    for line in include_str!("context_oracle.tsv").lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        match columns.as_slice() {
            ["C", text, verdict] => {
                contexts += 1;
                let local = Json::parse(text.as_bytes(), 32).unwrap();
                let built = Context::build_on(CoreVersion::V1_8, &local, &NoRemote, &Limits::default());
                if built.is_ok() != (*verdict == "ok") {
                    wrong.push(format!("{text}: {verdict}, here {built:?}"));
                }
                context = built.ok().map(|built| (*text, built));
            }
            ["T", term, expected] => {
                terms += 1;
                let Some((text, context)) = &context else { continue };
                // Blank nodes and keywords are IRIs or aliases to JSON-LD and no names here.
                let expected = Some(*expected).filter(|e| *e != "-" && !e.starts_with('@'));
                let name = context.expand(term).ok();
                if name.map(|n| n.as_str()) != expected {
                    wrong.push(format!("{text}: {term} is {expected:?}, here {name:?}"));
                }
                if let Some(name) = name
                    && context.expand(context.compact(name)).ok() != Some(name)
                    && !term.starts_with("urn:")
                {
                    wrong.push(format!("{text}: {name} does not come back from {}", context.compact(name)));
                }
            }
            other => panic!("a line that is neither: {other:?}"),
        }
    }
    assert!(contexts >= 150 && terms >= 2000, "{contexts} contexts, {terms} terms");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
