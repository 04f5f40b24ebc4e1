//! Traces: the tracer made from the configuration, under a policy of its own.

use anyhow::Context as _;
use belfry_config::{Config, Incoming};
use belfry_kernel::{Clock, Rng};
use belfry_runtime::outbound::{AddressPolicy, Outbound, Trust};
use belfry_runtime::telemetry::{self, Options, Tracer};
use std::sync::Arc;
use std::time::Duration;

/// The tracer, when a collector is configured. The operator names it, so it may be anywhere but at an address where clouds
/// hand out credentials.
pub fn tracer(
    config: &Config,
    trust: &Trust,
    clock: &Arc<dyn Clock>,
    rng: &Arc<dyn Rng>,
) -> anyhow::Result<Option<Arc<Tracer>>> {
    let t = &config.telemetry;
    let Some(endpoint) = &t.endpoint else { return Ok(None) };
    let options = Options {
        endpoint: endpoint.clone(),
        sample_per_million: t.sample_per_million,
        service_name: t.service_name.clone(),
        max_queued_spans: t.max_queued_spans,
        timeout: Duration::from_millis(t.timeout_ms),
        incoming: match t.incoming {
            Incoming::Continue => telemetry::Incoming::Continue,
            Incoming::Link => telemetry::Incoming::Link,
            Incoming::Ignore => telemetry::Incoming::Ignore,
        },
        ..Options::default()
    };
    let policy = AddressPolicy { loopback: true, private: true, hosts: Vec::new() };
    let tracer = Tracer::start(options, Outbound::trusting(policy, trust), clock.clone(), &**rng)
        .context("telemetry.endpoint cannot be used")?;
    Ok(Some(tracer))
}
