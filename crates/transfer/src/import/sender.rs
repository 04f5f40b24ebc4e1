//! Sending a window: batches of states, histories of entities, a few requests at one time; refused batches are halved
//! until the row to blame is found. Keeps nothing between windows.

use super::args::Existing;
use super::existing;
use super::parcel::{HistoryParcel, StateParcel, StateRow, history_body, state_body};
use super::window::{Origin, Window};
use crate::TransferError;
use crate::client::{Answer, Call, Client, Lost, problem};
use crate::history_body::weight;
use crate::source::Refusal;
use crate::source::entity::refusal;
use crate::temporal::PATH;
use belfry_ngsi_ld::Json;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// How often the answer may be lost while one parcel is sent.
const MAX_LOST: u32 = 3;

/// Sends windows.
pub(crate) struct Sender {
    client: Client,
    in_flight: usize,
    upsert: &'static str,
}

/// What became of a window.
#[derive(Default)]
pub(crate) struct Sent {
    pub(crate) states: u64,
    pub(crate) instances: u64,
    pub(crate) refused: Vec<(Origin, Refusal)>,
}

/// The answer to a batch of which a part was refused (clause 5.2.16).
#[derive(Deserialize)]
struct BatchResult {
    #[serde(default)]
    errors: Vec<BatchError>,
}

#[derive(Deserialize)]
struct BatchError {
    #[serde(rename = "entityId")]
    entity_id: Option<String>,
    error: BatchProblem,
}

#[derive(Deserialize)]
struct BatchProblem {
    title: Option<String>,
    detail: Option<String>,
}

impl Sender {
    pub(crate) fn new(client: Client, in_flight: u8, existing: Existing) -> Self {
        let upsert = match existing {
            Existing::Update => "/ngsi-ld/v1/entityOperations/upsert?options=update",
            Existing::Replace => "/ngsi-ld/v1/entityOperations/upsert",
        };
        Self { client, in_flight: usize::from(in_flight), upsert }
    }

    /// The client that it sends with.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Sends all of a window. `careful`: an earlier run may have sent a part of it.
    pub(crate) async fn send(&self, window: &Window, careful: bool) -> Result<Sent, TransferError> {
        let states = window.states.iter().map(|parcel| -> BoxFuture<'_, _> { Box::pin(self.states(parcel, careful)) });
        let histories =
            window.histories.iter().map(|parcel| -> BoxFuture<'_, _> { Box::pin(self.history(parcel, careful)) });
        let mut work = futures_util::stream::iter(states.chain(histories)).buffer_unordered(self.in_flight);
        let mut all = Sent::default();
        let mut failed = None;
        while let Some(done) = work.next().await {
            match done {
                Ok(sent) => {
                    all.states += sent.states;
                    all.instances += sent.instances;
                    all.refused.extend(sent.refused);
                }
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        all.refused.sort_by(|a, b| (&a.0.file, a.0.line).cmp(&(&b.0.file, b.0.line)));
        // A row counts once, however many of its entities were refused.
        all.refused.dedup_by(|a, b| a.0 == b.0);
        Ok(all)
    }

    /// Posts a body. None when it may have been written or not: what is there is not to be written again.
    async fn post(
        &self,
        target: &'static str,
        body: (&'static str, Bytes),
        lost: &mut u32,
    ) -> Result<Option<Answer>, TransferError> {
        let call = Call {
            method: Method::POST,
            target,
            body: Some(body),
            accept: "application/json",
            link: None,
            repeatable: false,
        };
        match self.client.send(&call).await {
            Ok(answer) => Ok(Some(answer)),
            Err(Lost::Unknown(_)) if *lost < MAX_LOST => {
                *lost += 1;
                Ok(None)
            }
            Err(Lost::Unknown(error) | Lost::Stop(error)) => Err(error),
        }
    }

    async fn states(&self, parcel: &StateParcel, careful: bool) -> Result<Sent, TransferError> {
        let mut sent = Sent::default();
        let new = |rows: Vec<Arc<StateRow>>| existing::new_states(&self.client, rows);
        let mut waiting: Vec<Vec<Arc<StateRow>>> =
            vec![if careful { new(parcel.rows.clone()).await? } else { parcel.rows.clone() }];
        let mut lost = 0;
        while let Some(rows) = waiting.pop() {
            if rows.is_empty() {
                continue;
            }
            let Some(answer) = self.post(self.upsert, state_body(&rows), &mut lost).await? else {
                waiting.push(new(rows).await?);
                continue;
            };
            match answer.status {
                StatusCode::MULTI_STATUS => self.partly(&rows, &answer, &mut sent)?,
                status if status.is_success() => sent.states += rows.len() as u64,
                _ => match rows.as_slice() {
                    [row] => sent.refused.push((row.origin.clone(), self.refused(&answer, &row.id)?)),
                    rows => {
                        self.refused(&answer, "")?;
                        let (first, second) = rows.split_at(rows.len() / 2);
                        waiting.push(second.to_vec());
                        waiting.push(first.to_vec());
                    }
                },
            }
        }
        Ok(sent)
    }

    fn partly(&self, rows: &[Arc<StateRow>], answer: &Answer, sent: &mut Sent) -> Result<(), TransferError> {
        let result: BatchResult = serde_json::from_slice(&answer.body)
            .map_err(|e| self.client.strange(&format!("its report of a batch cannot be read: {e}")))?;
        let mut errors: HashMap<String, String> = HashMap::new();
        for error in result.errors {
            let id = error
                .entity_id
                .ok_or_else(|| self.client.strange("it refused an entity of a batch without naming it"))?;
            let why = error.error.detail.or(error.error.title).unwrap_or_else(|| "refused without a reason".to_owned());
            errors.entry(id).or_insert(why);
        }
        for row in rows {
            match errors.get(row.id.as_str()) {
                None => sent.states += 1,
                Some(why) => sent.refused.push((row.origin.clone(), refusal(why, Some(&row.id)))),
            }
        }
        Ok(())
    }

    async fn history(&self, parcel: &HistoryParcel, careful: bool) -> Result<Sent, TransferError> {
        let mut sent = Sent::default();
        let left =
            if careful { Some(existing::without_known(&self.client, &parcel.id, &parcel.rows).await?) } else { None };
        let mut waiting: Vec<Cow<'_, [(Origin, Json)]>> = vec![left.map_or(Cow::Borrowed(&parcel.rows), Cow::Owned)];
        let mut lost = 0;
        while let Some(rows) = waiting.pop() {
            if rows.is_empty() {
                continue;
            }
            let body = history_body(rows.iter().map(|(_, entity)| entity));
            let Some(answer) = self.post(PATH, body, &mut lost).await? else {
                waiting.push(Cow::Owned(existing::without_known(&self.client, &parcel.id, &rows).await?));
                continue;
            };
            if answer.status.is_success() {
                sent.instances += rows.iter().map(|(_, entity)| weight(entity).0 as u64).sum::<u64>();
            } else if let [(origin, _)] = &*rows {
                sent.refused.push((origin.clone(), self.refused(&answer, &parcel.id)?));
            } else {
                self.refused(&answer, "")?;
                let (first, second) = rows.split_at(rows.len() / 2);
                waiting.push(Cow::Owned(second.to_vec()));
                waiting.push(Cow::Owned(first.to_vec()));
            }
        }
        Ok(sent)
    }

    /// Why a request was refused, if it is the fault of its rows.
    fn refused(&self, answer: &Answer, id: &str) -> Result<Refusal, TransferError> {
        let why = problem(answer);
        match answer.status.as_u16() {
            400 | 409 | 413 | 422 => Ok(refusal(&why, (!id.is_empty()).then_some(id))),
            404 => Err(self.client.strange(&format!("{why} (is the address right, and the tenant there?)"))),
            status => Err(self.client.strange(&format!("it answered {status}: {why}"))),
        }
    }
}
