//! The county's life: the simulation is moved to where it is due, and what its devices and services say goes out. Bounded: no more
//! is made than the doors have taken; when they are slower than the pace, the county is late and nothing is dropped.

use super::Mqtt;
use super::clock::Stamps;
use super::http::Client;
use super::publication::Publication;
use belfry_kernel::Time;
use belfry_sim::wire::{Message, birth, messages, register, service};
use belfry_sim::{Event, Kind, Reading, Simulation, Truth};
use futures_util::StreamExt as _;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Entities in one batch over HTTP.
pub const BATCH: usize = 400;
/// Reports that are made before they are sent.
const SLICE: usize = 2_000;
/// Messages of one connection that wait for their acknowledgement.
const WINDOW: usize = 128;
/// Devices that are registered before the first report; the others follow while these live.
const FIRST: u32 = 4_000;
/// Devices registered in one turn after that.
const FURTHER: u32 = 1_200;
/// How often the county is moved on.
const TURN: Duration = Duration::from_millis(100);
/// How often vehicles report, by the clock.
const VEHICLES: Duration = Duration::from_secs(1);
/// How often feeds are written.
const FEEDS: Duration = Duration::from_secs(5);
/// Simulated time that is made at once when nothing waits for clocks, microseconds.
const STRIDE: i64 = 60_000_000;

/// A living county and its connections.
pub struct Life {
    simulation: Simulation,
    client: Client,
    publishers: Vec<Mqtt>,
    stamps: Stamps,
    publication: Option<Publication>,
    /// Devices below this number are registered.
    registered: u32,
}

impl Life {
    pub fn new(
        simulation: Simulation,
        client: Client,
        publishers: Vec<Mqtt>,
        stamps: Stamps,
        publication: Option<Publication>,
    ) -> Self {
        Self { simulation, client, publishers, stamps, publication, registered: 0 }
    }

    /// Registers the first devices and the vehicles.
    ///
    /// # Errors
    /// When the platform does not take them.
    pub async fn register_first(&mut self) -> anyhow::Result<()> {
        while self.registered < self.simulation.devices().min(FIRST) {
            self.register(BATCH as u32).await?;
        }
        self.report_vehicles().await
    }

    /// Registers the next devices: where they stand and the units of their values do not come over MQTT.
    async fn register(&mut self, more: u32) -> anyhow::Result<()> {
        let until = (self.registered + more).min(self.simulation.devices());
        let stamps = self.stamps;
        let clock = move |at| stamps.written(at);
        let entries: Vec<String> =
            (self.registered..until).map(|device| register::device(&self.simulation, device, &clock)).collect();
        for part in entries.chunks(BATCH) {
            self.client.upsert(part.iter().map(String::as_str)).await?;
        }
        let zones = self.simulation.devices_of(Kind::Zone);
        for device in zones.filter(|device| (self.registered..until).contains(device)) {
            let reading = self.simulation.first_reading(device);
            if let Some(Message::Publish { topic, payload }) = birth(&self.simulation, &reading, &clock) {
                self.publishers[device as usize % self.publishers.len()].publish(&topic, payload).await?;
            }
        }
        self.registered = until;
        Ok(())
    }

    /// Lives until it is told to stop. `reached` hears the simulated instant after each turn.
    pub async fn live(mut self, mut stopped: watch::Receiver<bool>, reached: impl Fn(Time)) {
        let began = Instant::now();
        let (mut vehicles, mut feeds) = (began, began);
        let mut tick = tokio::time::interval(TURN);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let due = self.stamps.due(began.elapsed());
            tokio::select! {
                biased;
                _ = stopped.wait_for(|stop| *stop) => return,
                _ = tick.tick(), if due.is_some() => {}
                () = tokio::task::yield_now(), if due.is_none() => {}
            }
            let until = due.unwrap_or_else(|| self.simulation.now().plus_micros(STRIDE));
            if self.registered < self.simulation.devices()
                && let Err(error) = self.register(FURTHER).await
            {
                tracing::warn!(error = %format!("{error:#}"), "devices could not be registered; they are tried again");
            }
            // A turn is cut into slices, so that a stop is heard while the county is late.
            while !self.turn(until).await && !*stopped.borrow() {}
            reached(self.simulation.now());
            let now = Instant::now();
            if now >= vehicles + VEHICLES {
                vehicles = now;
                if let Err(error) = self.report_vehicles().await {
                    tracing::warn!(error = %format!("{error:#}"), "vehicles could not report");
                }
            }
            if let Some(publication) = &self.publication
                && now >= feeds + FEEDS
            {
                feeds = now;
                let stamps = self.stamps;
                publication.feed(&self.simulation, &move |at| stamps.written(at));
            }
        }
    }

    /// Makes a slice of what happens until an instant and sends it. Whether the instant is reached.
    async fn turn(&mut self, until: Time) -> bool {
        let (mut readings, mut truths): (Vec<Reading>, Vec<Truth>) = (Vec::new(), Vec::new());
        let registered = self.registered;
        let advanced = self.simulation.advance(until, &mut |event| {
            match event {
                // What nobody knows yet is not listened to.
                Event::Reading(reading) if reading.device < registered => readings.push(*reading),
                Event::Reading(_) => {}
                Event::Began(truth) | Event::Ended(truth) => truths.push(truth.clone()),
            }
            if readings.len() < SLICE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let stamps = self.stamps;
        let clock = move |at| stamps.written(at);
        let mut published: Vec<Vec<(String, Vec<u8>)>> = vec![Vec::new(); self.publishers.len()];
        let mut entities = Vec::new();
        for reading in &readings {
            let connection = reading.device as usize % self.publishers.len();
            messages(&self.simulation, reading, &clock, &mut |message| match message {
                Message::Publish { topic, payload } => published[connection].push((topic, payload)),
                Message::Entity { id, body } => entities.push((id, body)),
            });
        }
        for truth in &truths {
            entities.extend(service::accident(self.simulation.county(), truth, &clock));
            if let Some(publication) = &mut self.publication {
                publication.happened(&self.simulation, truth, &clock);
            }
        }
        let over_mqtt = self.publishers.iter().zip(published).map(|(publisher, messages)| publish(publisher, messages));
        let over_mqtt = futures_util::future::join_all(over_mqtt);
        let (refused, sent) = tokio::join!(over_mqtt, upsert(&self.client, entities));
        let refused: usize = refused.into_iter().sum();
        if refused > 0 {
            tracing::warn!(messages = refused, "simulated devices could not publish");
        }
        if let Err(error) = sent {
            tracing::warn!(error = %format!("{error:#}"), "the simulated services could not send");
        }
        advanced == belfry_sim::Advanced::Reached
    }

    async fn report_vehicles(&self) -> anyhow::Result<()> {
        let at = self.stamps.written(self.simulation.now());
        let county = self.simulation.county();
        let all = self.simulation.vehicles();
        let entities: Vec<String> = all.iter().map(|vehicle| register::vehicle(county, vehicle, at).1).collect();
        for part in entities.chunks(BATCH) {
            self.client.upsert(part.iter().map(String::as_str)).await?;
        }
        Ok(())
    }
}

/// Publishes messages in order, many on their way at a time. How many were not taken.
async fn publish(publisher: &Mqtt, messages: Vec<(String, Vec<u8>)>) -> usize {
    let sent = futures_util::stream::iter(messages)
        .map(|(topic, payload)| async move { publisher.publish(&topic, payload).await.is_err() });
    sent.buffered(WINDOW).filter(|failed| std::future::ready(*failed)).count().await
}

/// Sends entities in batches in which none is twice, so that what one says first comes first.
async fn upsert(client: &Client, entities: Vec<(String, String)>) -> anyhow::Result<()> {
    let mut rest = entities.into_iter().peekable();
    while rest.peek().is_some() {
        let (mut ids, mut batch) = (HashSet::new(), Vec::new());
        while let Some((id, _)) = rest.peek() {
            if batch.len() >= BATCH || !ids.insert(id.clone()) {
                break;
            }
            batch.extend(rest.next().map(|(_, body)| body));
        }
        client.upsert(batch.iter().map(String::as_str)).await?;
    }
    Ok(())
}
