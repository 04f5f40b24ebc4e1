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
        let mut body = Vec::new();
        entity::render(&mut body, 1, 1, "2026-11-01T00:00:00.123456Z");
        let body = Bytes::from(body);
        let json = [(header::CONTENT_TYPE, "application/json")];
        let app = Router::new().route(
            "/",
            get(move || async move { (json, body) })
                .post(|body: Bytes| async move {
                    if body.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::CREATED }
                })
                .patch(|body: Bytes| async move {
                    if body.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::NO_CONTENT }
                }),
        );
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
            served = axum::serve(listener, app).into_future() => served?,
            () = end => {}
        }
        Ok(())
    })
}
