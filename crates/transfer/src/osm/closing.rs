//! What vanished: entities of the extract that the new edition does not have. They get `dateRemoved` and leave the current
//! state, since a crew must not be sent to a hydrant that is gone; history keeps them. Where others wrote attributes of
//! their own to an entity, it stays, marked: what is theirs is not the import's to remove.

use super::Summary;
use super::args::Vanished;
use super::entity::{Stamp, edition};
use super::known::Seen;
use super::object::Object;
use crate::TransferError;
use crate::client::{Call, Client, problem};
use crate::import::sender::Sender;
use crate::import::window::{Origin, Window};
use belfry_ngsi_ld::Json;
use http::{Method, StatusCode};
use std::path::Path;
use std::sync::Arc;

/// Up to so many may vanish whatever share of the extract they are.
const FEW: usize = 20;
/// Entities removed by one request.
const BATCH: usize = 500;

/// How what vanished is closed.
pub(super) struct Closing<'c> {
    pub(super) vanished: Vanished,
    pub(super) max_percent: u8,
    /// Entities of the extract that were there before.
    pub(super) before: usize,
    pub(super) stamp: &'c Stamp,
}

impl Closing<'_> {
    /// Closes what is left over. The inner result says whether there was too much of it, and nothing was closed.
    pub(super) async fn run(
        &self,
        rest: Vec<(String, Object, Seen)>,
        sender: Option<&Sender>,
        window: &mut Window,
        file: &Arc<Path>,
        summary: &mut Summary,
    ) -> Result<Result<(), TransferError>, TransferError> {
        if self.vanished == Vanished::Keep {
            return Ok(Ok(()));
        }
        let new = rest.iter().filter(|(_, _, seen)| !seen.closed).count();
        if new > FEW && new * 100 > self.before * usize::from(self.max_percent) {
            return Ok(Err(self.too_many(new)));
        }
        let closes = |seen: &Seen| self.vanished == Vanished::Close && !seen.foreign;
        let (leave, mark): (Vec<_>, Vec<_>) = rest.iter().partition(|(_, _, seen)| closes(seen));
        summary.closed = leave.len() as u64;
        summary.marked = mark.iter().filter(|(_, _, seen)| !seen.closed).count() as u64;
        let Some(sender) = sender else { return Ok(Ok(())) };
        // The mark comes first, and so into history: what was closed says so there.
        for (line, (id, _, _)) in (1..).zip(rest.iter().filter(|(_, _, seen)| !seen.closed)) {
            window.state(&Origin { file: file.clone(), line }, &self.marked(id));
            if window.is_full() {
                send(sender, window).await?;
            }
        }
        send(sender, window).await?;
        for batch in leave.chunks(BATCH) {
            remove(sender.client(), batch.iter().map(|(id, _, _)| id.as_str())).await?;
        }
        Ok(Ok(()))
    }

    fn marked(&self, id: &str) -> Json {
        let entity = Object::of_entity(id).map_or("", |(entity, _)| entity);
        let mut date = edition(self.stamp);
        if let Json::Object(members) = &mut date {
            // With an instant of its own, whoever asks for the history meets it.
            members.push(("observedAt".into(), self.stamp.edition.as_str().into()));
        }
        Json::Object(vec![("id".into(), id.into()), ("type".into(), entity.into()), ("dateRemoved".into(), date)])
    }

    fn too_many(&self, new: usize) -> TransferError {
        TransferError::Usage(format!(
            "{new} of the {} entities of the extract {:?} are not in this file: is it of another area? Nothing was closed. \
             --max-vanished 100 closes them, --vanished keep leaves them, --extract NAME imports it as an extract of its own",
            self.before, self.stamp.extract
        ))
    }
}

async fn send(sender: &Sender, window: &mut Window) -> Result<(), TransferError> {
    let sent = sender.send(&window.take(), false).await?;
    match sent.refused.first() {
        None => Ok(()),
        Some((_, refusal)) => {
            let id = refusal.entity.as_deref().unwrap_or_default();
            Err(sender.client().strange(&format!("it refused to mark {id}: {}", refusal.reason)))
        }
    }
}

/// Removes entities from the current state. Those that are gone already are no fault.
async fn remove<'i>(client: &Client, ids: impl Iterator<Item = &'i str>) -> Result<(), TransferError> {
    let ids = Json::Array(ids.map(Json::from).collect());
    let mut body = Vec::new();
    ids.write(&mut body);
    let call = Call {
        method: Method::POST,
        target: "/ngsi-ld/v1/entityOperations/delete",
        body: Some(("application/json", body.into())),
        accept: "application/json",
        link: None,
        repeatable: true,
    };
    let answer = client.send(&call).await?;
    match answer.status {
        StatusCode::NO_CONTENT | StatusCode::MULTI_STATUS | StatusCode::NOT_FOUND => Ok(()),
        status => Err(client.strange(&format!("it answered {status}: {}", problem(&answer)))),
    }
}
