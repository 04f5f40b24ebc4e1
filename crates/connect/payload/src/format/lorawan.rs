//! Uplinks of LoRaWAN network servers: The Things Stack v3 and ChirpStack v4, in their JSON integrations. The decoded
//! payload and what the server knows about the uplink are kept; encrypted or undecoded frames are not decoded here.

use crate::error::PayloadError;
use crate::format::Document;
use crate::json;
use belfry_kernel::Time;
use sonic_rs::JsonValueTrait;

/// Decodes an uplink of The Things Stack v3 (`v3/<application>@<tenant>/devices/<device>/up`).
pub fn tts(payload: &[u8]) -> Result<Document, PayloadError> {
    let message = json::parse(payload)?;
    // Webhook storage and older gateways wrap the message as `result` or `data`.
    let body = ["result", "data"].iter().find_map(|k| message.get(*k).filter(|v| v.get("end_device_ids").is_some()));
    let body = body.cloned().unwrap_or(message);
    let device =
        body.get("end_device_ids").and_then(|i| i.get("device_id")).and_then(|d| d.as_str()).filter(|d| !d.is_empty());
    let device = device.ok_or(PayloadError::NotUplink("end_device_ids.device_id is missing"))?;
    let uplink = body.get("uplink_message").filter(|u| u.is_object());
    let uplink = uplink.ok_or(PayloadError::NotUplink("uplink_message is missing"))?;
    let at = first_time(&[
        uplink.get("settings").and_then(|s| s.get("time")),
        uplink.get("received_at"),
        body.get("received_at"),
    ])?;
    let decoded = uplink.get("decoded_payload").filter(|p| p.is_object()).cloned();
    Ok(Document { device: device.into(), at, payload: decoded, message: body.clone() })
}

/// Decodes an uplink of ChirpStack v4 (`application/<id>/device/<DevEUI>/event/up`, JSON marshaler).
pub fn chirpstack(payload: &[u8]) -> Result<Document, PayloadError> {
    let message = json::parse(payload)?;
    let device = message.get("deviceInfo").and_then(|i| i.get("devEui")).and_then(|d| d.as_str());
    let device = device.ok_or(PayloadError::NotUplink("deviceInfo.devEui is missing"))?;
    if device.len() != 16 || !device.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(PayloadError::NotUplink("deviceInfo.devEui is not 16 hexadecimal digits"));
    }
    let at = first_time(&[message.get("time")])?;
    let decoded = message.get("object").filter(|p| p.is_object()).cloned();
    Ok(Document { device: device.to_ascii_lowercase().into(), at, payload: decoded, message: message.clone() })
}

/// The first of several texts that is there must be an instant.
fn first_time(candidates: &[Option<&sonic_rs::Value>]) -> Result<Option<Time>, PayloadError> {
    match candidates.iter().flatten().find_map(|v| v.as_str()) {
        None => Ok(None),
        Some(text) => Time::parse(text).map(Some).map_err(|e| PayloadError::BadTime(e.to_string())),
    }
}
