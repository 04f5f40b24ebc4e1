//! What really happened, a line of JSON each: for files beside a run, never for the platform.

use super::json::{instant, put, quoted};
use super::message::entity_id;
use crate::simulation::Simulation;
use crate::truth::{Asset, Truth};
use belfry_kernel::Time;
use std::fmt::Write as _;

/// One line, without its end.
pub fn line(simulation: &Simulation, truth: &Truth, clock: &dyn Fn(Time) -> Time) -> String {
    let mut out = String::with_capacity(240);
    put!(out, "{{\"id\":{},\"kind\":\"{}\",\"begin\":\"", truth.id, truth.kind.word());
    instant(&mut out, clock(truth.begin));
    out.push('"');
    if let Some(end) = truth.end {
        out.push_str(",\"end\":\"");
        instant(&mut out, clock(end));
        out.push('"');
    }
    if let Some(at) = truth.at {
        let [lon, lat] = simulation.county().plane.degrees(at);
        put!(out, ",\"place\":[{lon:.6},{lat:.6}]");
    }
    put!(out, ",\"size\":{:.3},\"assets\":[", truth.size);
    for (i, asset) in truth.assets.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        let id = match asset {
            Asset::Device(device) => entity_id(simulation, *device),
            Asset::Segment(segment) => {
                let way = simulation.county().roads.segments[*segment as usize].way;
                format!("urn:ngsi-ld:RoadSegment:way-{}", way + 1)
            }
            Asset::Reach(reach) => format!("reach-{}", reach + 1),
            Asset::Pipe(pipe) => format!("pipe-{}", pipe + 1),
            Asset::Place(place) => format!("urn:ngsi-ld:Building:place-{}", place + 1),
        };
        quoted(&mut out, &id);
    }
    out.push_str("]}");
    out
}
