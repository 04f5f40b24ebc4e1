//! The yardstick: the least that an axum server can do with a request of 1 KB. Holds no state.

use crate::entity;
use anyhow::Result;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::get;
use axum::serve::ListenerExt;
use bytes::Bytes;
use std::future::IntoFuture;
use std::io::Read;

/// Serves on a free loopback port, which it prints as `listening on http://…`, until its standard input ends: so it
/// goes when the runner goes.
pub fn serve() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        let listener = listener.tap_io(|stream| {
            stream.set_nodelay(true).expect("a fresh TCP stream takes TCP_NODELAY");
        });
        let end = async {
            let (gone, wait) = tokio::sync::oneshot::channel::<()>();
            std::thread::spawn(move || {
                let mut rest = Vec::new();
                let _ended = std::io::stdin().read_to_end(&mut rest);
                drop(gone);
            });
            let _closed = wait.await;
        };
        tokio::select! {
            served = axum::serve(listener, app()).into_future() => served?,
            () = end => {}
        }
        Ok(())
    })
}

/// Its routes.
fn app() -> Router {
    let mut body = Vec::new();
    entity::render(&mut body, 1, 1, "2026-11-01T00:00:00.123456Z");
    let body = Bytes::from(body);
    let json = [(header::CONTENT_TYPE, "application/json")];
    let taken = |body: &Bytes, status| if body.is_empty() { StatusCode::BAD_REQUEST } else { status };
    Router::new().route(
        "/",
        get(move || async move { (json, body) })
            .post(move |body: Bytes| async move { taken(&body, StatusCode::CREATED) })
            .patch(move |body: Bytes| async move { taken(&body, StatusCode::NO_CONTENT) }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Schedule, drive};
    use crate::script::Script;
    use crate::workload::Request;
    use std::time::Duration;

    #[test]
    fn the_load_client_counts_right_answers_and_tells_wrong_ones() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(axum::serve(listener, app()).into_future());
        let right = [
            r#"{ method = "GET", path = "/", status = [200], contains = ["\"level\""], count = { of = "Property\"", is = 7 } }"#,
            r#"{ method = "POST", path = "/?${value}", body = "[${new_entities}]", batch = 300, units = 300, status = [201] }"#,
            r#"{ method = "PATCH", path = "/", body = "${value}", status = [204] }"#,
        ];
        let wrong = [
            r#"{ method = "GET", path = "/missing", status = [200] }"#,
            r#"{ method = "GET", path = "/", status = [200], contains = ["no such text"] }"#,
            r#"{ method = "GET", path = "/", status = [200], count = { of = "level", is = 2 } }"#,
        ];
        let (warm_up, window) = (Duration::from_millis(10), Some(Duration::from_millis(150)));
        let table = |text: &str| {
            let mut table: toml::Table = format!("request = {text}").parse().unwrap();
            table.remove("request").unwrap().try_into::<Request>().unwrap()
        };
        for (texts, sound) in [(right, true), (wrong, false)] {
            for text in texts {
                let request = table(text);
                let units = request.units;
                for pace in [None, Some(200.0)] {
                    let mut script = Script::new(std::slice::from_ref(&request), 100, 3).unwrap();
                    let schedule = Schedule { connections: 3, warm_up, window, pace };
                    let outcome = drive(address, &mut script, schedule).unwrap();
                    assert_eq!(outcome.first_wrong.is_none(), sound, "{text}: {:?}", outcome.first_wrong);
                    if sound {
                        assert!(outcome.requests > 0 && outcome.units == outcome.requests * units, "{outcome:?}");
                        assert_eq!(outcome.latency.len(), outcome.requests);
                        assert!(pace.is_none() || outcome.requests <= 40, "{} answers", outcome.requests);
                    }
                }
            }
        }
    }
}
