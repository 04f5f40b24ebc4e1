//! The answer to a change of several attributes: nothing to say, or which were left alone (ETSI GS CIM 009 clauses 5.2.18,
//! 5.2.19). Names are expanded: such a report has no @context (clause 6.3.6).

use crate::problem;
use axum::response::Response;
use belfry_ngsi_ld::json::write_str;
use belfry_ngsi_ld::operation::Outcome;

/// The answer.
pub(super) fn answer(outcome: &Outcome) -> Response {
    if outcome.not_updated.is_empty() {
        return problem::no_content();
    }
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(b"{\"updated\":[");
    for (at, name) in outcome.updated().into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_str(name.as_str(), &mut out);
    }
    out.extend_from_slice(b"],\"notUpdated\":[");
    for (at, left) in outcome.not_updated.iter().enumerate() {
        out.extend_from_slice(if at > 0 { b",{\"attributeName\":" } else { b"{\"attributeName\":" });
        write_str(left.name.as_str(), &mut out);
        if let Some(dataset) = &left.dataset_id {
            out.extend_from_slice(b",\"datasetId\":");
            write_str(dataset.as_str(), &mut out);
        }
        out.extend_from_slice(b",\"reason\":");
        write_str(left.reason, &mut out);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    problem::multi_status(out)
}
