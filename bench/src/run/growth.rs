//! The same operations on a small and on a large store, in turns: what one costs more on the large one.

use super::{PREPARED, Stage, as_round};
use crate::report::{Measured, median};
use crate::script::Script;
use crate::workload::{Growth, Request};
use anyhow::{Context, Result};

pub fn run(stage: &Stage, work: &Growth) -> Result<Measured> {
    let stores = [("small", stage.sized(work.small)), ("large", stage.sized(work.large))];
    let mut measured = Measured::default();
    let requests: Vec<Request> = work.operation.iter().map(|operation| operation.request.clone()).collect();
    let mut servers = Vec::new();
    for (_, setup) in stores {
        let (server, data) = stage.belfry(&[])?;
        stage.prepare(&server, setup, &requests, &mut measured)?;
        servers.push((server, data));
    }
    let mut worst = 0.0_f64;
    for operation in &work.operation {
        let scripts = stores
            .map(|(_, setup)| Script::new(std::slice::from_ref(&operation.request), setup.entities, work.connections));
        let mut costs = Vec::new();
        let mut scripts = scripts.into_iter().collect::<Result<Vec<_>>>()?;
        scripts.iter_mut().for_each(|script| script.leave_new(PREPARED));
        for _ in 0..stage.rounds {
            let mut rates = Vec::new();
            for (n, script) in scripts.iter_mut().enumerate() {
                let (name, server) = (stores[n].0, &servers[n].0);
                let (outcome, cpu) = stage
                    .round(server, script, work.connections)
                    .with_context(|| format!("{} on the {name} store ({})", operation.name, server.said()))?;
                script.verify(server.address)?;
                rates.push(outcome.rate());
                measured.rounds.push(as_round(
                    &format!("{}, {name}", operation.name),
                    outcome.rate(),
                    cpu,
                    &outcome.latency,
                ));
            }
            costs.push(rates[0] / rates[1]);
        }
        let cost = median(&costs);
        worst = worst.max(cost);
        measured.figure(&operation.name, cost, "times the cost");
    }
    measured.figure("worst", worst, "times the cost");
    for (server, _data) in servers {
        server.stop()?;
    }
    Ok(measured)
}
